#!/bin/sh
# Runs each example that has an expected output beside it, and compares. What the thread sanitizer
# says without reason stands in tsan.supp.
source=$(dirname "$0")/../examples
passed=0
failed=0
export TSAN_OPTIONS="suppressions=$source/../tests/tsan.supp"
for expected in "$source"/*.expected; do
    name=$(basename "$expected" .expected)
    test -x "examples/$name" || continue
    if output=$(timeout 60 "examples/$name" 2>&1) && test "$output" = "$(cat "$expected")"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s:\n%s\n' "$name" "$output"
    fi
done
echo "$passed passed, $failed failed"
test "$failed" -eq 0 && test "$passed" -gt 0
