# One line a test program: its source is tests/<room>/<name>_test.c, and it links what it uses of
# tests/support, of the library, and the runner. A test of a lower room names the libraries that it
# links instead. A script goes to dist_check_SCRIPTS. All print `N passed, N failed` alone on a line.

test_libs = src/libcunit.la src/libdebug.la src/libbase.la $(CUNIT_LIBS) -ldl
LDADD = tests/libsupport.la $(core_libs) $(test_libs)

check_LTLIBRARIES += tests/libsupport.la
tests_libsupport_la_SOURCES =
tests_libsupport_la_SOURCES += tests/support/acts.c tests/support/acts.h
tests_libsupport_la_SOURCES += tests/support/acts_descriptors.c
tests_libsupport_la_SOURCES += tests/support/acts_kernel.c
tests_libsupport_la_SOURCES += tests/support/acts_memory.c tests/support/acts_small.c
tests_libsupport_la_SOURCES += tests/support/acts_rights.c
tests_libsupport_la_SOURCES += tests/support/bad_workers.c tests/support/bad_workers.h
tests_libsupport_la_SOURCES += tests/support/bare_pool.c tests/support/bare_pool.h
tests_libsupport_la_SOURCES += tests/support/builder_helpers.c tests/support/builder_helpers.h
tests_libsupport_la_SOURCES += tests/support/busy_program.c tests/support/busy_program.h
tests_libsupport_la_SOURCES += tests/support/call_helpers.c tests/support/call_helpers.h
tests_libsupport_la_SOURCES += tests/support/channel_helpers.c tests/support/channel_helpers.h
tests_libsupport_la_SOURCES += tests/support/closed.h
tests_libsupport_la_SOURCES += tests/support/confinement_helpers.c tests/support/confinement_helpers.h
tests_libsupport_la_SOURCES += tests/support/crash_harness.c tests/support/crash_harness.h
tests_libsupport_la_SOURCES += tests/support/crashers.c tests/support/crashers.h
tests_libsupport_la_SOURCES += tests/support/descriptor_room.c tests/support/descriptor_room.h
tests_libsupport_la_SOURCES += tests/support/divided_memory.c tests/support/divided_memory.h
tests_libsupport_la_SOURCES += tests/support/early_death.c tests/support/early_death.h
tests_libsupport_la_SOURCES += tests/support/endings.c tests/support/endings.h
tests_libsupport_la_SOURCES += tests/support/escape_world.c tests/support/escape_world.h
tests_libsupport_la_SOURCES += tests/support/failing_tests.c tests/support/failing_tests.h
tests_libsupport_la_SOURCES += tests/support/filter_machine.c tests/support/filter_machine.h
tests_libsupport_la_SOURCES += tests/support/forged_calls.c tests/support/forged_calls.h
tests_libsupport_la_SOURCES += tests/support/frame.h
tests_libsupport_la_SOURCES += tests/support/fresh_helpers.c tests/support/fresh_helpers.h
tests_libsupport_la_SOURCES += tests/support/host_helpers.c tests/support/host_helpers.h
tests_libsupport_la_SOURCES += tests/support/jail.c tests/support/jail.h
tests_libsupport_la_SOURCES += tests/support/large_tables.c tests/support/large_tables.h
tests_libsupport_la_SOURCES += tests/support/learn_helpers.c tests/support/learn_helpers.h
tests_libsupport_la_SOURCES += tests/support/lingering_sockets.c tests/support/lingering_sockets.h
tests_libsupport_la_SOURCES += tests/support/long_values.c tests/support/long_values.h
tests_libsupport_la_SOURCES += tests/support/made_file.c tests/support/made_file.h
tests_libsupport_la_SOURCES += tests/support/made_module.c tests/support/made_module.h
tests_libsupport_la_SOURCES += tests/support/memory_group.c tests/support/memory_group.h
tests_libsupport_la_SOURCES += tests/support/memory_search.c tests/support/memory_search.h
tests_libsupport_la_SOURCES += tests/support/nested_helpers.c tests/support/nested_helpers.h
tests_libsupport_la_SOURCES += tests/support/old_landlock.c tests/support/old_landlock.h
tests_libsupport_la_SOURCES += tests/support/output_helpers.c tests/support/output_helpers.h
tests_libsupport_la_SOURCES += tests/support/phase_helpers.c tests/support/phase_helpers.h
tests_libsupport_la_SOURCES += tests/support/pool_helpers.c tests/support/pool_helpers.h
tests_libsupport_la_SOURCES += tests/support/sanitizer.h
tests_libsupport_la_SOURCES += tests/support/set_helpers.c tests/support/set_helpers.h
tests_libsupport_la_SOURCES += tests/support/process_list.c tests/support/process_list.h
tests_libsupport_la_SOURCES += tests/support/queue_helpers.c tests/support/queue_helpers.h
tests_libsupport_la_SOURCES += tests/support/raw_messages.c tests/support/raw_messages.h
tests_libsupport_la_SOURCES += tests/support/report_helpers.c tests/support/report_helpers.h
tests_libsupport_la_SOURCES += tests/support/rights_helpers.c tests/support/rights_helpers.h
tests_libsupport_la_SOURCES += tests/support/sandbox_helpers.c tests/support/sandbox_helpers.h
tests_libsupport_la_SOURCES += tests/support/scope_helpers.c tests/support/scope_helpers.h
tests_libsupport_la_SOURCES += tests/support/scope_under_test.c tests/support/scope_under_test.h
tests_libsupport_la_SOURCES += tests/support/shared_number.c tests/support/shared_number.h
tests_libsupport_la_SOURCES += tests/support/somebody.c tests/support/somebody.h
tests_libsupport_la_SOURCES += tests/support/subprocess.c tests/support/subprocess.h
tests_libsupport_la_SOURCES += tests/support/task_helpers.c tests/support/task_helpers.h
tests_libsupport_la_SOURCES += tests/support/tour.c tests/support/tour.h
tests_libsupport_la_SOURCES += tests/support/tracers.c tests/support/tracers.h
tests_libsupport_la_SOURCES += tests/support/traps.c tests/support/traps.h
tests_libsupport_la_SOURCES += tests/support/tree_helpers.c tests/support/tree_helpers.h
tests_libsupport_la_SOURCES += tests/support/trial_report.c tests/support/trial_report.h
tests_libsupport_la_SOURCES += tests/support/typed_helpers.c tests/support/typed_helpers.h
tests_libsupport_la_SOURCES += tests/support/user_executors.c tests/support/user_executors.h
tests_libsupport_la_SOURCES += tests/support/value_helpers.c tests/support/value_helpers.h
tests_libsupport_la_SOURCES += tests/support/vet_helpers.c tests/support/vet_helpers.h
tests_libsupport_la_SOURCES += tests/support/withheld_memory.c tests/support/withheld_memory.h
tests_libsupport_la_SOURCES += tests/support/world.c tests/support/world.h

# Every request to the C library goes through tests/support/fault_injection.c first.
refusal_sources = tests/support/fault_injection.c tests/support/fault_injection.h
refusal_sources += tests/support/refusal_sweep.c tests/support/refusal_sweep.h
refusal_flags = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
refusal_flags += -Wl,--wrap=strdup,--wrap=vasprintf,--wrap=socketpair,--wrap=setsockopt
refusal_flags += -Wl,--wrap=sendmsg,--wrap=recvmsg,--wrap=pipe2,--wrap=memfd_create
refusal_flags += -Wl,--wrap=ftruncate,--wrap=mmap,--wrap=epoll_create1,--wrap=epoll_ctl
refusal_flags += -Wl,--wrap=eventfd,--wrap=pthread_create,--wrap=fork,--wrap=fopen
refusal_flags += -Wl,--wrap=open,--wrap=fcntl,--wrap=syscall

check_PROGRAMS += tests/base/closer_test
tests_base_closer_test_LDADD = tests/libsupport.la $(base_libs) $(test_libs)
check_PROGRAMS += tests/base/confine_test
tests_base_confine_test_LDADD = tests/libsupport.la $(server_libs) $(test_libs)
check_PROGRAMS += tests/base/lingering_close_test
check_PROGRAMS += tests/base/maps_test
tests_base_maps_test_LDADD = $(base_libs) $(test_libs)
check_PROGRAMS += tests/base/notes_test
tests_base_notes_test_LDADD = $(base_libs) $(test_libs)
check_PROGRAMS += tests/base/proc_test
tests_base_proc_test_LDADD = $(base_libs) $(test_libs)
check_PROGRAMS += tests/base/process_test
tests_base_process_test_LDADD = $(base_libs) $(test_libs)
check_PROGRAMS += tests/base/thread_test
tests_base_thread_test_LDADD = $(base_libs) $(test_libs)
check_PROGRAMS += tests/base/timers_test
tests_base_timers_test_LDADD = $(base_libs) $(test_libs)
check_PROGRAMS += tests/base/version_test
tests_base_version_test_LDADD = $(base_libs) $(test_libs)

check_PROGRAMS += tests/call/builder_rights_test
check_PROGRAMS += tests/call/builder_test
check_PROGRAMS += tests/call/collector_test
check_PROGRAMS += tests/call/confinement_test
check_PROGRAMS += tests/call/deadline_test
check_PROGRAMS += tests/call/debugger_test
check_PROGRAMS += tests/call/endurance_test
check_PROGRAMS += tests/call/environment_test
check_PROGRAMS += tests/call/failure_test
tests_call_failure_test_SOURCES = tests/call/failure_test.c $(refusal_sources)
tests_call_failure_test_LDFLAGS = $(refusal_flags)
check_PROGRAMS += tests/call/handle_fork_test
check_PROGRAMS += tests/call/handle_test
check_PROGRAMS += tests/call/held_pipe_test
check_PROGRAMS += tests/call/incoming_test
check_PROGRAMS += tests/call/interrupted_test
check_PROGRAMS += tests/call/kill_sweep_test
check_PROGRAMS += tests/call/kill_test
check_PROGRAMS += tests/call/limits_test
check_PROGRAMS += tests/call/memory_limit_test
check_PROGRAMS += tests/call/output_test
check_PROGRAMS += tests/call/replaced_fds_test
check_PROGRAMS += tests/call/request_test
check_PROGRAMS += tests/call/result_limits_test
check_PROGRAMS += tests/call/shortage_test
check_PROGRAMS += tests/call/spawn_test
check_PROGRAMS += tests/call/stacks_test
check_PROGRAMS += tests/call/uncancelled_test

check_PROGRAMS += tests/calls/call_test
check_PROGRAMS += tests/calls/cancel_test
check_PROGRAMS += tests/calls/fail_test
check_PROGRAMS += tests/calls/options_test
check_PROGRAMS += tests/calls/gone_test
check_PROGRAMS += tests/calls/output_memory_test
tests_calls_output_memory_test_SOURCES = tests/calls/output_memory_test.c $(refusal_sources)
tests_calls_output_memory_test_LDFLAGS = $(refusal_flags)
check_PROGRAMS += tests/calls/streams_test

check_PROGRAMS += tests/child/caller_rights_test
check_PROGRAMS += tests/child/childless_test
check_PROGRAMS += tests/child/inherited_test
check_PROGRAMS += tests/child/nested_test

check_PROGRAMS += tests/client/active_test
check_PROGRAMS += tests/client/closed_below_test
check_PROGRAMS += tests/client/desertion_test
check_PROGRAMS += tests/client/server_loss_test
check_PROGRAMS += tests/client/start_test

check_PROGRAMS += tests/completion/kill_test
check_PROGRAMS += tests/completion/lane_test
check_PROGRAMS += tests/completion/set_test
check_PROGRAMS += tests/completion/shared_test
check_PROGRAMS += tests/completion/shortage_test

check_PROGRAMS += tests/map/each_test
check_PROGRAMS += tests/map/hostile_test
check_PROGRAMS += tests/map/kill_test
check_PROGRAMS += tests/map/map_test
check_PROGRAMS += tests/map/pace_test

check_PROGRAMS += tests/crash/backtrace_test
tests_crash_backtrace_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/confined_test
tests_crash_confined_test_LDADD = tests/libsupport.la $(server_libs) $(test_libs)
check_PROGRAMS += tests/crash/crash_matrix_test
check_PROGRAMS += tests/crash/debug_info_test
tests_crash_debug_info_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/fault_test
tests_crash_fault_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/frame_index_test
tests_crash_frame_index_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/guard_test
tests_crash_guard_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/loaded_symbols_test
tests_crash_loaded_symbols_test_LDADD = $(server_libs) $(test_libs)
check_PROGRAMS += tests/crash/module_files_test
tests_crash_module_files_test_LDADD = $(server_libs) $(test_libs)
check_PROGRAMS += tests/crash/refused_test
check_PROGRAMS += tests/crash/many_test
check_PROGRAMS += tests/crash/owner_test
check_PROGRAMS += tests/crash/places_test
check_PROGRAMS += tests/crash/recursion_test
tests_crash_recursion_test_LDADD = tests/libsupport.la $(server_libs) $(test_libs)
check_PROGRAMS += tests/crash/shown_threads_test
tests_crash_shown_threads_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/report_file_test
tests_crash_report_file_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/stack_overflow_test
tests_crash_stack_overflow_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/texts_test
tests_crash_texts_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/unwind_test
tests_crash_unwind_test_LDADD = tests/libsupport.la $(server_libs) $(test_libs)
check_PROGRAMS += tests/crash/unwind_threads_test
tests_crash_unwind_threads_test_LDADD = tests/libsupport.la $(server_libs) $(test_libs)
check_PROGRAMS += tests/crash/waiting_test
tests_crash_waiting_test_LDADD = $(crash_libs) $(test_libs)
check_PROGRAMS += tests/crash/walk_test
tests_crash_walk_test_LDADD = tests/libsupport.la $(server_libs) $(test_libs)

check_PROGRAMS += tests/cunit/cunit_test
tests_cunit_cunit_test_LDADD = tests/libsupport.la $(test_libs)

check_PROGRAMS += tests/error/ends_test
check_PROGRAMS += tests/debug/demangle_test
tests_debug_demangle_test_LDADD = $(debug_libs) $(test_libs)
check_PROGRAMS += tests/debug/source_test
tests_debug_source_test_LDADD = $(debug_libs) $(test_libs)

check_PROGRAMS += tests/error/frames_test
check_PROGRAMS += tests/error/reasons_test
check_PROGRAMS += tests/error/printed_test
check_PROGRAMS += tests/error/style_test
check_PROGRAMS += tests/error/texts_test
check_PROGRAMS += tests/error/threads_test
check_PROGRAMS += tests/error/visible_text_test

# What vet and httpd call is sandboxed, unless they are told not to.
if HAVE_SECCOMP
check_PROGRAMS += tests/examples/httpd_test
tests_examples_httpd_test_LDADD = tests/libsupport.la $(test_libs)
check_PROGRAMS += tests/examples/vet_count_test
tests_examples_vet_count_test_LDADD = tests/libsupport.la $(JANSSON_LIBS) $(test_libs)
check_PROGRAMS += tests/examples/vet_decoder_test
tests_examples_vet_decoder_test_LDADD = tests/libsupport.la $(JANSSON_LIBS) $(test_libs)
check_PROGRAMS += tests/examples/vet_end_test
tests_examples_vet_end_test_SOURCES = tests/examples/vet_end_test.c examples/vet/leftovers.c
tests_examples_vet_end_test_LDADD = tests/libsupport.la $(JANSSON_LIBS) $(test_libs)
check_PROGRAMS += tests/examples/vet_sandbox_test
tests_examples_vet_sandbox_test_LDADD = tests/libsupport.la $(JANSSON_LIBS) $(test_libs)
check_PROGRAMS += tests/examples/vet_verdict_test
tests_examples_vet_verdict_test_LDADD = tests/libsupport.la $(JANSSON_LIBS) $(test_libs)
else
check_PROGRAMS += tests/examples/unsandboxed_test
tests_examples_unsandboxed_test_LDADD = tests/libsupport.la $(JANSSON_LIBS) $(test_libs)
endif

check_PROGRAMS += tests/executor/executor_test
tests_executor_executor_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)

check_PROGRAMS += tests/forkserver/births_test
tests_forkserver_births_test_LDADD = $(server_libs) $(test_libs)
check_PROGRAMS += tests/forkserver/children_test
tests_forkserver_children_test_LDADD = $(server_libs) $(test_libs)
check_PROGRAMS += tests/forkserver/death_test
check_PROGRAMS += tests/forkserver/early_death_test
check_PROGRAMS += tests/forkserver/held_exit_test
check_PROGRAMS += tests/forkserver/killed_test
# The same on a kernel that lets descriptors in.
check_PROGRAMS += tests/forkserver/link_old_test
tests_forkserver_link_old_test_SOURCES = tests/forkserver/link_test.c tests/support/old_kernel.c
tests_forkserver_link_old_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=setsockopt
check_PROGRAMS += tests/forkserver/link_test
check_PROGRAMS += tests/forkserver/loaded_test
check_PROGRAMS += tests/forkserver/newborn_test
tests_forkserver_newborn_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kill,--wrap=setpgid
check_PROGRAMS += tests/forkserver/oom_test
check_PROGRAMS += tests/forkserver/orphan_list_test
check_PROGRAMS += tests/forkserver/orphans_test
check_PROGRAMS += tests/forkserver/quota_test
check_PROGRAMS += tests/forkserver/reborn_test
check_PROGRAMS += tests/forkserver/remap_test
tests_forkserver_remap_test_LDADD = $(server_libs) $(test_libs)
check_PROGRAMS += tests/forkserver/report_stop_test
check_PROGRAMS += tests/forkserver/reporter_test
check_PROGRAMS += tests/forkserver/server_test
check_PROGRAMS += tests/forkserver/spares_test
tests_forkserver_spares_test_LDADD = $(server_libs) $(test_libs)
check_PROGRAMS += tests/forkserver/stay_test
check_PROGRAMS += tests/forkserver/terminate_test
check_PROGRAMS += tests/forkserver/token_test

check_PROGRAMS += tests/image/image_test

check_PROGRAMS += tests/init/bare_host_test
check_PROGRAMS += tests/init/config_test
tests_init_config_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fork
check_PROGRAMS += tests/init/executed_test
check_PROGRAMS += tests/init/fini_test
check_PROGRAMS += tests/init/held_numbers_test
check_PROGRAMS += tests/init/host_place_test
check_PROGRAMS += tests/init/host_test
check_PROGRAMS += tests/init/init_test
check_PROGRAMS += tests/init/jail_test
check_PROGRAMS += tests/init/taken_numbers_test
check_PROGRAMS += tests/init/unchanged_test

check_PROGRAMS += tests/fresh/acts_test
tests_fresh_acts_test_LDADD = $(LDADD) -lm
check_PROGRAMS += tests/fresh/endurance_test
tests_fresh_endurance_test_LDADD = $(LDADD) -lm
check_PROGRAMS += tests/fresh/fresh_test
check_PROGRAMS += tests/fresh/initializer_test
tests_fresh_initializer_test_LDADD = $(LDADD) -lm
check_PROGRAMS += tests/fresh/programs_test
tests_fresh_fresh_test_LDADD = $(LDADD) -lm
tests_fresh_programs_test_LDADD = $(LDADD) -lm
check_PROGRAMS += tests/fresh/refused_test
tests_fresh_refused_test_LDADD = $(LDADD) -lm
check_PROGRAMS += tests/fresh/status_test
tests_fresh_status_test_LDADD = $(fresh_libs) $(test_libs)

check_PROGRAMS += tests/pool/backoff_test
check_PROGRAMS += tests/pool/buffers_test
check_PROGRAMS += tests/pool/calls_test
check_PROGRAMS += tests/pool/capture_test
check_PROGRAMS += tests/pool/config_test
check_PROGRAMS += tests/pool/ends_test
check_PROGRAMS += tests/pool/flood_test
check_PROGRAMS += tests/pool/failure_test
tests_pool_failure_test_SOURCES = tests/pool/failure_test.c $(refusal_sources)
tests_pool_failure_test_LDFLAGS = $(refusal_flags)
check_PROGRAMS += tests/pool/fork_test
check_PROGRAMS += tests/pool/hostile_test
check_PROGRAMS += tests/pool/initializer_test
check_PROGRAMS += tests/pool/job_test
check_PROGRAMS += tests/pool/kill_test
check_PROGRAMS += tests/pool/limits_test
check_PROGRAMS += tests/pool/lock_test
check_PROGRAMS += tests/pool/loss_test
check_PROGRAMS += tests/pool/pool_test
check_PROGRAMS += tests/pool/receive_test
check_PROGRAMS += tests/pool/room_test
check_PROGRAMS += tests/pool/schedule_test
check_PROGRAMS += tests/pool/shortage_test
check_PROGRAMS += tests/pool/standing_test
check_PROGRAMS += tests/pool/start_test
check_PROGRAMS += tests/pool/state_test
check_PROGRAMS += tests/pool/worker_test
check_PROGRAMS += tests/pool/workers_test

check_PROGRAMS += tests/rights/rights_test
check_PROGRAMS += tests/rights/schedule_test
check_PROGRAMS += tests/rights/status_test

if HAVE_SECCOMP
check_PROGRAMS += tests/sandbox/compute_test
check_PROGRAMS += tests/sandbox/enter_test
check_PROGRAMS += tests/sandbox/escapes_test
tests_sandbox_escapes_test_SOURCES = tests/sandbox/escapes_test.c tests/sandbox/escapes.h
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_by_birth.c
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_by_descriptor.c
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_by_handed_socket.c
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_by_memory.c
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_by_number.c
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_by_path.c
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_by_socket.c
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_by_tcp.c
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_to_kernel.c
tests_sandbox_escapes_test_SOURCES += tests/sandbox/escapes_to_processes.c
check_PROGRAMS += tests/sandbox/files_test
check_PROGRAMS += tests/sandbox/filter_test
tests_sandbox_filter_test_LDADD = tests/libsupport.la $(sandbox_libs) $(test_libs)
check_PROGRAMS += tests/sandbox/learn_test
check_PROGRAMS += tests/sandbox/learn_ways_test
check_PROGRAMS += tests/sandbox/learner_test
check_PROGRAMS += tests/sandbox/need_test
check_PROGRAMS += tests/sandbox/network_test
check_PROGRAMS += tests/sandbox/old_kernels_test
check_PROGRAMS += tests/sandbox/prepared_test
# The page has the table of a processor with all system calls.
if HAVE_OLD_CALLS
check_PROGRAMS += tests/sandbox/table_test
tests_sandbox_table_test_CPPFLAGS = $(AM_CPPFLAGS) -DSANDBOX_PAGE='"$(abs_top_srcdir)/SANDBOX.md"'
tests_sandbox_table_test_LDADD = $(sandbox_libs) $(test_libs)
endif
check_PROGRAMS += tests/sandbox/values_test
check_PROGRAMS += tests/sandbox/violation_test
check_PROGRAMS += tests/sandbox/ways_test
else
check_PROGRAMS += tests/sandbox/absent_test
endif
check_PROGRAMS += tests/scope/agenda_test
tests_scope_agenda_test_LDADD = $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/cancel_test
tests_scope_cancel_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/close_test
tests_scope_close_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/deadline_test
tests_scope_deadline_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/defer_test
tests_scope_defer_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/done_test
tests_scope_done_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/failure_test
tests_scope_failure_test_SOURCES = tests/scope/failure_test.c $(refusal_sources)
tests_scope_failure_test_LDFLAGS = $(refusal_flags)
check_PROGRAMS += tests/scope/fork_test
tests_scope_fork_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/gone_test
tests_scope_gone_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/left_open_test
tests_scope_left_open_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/limits_test
tests_scope_limits_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/misuse_test
tests_scope_misuse_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
# A cancel comes just before each lock.
check_PROGRAMS += tests/scope/moment_test
tests_scope_moment_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
tests_scope_moment_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=scoped__lock
check_PROGRAMS += tests/scope/phases_test
tests_scope_phases_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/policy_test
tests_scope_policy_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/queue_test
tests_scope_queue_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/queue_wait_test
tests_scope_queue_wait_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/reason_test
tests_scope_reason_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/refusal_test
tests_scope_refusal_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
tests_scope_refusal_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create,--wrap=pthread_cancel
check_PROGRAMS += tests/scope/remote_test
tests_scope_remote_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/run_test
tests_scope_run_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/scope_test
tests_scope_scope_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/signal_test
tests_scope_signal_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/state_test
tests_scope_state_test_LDADD = $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/stress_test
tests_scope_stress_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/task_test
tests_scope_task_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/uncancelled_test
tests_scope_uncancelled_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)
check_PROGRAMS += tests/scope/wait_fd_test
tests_scope_wait_fd_test_LDADD = tests/libsupport.la $(scope_libs) $(test_libs)

check_PROGRAMS += tests/tree/failure_test
check_PROGRAMS += tests/tree/null_test
check_PROGRAMS += tests/tree/process_test
check_PROGRAMS += tests/tree/tree_test
check_PROGRAMS += tests/tree/unkept_test
tests_tree_unkept_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create

check_PROGRAMS += tests/typed/arrays_test
check_PROGRAMS += tests/typed/map_test
check_PROGRAMS += tests/typed/resources_test
check_PROGRAMS += tests/typed/typed_call_test
check_PROGRAMS += tests/typed/typed_macro_test
check_PROGRAMS += tests/typed/typed_test

check_PROGRAMS += tests/value/bytes_test
check_PROGRAMS += tests/value/channel_message_test
check_PROGRAMS += tests/value/channel_test
check_PROGRAMS += tests/value/channel_wait_test
check_PROGRAMS += tests/value/decoding_test
check_PROGRAMS += tests/value/failure_test
tests_value_failure_test_SOURCES = tests/value/failure_test.c $(refusal_sources)
tests_value_failure_test_LDFLAGS = $(refusal_flags)
check_PROGRAMS += tests/value/footprint_test
check_PROGRAMS += tests/value/lookalike_test
check_PROGRAMS += tests/value/memory_test
tests_value_memory_test_SOURCES = tests/value/memory_test.c $(refusal_sources)
tests_value_memory_test_LDFLAGS = $(refusal_flags)
check_PROGRAMS += tests/value/placeholder_test
check_PROGRAMS += tests/value/shmem_test
check_PROGRAMS += tests/value/values_test

check_PROGRAMS += tests/wire/frame_test
check_PROGRAMS += tests/wire/liar_test
check_PROGRAMS += tests/wire/standing_test
check_PROGRAMS += tests/wire/wire_test


# Libraries are loaded at run time where libtool builds any that can be.
if SHARED
check_PROGRAMS += tests/image/at_fini_test
check_PROGRAMS += tests/image/copy_test
check_PROGRAMS += tests/image/function_test
tests_image_function_test_SOURCES = tests/image/function_test.c

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

EXTRA_DIST += tests/model/check.sh tests/model/handshake.pml tests/model/cached.pml

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
tests_random_random_SOURCES += tests/random/threads_runs.c
tests_random_random_SOURCES += tests/random/threads_records.c tests/random/threads_scopes.c
tests_random_random_SOURCES += tests/random/threads_signals.c tests/random/threads_spawn.c
tests_random_random_SOURCES += tests/random/processes.c tests/random/processes.h
tests_random_random_SOURCES += tests/random/processes_board.c tests/random/processes_calls.c
tests_random_random_SOURCES += tests/random/processes_copies.c tests/random/processes_held.c
tests_random_random_SOURCES += tests/random/processes_host.c tests/random/processes_judge.c
tests_random_random_SOURCES += tests/random/processes_bytes.c tests/random/processes_options.c
tests_random_random_SOURCES += tests/random/processes_output.c tests/random/processes_pools.c
tests_random_random_SOURCES += tests/random/processes_maps.c tests/random/processes_sets.c
tests_random_random_SOURCES += tests/random/processes_scopes.c tests/random/processes_values.c
tests_random_random_SOURCES += tests/random/processes_weather.c tests/random/processes_works.c
tests_random_random_LDADD = tests/libsupport.la $(core_libs)
tests_random_random_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup
tests_random_random_LDFLAGS += -Wl,--wrap=free
tests_random_random_LDFLAGS += -Wl,--wrap=pthread_create,--wrap=eventfd,--wrap=scoped__lock

check_PROGRAMS += tests/soak/soak
tests_soak_soak_SOURCES = tests/soak/soak.c tests/soak/nodes.c tests/soak/nodes.h
tests_soak_soak_SOURCES += tests/soak/call.c tests/soak/call.h
tests_soak_soak_SOURCES += tests/soak/fresh.c tests/soak/fresh.h
tests_soak_soak_SOURCES += tests/soak/tree.c tests/soak/tree.h tests/soak/work.c tests/soak/work.h
tests_soak_soak_LDADD = tests/libsupport.la $(core_libs)

EXTRA_PROGRAMS += tests/hostile/hostile
tests_hostile_hostile_SOURCES = tests/hostile/hostile.c
tests_hostile_hostile_SOURCES += tests/hostile/act.c tests/hostile/act.h
tests_hostile_hostile_SOURCES += tests/hostile/attack.c tests/hostile/attack.h
tests_hostile_hostile_SOURCES += tests/hostile/attack_many.c tests/hostile/beside.c
tests_hostile_hostile_SOURCES += tests/hostile/innocent_many.c tests/hostile/innocent_many.h
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
tests_hostile_hostile_SOURCES += tests/hostile/settings.c tests/hostile/settings.h
tests_hostile_hostile_SOURCES += tests/hostile/signals.c
tests_hostile_hostile_SOURCES += tests/hostile/raw.c tests/hostile/raw.h
tests_hostile_hostile_SOURCES += tests/hostile/state.c
tests_hostile_hostile_SOURCES += tests/hostile/use.c tests/hostile/use.h
tests_hostile_hostile_SOURCES += tests/hostile/watch.c tests/hostile/watch.h
tests_hostile_hostile_LDADD = tests/libsupport.la $(core_libs)

EXTRA_DIST += tests/httpd_load.sh tests/summary.sh tests/installcheck.sh tests/fresh-debian.sh
EXTRA_DIST += tests/locks.sh tests/bench/against.sh

dist_check_SCRIPTS += tests/examples_test.sh
dist_check_SCRIPTS += tests/examples_compile_test.sh
EXTRA_DIST += tests/tsan.supp
dist_check_SCRIPTS += tests/readme_test.sh
dist_check_SCRIPTS += tests/guide_test.sh
dist_check_SCRIPTS += tests/manual_test.sh
dist_check_SCRIPTS += tests/reports_test.sh
EXTRA_DIST += tests/reports.c
dist_check_SCRIPTS += tests/layers_test.sh
dist_check_SCRIPTS += tests/exports_test.sh
dist_check_SCRIPTS += tests/fresh_symbols_test.sh
dist_check_SCRIPTS += tests/configure_test.sh
dist_check_SCRIPTS += tests/install_test.sh
dist_check_SCRIPTS += tests/users_test.sh
dist_check_SCRIPTS += tests/version_test.sh
dist_check_SCRIPTS += tests/coverage_test.sh
EXTRA_DIST += tests/coverage.c
dist_check_SCRIPTS += tests/sanitized_test.sh
EXTRA_DIST += tests/sanitized.c
dist_check_SCRIPTS += tests/seed_test.sh
EXTRA_DIST += tests/seed.c
dist_check_SCRIPTS += tests/debug_files_test.sh
EXTRA_DIST += tests/debug_files.c tests/debug_files_plugin.c
dist_check_SCRIPTS += tests/unwinders_test.sh
EXTRA_DIST += tests/unwinders.c
dist_check_SCRIPTS += tests/typed_compile_test.sh
dist_check_SCRIPTS += tests/typed_errors_test.sh
dist_check_SCRIPTS += tests/cxx_test.sh
EXTRA_DIST += tests/cxx/hpp_test.cpp

# Running. One at a time, for a test looks at the processes, threads and timing of the whole
# machine.

TESTS = $(check_PROGRAMS) $(dist_check_SCRIPTS)
TEST_EXTENSIONS = .sh

# Under the address sanitizer malloc(3) fails as it does elsewhere. What the thread sanitizer says
# without reason stands in tsan.supp. A copy by fork(2) may start threads under it too.
AM_TESTS_ENVIRONMENT = \
	ASAN_OPTIONS="allocator_may_return_null=1:$$ASAN_OPTIONS"; export ASAN_OPTIONS; \
	TSAN_OPTIONS="suppressions=$$(cd $(srcdir) && pwd)/tests/tsan.supp:die_after_fork=0:$$TSAN_OPTIONS"; \
	export TSAN_OPTIONS;

one_by_one = $(if $(filter %.log,$(MAKECMDGOALS)),.NOTPARALLEL,.PHONY)
$(one_by_one):

.PHONY: bench check-crashes check-fresh check-fresh-calls check-hostile check-kills check-load check-locks check-model check-random
.PHONY: bench-against check-spares check-stress check-torture fuzz soak tidy
.PHONY: check-aarch64 check-abi check-deb check-matrix check-release deb
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

# REV: the version to compare with. NAMES: which figures; ROUNDS: how many runs of each version.
bench-against:
	@$(SHELL) $(srcdir)/tests/bench/against.sh "$(REV)" $(NAMES)

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

# A thousand crashes from four threads; `make check` has a hundred.
check-crashes: tests/crash/many_test$(EXEEXT)
	@MANY_CRASHES=$${MANY_CRASHES-1000} tests/crash/many_test$(EXEEXT)

# What reads foreign bytes, by libFuzzer; clang is needed. Each target runs for FUZZ_SECONDS.
fuzz:
	@SRC=$(srcdir) FUZZ_CFLAGS="$(JANSSON_CFLAGS) $(UNWIND_CFLAGS)" \
		FUZZ_LIBS="$(JANSSON_LIBS) $(UNWIND_LIBS) $(SECCOMP_LIBS)" MAKE="$(MAKE)" $(SHELL) $(srcdir)/tests/fuzz/run.sh

# Looks for faults in the sources with clang-tidy, cppcheck and clang-format, if these are there.
tidy:
	@SRC=$(srcdir) nice -n 10 $(SHELL) $(srcdir)/tests/tidy.sh -std=gnu11 -D_GNU_SOURCE -Iinclude -I. \
		$(JANSSON_CFLAGS) $(UNWIND_CFLAGS) $(CUNIT_CFLAGS)

EXTRA_DIST += tests/tidy.sh tests/cppcheck.txt .clang-tidy
EXTRA_DIST += tests/fuzz/run.sh tests/fuzz/fuzz.mk tests/fuzz/fuzz.c tests/fuzz/fuzz.h
EXTRA_DIST += tests/fuzz/call_fuzz.c tests/fuzz/failure_fuzz.c tests/fuzz/frame_fuzz.c
EXTRA_DIST += tests/fuzz/debug_files_fuzz.c tests/fuzz/dwarf_fuzz.c tests/fuzz/dwarf_corpus.sh
EXTRA_DIST += tests/fuzz/frame_index_fuzz.c
EXTRA_DIST += tests/fuzz/maps_fuzz.c tests/fuzz/message_fuzz.c tests/fuzz/modules_fuzz.c
EXTRA_DIST += tests/fuzz/notes_fuzz.c tests/fuzz/walk_fuzz.c
EXTRA_DIST += tests/fuzz/seeds

# Random trees of tasks for RANDOM_SECONDS; RANDOM_SEED repeats the decisions of a run.
check-random: tests/random/random$(EXEEXT)
	@RANDOM_SECONDS=$${RANDOM_SECONDS-60} tests/random/random$(EXEEXT)

# Hostile functions beside innocent calls. HOSTILE_SECONDS says for how long, HOSTILE_SEED what
# happens.
check-hostile: tests/hostile/hostile$(EXEEXT)
	@HOSTILE_SECONDS=$${HOSTILE_SECONDS-60} tests/hostile/hostile$(EXEEXT)

# Calls of pools whose calls start fresh: FRESH_CALLS random programs of acts, compared with new
# processes, and as many calls that leave much behind.
check-fresh-calls: tests/fresh/programs_test$(EXEEXT) tests/fresh/endurance_test$(EXEEXT)
	@FRESH_CALLS=$${FRESH_CALLS-10000} tests/fresh/programs_test$(EXEEXT) -t 7200
	@FRESH_CALLS=$${FRESH_CALLS-100000} tests/fresh/endurance_test$(EXEEXT) -t 7200

# Who holds which lock, by clang: src/base/guarded.h.
check-locks:
	@SRC=$(srcdir) LOCKS_CFLAGS="-std=gnu11 -pthread $(AM_CPPFLAGS) $(JANSSON_CFLAGS) \
		$(UNWIND_CFLAGS) $(CUNIT_CFLAGS)" $(SHELL) $(srcdir)/tests/locks.sh

# How right the reports of many deaths and hangs are, for programs linked in five ways.
# TORTURE_KINDS chooses some of these ways.
check-torture: all
	@$(srcdir)/tests/torture/run.sh . $(TORTURE_CASES)

EXTRA_DIST += tests/torture/broken.c tests/torture/code.c tests/torture/common.c
EXTRA_DIST += tests/torture/ends.c tests/torture/exceptions.cc tests/torture/handlers.c
EXTRA_DIST += tests/torture/hangs.c tests/torture/judge.cc tests/torture/library.c
EXTRA_DIST += tests/torture/memory.c tests/torture/plugin.c tests/torture/resolver.c
EXTRA_DIST += tests/torture/run.sh
EXTRA_DIST += tests/torture/shapes.S tests/torture/signals.c tests/torture/stacks.c
EXTRA_DIST += tests/torture/threads.c tests/torture/torture.h

# The models of the thread half; spin is needed.
check-model:
	@$(SHELL) $(srcdir)/tests/model/check.sh

# A real load generator against the example httpd.
check-load: all
	@$(SHELL) $(srcdir)/tests/httpd_load.sh

check-fresh:
	@$(SHELL) $(srcdir)/tests/fresh-debian.sh $(srcdir)

# A release. MATRIX_ROWS chooses libraries of the matrix; ABI_BASE is the commit to compare with.
check-matrix: dist
	@$(srcdir)/tests/matrix/run.sh $(distdir).tar.gz

check-aarch64: dist
	@$(srcdir)/tests/matrix/aarch64.sh $(distdir).tar.gz

check-release:
	@$(srcdir)/tests/release/reproducible.sh $(srcdir)

check-abi: all
	@$(srcdir)/tests/release/abi.sh $(srcdir) $(ABI_BASE)

deb: dist
	@$(srcdir)/tests/release/deb.sh $(distdir).tar.gz

check-deb: deb
	@$(srcdir)/tests/release/deb_fresh.sh deb

EXTRA_DIST += tests/matrix/aarch64.sh tests/matrix/machine.c tests/matrix/run.sh tests/matrix/user.c
EXTRA_DIST += tests/release/abi.sh tests/release/deb.sh tests/release/deb_fresh.sh
EXTRA_DIST += tests/links.sh tests/release/reproducible.sh

# The bench: one line a part.

EXTRA_PROGRAMS += tests/bench/bench
tests_bench_bench_CPPFLAGS = $(AM_CPPFLAGS) $(UV_CFLAGS) $(GIO_CFLAGS)
tests_bench_bench_LDADD = $(base_libs) libforkscope.la $(JANSSON_LIBS) $(UV_LIBS) $(GIO_LIBS) -lm
tests_bench_bench_SOURCES =
tests_bench_bench_SOURCES += tests/bench/bench.c tests/bench/measure.c tests/bench/measure.h
tests_bench_bench_SOURCES += tests/bench/host.c tests/bench/host.h
tests_bench_bench_SOURCES += tests/support/process_list.c tests/support/process_list.h
tests_bench_bench_SOURCES += tests/bench/chart.c tests/bench/chart.h
tests_bench_bench_SOURCES += tests/bench/bench_crash.c
tests_bench_bench_SOURCES += tests/bench/bench_floor.c
tests_bench_bench_SOURCES += tests/bench/bench_rival.c
tests_bench_bench_SOURCES += tests/bench/bench_scope.c
tests_bench_bench_SOURCES += tests/bench/bench_load.c
tests_bench_bench_SOURCES += tests/bench/bench_map.c
tests_bench_bench_SOURCES += tests/bench/bench_sandbox.c
tests_bench_bench_SOURCES += tests/bench/bench_set.c
tests_bench_bench_SOURCES += tests/bench/bench_shmem.c
tests_bench_bench_SOURCES += tests/bench/bench_spawn.c
tests_bench_bench_SOURCES += tests/bench/bench_pool.c

