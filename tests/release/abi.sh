#!/bin/bash
# usage: abi.sh SOURCE [BASE]     from the build directory
# Would programs that were built with the library of BASE (a commit, or a folder in which the library
# is built; the newest tag v* unless given) run with the one that is built here? abidiff compares the
# two with their public headers. While the soname is the same, only new functions are allowed. Prints
# `N passed, N failed`.
set -u

source=$(cd "$1" && pwd) || exit 1
build=$PWD
base=${2:-$(git -C "$source" describe --tags --abbrev=0 --match 'v*' 2>/dev/null)}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
unset MAKEFLAGS MFLAGS MAKELEVEL

command -v abidiff >/dev/null ||
    { echo 'check-abi: abidiff is not here (abigail-tools); skipped'; exit 0; }
test -n "$base" ||
    { echo 'check-abi: no version is tagged yet (v*), and ABI_BASE names no commit; skipped'; exit 0; }

if test -e "$base/.libs/libforkscope.so"; then
    ln -s "$(realpath "$base")" "$dir/base"
else
    mkdir "$dir/base"
fi
test -L "$dir/base" || {
    git -C "$source" archive "$base" | tar -C "$dir/base" -xf - &&
        cd "$dir/base" && autoreconf -fi && ./configure -q --disable-static CFLAGS='-g -O0' &&
        make -f GNUmakefile -j"${JOBS:-2}" libforkscope.la
    cd "$build"
} >"$dir/log" 2>&1
if ! test -e "$dir/base/.libs/libforkscope.so"; then
    tail -n 20 "$dir/log"
    echo '0 passed, 1 failed'
    exit 1
fi

soname()
{
    readelf -d "$1" | sed -n 's/.*soname: \[\(.*\)\]/\1/p'
}

new=$build/.libs/libforkscope.so old=$dir/base/.libs/libforkscope.so
abidiff --headers-dir1 "$dir/base/include" --headers-dir2 "$source/include" \
    --no-added-syms --no-unreferenced-symbols "$old" "$new" >"$dir/log" 2>&1
status=$?
if test "$(soname "$old")" != "$(soname "$new")"; then
    echo "another soname than $base: $(soname "$old"), now $(soname "$new"); what has changed:"
    cat "$dir/log"
    status=0
elif test $status -ne 0; then
    echo "other than in $base, with the same soname:"
    cat "$dir/log"
fi
test $status -eq 0 && passed=1 || failed=1
echo "$passed passed, $failed failed"
test "$failed" -eq 0
