# One line an example: `noinst_PROGRAMS += examples/01_hello`. Its source is examples/01_hello.c.
# What it prints stands in examples/01_hello.out, and `make check` compares.
# Examples are linked like any user's program: with the library, not with its parts.

LDADD = libforkscope.la $(JANSSON_LIBS)

noinst_PROGRAMS += examples/00_thread
EXTRA_DIST += examples/00_thread.out
noinst_PROGRAMS += examples/00_process
EXTRA_DIST += examples/00_process.out
noinst_PROGRAMS += examples/01_tasks
EXTRA_DIST += examples/01_tasks.out
noinst_PROGRAMS += examples/20_simple
EXTRA_DIST += examples/20_simple.out
noinst_PROGRAMS += examples/21_args
EXTRA_DIST += examples/21_args.out
noinst_PROGRAMS += examples/22_join
EXTRA_DIST += examples/22_join.out
noinst_PROGRAMS += examples/23_timeout
EXTRA_DIST += examples/23_timeout.out
noinst_PROGRAMS += examples/24_kill
EXTRA_DIST += examples/24_kill.out
noinst_PROGRAMS += examples/25_panic
EXTRA_DIST += examples/25_panic.out
noinst_PROGRAMS += examples/26_stdout
EXTRA_DIST += examples/26_stdout.out
noinst_PROGRAMS += examples/27_flattened
EXTRA_DIST += examples/27_flattened.out

.PHONY: demo check-examples
EXTRA_DIST += examples/data

.PHONY: demo
demo: all
	@$(SHELL) $(srcdir)/examples/demo.sh

check-examples: all
	@$(SHELL) $(srcdir)/tests/examples_test.sh
