# Two lines a test program: that it is there, and the layers that it needs. Its source is
# tests/<name>.c. A script goes to dist_check_SCRIPTS. Both print `N passed, N failed` alone on a
# line.

test_libs = src/libcunit.la $(CUNIT_LIBS) -ldl

check_PROGRAMS += tests/version_test
tests_version_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/cunit_test
tests_cunit_test_SOURCES = tests/cunit_test.c tests/misbehaving.c tests/misbehaving.h
tests_cunit_test_LDADD = $(test_libs)

check_PROGRAMS += tests/backtrace_test
tests_backtrace_test_LDADD = $(wire_libs) $(test_libs)

check_PROGRAMS += tests/unwind_test
tests_unwind_test_SOURCES = tests/unwind_test.c tests/watch.c tests/watch.h
tests_unwind_test_SOURCES += tests/victims.c tests/victims.h
tests_unwind_test_LDADD = $(server_libs) $(test_libs)

check_PROGRAMS += tests/images_test
tests_images_test_LDADD = $(server_libs) $(test_libs)

check_PROGRAMS += tests/confine_test
tests_confine_test_SOURCES = tests/confine_test.c tests/withhold.c tests/withhold.h
tests_confine_test_SOURCES += tests/made_module.c tests/made_module.h
tests_confine_test_LDADD = $(server_libs) $(test_libs)

check_PROGRAMS += tests/vigil_test
tests_vigil_test_LDADD = $(server_libs) $(test_libs)

check_PROGRAMS += tests/renew_test
tests_renew_test_LDADD = $(server_libs) $(test_libs)

scope_tools = tests/scope_tools.c tests/scope_tools.h
scope_pool = tests/scope_pool.c tests/scope_pool.h

check_PROGRAMS += tests/closer_test
tests_closer_test_SOURCES = tests/closer_test.c tests/linger.c tests/linger.h
tests_closer_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/proc_test
tests_proc_test_SOURCES = tests/proc_test.c
tests_proc_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/process_test
tests_process_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/timers_test
tests_timers_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/scope_phases_test
tests_scope_phases_test_SOURCES = tests/scope_phases_test.c $(scope_tools)
tests_scope_phases_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope_signal_test
tests_scope_signal_test_SOURCES = tests/scope_signal_test.c $(scope_tools)
tests_scope_signal_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope_executor_test
tests_scope_executor_test_SOURCES = tests/scope_executor_test.c $(scope_tools) $(scope_pool)
tests_scope_executor_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope_refusal_test
tests_scope_refusal_test_SOURCES = tests/scope_refusal_test.c $(scope_tools)
tests_scope_refusal_test_LDADD = $(scope_libs) $(test_libs)
tests_scope_refusal_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create,--wrap=pthread_cancel

check_PROGRAMS += tests/scope_queue_test
tests_scope_queue_test_SOURCES = tests/scope_queue_test.c $(scope_tools) $(scope_pool)
tests_scope_queue_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope_hold_test
tests_scope_hold_test_SOURCES = tests/scope_hold_test.c $(scope_tools) $(scope_pool)
tests_scope_hold_test_LDADD = $(scope_libs) $(test_libs)

# A cancel comes just before each lock.
check_PROGRAMS += tests/scope_moment_test
tests_scope_moment_test_SOURCES = tests/scope_moment_test.c $(scope_tools) $(scope_pool)
tests_scope_moment_test_LDADD = $(scope_libs) $(test_libs)
tests_scope_moment_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=scoped__lock

check_PROGRAMS += tests/scope_cancel_test
tests_scope_cancel_test_SOURCES = tests/scope_cancel_test.c $(scope_tools)
tests_scope_cancel_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope_remote_test
tests_scope_remote_test_SOURCES = tests/scope_remote_test.c $(scope_tools)
tests_scope_remote_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope_policy_test
tests_scope_policy_test_SOURCES = tests/scope_policy_test.c $(scope_tools)
tests_scope_policy_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope_stress_test
tests_scope_stress_test_SOURCES = tests/scope_stress_test.c $(scope_tools)
tests_scope_stress_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope_fork_test
tests_scope_fork_test_SOURCES = tests/scope_fork_test.c $(scope_tools)
tests_scope_fork_test_LDADD = $(scope_libs) $(test_libs)

check_PROGRAMS += tests/scope_misuse_test
tests_scope_misuse_test_SOURCES = tests/scope_misuse_test.c $(scope_tools)
tests_scope_misuse_test_LDADD = $(scope_libs) $(test_libs)
# The process half: programs that call functions of their own in other processes.

proc_test_libs = $(core_libs) $(test_libs)

check_PROGRAMS += tests/init_test
tests_init_test_SOURCES = tests/init_test.c tests/calls.c tests/calls.h
tests_init_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/uncancelled_test
tests_uncancelled_test_SOURCES = tests/uncancelled_test.c tests/calls.c tests/calls.h
tests_uncancelled_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/interrupted_test
tests_interrupted_test_SOURCES = tests/interrupted_test.c tests/calls.c tests/calls.h
tests_interrupted_test_SOURCES += tests/jail.c tests/jail.h
tests_interrupted_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/config_test
tests_config_test_SOURCES = tests/config_test.c tests/calls.c tests/calls.h
tests_config_test_LDADD = $(proc_test_libs)
tests_config_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fork

check_PROGRAMS += tests/image_test
tests_image_test_SOURCES = tests/image_test.c tests/calls.c tests/calls.h
tests_image_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/crash_matrix_test
tests_crash_matrix_test_SOURCES = tests/crash_matrix_test.c tests/calls.c tests/calls.h
tests_crash_matrix_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/reporter_test
tests_reporter_test_SOURCES = tests/reporter_test.c tests/calls.c tests/calls.h
tests_reporter_test_SOURCES += tests/jail.c tests/jail.h
tests_reporter_test_SOURCES += tests/made_module.c tests/made_module.h
tests_reporter_test_SOURCES += tests/withhold.c tests/withhold.h
tests_reporter_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/handle_test
tests_handle_test_SOURCES = tests/handle_test.c tests/calls.c tests/calls.h
tests_handle_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/deadline_test
tests_deadline_test_SOURCES = tests/deadline_test.c tests/calls.c tests/calls.h
tests_deadline_test_LDADD = $(proc_test_libs)

builder_tools = tests/builder_tools.c tests/builder_tools.h tests/calls.c tests/calls.h

check_PROGRAMS += tests/builder_test
tests_builder_test_SOURCES = tests/builder_test.c $(builder_tools)
tests_builder_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/builder_rights_test
tests_builder_rights_test_SOURCES = tests/builder_rights_test.c $(builder_tools)
tests_builder_rights_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/schedule_test
tests_schedule_test_SOURCES = tests/schedule_test.c $(pool_tools)
tests_schedule_test_LDADD = $(proc_test_libs)

place_tools = tests/place_tools.c tests/place_tools.h

check_PROGRAMS += tests/status_test
tests_status_test_SOURCES = tests/status_test.c tests/calls.c tests/calls.h $(place_tools)
tests_status_test_LDADD = $(proc_test_libs)

rights_tools = tests/rights_tools.c tests/rights_tools.h $(place_tools)

nested_tools = tests/nested_tools.c tests/nested_tools.h $(rights_tools)

check_PROGRAMS += tests/nested_test
tests_nested_test_SOURCES = tests/nested_test.c tests/forgery.c tests/forgery.h
tests_nested_test_SOURCES += $(nested_tools) $(builder_tools) tests/pool_tools.c tests/pool_tools.h
tests_nested_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/childless_test
tests_childless_test_SOURCES = tests/childless_test.c $(nested_tools) $(builder_tools)
tests_childless_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/sender_test
tests_sender_test_SOURCES = tests/sender_test.c tests/forgery.c tests/forgery.h
tests_sender_test_SOURCES += $(rights_tools) $(pool_tools)
tests_sender_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/place_test
tests_place_test_SOURCES = tests/place_test.c $(rights_tools) $(builder_tools)
tests_place_test_SOURCES += tests/pool_tools.c tests/pool_tools.h
tests_place_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/inherited_test
tests_inherited_test_SOURCES = tests/inherited_test.c tests/calls.c tests/calls.h $(place_tools)
tests_inherited_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/rights_test
tests_rights_test_SOURCES = tests/rights_test.c $(rights_tools) $(builder_tools)
tests_rights_test_SOURCES += tests/pool_tools.c tests/pool_tools.h
tests_rights_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/server_test
tests_server_test_SOURCES = tests/server_test.c tests/calls.c tests/calls.h
tests_server_test_LDADD = $(proc_test_libs)

births = tests/births.c tests/births.h

check_PROGRAMS += tests/stillborn_test
tests_stillborn_test_SOURCES = tests/stillborn_test.c tests/calls.c tests/calls.h $(births)
tests_stillborn_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/server_loss_test
tests_server_loss_test_SOURCES = tests/server_loss_test.c tests/calls.c tests/calls.h
tests_server_loss_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/oom_test
tests_oom_test_SOURCES = tests/oom_test.c tests/calls.c tests/calls.h
tests_oom_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/values_test
tests_values_test_SOURCES = tests/values_test.c tests/calls.c tests/calls.h
tests_values_test_LDADD = $(proc_test_libs)

# Libraries are loaded at run time where libtool builds any that can be.
if SHARED
check_PROGRAMS += tests/module_test
tests_module_test_SOURCES = tests/module_test.c tests/calls.c tests/calls.h
tests_module_test_LDADD = $(proc_test_libs)

# Libraries that module_test loads. Their place of installation makes libtool build them shared.
check_LTLIBRARIES += tests/module_late.la tests/module_nameless.la tests/module_stranger.la
loadable_flags = -module -avoid-version -shared -rpath /nowhere
tests_module_late_la_SOURCES = tests/module_late.c
tests_module_late_la_LDFLAGS = $(loadable_flags) -Wl,--build-id=sha1
tests_module_late_la_LIBADD = $(JANSSON_LIBS)
tests_module_nameless_la_SOURCES = tests/module_late.c
tests_module_nameless_la_LDFLAGS = $(loadable_flags) -Wl,--build-id=none
tests_module_nameless_la_LIBADD = $(JANSSON_LIBS)
tests_module_stranger_la_SOURCES = tests/module_late.c
tests_module_stranger_la_LDFLAGS = $(loadable_flags) -Wl,--build-id=none
tests_module_stranger_la_LIBADD = $(JANSSON_LIBS)
endif

check_PROGRAMS += tests/wire_test
tests_wire_test_SOURCES = tests/wire_test.c tests/calls.c tests/calls.h
tests_wire_test_LDADD = $(proc_test_libs)

raw = tests/raw.c tests/raw.h

check_PROGRAMS += tests/link_test
tests_link_test_SOURCES = tests/link_test.c tests/calls.c tests/calls.h $(raw)
tests_link_test_LDADD = $(proc_test_libs)

# The same on a kernel that lets descriptors in.
check_PROGRAMS += tests/link_old_test
tests_link_old_test_SOURCES = $(tests_link_test_SOURCES) tests/old_kernel.c
tests_link_old_test_LDADD = $(proc_test_libs)
tests_link_old_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=setsockopt

check_PROGRAMS += tests/death_test
tests_death_test_SOURCES = tests/death_test.c tests/calls.c tests/calls.h $(raw)
tests_death_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/start_test
tests_start_test_SOURCES = tests/start_test.c tests/calls.c tests/calls.h
tests_start_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/evade_test
tests_evade_test_SOURCES = tests/evade_test.c tests/calls.c tests/calls.h
tests_evade_test_SOURCES += tests/pool_tools.c tests/pool_tools.h
tests_evade_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/quota_test
tests_quota_test_SOURCES = tests/quota_test.c tests/calls.c tests/calls.h $(raw)
tests_quota_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/reborn_test
tests_reborn_test_SOURCES = tests/reborn_test.c tests/calls.c tests/calls.h
tests_reborn_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/stubborn_test
tests_stubborn_test_SOURCES = tests/stubborn_test.c tests/calls.c tests/calls.h
tests_stubborn_test_SOURCES += tests/pool_tools.c tests/pool_tools.h
tests_stubborn_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/stay_test
tests_stay_test_SOURCES = tests/stay_test.c tests/calls.c tests/calls.h $(raw)
tests_stay_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/token_test
tests_token_test_SOURCES = tests/token_test.c tests/calls.c tests/calls.h $(raw)
tests_token_test_SOURCES += tests/pool_tools.c tests/pool_tools.h
tests_token_test_LDADD = $(proc_test_libs)
room = tests/room.c tests/room.h tests/calls.c tests/calls.h

check_PROGRAMS += tests/frame_test
tests_frame_test_SOURCES = tests/frame_test.c $(room)
tests_frame_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/shortage_test
tests_shortage_test_SOURCES = tests/shortage_test.c $(room)
tests_shortage_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/linger_test
tests_linger_test_SOURCES = tests/linger_test.c tests/linger.c tests/linger.h
tests_linger_test_SOURCES += tests/calls.c tests/calls.h
tests_linger_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/footprint_test
tests_footprint_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/visible_test
tests_visible_test_SOURCES = tests/visible_test.c tests/calls.c tests/calls.h
tests_visible_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/procspawn_basic_test
tests_procspawn_basic_test_SOURCES = tests/procspawn_basic_test.c tests/calls.c tests/calls.h
tests_procspawn_basic_test_LDADD = $(proc_test_libs)

value_tools = tests/calls.c tests/calls.h tests/values.c tests/values.h

check_PROGRAMS += tests/limits_test
tests_limits_test_SOURCES = tests/limits_test.c $(value_tools)
tests_limits_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/placeholder_test
tests_placeholder_test_SOURCES = tests/placeholder_test.c $(value_tools)
tests_placeholder_test_LDADD = $(core_libs) $(test_libs)
vet_tools = tests/vet_tools.c tests/vet_tools.h tests/program.c tests/program.h

check_PROGRAMS += tests/vet_verdict_test
tests_vet_verdict_test_SOURCES = tests/vet_verdict_test.c $(vet_tools)
tests_vet_verdict_test_LDADD = $(JANSSON_LIBS) $(test_libs)

check_PROGRAMS += tests/vet_count_test
tests_vet_count_test_SOURCES = tests/vet_count_test.c $(vet_tools)
tests_vet_count_test_LDADD = $(JANSSON_LIBS) $(test_libs)

check_PROGRAMS += tests/vet_end_test
tests_vet_end_test_SOURCES = tests/vet_end_test.c $(vet_tools) examples/vet/leftovers.c
tests_vet_end_test_LDADD = $(JANSSON_LIBS) $(test_libs)

check_PROGRAMS += tests/unkept_test
tests_unkept_test_SOURCES = tests/unkept_test.c tests/calls.c tests/calls.h
tests_unkept_test_LDADD = $(core_libs) $(test_libs)
tests_unkept_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create

check_PROGRAMS += tests/tree_test
tests_tree_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/channel_test
tests_channel_test_SOURCES = tests/channel_test.c $(value_tools)
tests_channel_test_LDADD = $(core_libs) $(test_libs)
check_PROGRAMS += tests/kill_test
tests_kill_test_SOURCES = tests/kill_test.c tests/busy.c tests/busy.h tests/calls.c tests/calls.h
tests_kill_test_SOURCES += tests/children.c tests/children.h
tests_kill_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/shmem_test
tests_shmem_test_SOURCES = tests/shmem_test.c $(value_tools)
tests_shmem_test_LDADD = $(core_libs) $(test_libs)

EXTRA_DIST += tests/model/check.sh tests/model/handshake.pml tests/model/cached.pml
typed_tools = tests/typed_tools.c tests/typed_tools.h $(value_tools)

check_PROGRAMS += tests/typed_test
tests_typed_test_SOURCES = tests/typed_test.c $(typed_tools)
tests_typed_test_LDADD = $(core_libs) $(test_libs)

pool_tools = tests/pool_tools.c tests/pool_tools.h tests/calls.c tests/calls.h

check_PROGRAMS += tests/pool_test
tests_pool_test_SOURCES = tests/pool_test.c $(pool_tools)
tests_pool_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_calls_test
tests_pool_calls_test_SOURCES = tests/pool_calls_test.c $(pool_tools)
tests_pool_calls_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_kill_test
tests_pool_kill_test_SOURCES = tests/pool_kill_test.c $(pool_tools)
tests_pool_kill_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_capture_test
tests_pool_capture_test_SOURCES = tests/pool_capture_test.c $(pool_tools)
tests_pool_capture_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_ends_test
tests_pool_ends_test_SOURCES = tests/pool_ends_test.c $(pool_tools)
tests_pool_ends_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/pool_fork_test
tests_pool_fork_test_SOURCES = tests/pool_fork_test.c $(pool_tools)
tests_pool_fork_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_hostile_test
tests_pool_hostile_test_SOURCES = tests/pool_hostile_test.c $(pool_tools) $(raw)
tests_pool_hostile_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_loss_test
tests_pool_loss_test_SOURCES = tests/pool_loss_test.c $(pool_tools) $(raw)
tests_pool_loss_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_plan_test
tests_pool_plan_test_SOURCES = tests/pool_plan_test.c $(pool_tools)
tests_pool_plan_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_shortage_test
tests_pool_shortage_test_SOURCES = tests/pool_shortage_test.c $(pool_tools)
tests_pool_shortage_test_SOURCES += tests/room.c tests/room.h
tests_pool_shortage_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_state_test
tests_pool_state_test_SOURCES = tests/pool_state_test.c $(pool_tools)
tests_pool_state_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/pool_workers_test
tests_pool_workers_test_SOURCES = tests/pool_workers_test.c $(pool_tools) $(births)
tests_pool_workers_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/endurance_test
tests_endurance_test_SOURCES = tests/endurance_test.c $(pool_tools)
tests_endurance_test_LDADD = $(proc_test_libs)

check_PROGRAMS += tests/typed_things_test
tests_typed_things_test_SOURCES = tests/typed_things_test.c $(typed_tools)
tests_typed_things_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/host_test
tests_host_test_SOURCES = tests/host_test.c tests/calls.c tests/calls.h
tests_host_test_LDADD = $(core_libs) $(test_libs)

odd_hosts = tests/tour.c tests/tour.h tests/calls.c tests/calls.h tests/children.c tests/children.h

check_PROGRAMS += tests/jail_test
tests_jail_test_SOURCES = tests/jail_test.c tests/jail.c tests/jail.h $(odd_hosts)
tests_jail_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/bare_host_test
tests_bare_host_test_SOURCES = tests/bare_host_test.c $(odd_hosts)
tests_bare_host_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/executed_test
tests_executed_test_SOURCES = tests/executed_test.c tests/calls.c tests/calls.h
tests_executed_test_SOURCES += tests/children.c tests/children.h
tests_executed_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/held_numbers_test
tests_held_numbers_test_SOURCES = tests/held_numbers_test.c tests/calls.c tests/calls.h
tests_held_numbers_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/handle_fork_test
tests_handle_fork_test_SOURCES = tests/handle_fork_test.c tests/calls.c tests/calls.h
tests_handle_fork_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/taken_numbers_test
tests_taken_numbers_test_SOURCES = tests/taken_numbers_test.c tests/calls.c tests/calls.h
tests_taken_numbers_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/closed_below_test
tests_closed_below_test_SOURCES = tests/closed_below_test.c tests/calls.c tests/calls.h
tests_closed_below_test_LDADD = $(core_libs) $(test_libs)

check_PROGRAMS += tests/httpd_test
tests_httpd_test_SOURCES = tests/httpd_test.c tests/program.c tests/program.h
tests_httpd_test_LDADD = $(test_libs)

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
tests_random_random_SOURCES += tests/children.c tests/children.h $(scope_pool)
tests_random_random_LDADD = $(core_libs)
tests_random_random_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=free
tests_random_random_LDFLAGS += -Wl,--wrap=pthread_create,--wrap=eventfd,--wrap=scoped__lock

check_PROGRAMS += tests/soak/soak
tests_soak_soak_SOURCES = tests/soak/soak.c tests/soak/nodes.c tests/soak/nodes.h
tests_soak_soak_SOURCES += tests/soak/tree.c tests/soak/tree.h tests/soak/work.c tests/soak/work.h
tests_soak_soak_SOURCES += tests/children.c tests/children.h
tests_soak_soak_LDADD = $(core_libs)

EXTRA_PROGRAMS += tests/hostile/hostile
tests_hostile_hostile_SOURCES = tests/hostile/hostile.c tests/children.c tests/children.h
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
check-stress: tests/scope_stress_test$(EXEEXT)
	@status=0; for pinned in "taskset -c 0" ""; do \
	    $$pinned tests/scope_stress_test$(EXEEXT) -r 20 cancelled_from_the_root || status=1; \
	    SCOPE_STRESS=50 $$pinned tests/scope_stress_test$(EXEEXT) random_cancels || status=1; \
	    SCOPE_STRESS=100 $$pinned tests/scope_stress_test$(EXEEXT) endless || status=1; \
	done; \
	CALLS_STRESS=10 tests/endurance_test$(EXEEXT) || status=1; exit $$status

# The kill sweep, longer than `make check` runs it.
check-kills: tests/kill_test$(EXEEXT)
	@KILL_MOMENTS=$${KILL_MOMENTS-500} tests/kill_test$(EXEEXT)

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
tests_bench_bench_SOURCES += tests/children.c tests/children.h
tests_bench_bench_SOURCES += tests/bench/chart.c tests/bench/chart.h
tests_bench_bench_SOURCES += tests/bench/bench_floor.c
tests_bench_bench_SOURCES += tests/bench/bench_rival.c
tests_bench_bench_SOURCES += tests/bench/bench_scope.c
tests_bench_bench_SOURCES += tests/bench/bench_shmem.c
tests_bench_bench_SOURCES += tests/bench/bench_spawn.c
tests_bench_bench_SOURCES += tests/bench/bench_pool.c

# Every request to the C library goes through tests/fail.c first.
check_PROGRAMS += tests/failure_test
tests_failure_test_SOURCES = tests/failure_test.c tests/fail.c tests/fail.h
tests_failure_test_SOURCES += tests/calls.c tests/calls.h
tests_failure_test_LDADD = $(proc_test_libs)
tests_failure_test_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
tests_failure_test_LDFLAGS += -Wl,--wrap=strdup,--wrap=vasprintf,--wrap=socketpair,--wrap=setsockopt
tests_failure_test_LDFLAGS += -Wl,--wrap=sendmsg,--wrap=recvmsg,--wrap=pipe2,--wrap=memfd_create
tests_failure_test_LDFLAGS += -Wl,--wrap=ftruncate,--wrap=mmap,--wrap=epoll_create1,--wrap=epoll_ctl
tests_failure_test_LDFLAGS += -Wl,--wrap=eventfd,--wrap=pthread_create,--wrap=fork,--wrap=fopen
tests_failure_test_LDFLAGS += -Wl,--wrap=open,--wrap=fcntl,--wrap=syscall
