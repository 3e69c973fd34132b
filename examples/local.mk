# Two lines an example: that it is there, and what it links. Its source is examples/01_tasks.c.
# What it prints stands in examples/01_tasks.expected, and `make check` compares. Examples are
# linked like any user's program: with the library, not with its parts. README.md lists them.

examples_ldadd = libforkscope.la $(JANSSON_LIBS)

noinst_PROGRAMS += examples/00_thread
examples_00_thread_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/00_thread.expected
noinst_PROGRAMS += examples/00_process
examples_00_process_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/00_process.expected
noinst_PROGRAMS += examples/01_tasks
examples_01_tasks_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/01_tasks.expected
noinst_PROGRAMS += examples/02_cancel
examples_02_cancel_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/02_cancel.expected
noinst_PROGRAMS += examples/03_policy
examples_03_policy_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/03_policy.expected
noinst_PROGRAMS += examples/04_first_success
examples_04_first_success_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/04_first_success.expected
noinst_PROGRAMS += examples/05_acquire
examples_05_acquire_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/05_acquire.expected
noinst_PROGRAMS += examples/06_shield
examples_06_shield_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/06_shield.expected
noinst_PROGRAMS += examples/07_cancel_fd
examples_07_cancel_fd_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/07_cancel_fd.expected

# On the pools of other libraries, where they are.
EXTRA_DIST += examples/10_glib_pool.c examples/10_glib_pool.expected
if HAVE_GLIB
noinst_PROGRAMS += examples/10_glib_pool
examples_10_glib_pool_CPPFLAGS = $(AM_CPPFLAGS) $(GLIB_CFLAGS)
examples_10_glib_pool_LDADD = $(examples_ldadd) $(GLIB_LIBS)
endif
EXTRA_DIST += examples/11_libuv_queue.c examples/11_libuv_queue.expected
if HAVE_UV
noinst_PROGRAMS += examples/11_libuv_queue
examples_11_libuv_queue_CPPFLAGS = $(AM_CPPFLAGS) $(UV_CFLAGS)
examples_11_libuv_queue_LDADD = $(examples_ldadd) $(UV_LIBS)
endif

noinst_PROGRAMS += examples/20_simple
examples_20_simple_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/20_simple.expected
noinst_PROGRAMS += examples/21_args
examples_21_args_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/21_args.expected
noinst_PROGRAMS += examples/22_join
examples_22_join_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/22_join.expected
noinst_PROGRAMS += examples/23_timeout
examples_23_timeout_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/23_timeout.expected
noinst_PROGRAMS += examples/24_kill
examples_24_kill_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/24_kill.expected
noinst_PROGRAMS += examples/25_panic
examples_25_panic_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/25_panic.expected
noinst_PROGRAMS += examples/26_stdout
examples_26_stdout_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/26_stdout.expected
noinst_PROGRAMS += examples/27_flattened
examples_27_flattened_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/27_flattened.expected
noinst_PROGRAMS += examples/28_macro
examples_28_macro_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/28_macro.expected
noinst_PROGRAMS += examples/29_custom_serialization
examples_29_custom_serialization_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/29_custom_serialization.expected
noinst_PROGRAMS += examples/30_pool
examples_30_pool_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/30_pool.expected
noinst_PROGRAMS += examples/31_loop
examples_31_loop_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/31_loop.expected
noinst_PROGRAMS += examples/32_bytes
examples_32_bytes_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/32_bytes.expected
noinst_PROGRAMS += examples/33_shmem
examples_33_shmem_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/33_shmem.expected
noinst_PROGRAMS += examples/34_descriptors
examples_34_descriptors_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/34_descriptors.expected
noinst_PROGRAMS += examples/35_channel
examples_35_channel_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/35_channel.expected
EXTRA_DIST += examples/36_uv_loop.c examples/36_uv_loop.expected
if HAVE_UV
noinst_PROGRAMS += examples/36_uv_loop
examples_36_uv_loop_CPPFLAGS = $(AM_CPPFLAGS) $(UV_CFLAGS)
examples_36_uv_loop_LDADD = $(examples_ldadd) $(UV_LIBS)
endif
noinst_PROGRAMS += examples/37_pool_builder
examples_37_pool_builder_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/37_pool_builder.expected
noinst_PROGRAMS += examples/38_capture
examples_38_capture_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/38_capture.expected
noinst_PROGRAMS += examples/39_fresh
examples_39_fresh_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/39_fresh.expected
noinst_PROGRAMS += examples/40_tree
examples_40_tree_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/40_tree.expected
noinst_PROGRAMS += examples/41_subtree
examples_41_subtree_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/41_subtree.expected
noinst_PROGRAMS += examples/44_deaths
examples_44_deaths_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/44_deaths.expected
EXTRA_DIST += examples/42_sandbox.c examples/42_sandbox.expected
EXTRA_DIST += examples/43_sandbox_files.c examples/43_sandbox_files.expected
EXTRA_DIST += examples/45_learn.c examples/45_learn.expected
if HAVE_SECCOMP
noinst_PROGRAMS += examples/42_sandbox
examples_42_sandbox_LDADD = $(examples_ldadd)
noinst_PROGRAMS += examples/43_sandbox_files
examples_43_sandbox_files_LDADD = $(examples_ldadd)
noinst_PROGRAMS += examples/45_learn
examples_45_learn_LDADD = $(examples_ldadd)
endif
EXTRA_DIST += examples/50_cunit.c examples/50_cunit.expected
if HAVE_CUNIT
noinst_PROGRAMS += examples/50_cunit
examples_50_cunit_LDADD = libforkscope-cunit.la $(CUNIT_LIBS)
endif

# In C++: built and run by tests/examples_compile_test.sh, as the makefile needs no C++ compiler.
EXTRA_DIST += examples/51_cxx.cpp examples/51_cxx.expected
EXTRA_DIST += examples/66_both.cpp examples/66_both.expected

# Small programs, whole ones.
EXTRA_DIST += examples/61_thumb.c examples/61_thumb.expected
if HAVE_PNG
noinst_PROGRAMS += examples/61_thumb
examples_61_thumb_CPPFLAGS = $(AM_CPPFLAGS) $(PNG_CFLAGS)
examples_61_thumb_LDADD = $(examples_ldadd) $(PNG_LIBS)
endif
noinst_PROGRAMS += examples/62_map
examples_62_map_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/62_map.expected
noinst_PROGRAMS += examples/64_echo
examples_64_echo_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/64_echo.expected
noinst_PROGRAMS += examples/65_runner
examples_65_runner_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/65_runner.expected
noinst_PROGRAMS += examples/67_tasks
examples_67_tasks_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/67_tasks.expected
noinst_PROGRAMS += examples/68_limits
examples_68_limits_LDADD = $(examples_ldadd)
EXTRA_DIST += examples/68_limits.expected

# vet is an example of more than one file. Its decoders are built where their libraries are.

noinst_PROGRAMS += examples/vet/vet
examples_vet_vet_CPPFLAGS = $(AM_CPPFLAGS)
examples_vet_vet_LDADD = $(examples_ldadd)
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
	examples/vet/confine.c examples/vet/confine.h \
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
EXTRA_DIST += examples/vet/parse_png.c examples/vet/parse_xml.c examples/vet/parse_archive.c
if HAVE_PNG
examples_vet_vet_CPPFLAGS += -DVET_PNG $(PNG_CFLAGS)
examples_vet_vet_SOURCES += examples/vet/parse_png.c
examples_vet_vet_LDADD += $(PNG_LIBS)
endif
if HAVE_XML
examples_vet_vet_CPPFLAGS += -DVET_XML $(XML_CFLAGS)
examples_vet_vet_SOURCES += examples/vet/parse_xml.c
examples_vet_vet_LDADD += $(XML_LIBS)
endif
if HAVE_ARCHIVE
examples_vet_vet_CPPFLAGS += -DVET_ARCHIVE $(ARCHIVE_CFLAGS)
examples_vet_vet_SOURCES += examples/vet/parse_archive.c
examples_vet_vet_LDADD += $(ARCHIVE_LIBS)
endif

# The same program, to be installed: linked with the installed library.
bin_PROGRAMS = examples/vet/forkscope-vet
examples_vet_forkscope_vet_SOURCES =
examples_vet_forkscope_vet_LDFLAGS = $(link_flags)
examples_vet_forkscope_vet_LDADD = $(examples_vet_vet_OBJECTS) $(examples_vet_vet_LDADD)
examples_vet_forkscope_vet_DEPENDENCIES = $(examples_vet_vet_OBJECTS) $(examples_vet_vet_DEPENDENCIES)
dist_man1_MANS = examples/vet/forkscope-vet.1

# httpd, threads and processes in one tree.

noinst_PROGRAMS += examples/httpd/httpd
examples_httpd_httpd_LDADD = $(examples_ldadd)
examples_httpd_httpd_SOURCES = \
	examples/httpd/main.c \
	examples/httpd/connection.c examples/httpd/connection.h \
	examples/httpd/request.c examples/httpd/request.h \
	examples/httpd/response.c examples/httpd/response.h \
	examples/httpd/handlers.c examples/httpd/handlers.h
EXTRA_DIST += examples/demo.sh examples/data examples/pictures

# Installed for who reads: the sources and what they print.
example_files = README.md [0-9]*_*.c [0-9]*_*.cpp [0-9]*_*.expected vet/*.[ch] httpd/*.[ch]
nobase_dist_doc_DATA += $(sort $(patsubst $(srcdir)/%,%,$(wildcard $(example_files:%=$(srcdir)/examples/%))))

.PHONY: demo check-examples
demo: all
	@$(SHELL) $(srcdir)/examples/demo.sh

check-examples: all
	@$(SHELL) $(srcdir)/tests/examples_test.sh
