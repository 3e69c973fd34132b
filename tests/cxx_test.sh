#!/bin/sh
# forkscope.hpp: it compiles without a warning in C++17 and C++20, by gcc and clang where they are
# there; what cannot travel is a compile error that says why; and its tests pass, also with the
# sanitizer of undefined behaviour.
set -u

source=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
cxx=${CXX:-c++}
if ! command -v "${cxx%% *}" >/dev/null; then
    echo "skipped: no C++ compiler is here ($cxx)"
    echo "0 passed, 0 failed"
    exit 0
fi
flags="-pthread -D_GNU_SOURCE -I$source/include $(pkg-config --cflags jansson)"
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast"
warnings="$warnings -Wnon-virtual-dtor -Werror"

result() # 0 or other, name
{
    if test "$1" -eq 0; then
        echo "ok     $2"
        passed=$((passed + 1))
    else
        echo "FAILED $2"
        cat "$dir/log"
        failed=$((failed + 1))
    fi
}

for compiler in "$cxx" g++ clang++; do
    version=$($compiler --version 2>/dev/null | sed -n '1s/^[^ ]* //p')
    test -z "$version" || echo "$compiler|$version"
done | awk -F '|' '!seen[$2]++ { print $1 }' >"$dir/compilers"
# The two standards are compiled side by side, and so are the two programs below.
while read -r compiler; do
    for standard in c++17 c++20; do
        { $compiler -std=$standard $flags $warnings -fsyntax-only "$source/tests/cxx/hpp_test.cpp" \
            >"$dir/log.$standard" 2>&1; echo $? >"$dir/rc.$standard"; } &
    done
    wait
    for standard in c++17 c++20; do
        mv "$dir/log.$standard" "$dir/log"
        result "$(cat "$dir/rc.$standard")" "$compiler -std=$standard has no warning"
    done
done <"$dir/compilers"

# What must not compile.
refuses() # what is said, code
{
    printf '#include <forkscope.hpp>\nnamespace fs = forkscope;\n%s\n' "$2" >"$dir/case.cpp"
    ! $cxx -std=c++17 $flags -fsyntax-only "$dir/case.cpp" >"$dir/log" 2>&1 &&
        grep -q "$1" "$dir/log"
    result $? "it is refused that $1"
}

refuses 'cannot capture' 'int f(int a) { return fs::call([a] { return a; }); }'
refuses 'cannot change objects of its caller' \
    'static void g(int &a) { a = 1; } void f(int a) { fs::call<g>(a); }'
refuses 'a pointer or a view means nothing' \
    'static int g(const char *a) { return *a; } int f() { return fs::call<g>("a"); }'
refuses 'codec is not specialised' \
    'struct s {}; static void g(s) {} void f() { fs::call<g>(s()); }'
refuses 'as many arguments as the function has parameters' \
    'static void g(int, int) {} void f() { fs::call<g>(1); }'
refuses 'would be cut to the integer' 'int f() { return fs::call([](int d) { return d; }, 1.9); }'
refuses 'would be cut to the integer' 'static bool g(bool b) { return b; }
    bool f(float a) { return fs::call<g>(a); }'
refuses 'would be cut to the integer' 'static void g(std::optional<int>) {}
    void f() { fs::call<g>(1.9); }'
refuses 'would be cut to the integer' 'static void g(std::pair<int, int>) {}
    void f() { fs::start<g>(std::make_pair(1, 1.9)); }'
refuses 'would be narrowed' 'static void g(bool) {} void f() { fs::call<g>("text"); }'
refuses 'does not convert' 'static void g(std::vector<int>) {} void f() { fs::call<g>(3); }'

# Running. Programs of a sanitized library have to be sanitized themselves.
library=.libs/libforkscope.so
if test -e $library && test -e .libs/libforkscope-cunit.so &&
    ! nm $library | grep -q '__[at]san_init'; then
    libraries="-L.libs -Wl,-rpath,$(pwd)/.libs -lforkscope-cunit -lforkscope"
    libraries="$libraries $(pkg-config --libs jansson cunit)"
    undefined='-fsanitize=undefined -fno-sanitize-recover=all'
    build() # name, more flags
    {
        $cxx -std=c++17 -g $flags $2 "$source/tests/cxx/hpp_test.cpp" -o "$dir/$1" $libraries \
            >"$dir/$1.log" 2>&1
    }
    run() # name, what it shows
    {
        mv "$dir/$1.log" "$dir/log"
        test -e "$dir/$1" && timeout 300 "$dir/$1" >>"$dir/log" 2>&1
        result $? "the tests pass$2"
    }
    build plain '' &
    echo 'int main() {}' >"$dir/case.cpp"
    if $cxx $undefined "$dir/case.cpp" -o "$dir/case" 2>/dev/null; then
        build undefined "$undefined"
        wait
        run undefined ", $undefined"
    fi
    wait
    run plain ''
else
    echo "skipped: there is no shared library to run the tests with"
fi

echo "$passed passed, $failed failed"
test "$failed" -eq 0
