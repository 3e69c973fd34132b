#!/bin/sh
# Each example, and each program of the manual, compiles without a warning as a user's program would,
# by gcc and clang where they are there: C11 and C++17 with many warnings, and with the optimiser,
# which finds variables that may not be set. Examples in C++ are run, too, and their output is
# compared.
set -u

source=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
cc=${CC:-cc} cxx=${CXX:-c++}
flags="-O2 -pthread -fexceptions -D_GNU_SOURCE -I$source/include $(pkg-config --cflags jansson)"
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"

result() # 0 or other, name
{
    if test "$1" -eq 0; then
        passed=$((passed + 1))
    else
        echo "FAILED $2"
        cat "$dir/log"
        failed=$((failed + 1))
    fi
}

# Those of the names that are compilers, each one once.
compilers() # names
{
    for compiler in "$@"; do
        version=$($compiler --version 2>/dev/null | sed -n '1s/^[^ ]* //p')
        test -z "$version" || echo "$compiler|$version"
    done | awk -F '|' '!seen[$2]++ { print $1 }'
}

# The flags of the library that an example is about; fails if that is not there.
library_flags() # what to ask for, name
{
    case $2 in
    10_glib_pool) pkg-config "$1" glib-2.0 ;;
    11_libuv_queue | 36_uv_loop) pkg-config "$1" libuv ;;
    50_cunit | cunit) pkg-config "$1" cunit ;;
    61_thumb) pkg-config "$1" libpng ;;
    esac 2>/dev/null
}

compilers "$cc" gcc clang >"$dir/c"
for file in "$source"/examples/*.c "$source"/doc/examples/*.c; do
    name=$(basename "$file" .c)
    if ! more=$(library_flags --cflags "$name"); then
        echo "skipped: $name, whose library is not here"
        continue
    fi
    while read -r compiler; do
        $compiler -std=c11 $flags $more $warnings -c "$file" -o "$dir/object" >"$dir/log" 2>&1
        result $? "$compiler -std=c11 has no warning of $name.c"
    done <"$dir/c"
done

compilers "$cxx" g++ clang++ >"$dir/cxx"
test -s "$dir/cxx" || echo "skipped: examples in C++, no compiler for it is here"
for file in "$source"/examples/*.cpp; do
    name=$(basename "$file" .cpp)
    while read -r compiler; do
        $compiler -std=c++17 $flags $warnings -c "$file" -o "$dir/$name.o" >"$dir/log" 2>&1
        result $? "$compiler -std=c++17 has no warning of $name.cpp"
    done <"$dir/cxx"
done

# Programs of a sanitized library have to be sanitized themselves.
library=.libs/libforkscope.so
if test -s "$dir/cxx" && test -e $library && ! nm $library | grep -q '__[at]san_init'; then
    for file in "$source"/examples/*.cpp; do
        name=$(basename "$file" .cpp)
        $cxx -std=c++17 $flags "$file" -o "$dir/program" -L.libs "-Wl,-rpath,$(pwd)/.libs" \
            -lforkscope $(pkg-config --libs jansson) >"$dir/log" 2>&1 &&
            timeout 60 "$dir/program" >"$dir/log" 2>&1 &&
            cmp -s "$dir/log" "$source/examples/$name.expected"
        result $? "$name prints what is expected"
    done
else
    echo "skipped: there is no shared library to run the examples in C++ with"
fi

echo "$passed passed, $failed failed"
test "$failed" -eq 0 && test "$passed" -gt 0
