#!/bin/sh
# usage: tidy.sh CFLAGS...     looks for faults in the sources with the tools that are there
# A tool that is not there is skipped by name. TIDY_FILES: the sources to look at, instead of all of
# the library. TIDY_BASE: lines changed since this commit are checked by clang-format.

cd "${SRC:-.}" || exit 2
failed=0

# Prints the name under which a tool is installed, the newest version last.
tool() {
    for at in "/usr/bin/$1" /usr/bin/"$1"-[0-9]* "$(command -v "$1")"; do
        [ -x "$at" ] && name=$at
    done
    [ "${name:-}" ] || echo "skip   $1: not installed" >&2
    echo "${name:-}"
}

files=${TIDY_FILES:-$(find src forkserver -name '*.c' | sort)}

clang_tidy=$(tool clang-tidy)
if [ "$clang_tidy" ]; then
    for file in $files; do
        found=$("$clang_tidy" --quiet "$file" -- "$@" 2>/dev/null) || failed=1
        [ -z "$found" ] || echo "$found"
    done
fi

cppcheck=$(tool cppcheck)
if [ "$cppcheck" ]; then
    # shellcheck disable=SC2086 # a list of files
    "$cppcheck" --quiet --std=c11 --enable=warning,performance,portability --max-configs=2 \
        --suppressions-list=tests/cppcheck.txt -D_GNU_SOURCE -D__x86_64__ -Iinclude -I. \
        '-Djson_array_foreach(a, i, v)=for (i = 0; (v = json_array_get(a, i)); i++)' \
        '-Djson_object_foreach(o, k, v)=for (k = ""; (v = json_object_get(o, k));)' \
        --error-exitcode=1 $files || failed=1
fi

clang_format=$(tool git-clang-format)
if [ "$clang_format" ] && git rev-parse --git-dir >/dev/null 2>&1; then
    found=$("$clang_format" --diff --quiet "${TIDY_BASE:-HEAD}" -- \
        src forkserver examples tests include)
    case $found in
        ''|'no modified files to format'|*'did not modify any files'*) ;;
        *) echo "$found"; failed=1 ;;
    esac
fi

[ $failed -eq 0 ] && echo "tidy"
exit $failed
