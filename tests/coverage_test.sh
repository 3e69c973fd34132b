#!/bin/sh
# A program that is built with --coverage keeps the counts of the functions that it calls in
# processes and pools, and those of the time before init are not counted twice.
set -u
source=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-cc}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
here=$(pwd)

library=.libs/libforkscope.so
link="-L$here/.libs -Wl,-rpath,$here/.libs -lforkscope"
if ! test -e "$library"; then
    library=.libs/libforkscope.a
    link="$here/$library -Wl,--no-as-needed -lgcc_s $(sed -n "s/^Libs.private: //p" src/forkscope.pc)"
fi
skip() # why
{
    echo "skipped: $1"
    echo "1 passed, 0 failed"
    exit 0
}

if ! command -v gcov >/dev/null; then
    skip "there is no gcov"
fi
if $cc --version | grep -qi clang; then
    skip "gcov does not read what clang writes"
fi
if nm "$library" 2>/dev/null | grep -q '__[at]san_init'; then
    skip "the library is built with a sanitizer"
fi

cd "$dir" || exit 1
if ! $cc -O0 -g -w -std=gnu11 -pthread -fexceptions -D_GNU_SOURCE --coverage \
    -I"$source/../include" -c "$source/coverage.c" -o coverage.o >log 2>&1 ||
    ! $cc --coverage -pthread coverage.o -o coverage $link \
        $(pkg-config --cflags --libs jansson) >>log 2>&1 ||
    ! timeout 100 ./coverage >>log 2>&1 || ! gcov coverage.o >>log 2>&1; then
    cat log
    echo "0 passed, 1 failed"
    exit 1
fi

# Lines of gcov: count, number, text. A count that is unusual has an asterisk.
awk -F: '
    /COUNT/ {
        count = $1; gsub(/[ *]/, "", count)
        wanted = $0; sub(/.*COUNT /, "", wanted); sub(/ .*/, "", wanted)
        if (count == wanted) { passed++; next }
        failed++
        print "FAILED line" $2 " has run " count " times, not " wanted
    }
    END { print passed + 0 " passed, " failed + 0 " failed"; exit passed != 5 || failed }
' coverage.c.gcov
