#!/bin/sh
# A program that is built with a sanitizer, with a library that is not: nothing that the library
# does is reported. The thread sanitizer knows no cancelled system calls, and is not asked to. What
# the sanitizer for undefined behaviour finds is told.
set -u
source=$(dirname "$0")
cc=${CC:-cc}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

library=.libs/libforkscope.so
link="-L.libs -Wl,-rpath,$(pwd)/.libs -lforkscope"
if ! test -e "$library"; then
    library=.libs/libforkscope.a
    link="$library -Wl,--no-as-needed -lgcc_s $(sed -n "s/^Libs.private: //p" src/forkscope.pc)"
fi

try() # sanitizer, arguments of the program
{
    sanitizer=$1
    shift
    if $cc -O1 -g -w -std=gnu11 -pthread -fexceptions -fno-omit-frame-pointer -D_GNU_SOURCE \
        -fsanitize=$sanitizer -I"$source/../include" "$source/sanitized.c" -o "$dir/program" \
        $link $(pkg-config --cflags --libs jansson) >"$dir/log" 2>&1 &&
        timeout 100 "$dir/program" "$@" >"$dir/log" 2>&1 && grep -qx ok "$dir/log"; then
        echo "ok     $sanitizer"
        passed=$((passed + 1))
    else
        echo "FAILED $sanitizer"
        cat "$dir/log"
        failed=$((failed + 1))
    fi
}

if nm -D "$library" 2>/dev/null | grep -q '__[at]san_init' ||
    nm "$library" 2>/dev/null | grep -q '__[at]san_init'; then
    echo "this library is built with a sanitizer itself"
    passed=1
else
    try address posix
    try thread
    for cc in "$cc" clang; do
        command -v "$cc" >/dev/null && try "undefined -fno-sanitize-recover=all" finding
    done
fi
echo "$passed passed, $failed failed"
test $failed = 0
