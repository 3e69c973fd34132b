#!/bin/sh
# A mistake in PROCSPAWN_DEFINE is told in at most 16 lines, with the wrong word in them, however
# many macros stand behind it. Each mistake is made in a program that also calls its function.
set -u

source=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
jansson=$(pkg-config --cflags jansson)
passed=0 failed=0

# Both gcc and clang, where they are there, and what the build uses.
cc=${CC:-cc} cxx=${CXX:-c++}
for compiler in "$cc" gcc clang "$cxx" g++ clang++; do
    case $compiler in
    "$cxx" | g++ | clang++) language='-std=c++17 -x c++' ;;
    *) language='-std=c11 -x c' ;;
    esac
    version=$(${compiler} --version 2>/dev/null | sed -n '1s/^[^ ]* //p')
    test -z "$version" || echo "$compiler $language|$version $language"
done | awk -F '|' '!seen[$2]++ { print $1 }' >"$dir/compilers"
grep -q c++ "$dir/compilers" || echo "no C++ compiler here: C alone is tried"

# What is wrong is told in few lines, in which the words stand.
check() # words, program
{
    { echo '#include <forkscope.h>'; printf '%s\n' "$2"; } >"$dir/program"
    while read -r compiler; do
        if $compiler -D_GNU_SOURCE -Wall -Wextra -fsyntax-only -I"$source/include" $jansson \
            "$dir/program" >"$dir/log" 2>&1; then
            problem="compiles"
        elif ! grep -qF "$1" "$dir/log"; then
            problem="does not say \"$1\""
        elif test "$(wc -l <"$dir/log")" -gt 16; then
            problem="$(wc -l <"$dir/log") lines"
        else
            passed=$((passed + 1))
            continue
        fi
        failed=$((failed + 1))
        echo "FAILED ($compiler): $problem: $2"
        cat "$dir/log"
    done <"$dir/compilers"
}

# A function of one argument, and its calls.
one() # words, result, parameter, body
{
    check "$1" "PROCSPAWN_DEFINE(half, $2, $3)
{
    $4
}

int main(void)
{
    procspawn_handle *handle;
    procspawn_error *error;
    double result = 0;

    half_spawn(3, &handle);
    half_join(handle, &result, &error);
    half_pool_spawn(NULL, 3, &handle);
    half_join_timeout(handle, 1, &result, &error);
    half_call(3, &result, &error);
    half_pool_call(NULL, 3, &result, &error);
    half_map(NULL, &result, 1, &result, &error);
    return half(3) > 1;
}"
}

one 'unknown type: flaot' double '(flaot, a)' 'double b = a; return a / 2 + b;'
one 'unknown type: doubel' doubel '(double, a)' 'double b = a; return a / 2 + b;'
one 'unknown type: int64_t' double '(int64_t, a)' 'return (double)a / 2;'
one 'unknown type: uint8_t' uint8_t '(int, a)' 'return (uint8_t)a;'
one 'unknown type: size_t' size_t '(size_t, a)' 'return a / 2;'
one 'unknown type: unsigned int' double '(unsigned int, a)' 'return (double)(a / 2);'
one 'unknown type: unsigned long' unsigned\ long '(int, a)' 'return (unsigned)a;'
one 'unknown type: long long' long\ long '(int, a)' 'return (long long)a;'
one 'unknown type: char' char '(char, a)' 'return a;'
one 'unknown type: short' short '(short, a)' 'return a;'
one 'unknown type: void' double '(void, a)' 'return 1;'
one 'unknown type: double a [not a pair' double 'double a' 'return a / 2;'
one 'unknown type: (a) [not a pair' double '(a)' 'return 1;'
one 'unknown type: (int, a, 3) [not a pair' double '(int, a, 3)' 'return 1;'
one 'unknown type: a' double '(a, int)' 'return 1;'
one 'unknown type: (double, a)' '(double, a)' '(double, b)' 'return (int)b;'

# A function of a pointer, and its call.
pointer() # words, result, parameter
{
    check "$1" "PROCSPAWN_DEFINE(same, $2, $3)
{
    return a;
}

int main(void)
{
    procspawn_handle *handle;
    same_spawn(NULL, &handle);
    return same_join(handle, NULL, NULL);
}"
}

pointer 'unknown type: char *' 'char *' '(char *, a)'
pointer 'unknown type: const char *' 'const char *' '(const char *, a)'
pointer 'unknown type: int *' 'int *' '(int *, a)'
pointer 'unknown type: json_t *' 'json' '(json_t *, a)'
pointer 'unknown type: strin' 'string' '(strin, a)'

# Types of the program's without the definition that makes them known.
point='struct point { int x; };
json_t *pack_point(const struct point *point);
int unpack_point(const json_t *json, struct point *ret_point);
'
check 'unknown type: point' "$point
PROCSPAWN_DEFINE(mirror, int, (point, it))
{
    return it.x;
}"
check 'unknown type: struct point' "$point
PROCSPAWN_DEFINE(mirror, int, (struct point, it))
{
    return it.x;
}"
check '#define PROCSPAWN_WORD_point PROCSPAWN_USER' "$point
PROCSPAWN_TYPE(point, struct point, pack_point, unpack_point);
int main(void) { return 0; }"

# Declared in a header, and defined.
check 'unknown type: flaot' '
PROCSPAWN_DECLARE(half, float, (flaot, a));
int main(void) { return 0; }'
check 'unknown type: int64_t' '
PROCSPAWN_DEFINE_STATIC(half, int64_t, (int64, a)) { return a / 2; }
int main(void) { return (int)half(2); }'

# More parameters than there can be.
nine='(int, a), (int, b), (int, c), (int, d), (int, e), (int, f), (int, g), (int, h), (int, i)'
sixteen="$nine, (int, j), (int, k), (int, l), (int, m), (int, n), (int, o), (int, p)"
for many in "$nine" "$nine, (int, j)" "$sixteen"; do
    check 'more than 8 parameters' "PROCSPAWN_DEFINE(sum, int, $many)
{
    return a + b + c + d + e + f + g + h + i;
}

int main(void)
{
    procspawn_handle *handle;
    sum_spawn(1, 2, 3, 4, 5, 6, 7, 8, 9, &handle);
    return sum_join(handle, NULL, NULL);
}"
done

echo "$passed passed, $failed failed"
test "$failed" -eq 0
