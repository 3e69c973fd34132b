# One line an example: `noinst_PROGRAMS += examples/01_tasks`. Its source is examples/01_tasks.c.
# What it prints stands in examples/01_tasks.expected, and `make check` compares. Examples are
# linked like any user's program: with the library, not with its parts.

LDADD = libforkscope.la $(JANSSON_LIBS)

noinst_PROGRAMS += examples/00_thread
EXTRA_DIST += examples/00_thread.expected
noinst_PROGRAMS += examples/00_process
EXTRA_DIST += examples/00_process.expected
noinst_PROGRAMS += examples/01_tasks
EXTRA_DIST += examples/01_tasks.expected
noinst_PROGRAMS += examples/02_cancel
EXTRA_DIST += examples/02_cancel.expected
noinst_PROGRAMS += examples/03_policy
EXTRA_DIST += examples/03_policy.expected
noinst_PROGRAMS += examples/04_first_success
EXTRA_DIST += examples/04_first_success.expected

# On the pools of other libraries, where they are.
EXTRA_DIST += examples/10_glib_pool.c examples/10_glib_pool.expected
if HAVE_GLIB
noinst_PROGRAMS += examples/10_glib_pool
examples_10_glib_pool_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
examples_10_glib_pool_LDADD = $(LDADD) $(GLIB_LIBS)
endif
EXTRA_DIST += examples/11_libuv_queue.c examples/11_libuv_queue.expected
if HAVE_UV
noinst_PROGRAMS += examples/11_libuv_queue
examples_11_libuv_queue_CPPFLAGS = $(AM_CPPFLAGS) $(UV_CFLAGS)
examples_11_libuv_queue_LDADD = $(LDADD) $(UV_LIBS)
endif

noinst_PROGRAMS += examples/20_simple
EXTRA_DIST += examples/20_simple.expected
noinst_PROGRAMS += examples/21_args
EXTRA_DIST += examples/21_args.expected
noinst_PROGRAMS += examples/22_join
EXTRA_DIST += examples/22_join.expected
noinst_PROGRAMS += examples/23_timeout
EXTRA_DIST += examples/23_timeout.expected
noinst_PROGRAMS += examples/24_kill
EXTRA_DIST += examples/24_kill.expected
noinst_PROGRAMS += examples/25_panic
EXTRA_DIST += examples/25_panic.expected
noinst_PROGRAMS += examples/26_stdout
EXTRA_DIST += examples/26_stdout.expected
noinst_PROGRAMS += examples/27_flattened
EXTRA_DIST += examples/27_flattened.expected
noinst_PROGRAMS += examples/30_pool
EXTRA_DIST += examples/30_pool.expected
noinst_PROGRAMS += examples/40_tree
EXTRA_DIST += examples/40_tree.expected
noinst_PROGRAMS += examples/28_macro
EXTRA_DIST += examples/28_macro.expected
noinst_PROGRAMS += examples/29_custom_serialization
EXTRA_DIST += examples/29_custom_serialization.expected

# vet is an example of more than one file.

noinst_PROGRAMS += examples/vet/vet
examples_vet_vet_SOURCES = \
	examples/vet/main.c \
	examples/vet/options.c examples/vet/options.h \
	examples/vet/interrupt.c examples/vet/interrupt.h \
	examples/vet/limits.c examples/vet/limits.h \
	examples/vet/job.c examples/vet/job.h \
	examples/vet/paths.c examples/vet/paths.h \
	examples/vet/walk.c examples/vet/walk.h \
	examples/vet/calls.c examples/vet/calls.h \
	examples/vet/flight.c examples/vet/flight.h \
	examples/vet/child.c examples/vet/child.h \
	examples/vet/document.c examples/vet/document.h \
	examples/vet/parser.c examples/vet/parser.h \
	examples/vet/parse_jansson.c \
	examples/vet/naive.c \
	examples/vet/verdict.c examples/vet/verdict.h \
	examples/vet/frames.c examples/vet/frames.h \
	examples/vet/tally.c examples/vet/tally.h \
	examples/vet/report.c examples/vet/report.h \
	examples/vet/name.c examples/vet/name.h \
	examples/vet/clock.h \
	examples/vet/leftovers.c examples/vet/leftovers.h

# httpd, threads and processes in one tree.

noinst_PROGRAMS += examples/httpd/httpd
examples_httpd_httpd_SOURCES = \
	examples/httpd/main.c \
	examples/httpd/connection.c examples/httpd/connection.h \
	examples/httpd/request.c examples/httpd/request.h \
	examples/httpd/response.c examples/httpd/response.h \
	examples/httpd/handlers.c examples/httpd/handlers.h
EXTRA_DIST += examples/demo.sh examples/data

.PHONY: demo check-examples
demo: all
	@$(SHELL) $(srcdir)/examples/demo.sh

check-examples: all
	@$(SHELL) $(srcdir)/tests/examples_test.sh
