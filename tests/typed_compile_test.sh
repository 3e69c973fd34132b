#!/bin/sh
# What typed.h accepts and refuses at compile time, in C11 and C++17. Each case is a line of code.
# How it refuses is tested by typed_errors_test.sh.
set -u

source=$(dirname "$0")/..
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
jansson=$(pkg-config --cflags jansson)
passed=0 failed=0

# Both gcc and clang, where they are there, and what the build uses.
cc=${CC:-cc} cxx=${CXX:-c++}
for compiler in "$cc" gcc clang "$cxx" g++ clang++; do
    case $compiler in
    "$cxx" | g++ | clang++) languages='c++17' ;;
    *) languages='c11 gnu11' ;;
    esac
    version=$(${compiler} --version 2>/dev/null | sed -n '1s/^[^ ]* //p')
    for language in $languages; do
        test -z "$version" || echo "$compiler -std=$language|$version $language"
    done
done | awk -F '|' '!seen[$2]++ { print $1 }' >"$dir/compilers"
grep -q 'c++17' "$dir/compilers" || echo "no C++ compiler here: C alone is tried"

cat >"$dir/prologue" <<'END'
#include <forkscope/typed.h>
#include <string.h>
struct point { double x, y; };
static json_t *pack_point(const struct point *p) { return json_pack("[f, f]", p->x, p->y); }
static int unpack_point(const json_t *j, struct point *p)
{
    p->x = json_real_value(json_array_get(j, 0));
    p->y = json_real_value(json_array_get(j, 1));
    return 0;
}
static void release_point(struct point *p) { p->x = 0; }
#define PROCSPAWN_WORD_point PROCSPAWN_USER
PROCSPAWN_TYPE(point, struct point, pack_point, unpack_point);
#define PROCSPAWN_WORD_held PROCSPAWN_USER
PROCSPAWN_TYPE_OWNED(held, struct point, pack_point, unpack_point, release_point);
PROCSPAWN_DECLARE(add, int64, (int64, a), (int64, b));
PROCSPAWN_DEFINE(add, int64, (int64, a), (int64, b)) { return a + b; }
PROCSPAWN_DEFINE(nothing, void) { }
PROCSPAWN_DEFINE_STATIC(all, string, (int8, a), (uint64, b), (double, c), (bool, d), (string, e),
                        (json, f), (shmem, g), (held, h))
{
    return a && b && c > 0 && d && f && g && h.x > 0 ? strdup(e) : NULL;
}
PROCSPAWN_DEFINE_STATIC(things, bool, (fd, a), (sender, b), (receiver, c), (point, d),
                        (unsigned, e), (long, f), (int, g))
{
    return a > 0 && b && c && d.x > 0 && e && f && g;
}
PROCSPAWN_DEFINE_STATIC(widths, float, (int16, a), (int32, b), (uint8, c), (uint16, d),
                        (uint32, e), (size, f), (float, g), (string, h))
{
    return a && b && c && d && e && f && h ? g : 0;
}
PROCSPAWN_DECLARE(square, int64, (int8, a));
PROCSPAWN_DEFINE(square, int64, (int8, a)) { return a * a; }
PROCSPAWN_DEFINE_STATIC(note, void, (held, a)) { (void)a; }
PROCSPAWN_DEFINE_STATIC(copy, string, (string, a)) { return strdup(a); }
PROCSPAWN_DEFINE_STATIC(first, json, (int8, a)) { return json_integer(a); }
PROCSPAWN_DEFINE_STATIC(flip, bool, (bool, a)) { return !a; }
PROCSPAWN_DEFINE_STATIC(unused, doubles, (uint64, a))
{
    struct procspawn_doubles none = { NULL, a ? 0u : 0u };
    return none;
}
PROCSPAWN_DEFINE_STATIC(length, size, (shmem, a)) { return a ? 1u : 0u; }
PROCSPAWN_DEFINE_STATIC(opened, fd, (int, a)) { return a; }
static int length_map(void) { return 1; }
static int opened_map(void) { return 1; }
static int add_map(void) { return 1; }
static int nothing_map(void) { return length_map() + opened_map() + add_map(); }
procspawn_handle *use(void);
procspawn_handle *use(void)
{
    procspawn_handle *handle = NULL;
    procspawn_error *error = NULL;
    int64_t sum = 0;
    bool yes = false;
    char *text = NULL;
    float half = 0;
    struct procspawn_result whole;
    struct point point = { 1, 2 };
    add_spawn(1, 2, &handle), add_join(handle, &sum, &error);
    add_join_timeout(handle, 0, &sum, &error), add_pool_spawn(NULL, 1, 2, &handle);
    nothing_spawn(&handle), nothing_join(handle, &error), nothing_join_timeout(handle, 0, NULL);
    all_spawn(1, 2, 3, true, "", NULL, NULL, point, &handle), all_join(handle, &text, &error);
    things_spawn(1, NULL, NULL, point, 2, 3, 4, &handle), things_join(handle, &yes, &error);
    widths_spawn(1, 2, 3, 4, 5, sizeof point, 7.5f, text, &handle);
    widths_join(handle, &half, &error);
    add_call(1, 2, &sum, &error), add_pool_call(NULL, 1, 2, &sum, &error);
    add_call_with(NULL, 1, 2, &sum, &error), add_start(NULL, 1, 2, &handle);
    add_result(&whole, &sum), nothing_result(&whole), nothing_call(&error);
    nothing_start(NULL, &handle), add_set_start(NULL, NULL, 1, 2, &handle);
    struct procspawn_map_options options;
    memset(&options, 0, sizeof options);
    const int8_t bytes[1] = { 1 };
    const char *names[1] = { "name" };
    char *copies[1];
    square_map(NULL, bytes, 1, &sum, &error), note_map(&options, &point, 1, &error);
    sum = nothing_map();
    copy_map(NULL, names, 1, copies, NULL), first_map(NULL, bytes, 1, NULL, NULL);
    square_map(NULL, NULL, 0, NULL, NULL), flip_map(NULL, &yes, 1, &yes, NULL);
END

compile() # compiler and flags, code
{
    { cat "$dir/prologue"; echo "$2"; echo "return handle; }"; } >"$dir/case"
    $1 -D_GNU_SOURCE -Wall -Wextra -fsyntax-only -I"$source/include" $jansson "$dir/case" \
        >"$dir/log" 2>&1
}

# What compiles does so without a warning; what fails does not need -Werror to fail.
check() # what is wanted, code
{
    while read -r compiler; do
        strict=
        [ "$1" = fails ] || strict='-pedantic -Wconversion -Wsign-conversion -Wshadow -Werror'
        case $compiler in
        *c++17) language="c++ ${strict:+-Wold-style-cast -Wmissing-declarations}" ;;
        *) language="c ${strict:+-Wstrict-prototypes -Wmissing-prototypes}" ;;
        esac
        case $compiler in
        g++* | c++*) $compiler -dM -E -x c++ /dev/null | grep -q __clang__ ||
            language="$language ${strict:+-Wuseless-cast}" ;;
        esac
        compile "$compiler $strict -x $language" "$2" && got=compiles || got=fails
        if [ "$got" = "$1" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAILED ($compiler): $got, not $1: $2"
            cat "$dir/log"
        fi
    done <"$dir/compilers"
}

check compiles ''
check compiles 'all_spawn(1, 2, 3, true, text, json_null(), NULL, point, &handle);'
check fails 'add_spawn(1, &handle);'
check fails 'add_spawn(1, 2, 3, &handle);'
check fails 'add_spawn("1", 2, &handle);'
check fails 'add_spawn(&sum, 2, &handle);'
check fails 'add_spawn(point, 2, &handle);'
check fails 'add_spawn(1, 2, handle);'
check fails 'add_join(handle, &text, &error);'
check fails 'add_join(handle, &yes, &error);'
check fails 'nothing_join(handle, &sum, &error);'
check fails 'add_call("1", 2, &sum, &error);'
check fails 'add_call(1, 2, &text, &error);'
check fails 'add_result(&whole, &text);'
check fails 'square_map(NULL, &sum, 1, &sum, &error);'
check fails 'square_map(NULL, bytes, 1, &yes, &error);'
check fails 'note_map(NULL, &point, 1, &point, &error);'
check fails 'copy_map(NULL, &text, 1, NULL);'
check fails 'nothing_call(&sum, &error);'
check fails 'all_spawn(1, 2, 3, true, 7, NULL, NULL, point, &handle);'
check fails 'all_spawn(1, 2, 3, true, &point, NULL, NULL, point, &handle);'
check fails 'all_spawn(1, 2, 3, true, "", text, NULL, point, &handle);'
check fails 'all_spawn(1, 2, 3, true, "", NULL, handle, point, &handle);'
check fails 'all_spawn(1, 2, 3, true, "", NULL, NULL, 1, &handle);'
check fails 'things_spawn("fd", NULL, NULL, point, 2, 3, 4, &handle);'
check fails 'things_spawn(1, handle, NULL, point, 2, 3, 4, &handle);'

# The same for a definition of its own.
check_definition() # result and parameters
{
    check fails "return handle; } PROCSPAWN_DEFINE(f, $1) { return 0; }
                 void *g(void) { void *handle = 0;"
}

check_definition 'int46'
check_definition 'int, (strin, a)'
check_definition 'int, (void, a)'
check_definition 'point'
check_definition 'int, (int, a), (int, b), (int, c), (int, d), (int, e), (int, i), (int, j),
                  (int, k), (int, l)'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
