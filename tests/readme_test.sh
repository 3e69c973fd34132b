#!/bin/sh
# The programs that README.md shows are the examples 00_*, to the letter; those are built and run
# like the others.
top=$(dirname "$0")/..
passed=0
failed=0
for program in 00_thread 00_process; do
    shown=$(awk -v name="examples/$program.c" '
        index($0, name) { wanted = 1 }
        /^```/ { if (shows) exit; shows = wanted && /^```c$/; next }
        shows' "$top/README.md")
    if test "$shown" = "$(cat "$top/examples/$program.c")"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED README.md shows another examples/$program.c"
    fi
done
echo "$passed passed, $failed failed"
test "$failed" -eq 0
