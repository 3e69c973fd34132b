#!/bin/sh
# Runs each example, and each program of the manual, that has an expected output beside it, and
# compares. What the thread sanitizer says without reason stands in tsan.supp. Examples in C++ are
# run by examples_compile_test.sh.
source=$(dirname "$0")/../examples
thumbs=$(mktemp -d) || exit 1
trap 'rm -rf "$thumbs"' EXIT
passed=0
failed=0

# A few take arguments, few descriptors, or print names of files, or lines in any order.
run()
{
    case $1 in
    31_loop)
        (ulimit -n 256 && exec timeout 60 "examples/$1")
        ;;
    45_learn)
        timeout 60 "examples/$1" >"$thumbs/out" || return 1
        sed 's,/tmp/learn\.[^/":]*,DIRECTORY,' "$thumbs/out"
        ;;
    61_thumb)
        timeout 60 "examples/$1" "$thumbs" "$source"/pictures/*.png "$thumbs/absent.png" \
            >"$thumbs/out" || return 1
        sed 's,^.*/,,' "$thumbs/out" | LC_ALL=C sort
        ;;
    44_deaths)
        timeout 60 "examples/$1" >"$thumbs/out" || return 1
        sed 's,44_deaths.c:[0-9.]*,44_deaths.c,' "$thumbs/out"
        ;;
    65_runner)
        timeout 60 "examples/$1" >"$thumbs/out" || return 1
        sed 's,65_runner: [^ ]*65_runner.c:[0-9]*,65_runner.c,' "$thumbs/out"
        ;;
    *)
        timeout 60 "$folder/$1"
        ;;
    esac
}

# Of these a sanitizer, or its runtime in a sandbox, makes another death.
different=
if nm .libs/libforkscope.* 2>/dev/null | grep -q '__[at]san_init'; then
    different=' 44_deaths 45_learn 65_runner report '
fi

export TSAN_OPTIONS="suppressions=$source/../tests/tsan.supp"
for expected in "$source"/*.expected "$source"/../doc/examples/*.expected; do
    name=$(basename "$expected" .expected)
    case $expected in */doc/examples/*) folder=doc/examples ;; *) folder=examples ;; esac
    test -x "$folder/$name" || continue
    case $different in *" $name "*)
        echo "skipped: $name, of which a sanitizer makes another death"
        continue
        ;;
    esac
    if output=$(run "$name" 2>&1) && test "$output" = "$(cat "$expected")"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s:\n%s\n' "$folder/$name" "$output"
    fi
done
echo "$passed passed, $failed failed"
test "$failed" -eq 0 && test "$passed" -gt 0
