#!/bin/sh
# The programs that README.md shows are the examples 00_*, to the letter; those are built and run
# like the others. examples/README.md lists all examples in the order of their numbers, and each of
# them says its name on top.
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

check() # name; the rest is a command
{
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name"
    fi
}

there=$(cd "$top/examples" && ls [0-9]*_*.c [0-9]*_*.cpp | LC_ALL=C sort)
listed=$(sed -n 's/^| `\([0-9].*\)` |.*/\1/p' "$top/examples/README.md")
sorted=$(echo "$listed" | LC_ALL=C sort)
check 'examples/README.md lists each example' test "$sorted" = "$there"
check 'examples/README.md has them in order' \
    test "$(echo "$listed" | cut -c 1-2)" = "$(echo "$sorted" | cut -c 1-2)"
for file in $there; do
    case $file in
    00_*) ;;
    *) check "examples/$file says its name" grep -q "^ \* $file - " "$top/examples/$file" ;;
    esac
done

echo "$passed passed, $failed failed"
test "$failed" -eq 0
