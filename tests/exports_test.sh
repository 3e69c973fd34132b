#!/bin/sh
# The shared library exports every function that the public headers declare, and no name that
# they do not mention.
top=$(dirname "$0")/..
library=.libs/libforkscope.so
if ! test -e "$library"; then
    echo "this build has no shared library"
    echo "1 passed, 0 failed"
    exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
name='\b(scoped|remote|procspawn|forkscope)(_[a-z0-9_]+)?'

nm -D --defined-only "$library" | awk '{ print $3 }' | sed 's/@.*//' | grep -E "^$name" | sort -u \
    >"$work/exported"
for header in "$top"/include/forkscope.h "$top"/include/forkscope/*.h; do
    case $header in */cunit.h) continue ;; esac
    # Without comments. Lines are joined first: one that begins with # would be a directive.
    sed -e ':join' -e '/\\$/{N;s/\\\n//;b join' -e '}' "$header" |
        ${CC:-cc} -w -fpreprocessed -dD -E -P -x c -
done >"$work/headers"
grep -oE "$name\b" "$work/headers" | sort -u >"$work/mentioned"

# Macros of a header may define functions. Only expanded text shows which of them are static.
for header in "$top"/include/forkscope.h "$top"/include/forkscope/*.h; do
    case $header in */cunit.h) continue ;; esac
    ${CC:-cc} -w -E -P -I"$top/include" "$header"
done | tr '\n' ' ' | tr ';{}' '\n\n\n' >"$work/statements"
grep static "$work/statements" | grep -oE "$name *\(" | tr -d ' (' | sort -u >"$work/static"
grep -v typedef "$work/statements" | grep -oE "$name *\(" | tr -d ' (' | sort -u |
    comm -23 - "$work/static" >"$work/functions"
unknown=$(comm -23 "$work/exported" "$work/mentioned")
missing=$(comm -13 "$work/exported" "$work/functions")
if test -z "$unknown$missing" && test -s "$work/functions"; then
    echo "1 passed, 0 failed"
else
    printf 'exported, but in no header: %s\ndeclared, but not exported: %s\n' "$unknown" "$missing"
    echo "0 passed, 1 failed"
    exit 1
fi
