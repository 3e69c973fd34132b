#!/bin/sh
# Has clang check for each file of the library that locks are held where src/base/guarded.h says so,
# and that it notices a lock call that is missing. Prints `N passed, N failed`.
# The build passes SRC and LOCKS_CFLAGS.
src=${SRC:-.}
clang=${CLANG:-clang}
command -v "$clang" >/dev/null || { echo "check-locks: clang is not here; skipped"; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export clang work

# "ok" or "failed" for each file; what the compiler says is in $work.
look='for file; do
    if "$clang" $LOCKS_CFLAGS -fsyntax-only -Wthread-safety -Werror "$file" 2>"$work/said.$$"
    then echo ok; else echo failed; cat "$work/said.$$" >&2; fi
done'
find "$src/src" "$src/forkserver" -name '*.c' | sort |
    xargs -n 8 -P "$(nproc)" sh -c "$look" look >"$work/results"

# The first function that locks this table does not any more.
table=$src/src/value/fd_table.c
awk '!forgotten && /^ +lock\(\);$/ { forgotten = 1; next } { print }' "$table" >"$work/forgetful.c"
if "$clang" $LOCKS_CFLAGS -fsyntax-only -Wthread-safety -Werror "$work/forgetful.c" 2>"$work/said" ||
    ! grep -q "requires holding lock 'fd_table_lock'" "$work/said"; then
    echo "a missing lock call is not noticed:"
    cat "$work/said"
    echo failed >>"$work/results"
else
    echo ok >>"$work/results"
fi

passed=$(grep -cx ok "$work/results") failed=$(grep -cx failed "$work/results")
echo "$passed passed, $failed failed"
test "$failed" -eq 0
