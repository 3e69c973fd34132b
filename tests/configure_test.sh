#!/bin/sh
# configure refuses what the library cannot run on, and says why. The compilers are this machine's,
# made to look like others; with musl-gcc, where it is there, the real one.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
cc=${CC:-cc}

# configure wants no more of the tree before it refuses.
mkdir -p "$dir/include" "$dir/compiler" "$dir/build"
cp -r "$top/configure" "$top/build-aux" "$dir"
cp "$top/include/forkscope.h" "$dir/include"

refuses() # name, what it says, compiler
{
    rm -rf "$dir/build" && mkdir "$dir/build"
    if (cd "$dir/build" && ../configure -q CC="$3") >"$dir/log" 2>&1; then
        failed=$((failed + 1))
        echo "FAILED configure takes $1"
    elif ! tr '\n' ' ' <"$dir/log" | grep -q "configure: error: forkscope .*$2"; then
        failed=$((failed + 1))
        echo "FAILED configure does not say why it refuses $1:"
        cat "$dir/log"
    else
        passed=$((passed + 1))
    fi
}

# Links as ever, and compiles as if for another machine.
like() # name, flags
{
    printf '#!/bin/sh\ncase " $* " in *" -c "*) set -- "$@" %s ;; esac\nexec %s "$@"\n' "$2" "$cc" \
        >"$dir/compiler/$1"
    chmod +x "$dir/compiler/$1"
    echo "$dir/compiler/$1"
}

refuses 'another kernel' 'needs Linux' "$(like other-kernel -U__linux__)"
refuses 'a 32-bit processor' 'needs a 64-bit processor' \
    "$(like small '-U__SIZEOF_POINTER__ -D__SIZEOF_POINTER__=4')"
refuses 'big-endian byte order' 'needs a little-endian processor' \
    "$(like big-endian '-U__BYTE_ORDER__ -D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__')"
refuses 'another processor' 'x86-64 and aarch64 only' \
    "$(like processor '-U__x86_64__ -U__aarch64__')"
refuses 'a C library that is not GNU' 'needs glibc' "$(like no-glibc -D_FEATURES_H)"
if command -v musl-gcc >/dev/null; then
    refuses musl 'needs glibc' musl-gcc
else
    echo 'skipped: musl-gcc is not here'
fi

echo "$passed passed, $failed failed"
test "$failed" -eq 0
