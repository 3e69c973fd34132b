#!/bin/sh
# Builds the fuzz targets with clang and runs each for FUZZ_SECONDS seconds (60 unless set) from its
# seeds, which a script makes for some. Prints a line a target. A finding stays in
# tests/fuzz/build/findings, and is run again by giving its file to the target as an argument.
# FUZZ_TARGETS: only these.
# The build passes SRC, FUZZ_CFLAGS and FUZZ_LIBS.
src=${SRC:-.} out=tests/fuzz/build clang=${CLANG:-clang}
: "${FUZZ_SECONDS:=60}"

probe=$(mktemp -d) || exit 1
trap 'rm -rf "$probe"' EXIT
printf 'int LLVMFuzzerTestOneInput(const char *b, unsigned long n) { return b && n > 1u << 30; }\n' \
    >"$probe/probe.c"
if ! "$clang" -fsanitize=fuzzer,address,undefined -o "$probe/probe" "$probe/probe.c" 2>/dev/null; then
    echo "fuzz: clang with libFuzzer is needed (Debian: clang libclang-rt-14-dev)" >&2
    exit 1
fi
${MAKE:-make} -s -f "$src/tests/fuzz/fuzz.mk" SRC="$src" CLANG="$clang" >&2 || exit 1
mkdir -p "$out/findings"

# The last count that libFuzzer printed.
executions() {
    sed -n 's/^stat::number_of_executed_units: *//p' "$1" | tail -n 1
}

passed=0 failed=0
for target in ${FUZZ_TARGETS:-$(cd "$src/tests/fuzz" && ls *_fuzz.c | sed 's/_fuzz\.c$//')}; do
    corpus=$out/corpus/$target log=$out/$target.log
    mkdir -p "$corpus"
    seeds=$src/tests/fuzz/seeds/$target
    if test -f "$src/tests/fuzz/${target}_corpus.sh"; then
        seeds=$out/made/$target
        mkdir -p "$seeds" && sh "$src/tests/fuzz/${target}_corpus.sh" "$seeds"
    fi
    if ASAN_OPTIONS=detect_leaks=1 "$out/${target}_fuzz" -max_total_time="$FUZZ_SECONDS" -timeout=10 \
        -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$out/findings/$target-" "$corpus" "$seeds" \
        >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1)) verdict="nothing found"
    else
        failed=$((failed + 1)) verdict="FOUND, see $log"
    fi
    echo "fuzz: $target: $(executions "$log") executions, $verdict"
done
echo "$passed passed, $failed failed"
test "$failed" = 0
