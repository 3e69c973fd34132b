# The test runner: an archive that the tests link, and a library of its own, so that libforkscope
# needs no CUnit

EXTRA_LTLIBRARIES = src/libcunit.la
CLEANFILES += src/libcunit.la
EXTRA_DIST += src/cunit/forkscope-cunit.map
src_libcunit_la_SOURCES =
src_libcunit_la_SOURCES += src/cunit/assert.c src/cunit/assert.h
src_libcunit_la_SOURCES += src/cunit/case.h
src_libcunit_la_SOURCES += src/cunit/child.c src/cunit/child.h
src_libcunit_la_SOURCES += src/cunit/clock.h
src_libcunit_la_SOURCES += src/cunit/crash.c src/cunit/crash.h
src_libcunit_la_SOURCES += src/cunit/descriptors.c
src_libcunit_la_SOURCES += src/cunit/interrupt.c src/cunit/interrupt.h
src_libcunit_la_SOURCES += src/cunit/inventory.c src/cunit/inventory.h
src_libcunit_la_SOURCES += src/cunit/junit.c src/cunit/junit.h
src_libcunit_la_SOURCES += src/cunit/leftovers.c src/cunit/leftovers.h
src_libcunit_la_SOURCES += src/cunit/mailbox.c src/cunit/mailbox.h
src_libcunit_la_SOURCES += src/cunit/mappings.c
src_libcunit_la_SOURCES += src/cunit/options.c src/cunit/options.h
src_libcunit_la_SOURCES += src/cunit/orphans.c src/cunit/orphans.h
src_libcunit_la_SOURCES += src/cunit/places.c src/cunit/places.h
src_libcunit_la_SOURCES += src/cunit/processes.c
src_libcunit_la_SOURCES += src/cunit/report.c src/cunit/report.h
src_libcunit_la_SOURCES += src/cunit/result.c src/cunit/result.h
src_libcunit_la_SOURCES += src/cunit/runner.c
src_libcunit_la_SOURCES += src/cunit/sanitizer.c src/cunit/sanitizer.h
src_libcunit_la_SOURCES += src/cunit/stacks.c src/cunit/stacks.h
src_libcunit_la_SOURCES += src/cunit/symbols.c src/cunit/symbols.h
src_libcunit_la_SOURCES += src/cunit/tasks.c
src_libcunit_la_SOURCES += src/cunit/watch.c src/cunit/watch.h

# Of the lowest room, what libdebug needs.
EXTRA_LTLIBRARIES += src/libclock.la
CLEANFILES += src/libclock.la
src_libclock_la_SOURCES = src/base/clock.c
src_libclock_la_CFLAGS = $(library_cflags)

if HAVE_CUNIT
forkscopeinclude_HEADERS += include/forkscope/cunit.h

lib_LTLIBRARIES += libforkscope-cunit.la
libforkscope_cunit_la_SOURCES =
libforkscope_cunit_la_LIBADD = src/libcunit.la src/libdebug.la src/libclock.la $(CUNIT_LIBS) -ldl
libforkscope_cunit_la_LDFLAGS = $(link_flags) $(NO_UNDEFINED) -no-undefined -version-info 0:0:0
libforkscope_cunit_la_LDFLAGS += -Wl,--version-script=$(srcdir)/src/cunit/forkscope-cunit.map
EXTRA_libforkscope_cunit_la_DEPENDENCIES = src/cunit/forkscope-cunit.map

pkgconfig_DATA += src/forkscope-cunit.pc
endif
