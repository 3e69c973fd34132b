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

# Compilations run side by side; each leaves a file with what it has to say.
export dir flags warnings
compile='set -- $1
    compiler=$1 standard=$2 file=$3 log=$dir/said.$$
    shift 3
    $compiler -std=$standard $flags "$@" $warnings -c "$file" -o "$dir/object.$$" >"$log" 2>&1 ||
        echo "FAILED $compiler -std=$standard has no warning of ${file##*/}" >>"$log.failed"'

compilers "$cc" gcc clang >"$dir/c"
for file in "$source"/examples/*.c "$source"/doc/examples/*.c; do
    name=$(basename "$file" .c)
    if ! more=$(library_flags --cflags "$name"); then
        echo "skipped: $name, whose library is not here"
        continue
    fi
    while read -r compiler; do echo "$compiler c11 $file $more"; done <"$dir/c" >>"$dir/jobs"
done
compilers "$cxx" g++ clang++ >"$dir/cxx"
test -s "$dir/cxx" || echo "skipped: examples in C++, no compiler for it is here"
for file in "$source"/examples/*.cpp; do
    while read -r compiler; do echo "$compiler c++17 $file"; done <"$dir/cxx" >>"$dir/jobs"
done
tr '\n' '\0' <"$dir/jobs" | xargs -0 -n 1 -P "$(getconf _NPROCESSORS_ONLN)" sh -c "$compile" compile
for log in "$dir"/said.*.failed; do
    test -e "$log" || continue
    cat "$log" "${log%.failed}"
    failed=$((failed + 1))
done
passed=$(($(wc -l <"$dir/jobs") - failed))

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
