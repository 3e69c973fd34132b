#!/bin/sh
# What runs in a worker after a call to put its state back calls nothing outside of its room: it
# overwrites the memory of the C library. Excepted are lines of /proc/self/maps, whose reader calls
# nothing either, and the steps of the snapshot itself in fresh.c. Looked at are the objects of the
# static library and, in .libs, those of the shared one: a build may have either or both.
passed=0 failed=0
for object in src/fresh/*.o src/fresh/.libs/*.o src/base/*_la-maps.o src/base/.libs/*_la-maps.o; do
    case $object in
    *_la-fresh.o) continue ;;
    esac
    test -e "$object" || continue
    outside=$(nm -u "$object" | sed 's/.* //' | grep -v '^fresh__\|^base__maps_line$\|^_GLOBAL_OFFSET_TABLE_$\|^__asan_\|^__tsan_\|^__ubsan_\|^__llvm_\|^__gcov')
    if test -z "$outside"; then
        passed=$((passed + 1))
    else
        echo "$object uses" $outside
        failed=$((failed + 1))
    fi
done
test $passed -gt 0 || failed=1
echo "$passed passed, $failed failed"
test "$failed" -eq 0
