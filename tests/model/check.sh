#!/bin/sh
# Checks the models in this folder with spin: assertions and deadlocks, then liveness where a model
# has a claim. Prints `N passed, N failed`.
here=$(cd "$(dirname "$0")" && pwd)
command -v spin >/dev/null || { echo "spin is needed: apt-get install spin"; exit 1; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0
failed=0

# verify NAME "COMPILER FLAGS" "RUN FLAGS"
verify()
{
    ${CC:-cc} -O2 $2 -o pan pan.c 2>/dev/null && ./pan $3 -m1000000 >log 2>&1
    if grep -q 'errors: 0' log && ! grep -q 'pan: error\|pan:1:' log; then
        echo "ok     $1 ($(sed -n 's/ *\([0-9]*\) states, stored.*/\1 states/p' log))"
        passed=$((passed + 1))
    else
        echo "FAILED $1"
        cat log
        failed=$((failed + 1))
    fi
}

for model in "$here"/*.pml; do
    name=$(basename "$model" .pml)
    spin -a "$model" >/dev/null || { failed=$((failed + 1)); continue; }
    verify "$name: nothing goes wrong" "-DSAFETY -DNOCLAIM" ""
    if grep -q '^ltl' "$model"; then
        verify "$name: it ends" "-DNFAIR=3" "-a -f"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
