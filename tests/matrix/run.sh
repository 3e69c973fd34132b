#!/bin/bash
# usage: run.sh TARBALL
# Builds the library of a release in several ways, and with each of them user.c as C and C++ programs
# do; runs them. One line a library, one for each program that failed; at last `N passed, N failed`.
# What is not here (a compiler, a static libc) is skipped by name.
# MATRIX_ROWS: a pattern of the libraries that are built ("gcc -O0*"). MATRIX_BUILD: a build directory
# whose library is taken, so that only programs are built; then TARBALL may be a folder of sources.
set -u

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS LDFLAGS CC CXX
jobs=${JOBS:-2}

if test -d "$1"; then
    ln -s "$(realpath "$1")" "$dir/source"
else
    mkdir "$dir/source"
    tar -C "$dir/source" --strip-components=1 -xf "$1" || exit 1
fi
user=$dir/source/tests/matrix/user.c
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wno-error=deprecated-declarations -Werror"
include="-I$dir/source/include $(pkg-config --cflags jansson)"

result() # 0 or other, name
{
    if test "$1" -eq 0; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $2"
        grep -vE '^ +(CC|CXX|CCLD|GEN) ' "$dir/log" | head -n 40
    fi
}

# Builds both libraries in $build; no warning is allowed.
build_library() # compiler, flags of the library, options of configure
{
    build=$dir/build
    rm -rf "$build"
    mkdir "$build"
    {
        cd "$build" &&
            ../source/configure -q --cache-file="$dir/cache.${1%% *}" --enable-werror \
                --prefix="$dir/prefix" CC="$1" CFLAGS="$2" ${3-} &&
            make -f GNUmakefile -j"$jobs" libforkscope.la \
                $(pkg-config --exists cunit && echo libforkscope-cunit.la)
    } >"$dir/log" 2>&1
}

# A program with this library.
try() # name, compiler, flags
{
    local link="$build/.libs/libforkscope.so -Wl,-rpath,$build/.libs"
    case " $3 " in
    *' -static '* | *' -static-pie '*) link=$build/.libs/libforkscope.a ;;
    esac
    test -e "${link%% *}" || link=$build/.libs/libforkscope.a
    case $link in *.a) link+=" $static_libs" ;; esac
    { $2 $3 $warnings $include "$user" -x none -o "$dir/user" $link $(pkg-config --libs jansson) \
        -pthread && timeout 60 "$dir/user"; } >"$dir/log" 2>&1
    result $? "$1: $2 $3"
}

static_libs="$(pkg-config --libs --static libseccomp 2>/dev/null) -ldl -Wl,--no-as-needed -shared-libgcc"

# Standards, optimisation, and ways to link, one after the other.
users() # row
{
    local compiler standard flags
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        for standard in c11 c17 c2x gnu11 gnu2x; do
            try "$1" $compiler "-std=$standard -O1"
        done
        for flags in -O0 -O2 -O3 '-O2 -D_FORTIFY_SOURCE=3' '-O2 -fvisibility=hidden' \
            '-O2 -fno-plt -fPIE -pie' '-O2 -no-pie -fno-pie'; do
            try "$1" $compiler "-std=c11 $flags"
        done
    done
    for compiler in g++ clang++; do
        command -v $compiler >/dev/null || continue
        for standard in c++17 c++20 c++2b; do
            try "$1" $compiler "-x c++ -std=$standard -O2"
        done
    done
}

# Programs that have the library inside.
static_users() # row, compiler
{
    local flags
    test -e "$build/.libs/libforkscope.a" || return
    echo 'int main(void) { return 0; }' >"$dir/case.c"
    for flags in -static '-static-pie -fPIE'; do
        if $2 $flags "$dir/case.c" -o "$dir/case" 2>/dev/null; then
            static_libs="$(pkg-config --libs --static libseccomp 2>/dev/null) -ldl" \
                try "$1" "$2" "-std=c11 -O2 -w $flags"
        else
            echo "skipped: $2 $flags links no program here"
        fi
    done
}

row() # name, compiler, flags of the library, options of configure, what is tried
{
    local began=$SECONDS name=$1
    case $name in ${MATRIX_ROWS:-*}) ;; *) return ;; esac
    if ! command -v "${2%% *}" >/dev/null; then
        echo "skipped: $name: ${2%% *} is not here"
        return
    fi
    local before=$failed
    build_library "$2" "$3" "$4"
    local built=$?
    result $built "$name: the library builds without a warning"
    test $built -ne 0 || for try in $5; do
        case $try in
        users) users "$name" ;;
        static) static_users "$name" "$2" ;;
        one) try "$name" "$2" '-std=c11 -O2' ;;
        lto) try "$name" "$2" "-std=c11 -O2 $lto" ;;
        esac
    done
    test $failed -ne $before || echo "ok     $name ($((SECONDS - began)) s)"
}

if test -n "${MATRIX_BUILD-}"; then
    build=$(realpath "$MATRIX_BUILD")
    users built
    static_users built gcc
    static_users built clang
    echo "$passed passed, $failed failed"
    test "$failed" -eq 0
    exit
fi

row 'gcc -O2' gcc '-g -O2' '' 'users static'
row 'gcc -O0' gcc '-g -O0' '--disable-static' one
row 'gcc -O1' gcc '-g -O1' '--disable-static' one
row 'gcc -O3 fortified' gcc '-g -O3 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3' '--disable-static' one
row 'gcc visible' gcc '-g -O2 -fvisibility=default' '--disable-static' one
lto='-flto=auto'
row 'gcc LTO' gcc '-O2 -flto=auto -ffat-lto-objects' '--disable-shared' 'lto static'
row 'clang -O2' clang '-g -O2' '' 'users static'
row 'clang -O0' clang '-g -O0' '--disable-static' one
row 'clang -O3 fortified' clang '-g -O3 -D_FORTIFY_SOURCE=3' '--disable-static' one
row 'without sandboxes' gcc '-g -O2' '--disable-static --without-seccomp' one
row 'C23' gcc '-g -O2 -std=gnu2x' '--disable-static' one
row 'C17 pedantic' clang '-g -O2 -std=gnu17' '--disable-static' one

echo "$passed passed, $failed failed"
test "$failed" -eq 0
