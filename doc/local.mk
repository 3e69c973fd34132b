# The manual. Pages of section 3 are made from the headers, by doc/manual.pl; they are part of a
# release, which needs no perl. Pages of section 7 are written by hand. The programs that pages show
# are built and run as those of examples/ are.

dist_man7_MANS = doc/man7/forkscope.7 doc/man7/forkscope-cancellation.7
dist_man7_MANS += doc/man7/forkscope-errors.7 doc/man7/forkscope-isolation.7

manual = $(srcdir)/doc/man3
man3dir = $(mandir)/man3
manual_scripts = $(srcdir)/doc/manual.pl $(srcdir)/doc/declarations.pl $(srcdir)/doc/mdoc.pl
manual_sources = $(srcdir)/doc/man7/forkscope.7 $(wildcard $(srcdir)/include/*.h \
	$(srcdir)/include/*.hpp $(srcdir)/include/forkscope/*.h $(srcdir)/doc/examples/*.c \
	$(srcdir)/examples/*.c)
EXTRA_DIST += doc/manual.pl doc/declarations.pl doc/mdoc.pl doc/man3 doc/man3.stamp

all-local: $(manual).stamp
$(manual).stamp: $(manual_scripts) $(manual_sources)
	@rm -rf $(manual).new && mkdir $(manual).new
	@echo "  MANUAL   doc/man3"; perl $(srcdir)/doc/manual.pl $(srcdir) $(manual).new
	@rm -rf $(manual) && mv $(manual).new $(manual) && touch $@

# A release has the folder whole.
$(manual): | $(manual).stamp
	@:

install-data-local: $(manual).stamp
	@$(MKDIR_P) "$(DESTDIR)$(man3dir)"
	$(INSTALL_DATA) $(manual)/*.3 "$(DESTDIR)$(man3dir)"

uninstall-local:
	@for page in $(manual)/*.3; do rm -f "$(DESTDIR)$(man3dir)/$${page##*/}"; done

maintainer-clean-local:
	rm -rf $(manual) $(manual).stamp $(manual).new

# Two lines a program, as in examples/local.mk.

noinst_PROGRAMS += doc/examples/builder
doc_examples_builder_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/builder.expected
noinst_PROGRAMS += doc/examples/call
doc_examples_call_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/call.expected
noinst_PROGRAMS += doc/examples/channel
doc_examples_channel_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/channel.expected
noinst_PROGRAMS += doc/examples/config
doc_examples_config_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/config.expected
noinst_PROGRAMS += doc/examples/done
doc_examples_done_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/done.expected
noinst_PROGRAMS += doc/examples/executor
doc_examples_executor_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/executor.expected
noinst_PROGRAMS += doc/examples/handle
doc_examples_handle_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/handle.expected
noinst_PROGRAMS += doc/examples/input
doc_examples_input_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/input.expected
noinst_PROGRAMS += doc/examples/join
doc_examples_join_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/join.expected
noinst_PROGRAMS += doc/examples/limits
doc_examples_limits_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/limits.expected
noinst_PROGRAMS += doc/examples/loop
doc_examples_loop_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/loop.expected
noinst_PROGRAMS += doc/examples/map
doc_examples_map_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/map.expected
noinst_PROGRAMS += doc/examples/map_each
doc_examples_map_each_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/map_each.expected
noinst_PROGRAMS += doc/examples/outcome
doc_examples_outcome_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/outcome.expected
noinst_PROGRAMS += doc/examples/output
doc_examples_output_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/output.expected
noinst_PROGRAMS += doc/examples/pool
doc_examples_pool_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/pool.expected
noinst_PROGRAMS += doc/examples/pool_builder
doc_examples_pool_builder_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/pool_builder.expected
noinst_PROGRAMS += doc/examples/pool_failure
doc_examples_pool_failure_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/pool_failure.expected
noinst_PROGRAMS += doc/examples/print
doc_examples_print_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/print.expected
noinst_PROGRAMS += doc/examples/remote
doc_examples_remote_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/remote.expected
noinst_PROGRAMS += doc/examples/report
doc_examples_report_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/report.expected
noinst_PROGRAMS += doc/examples/rights
doc_examples_rights_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/rights.expected
noinst_PROGRAMS += doc/examples/scope
doc_examples_scope_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/scope.expected
noinst_PROGRAMS += doc/examples/self
doc_examples_self_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/self.expected
noinst_PROGRAMS += doc/examples/set
doc_examples_set_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/set.expected
noinst_PROGRAMS += doc/examples/shmem
doc_examples_shmem_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/shmem.expected
noinst_PROGRAMS += doc/examples/signals
doc_examples_signals_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/signals.expected
noinst_PROGRAMS += doc/examples/spawn
doc_examples_spawn_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/spawn.expected
noinst_PROGRAMS += doc/examples/task
doc_examples_task_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/task.expected
noinst_PROGRAMS += doc/examples/threads
doc_examples_threads_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/threads.expected
noinst_PROGRAMS += doc/examples/tree
doc_examples_tree_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/tree.expected
noinst_PROGRAMS += doc/examples/tree_call
doc_examples_tree_call_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/tree_call.expected
noinst_PROGRAMS += doc/examples/stacks
doc_examples_stacks_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/stacks.expected
noinst_PROGRAMS += doc/examples/stderr
doc_examples_stderr_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/stderr.expected
noinst_PROGRAMS += doc/examples/usage
doc_examples_usage_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/usage.expected
noinst_PROGRAMS += doc/examples/value
doc_examples_value_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/value.expected
noinst_PROGRAMS += doc/examples/version
doc_examples_version_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/version.expected
noinst_PROGRAMS += doc/examples/wait_fd
doc_examples_wait_fd_LDADD = $(examples_ldadd)
EXTRA_DIST += doc/examples/wait_fd.expected

# Where their libraries are.
EXTRA_DIST += doc/examples/cunit.c doc/examples/cunit.expected
if HAVE_CUNIT
noinst_PROGRAMS += doc/examples/cunit
doc_examples_cunit_LDADD = libforkscope-cunit.la $(CUNIT_LIBS)
endif
EXTRA_DIST += doc/examples/sandbox_enter.c doc/examples/sandbox_enter.expected
EXTRA_DIST += doc/examples/sandbox_files.c doc/examples/sandbox_files.expected
EXTRA_DIST += doc/examples/sandbox_port.c doc/examples/sandbox_port.expected
EXTRA_DIST += doc/examples/violation.c doc/examples/violation.expected
if HAVE_SECCOMP
noinst_PROGRAMS += doc/examples/sandbox_enter
doc_examples_sandbox_enter_LDADD = $(examples_ldadd)
noinst_PROGRAMS += doc/examples/sandbox_files
doc_examples_sandbox_files_LDADD = $(examples_ldadd)
noinst_PROGRAMS += doc/examples/sandbox_port
doc_examples_sandbox_port_LDADD = $(examples_ldadd)
noinst_PROGRAMS += doc/examples/violation
doc_examples_violation_LDADD = $(examples_ldadd)
endif
