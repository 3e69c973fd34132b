#!/bin/sh
# usage: installcheck.sh DESTDIR PKGCONFIGDIR CC...
# Builds a program against the installed library with pkg-config, as a user would, and runs it.
set -eu

export PKG_CONFIG_PATH="$1$2${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
[ -z "$1" ] || export PKG_CONFIG_SYSROOT_DIR="$1"
shift 2
top=$(dirname "$0")/..
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat >"$dir/user.c" <<'END'
#include <forkscope.h>
#include <string.h>

int main(void)
{
    scoped_spawner root;

    return scoped_spawner_open(NULL, &root) != 0 ||
           scoped_cancel_close(root, SCOPED_FOREVER, NULL) != 0 ||
           strcmp(forkscope_version(), FORKSCOPE_VERSION) != 0;
}
END

libdir=$(pkg-config --variable=libdir forkscope)
libdir=${PKG_CONFIG_SYSROOT_DIR-}${libdir#"${PKG_CONFIG_SYSROOT_DIR-}"}
if [ -e "$libdir/libforkscope.so" ]; then
    "$@" "$dir/user.c" -o "$dir/shared" $(pkg-config --cflags --libs forkscope)
    LD_LIBRARY_PATH="$libdir" "$dir/shared"
    ! readelf -d "$libdir/libforkscope.so" | grep 'NEEDED.*lib\(unwind\|dw\)'
    readelf -d "$libdir/libforkscope.so" | grep -q 'NEEDED.*libgcc_s'
fi

# The report of a crash that README.md shows is what its program prints; only the offset differs.
case "$(uname -m) $*" in
*sanitize* | [!x]*) dw= ;;
*) dw=$(grep '^#define DW_SONAME' src/config.h || true) ;;
esac
report()
{
    sed 's/+0x[0-9a-f]*/+/'
}
if [ -e "$libdir/libforkscope.so" ] && [ -n "$dw" ]; then
    sed 's/printf("still here.*/procspawn_error_print(error, stdout);/' "$top/examples/00_process.c" \
        >"$dir/program.c"
    sed -n '/it prints a report:$/,/^`/s/^    //p' "$top/README.md" | report >"$dir/shown"
    test -s "$dir/shown"
    "$@" -O0 -g "$dir/program.c" -o "$dir/program" $(pkg-config --cflags --libs forkscope)
    LD_LIBRARY_PATH="$libdir" "$dir/program" | report | diff "$dir/shown" -
else
    echo "skipped: the report in README.md (no libdw, another processor, or a sanitizer)"
fi
if [ -e "$libdir/libforkscope.a" ]; then
    "$@" "$dir/user.c" -o "$dir/static" $(pkg-config --cflags --libs --static forkscope |
        sed "s|-lforkscope|$libdir/libforkscope.a|")
    "$dir/static"
    readelf -d "$dir/static" | grep -q 'NEEDED.*libgcc_s'
fi
if [ -e "$libdir/libforkscope-cunit.so" ]; then
    cat >"$dir/tests.c" <<'END'
#include <forkscope.h>
#include <forkscope/cunit.h>

static void passes(void)
{
    CU_PASS("");
}

static void uses_the_library(void)
{
    scoped_spawner root;

    CU_ASSERT(scoped_spawner_open(NULL, &root) == 0);
    CU_ASSERT(scoped_close(root, SCOPED_FOREVER, NULL) == 0);
}

int main(int argc, char **argv)
{
    CU_TestInfo tests[] = { { "passes", passes }, { "uses_the_library", uses_the_library },
                            CU_TEST_INFO_NULL };
    CU_SuiteInfo suites[] = { { "installed", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL };

    return procspawn_cunit_run(suites, argc, argv);
}
END
    "$@" "$dir/tests.c" -o "$dir/tests" $(pkg-config --cflags --libs forkscope-cunit forkscope)
    LD_LIBRARY_PATH="$libdir" "$dir/tests"
    ! readelf -d "$libdir/libforkscope.so" | grep 'NEEDED.*libcunit'
    ! command -v c++ >/dev/null || c++ -std=c++17 -Wall -fsyntax-only -x c++ "$dir/tests.c" \
        $(pkg-config --cflags forkscope-cunit forkscope)
fi

# By CMake, with each of the targets.
if command -v cmake >/dev/null; then
    cp "$dir/user.c" "$dir/shared.c"
    cp "$dir/user.c" "$dir/static.c"
    cat >"$dir/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.13)
project(user C)
find_package(forkscope 0.1 CONFIG REQUIRED OPTIONAL_COMPONENTS cunit)
add_executable(cmake-shared shared.c)
target_link_libraries(cmake-shared PRIVATE forkscope::forkscope)
if(TARGET forkscope::static)
    add_executable(cmake-static static.c)
    target_link_libraries(cmake-static PRIVATE forkscope::static)
endif()
if(forkscope_cunit_FOUND AND EXISTS "${CMAKE_SOURCE_DIR}/tests.c")
    add_executable(cmake-tests tests.c)
    target_link_libraries(cmake-tests PRIVATE forkscope::cunit forkscope::forkscope)
endif()
find_package(forkscope 99 CONFIG QUIET)
if(forkscope_FOUND)
    message(FATAL_ERROR "a version is found that is not there")
endif()
END
    CC="$*" CMAKE_GENERATOR='Unix Makefiles' cmake -S "$dir" -B "$dir/cmake" \
        -Dforkscope_DIR="$libdir/cmake/forkscope" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
    make -C "$dir/cmake" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
    for program in "$dir"/cmake/cmake-*; do
        LD_LIBRARY_PATH="$libdir" "$program"
    done
    [ ! -e "$libdir/libforkscope.a" ] || [ -e "$dir/cmake/cmake-static" ]
    [ ! -e "$dir/tests.c" ] || [ -e "$dir/cmake/cmake-tests" ]
else
    echo "skipped: cmake is not here"
fi

# By Meson.
if command -v meson >/dev/null && command -v ninja >/dev/null; then
    mkdir "$dir/meson"
    cp "$dir/user.c" "$dir/meson"
    cat >"$dir/meson/meson.build" <<'END'
project('user', 'c')
executable('user', 'user.c', dependencies: dependency('forkscope', version: '>=0.1'))
END
    CC="$*" meson setup "$dir/meson/build" "$dir/meson" >"$dir/log" 2>&1 &&
        ninja -C "$dir/meson/build" >>"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
    LD_LIBRARY_PATH="$libdir" "$dir/meson/build/user"
else
    echo "skipped: meson with ninja is not here"
fi

if command -v c++ >/dev/null; then
    c++ -std=c++17 -Wall -Werror -fsyntax-only -x c++ "$dir/user.c" $(pkg-config --cflags forkscope)
    echo '#include <forkscope.hpp>' |
        c++ -std=c++17 -Wall -Werror -fsyntax-only -x c++ - $(pkg-config --cflags forkscope)
fi
echo "installed library works"
