#!/bin/sh
# usage: summary.sh LOG...     sums up the `N passed, N failed` of all test programs, the total last
# A program that failed without a failed test in its log (a crash, a time limit, a skip) counts
# as one failure.

passed=0 failed=0
for log; do
    line=$(grep -aEx '[0-9]+ passed, [0-9]+ failed' "$log" 2>/dev/null | tail -n 1)
    p=${line%% *} f=${line#*, } f=${f%% *}
    if [ "${f:-0}" -eq 0 ] &&
        { [ "${p:-0}" -eq 0 ] || ! grep -qx ':test-result: PASS' "${log%.log}.trs"; }; then
        f=1
    fi
    [ "$f" -eq 0 ] || echo "failed: see $log"
    passed=$((passed + ${p:-0})) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
