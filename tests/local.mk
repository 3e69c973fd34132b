# Two lines a test program: that it is there, and the layers that it needs. Its source is
# tests/<name>.c. A script goes to dist_check_SCRIPTS. Both print `N passed, N failed` alone on a
# line.

test_libs = src/libcunit.la $(CUNIT_LIBS) -ldl

check_PROGRAMS += tests/base/version_test
tests_base_version_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/cunit/cunit_test
tests_cunit_cunit_test_SOURCES = tests/cunit/cunit_test.c tests/support/failing_tests.c tests/support/failing_tests.h
tests_cunit_cunit_test_LDADD = $(test_libs)

check_PROGRAMS += tests/crash/backtrace_test
tests_crash_backtrace_test_LDADD = $(wire_libs) $(test_libs)

check_PROGRAMS += tests/crash/unwind_test
tests_crash_unwind_test_SOURCES = tests/crash/unwind_test.c tests/support/crash_harness.c tests/support/crash_harness.h
tests_crash_unwind_test_SOURCES += tests/support/crashers.c tests/support/crashers.h
tests_crash_unwind_test_LDADD = $(server_libs) $(test_libs)

check_PROGRAMS += tests/crash/module_files_test
tests_crash_module_files_test_LDADD = $(server_libs) $(test_libs)

check_PROGRAMS += tests/crash/confine_test
tests_crash_confine_test_SOURCES = tests/crash/confine_test.c tests/support/withheld_memory.c tests/support/withheld_memory.h
tests_crash_confine_test_SOURCES += tests/support/made_module.c tests/support/made_module.h
tests_crash_confine_test_LDADD = $(server_libs) $(test_libs)

check_PROGRAMS += tests/forkserver/death_watch_test
tests_forkserver_death_watch_test_LDADD = $(server_libs) $(test_libs)

check_PROGRAMS += tests/forkserver/remap_test
tests_forkserver_remap_test_LDADD = $(server_libs) $(test_libs)

scope_tools = tests/support/scope_helpers.c tests/support/scope_helpers.h
scope_pool = tests/support/user_executors.c tests/support/user_executors.h

check_PROGRAMS += tests/base/closer_test
tests_base_closer_test_SOURCES = tests/base/closer_test.c tests/support/lingering_sockets.c tests/support/lingering_sockets.h
tests_base_closer_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/base/proc_test
tests_base_proc_test_SOURCES = tests/base/proc_test.c
tests_base_proc_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/base/process_test
tests_base_process_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/base/timers_test
tests_base_timers_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/scope/phases_test
tests_scope_phases_test_SOURCES = tests/scope/phases_test.c $(scope_tools)
tests_scope_phases_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope/signal_test
tests_scope_signal_test_SOURCES = tests/scope/signal_test.c $(scope_tools)
tests_scope_signal_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/executor/executor_test
tests_executor_executor_test_SOURCES = tests/executor/executor_test.c $(scope_tools) $(scope_pool)
tests_executor_executor_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope/refusal_test
tests_scope_refusal_test_SOURCES = tests/scope/refusal_test.c $(scope_tools)
tests_scope_refusal_test_LDADD = $(scope_libs) $(test_libs)
tests_scope_refusal_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create,--wrap=pthread_cancel

check_PROGRAMS += tests/scope/queue_test
tests_scope_queue_test_SOURCES = tests/scope/queue_test.c $(scope_tools) $(scope_pool)
tests_scope_queue_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope/hold_test
tests_scope_hold_test_SOURCES = tests/scope/hold_test.c $(scope_tools) $(scope_pool)
tests_scope_hold_test_LDADD = $(scope_libs) $(test_libs)

# A cancel comes just before each lock.
check_PROGRAMS += tests/scope/moment_test
tests_scope_moment_test_SOURCES = tests/scope/moment_test.c $(scope_tools) $(scope_pool)
tests_scope_moment_test_LDADD = $(scope_libs) $(test_libs)
tests_scope_moment_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=scoped__lock

check_PROGRAMS += tests/scope/cancel_test
tests_scope_cancel_test_SOURCES = tests/scope/cancel_test.c $(scope_tools)
tests_scope_cancel_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope/remote_test
tests_scope_remote_test_SOURCES = tests/scope/remote_test.c $(scope_tools)
tests_scope_remote_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope/policy_test
tests_scope_policy_test_SOURCES = tests/scope/policy_test.c $(scope_tools)
tests_scope_policy_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope/stress_test
tests_scope_stress_test_SOURCES = tests/scope/stress_test.c $(scope_tools)
tests_scope_stress_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope/fork_test
tests_scope_fork_test_SOURCES = tests/scope/fork_test.c $(scope_tools)
tests_scope_fork_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope/misuse_test
tests_scope_misuse_test_SOURCES = tests/scope/misuse_test.c $(scope_tools)
tests_scope_misuse_test_LDADD = $(scope_libs) $(test_libs)
# The process half: programs that call functions of their own in other processes.

proc_test_libs = $(core_libs) $(test_libs)

check_PROGRAMS += tests/init/init_test
tests_init_init_test_SOURCES = tests/init/init_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_init_init_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/call/uncancelled_test
tests_call_uncancelled_test_SOURCES = tests/call/uncancelled_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_call_uncancelled_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/call/interrupted_test
tests_call_interrupted_test_SOURCES = tests/call/interrupted_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_call_interrupted_test_SOURCES += tests/support/jail.c tests/support/jail.h
tests_call_interrupted_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/init/config_test
tests_init_config_test_SOURCES = tests/init/config_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_init_config_test_LDADD = $(proc_test_libs)
tests_init_config_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fork

check_PROGRAMS += tests/image/image_test
tests_image_image_test_SOURCES = tests/image/image_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_image_image_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/crash/crash_matrix_test
tests_crash_crash_matrix_test_SOURCES = tests/crash/crash_matrix_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_crash_crash_matrix_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/forkserver/reporter_test
tests_forkserver_reporter_test_SOURCES = tests/forkserver/reporter_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_forkserver_reporter_test_SOURCES += tests/support/jail.c tests/support/jail.h
tests_forkserver_reporter_test_SOURCES += tests/support/made_module.c tests/support/made_module.h
tests_forkserver_reporter_test_SOURCES += tests/support/withheld_memory.c tests/support/withheld_memory.h
tests_forkserver_reporter_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/call/handle_test
tests_call_handle_test_SOURCES = tests/call/handle_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_call_handle_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/call/deadline_test
tests_call_deadline_test_SOURCES = tests/call/deadline_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_call_deadline_test_LDADD = $(proc_test_libs)

builder_tools = tests/support/builder_helpers.c tests/support/builder_helpers.h tests/support/call_helpers.c tests/support/call_helpers.h

check_PROGRAMS += tests/call/builder_test
tests_call_builder_test_SOURCES = tests/call/builder_test.c $(builder_tools)
tests_call_builder_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/call/builder_rights_test
tests_call_builder_rights_test_SOURCES = tests/call/builder_rights_test.c $(builder_tools)
tests_call_builder_rights_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/rights/schedule_test
tests_rights_schedule_test_SOURCES = tests/rights/schedule_test.c $(pool_tools)
tests_rights_schedule_test_LDADD = $(proc_test_libs)

place_tools = tests/support/place_helpers.c tests/support/place_helpers.h

check_PROGRAMS += tests/rights/status_test
tests_rights_status_test_SOURCES = tests/rights/status_test.c tests/support/call_helpers.c tests/support/call_helpers.h $(place_tools)
tests_rights_status_test_LDADD = $(proc_test_libs)

rights_tools = tests/support/rights_helpers.c tests/support/rights_helpers.h $(place_tools)

nested_tools = tests/support/nested_helpers.c tests/support/nested_helpers.h $(rights_tools)

check_PROGRAMS += tests/child/nested_test
tests_child_nested_test_SOURCES = tests/child/nested_test.c tests/support/forged_calls.c tests/support/forged_calls.h
tests_child_nested_test_SOURCES += $(nested_tools) $(builder_tools) tests/support/pool_helpers.c tests/support/pool_helpers.h
tests_child_nested_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/child/childless_test
tests_child_childless_test_SOURCES = tests/child/childless_test.c $(nested_tools) $(builder_tools)
tests_child_childless_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/child/caller_rights_test
tests_child_caller_rights_test_SOURCES = tests/child/caller_rights_test.c tests/support/forged_calls.c tests/support/forged_calls.h
tests_child_caller_rights_test_SOURCES += $(rights_tools) $(pool_tools)
tests_child_caller_rights_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/call/place_test
tests_call_place_test_SOURCES = tests/call/place_test.c $(rights_tools) $(builder_tools)
tests_call_place_test_SOURCES += tests/support/pool_helpers.c tests/support/pool_helpers.h
tests_call_place_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/child/inherited_test
tests_child_inherited_test_SOURCES = tests/child/inherited_test.c tests/support/call_helpers.c tests/support/call_helpers.h $(place_tools)
tests_child_inherited_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/rights/rights_test
tests_rights_rights_test_SOURCES = tests/rights/rights_test.c $(rights_tools) $(builder_tools)
tests_rights_rights_test_SOURCES += tests/support/pool_helpers.c tests/support/pool_helpers.h
tests_rights_rights_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/forkserver/server_test
tests_forkserver_server_test_SOURCES = tests/forkserver/server_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_forkserver_server_test_LDADD = $(proc_test_libs)

births = tests/support/early_death.c tests/support/early_death.h

check_PROGRAMS += tests/forkserver/early_death_test
tests_forkserver_early_death_test_SOURCES = tests/forkserver/early_death_test.c tests/support/call_helpers.c tests/support/call_helpers.h $(births)
tests_forkserver_early_death_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/client/server_loss_test
tests_client_server_loss_test_SOURCES = tests/client/server_loss_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_client_server_loss_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/forkserver/oom_test
tests_forkserver_oom_test_SOURCES = tests/forkserver/oom_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_forkserver_oom_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/value/values_test
tests_value_values_test_SOURCES = tests/value/values_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_value_values_test_LDADD = $(proc_test_libs)

# Libraries are loaded at run time where libtool builds any that can be.
if SHARED
check_PROGRAMS += tests/image/function_test
tests_image_function_test_SOURCES = tests/image/function_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_image_function_test_LDADD = $(proc_test_libs)

# Libraries that module_test loads. Their place of installation makes libtool build them shared.
check_LTLIBRARIES += tests/image/module_late.la tests/image/module_nameless.la tests/image/module_stranger.la
loadable_flags = -module -avoid-version -shared -rpath /nowhere
tests_image_module_late_la_SOURCES = tests/image/module_late.c
tests_image_module_late_la_LDFLAGS = $(loadable_flags) -Wl,--build-id=sha1
tests_image_module_late_la_LIBADD = $(JANSSON_LIBS)
tests_image_module_nameless_la_SOURCES = tests/image/module_late.c
tests_image_module_nameless_la_LDFLAGS = $(loadable_flags) -Wl,--build-id=none
tests_image_module_nameless_la_LIBADD = $(JANSSON_LIBS)
tests_image_module_stranger_la_SOURCES = tests/image/module_late.c
tests_image_module_stranger_la_LDFLAGS = $(loadable_flags) -Wl,--build-id=none
tests_image_module_stranger_la_LIBADD = $(JANSSON_LIBS)
endif

check_PROGRAMS += tests/wire/wire_test
tests_wire_wire_test_SOURCES = tests/wire/wire_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_wire_wire_test_LDADD = $(proc_test_libs)

raw = tests/support/raw_messages.c tests/support/raw_messages.h

check_PROGRAMS += tests/forkserver/link_test
tests_forkserver_link_test_SOURCES = tests/forkserver/link_test.c tests/support/call_helpers.c tests/support/call_helpers.h $(raw)
tests_forkserver_link_test_LDADD = $(proc_test_libs)

# The same on a kernel that lets descriptors in.
check_PROGRAMS += tests/forkserver/link_old_test
tests_forkserver_link_old_test_SOURCES = $(tests_forkserver_link_test_SOURCES) tests/support/old_kernel.c
tests_forkserver_link_old_test_LDADD = $(proc_test_libs)
tests_forkserver_link_old_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=setsockopt

check_PROGRAMS += tests/forkserver/death_test
tests_forkserver_death_test_SOURCES = tests/forkserver/death_test.c tests/support/call_helpers.c tests/support/call_helpers.h $(raw)
tests_forkserver_death_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/client/start_test
tests_client_start_test_SOURCES = tests/client/start_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_client_start_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/forkserver/terminate_test
tests_forkserver_terminate_test_SOURCES = tests/forkserver/terminate_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_forkserver_terminate_test_SOURCES += tests/support/pool_helpers.c tests/support/pool_helpers.h
tests_forkserver_terminate_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/forkserver/quota_test
tests_forkserver_quota_test_SOURCES = tests/forkserver/quota_test.c tests/support/call_helpers.c tests/support/call_helpers.h $(raw)
tests_forkserver_quota_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/forkserver/reborn_test
tests_forkserver_reborn_test_SOURCES = tests/forkserver/reborn_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_forkserver_reborn_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/forkserver/orphans_test
tests_forkserver_orphans_test_SOURCES = tests/forkserver/orphans_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_forkserver_orphans_test_SOURCES += tests/support/pool_helpers.c tests/support/pool_helpers.h
tests_forkserver_orphans_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/forkserver/stay_test
tests_forkserver_stay_test_SOURCES = tests/forkserver/stay_test.c tests/support/call_helpers.c tests/support/call_helpers.h $(raw)
tests_forkserver_stay_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/forkserver/token_test
tests_forkserver_token_test_SOURCES = tests/forkserver/token_test.c tests/support/call_helpers.c tests/support/call_helpers.h $(raw)
tests_forkserver_token_test_SOURCES += tests/support/pool_helpers.c tests/support/pool_helpers.h
tests_forkserver_token_test_LDADD = $(proc_test_libs)
room = tests/support/descriptor_room.c tests/support/descriptor_room.h tests/support/call_helpers.c tests/support/call_helpers.h

check_PROGRAMS += tests/wire/frame_test
tests_wire_frame_test_SOURCES = tests/wire/frame_test.c $(room)
tests_wire_frame_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/call/shortage_test
tests_call_shortage_test_SOURCES = tests/call/shortage_test.c $(room)
tests_call_shortage_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/base/lingering_close_test
tests_base_lingering_close_test_SOURCES = tests/base/lingering_close_test.c tests/support/lingering_sockets.c tests/support/lingering_sockets.h
tests_base_lingering_close_test_SOURCES += tests/support/call_helpers.c tests/support/call_helpers.h
tests_base_lingering_close_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/value/footprint_test
tests_value_footprint_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/error/visible_text_test
tests_error_visible_text_test_SOURCES = tests/error/visible_text_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_error_visible_text_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/call/spawn_test
tests_call_spawn_test_SOURCES = tests/call/spawn_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_call_spawn_test_LDADD = $(proc_test_libs)

value_tools = tests/support/call_helpers.c tests/support/call_helpers.h tests/support/value_helpers.c tests/support/value_helpers.h

check_PROGRAMS += tests/call/result_limits_test
tests_call_result_limits_test_SOURCES = tests/call/result_limits_test.c $(value_tools)
tests_call_result_limits_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/value/placeholder_test
tests_value_placeholder_test_SOURCES = tests/value/placeholder_test.c $(value_tools)
tests_value_placeholder_test_LDADD = $(core_libs) $(test_libs)
vet_tools = tests/support/vet_helpers.c tests/support/vet_helpers.h tests/support/subprocess.c tests/support/subprocess.h

check_PROGRAMS += tests/examples/vet_verdict_test
tests_examples_vet_verdict_test_SOURCES = tests/examples/vet_verdict_test.c $(vet_tools)
tests_examples_vet_verdict_test_LDADD = $(JANSSON_LIBS) $(test_libs)

check_PROGRAMS += tests/examples/vet_count_test
tests_examples_vet_count_test_SOURCES = tests/examples/vet_count_test.c $(vet_tools)
tests_examples_vet_count_test_LDADD = $(JANSSON_LIBS) $(test_libs)

check_PROGRAMS += tests/examples/vet_end_test
tests_examples_vet_end_test_SOURCES = tests/examples/vet_end_test.c $(vet_tools) examples/vet/leftovers.c
tests_examples_vet_end_test_LDADD = $(JANSSON_LIBS) $(test_libs)

check_PROGRAMS += tests/tree/unkept_test
tests_tree_unkept_test_SOURCES = tests/tree/unkept_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_tree_unkept_test_LDADD = $(core_libs) $(test_libs)
tests_tree_unkept_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create

check_PROGRAMS += tests/tree/tree_test
tests_tree_tree_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/value/channel_test
tests_value_channel_test_SOURCES = tests/value/channel_test.c $(value_tools)
tests_value_channel_test_LDADD = $(core_libs) $(test_libs)
check_PROGRAMS += tests/call/kill_sweep_test
tests_call_kill_sweep_test_SOURCES = tests/call/kill_sweep_test.c tests/support/busy_program.c tests/support/busy_program.h tests/support/call_helpers.c tests/support/call_helpers.h
tests_call_kill_sweep_test_SOURCES += tests/support/process_list.c tests/support/process_list.h
tests_call_kill_sweep_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/value/shmem_test
tests_value_shmem_test_SOURCES = tests/value/shmem_test.c $(value_tools)
tests_value_shmem_test_LDADD = $(core_libs) $(test_libs)

EXTRA_DIST += tests/model/check.sh tests/model/handshake.pml tests/model/cached.pml
typed_tools = tests/support/typed_helpers.c tests/support/typed_helpers.h $(value_tools)

check_PROGRAMS += tests/typed/typed_test
tests_typed_typed_test_SOURCES = tests/typed/typed_test.c $(typed_tools)
tests_typed_typed_test_LDADD = $(core_libs) $(test_libs)

pool_tools = tests/support/pool_helpers.c tests/support/pool_helpers.h tests/support/call_helpers.c tests/support/call_helpers.h

check_PROGRAMS += tests/pool/pool_test
tests_pool_pool_test_SOURCES = tests/pool/pool_test.c $(pool_tools)
tests_pool_pool_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/calls_test
tests_pool_calls_test_SOURCES = tests/pool/calls_test.c $(pool_tools)
tests_pool_calls_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/kill_test
tests_pool_kill_test_SOURCES = tests/pool/kill_test.c $(pool_tools)
tests_pool_kill_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/capture_test
tests_pool_capture_test_SOURCES = tests/pool/capture_test.c $(pool_tools)
tests_pool_capture_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/ends_test
tests_pool_ends_test_SOURCES = tests/pool/ends_test.c $(pool_tools)
tests_pool_ends_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/pool/fork_test
tests_pool_fork_test_SOURCES = tests/pool/fork_test.c $(pool_tools)
tests_pool_fork_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/hostile_test
tests_pool_hostile_test_SOURCES = tests/pool/hostile_test.c $(pool_tools) $(raw)
tests_pool_hostile_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/loss_test
tests_pool_loss_test_SOURCES = tests/pool/loss_test.c $(pool_tools) $(raw)
tests_pool_loss_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/plan_test
tests_pool_plan_test_SOURCES = tests/pool/plan_test.c $(pool_tools)
tests_pool_plan_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/shortage_test
tests_pool_shortage_test_SOURCES = tests/pool/shortage_test.c $(pool_tools)
tests_pool_shortage_test_SOURCES += tests/support/descriptor_room.c tests/support/descriptor_room.h
tests_pool_shortage_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/state_test
tests_pool_state_test_SOURCES = tests/pool/state_test.c $(pool_tools)
tests_pool_state_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool/workers_test
tests_pool_workers_test_SOURCES = tests/pool/workers_test.c $(pool_tools) $(births)
tests_pool_workers_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/call/endurance_test
tests_call_endurance_test_SOURCES = tests/call/endurance_test.c $(pool_tools)
tests_call_endurance_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/typed/resources_test
tests_typed_resources_test_SOURCES = tests/typed/resources_test.c $(typed_tools)
tests_typed_resources_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/init/host_test
tests_init_host_test_SOURCES = tests/init/host_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_init_host_test_LDADD = $(core_libs) $(test_libs)

odd_hosts = tests/support/tour.c tests/support/tour.h tests/support/call_helpers.c tests/support/call_helpers.h tests/support/process_list.c tests/support/process_list.h

check_PROGRAMS += tests/init/jail_test
tests_init_jail_test_SOURCES = tests/init/jail_test.c tests/support/jail.c tests/support/jail.h $(odd_hosts)
tests_init_jail_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/init/bare_host_test
tests_init_bare_host_test_SOURCES = tests/init/bare_host_test.c $(odd_hosts)
tests_init_bare_host_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/init/executed_test
tests_init_executed_test_SOURCES = tests/init/executed_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_init_executed_test_SOURCES += tests/support/process_list.c tests/support/process_list.h
tests_init_executed_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/init/held_numbers_test
tests_init_held_numbers_test_SOURCES = tests/init/held_numbers_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_init_held_numbers_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/call/handle_fork_test
tests_call_handle_fork_test_SOURCES = tests/call/handle_fork_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_call_handle_fork_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/init/taken_numbers_test
tests_init_taken_numbers_test_SOURCES = tests/init/taken_numbers_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_init_taken_numbers_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/client/closed_below_test
tests_client_closed_below_test_SOURCES = tests/client/closed_below_test.c tests/support/call_helpers.c tests/support/call_helpers.h
tests_client_closed_below_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/examples/httpd_test
tests_examples_httpd_test_SOURCES = tests/examples/httpd_test.c tests/support/subprocess.c tests/support/subprocess.h
tests_examples_httpd_test_LDADD = $(test_libs)

# Random rounds; what is asked of the C library goes through tests/random/faults.c first.
EXTRA_PROGRAMS += tests/random/random
tests_random_random_SOURCES = tests/random/random.c tests/random/run.c tests/random/run.h
tests_random_random_SOURCES += tests/random/dice.c tests/random/dice.h
tests_random_random_SOURCES += tests/random/faults.c tests/random/faults.h
tests_random_random_SOURCES += tests/random/watch.c tests/random/watch.h
tests_random_random_SOURCES += tests/random/threads.c tests/random/threads.h
tests_random_random_SOURCES += tests/random/threads_acts.c tests/random/threads_helpers.c
tests_random_random_SOURCES += tests/random/threads_hold.c tests/random/threads_life.c
tests_random_random_SOURCES += tests/random/threads_misuse.c tests/random/threads_places.c
tests_random_random_SOURCES += tests/random/threads_records.c tests/random/threads_scopes.c
tests_random_random_SOURCES += tests/random/threads_signals.c tests/random/threads_spawn.c
tests_random_random_SOURCES += tests/random/processes.c tests/random/processes.h
tests_random_random_SOURCES += tests/random/processes_board.c tests/random/processes_calls.c
tests_random_random_SOURCES += tests/random/processes_copies.c tests/random/processes_held.c
tests_random_random_SOURCES += tests/random/processes_host.c tests/random/processes_pools.c
tests_random_random_SOURCES += tests/random/processes_scopes.c tests/random/processes_values.c
tests_random_random_SOURCES += tests/random/processes_weather.c tests/random/processes_works.c
tests_random_random_SOURCES += tests/support/process_list.c tests/support/process_list.h $(scope_pool)
tests_random_random_LDADD = $(core_libs)
tests_random_random_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=free
tests_random_random_LDFLAGS += -Wl,--wrap=pthread_create,--wrap=eventfd,--wrap=scoped__lock

check_PROGRAMS += tests/soak/soak
tests_soak_soak_SOURCES = tests/soak/soak.c tests/soak/nodes.c tests/soak/nodes.h
tests_soak_soak_SOURCES += tests/soak/tree.c tests/soak/tree.h tests/soak/work.c tests/soak/work.h
tests_soak_soak_SOURCES += tests/support/process_list.c tests/support/process_list.h
tests_soak_soak_LDADD = $(core_libs)

EXTRA_PROGRAMS += tests/hostile/hostile
tests_hostile_hostile_SOURCES = tests/hostile/hostile.c tests/support/process_list.c tests/support/process_list.h
tests_hostile_hostile_SOURCES += tests/hostile/act.c tests/hostile/act.h
tests_hostile_hostile_SOURCES += tests/hostile/attack.c tests/hostile/attack.h
tests_hostile_hostile_SOURCES += tests/hostile/call.c tests/hostile/call.h
tests_hostile_hostile_SOURCES += tests/hostile/crashes.c
tests_hostile_hostile_SOURCES += tests/hostile/random.h
tests_hostile_hostile_SOURCES += tests/hostile/odd_fd.c tests/hostile/odd_fd.h
tests_hostile_hostile_SOURCES += tests/hostile/descriptors.c
tests_hostile_hostile_SOURCES += tests/hostile/innocent.c tests/hostile/innocent.h
tests_hostile_hostile_SOURCES += tests/hostile/kin.c tests/hostile/kin.h
tests_hostile_hostile_SOURCES += tests/hostile/ledger.c tests/hostile/ledger.h
tests_hostile_hostile_SOURCES += tests/hostile/links.c
tests_hostile_hostile_SOURCES += tests/hostile/mark.c tests/hostile/mark.h
tests_hostile_hostile_SOURCES += tests/hostile/messages.c
tests_hostile_hostile_SOURCES += tests/hostile/processes.c
tests_hostile_hostile_SOURCES += tests/hostile/nested.c
tests_hostile_hostile_SOURCES += tests/hostile/payloads.c
tests_hostile_hostile_SOURCES += tests/hostile/program.c tests/hostile/program.h
tests_hostile_hostile_SOURCES += tests/hostile/quiet.c tests/hostile/quiet.h
tests_hostile_hostile_SOURCES += tests/hostile/rights.c tests/hostile/rights.h
tests_hostile_hostile_SOURCES += tests/hostile/privileges.c
tests_hostile_hostile_SOURCES += tests/hostile/signals.c
tests_hostile_hostile_SOURCES += tests/hostile/raw.c tests/hostile/raw.h
tests_hostile_hostile_SOURCES += tests/hostile/state.c
tests_hostile_hostile_SOURCES += tests/hostile/use.c tests/hostile/use.h
tests_hostile_hostile_LDADD = $(core_libs)

EXTRA_DIST += tests/httpd_load.sh tests/summary.sh tests/installcheck.sh tests/fresh-debian.sh

dist_check_SCRIPTS += tests/examples_test.sh
EXTRA_DIST += tests/tsan.supp
dist_check_SCRIPTS += tests/readme_test.sh
dist_check_SCRIPTS += tests/exports_test.sh
dist_check_SCRIPTS += tests/sanitized_test.sh
EXTRA_DIST += tests/sanitized.c
dist_check_SCRIPTS += tests/seed_test.sh
EXTRA_DIST += tests/seed.c
dist_check_SCRIPTS += tests/unwinders_test.sh
EXTRA_DIST += tests/unwinders.c
dist_check_SCRIPTS += tests/typed_compile_test.sh

# Running. One at a time, for a test looks at the processes, threads and timing of the whole
# machine.

TESTS = $(check_PROGRAMS) $(dist_check_SCRIPTS)
TEST_EXTENSIONS = .sh

one_by_one = $(if $(filter %.log,$(MAKECMDGOALS)),.NOTPARALLEL,.PHONY)
$(one_by_one):

.PHONY: bench check-fresh check-hostile check-kills check-load check-model check-random
.PHONY: check-spares check-stress fuzz soak
check-TESTS: $(check_PROGRAMS) $(check_LTLIBRARIES) $(dist_check_SCRIPTS)
	@rm -f $(TEST_SUITE_LOG) $(TEST_LOGS) $(TEST_LOGS:.log=.trs)
	@status=0; \
	$(MAKE) $(AM_MAKEFLAGS) $(TEST_SUITE_LOG) || status=1; \
	$(SHELL) $(srcdir)/tests/summary.sh $(TEST_LOGS) || status=1; \
	exit $$status

installcheck-local:
	@$(SHELL) $(srcdir)/tests/installcheck.sh "$(DESTDIR)" $(pkgconfigdir) $(CC) $(SANITIZER_FLAGS)

# Standard output belongs to the results.
bench:
	@$(MAKE) $(AM_MAKEFLAGS) all tests/bench/bench$(EXEEXT) >&2
	@tests/bench/bench$(EXEEXT) $(BENCH_FLAGS)

# SOAK_SECONDS says for how long, SEED what happens; `make check` runs a few seconds of it.
soak: tests/soak/soak$(EXEEXT)
	@tests/soak/soak$(EXEEXT)

# The process half with other numbers of spares than it chooses by itself.
check-spares: $(check_PROGRAMS) $(check_LTLIBRARIES)
	@status=0; for spares in 0 1 64; do \
	    echo "with $$spares spares"; \
	    CALLS_SPARES=$$spares $(MAKE) $(AM_MAKEFLAGS) check-TESTS || status=1; \
	done; exit $$status

# The tree of tasks at full size, on one core and on all: a million random cancels for each
# executor, ten million discarded tasks; ten thousand live tasks and the deep chain twenty times.
check-stress: tests/scope/stress_test$(EXEEXT)
	@status=0; for pinned in "taskset -c 0" ""; do \
	    $$pinned tests/scope/stress_test$(EXEEXT) -r 20 cancelled_from_the_root || status=1; \
	    SCOPE_STRESS=50 $$pinned tests/scope/stress_test$(EXEEXT) random_cancels || status=1; \
	    SCOPE_STRESS=100 $$pinned tests/scope/stress_test$(EXEEXT) endless || status=1; \
	done; \
	CALLS_STRESS=10 tests/call/endurance_test$(EXEEXT) || status=1; exit $$status

# The kill sweep, longer than `make check` runs it.
check-kills: tests/call/kill_sweep_test$(EXEEXT)
	@KILL_MOMENTS=$${KILL_MOMENTS-500} tests/call/kill_sweep_test$(EXEEXT)

# What reads foreign bytes, by libFuzzer; clang is needed. Each target runs for FUZZ_SECONDS.
fuzz:
	@SRC=$(srcdir) FUZZ_CFLAGS="$(JANSSON_CFLAGS) $(UNWIND_CFLAGS)" \
		FUZZ_LIBS="$(JANSSON_LIBS) $(UNWIND_LIBS)" MAKE="$(MAKE)" $(SHELL) $(srcdir)/tests/fuzz/run.sh

EXTRA_DIST += tests/fuzz/run.sh tests/fuzz/fuzz.mk tests/fuzz/fuzz.c tests/fuzz/fuzz.h
EXTRA_DIST += tests/fuzz/call_fuzz.c tests/fuzz/failure_fuzz.c tests/fuzz/frame_fuzz.c
EXTRA_DIST += tests/fuzz/message_fuzz.c tests/fuzz/modules_fuzz.c tests/fuzz/walk_fuzz.c
EXTRA_DIST += tests/fuzz/seeds

# Random trees of tasks for RANDOM_SECONDS; RANDOM_SEED repeats the decisions of a run.
check-random: tests/random/random$(EXEEXT)
	@RANDOM_SECONDS=$${RANDOM_SECONDS-60} tests/random/random$(EXEEXT)

# Hostile functions beside innocent calls. HOSTILE_SECONDS says for how long, HOSTILE_SEED what
# happens.
check-hostile: tests/hostile/hostile$(EXEEXT)
	@HOSTILE_SECONDS=$${HOSTILE_SECONDS-60} tests/hostile/hostile$(EXEEXT)

# The models of the thread half; spin is needed.
check-model:
	@$(SHELL) $(srcdir)/tests/model/check.sh

# A real load generator against the example httpd.
check-load: all
	@$(SHELL) $(srcdir)/tests/httpd_load.sh

check-fresh:
	@$(SHELL) $(srcdir)/tests/fresh-debian.sh $(srcdir)

# The bench: one line a part.

EXTRA_PROGRAMS += tests/bench/bench
tests_bench_bench_CPPFLAGS = $(AM_CPPFLAGS) $(UV_CFLAGS) $(GIO_CFLAGS)
tests_bench_bench_LDADD = $(base_libs) libforkscope.la $(JANSSON_LIBS) $(UV_LIBS) $(GIO_LIBS) -lm
tests_bench_bench_SOURCES =
tests_bench_bench_SOURCES += tests/bench/bench.c tests/bench/measure.c tests/bench/measure.h
tests_bench_bench_SOURCES += tests/bench/host.c tests/bench/host.h
tests_bench_bench_SOURCES += tests/support/process_list.c tests/support/process_list.h
tests_bench_bench_SOURCES += tests/bench/chart.c tests/bench/chart.h
tests_bench_bench_SOURCES += tests/bench/bench_floor.c
tests_bench_bench_SOURCES += tests/bench/bench_rival.c
tests_bench_bench_SOURCES += tests/bench/bench_scope.c
tests_bench_bench_SOURCES += tests/bench/bench_shmem.c
tests_bench_bench_SOURCES += tests/bench/bench_spawn.c
tests_bench_bench_SOURCES += tests/bench/bench_pool.c

# Every request to the C library goes through tests/support/fault_injection.c first.
check_PROGRAMS += tests/call/failure_test
tests_call_failure_test_SOURCES = tests/call/failure_test.c tests/support/fault_injection.c tests/support/fault_injection.h
tests_call_failure_test_SOURCES += tests/support/call_helpers.c tests/support/call_helpers.h
tests_call_failure_test_LDADD = $(proc_test_libs)
tests_call_failure_test_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
tests_call_failure_test_LDFLAGS += -Wl,--wrap=strdup,--wrap=vasprintf,--wrap=socketpair,--wrap=setsockopt
tests_call_failure_test_LDFLAGS += -Wl,--wrap=sendmsg,--wrap=recvmsg,--wrap=pipe2,--wrap=memfd_create
tests_call_failure_test_LDFLAGS += -Wl,--wrap=ftruncate,--wrap=mmap,--wrap=epoll_create1,--wrap=epoll_ctl
tests_call_failure_test_LDFLAGS += -Wl,--wrap=eventfd,--wrap=pthread_create,--wrap=fork,--wrap=fopen
tests_call_failure_test_LDFLAGS += -Wl,--wrap=open,--wrap=fcntl,--wrap=syscall
