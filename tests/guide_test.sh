#!/bin/sh
# The guide in doc/guide: the programs that its pages show are the examples, to the letter, but for
# the comment on top; so they are compiled and run like those. All links lead somewhere, and all
# public names exist.
top=$(dirname "$0")/..
guide=$top/doc/guide
names=$(mktemp) || exit 1
trap 'rm -f "$names"' EXIT
passed=0
failed=0

check() # name; the rest is a command
{
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name"
    fi
}

# A link to an example that ends with a colon stands before its program.
shown() # page, example
{
    awk -v link="(../../examples/$2):" '
        index($0, link) { wanted = 1 }
        /^```/ { if (shows) exit; shows = wanted && /^```c$/; next }
        shows' "$1"
}

without_head() # file
{
    awk 'NR == 1 && /^\/\*$/ { head = 1 } !head { print } /^ \*\/$/ { head = 0 }' "$1"
}

is_shown() # page, example
{
    test "$(shown "$1" "$2")" = "$(without_head "$top/examples/$2")"
}

are_there() # page
{
    missing=$(grep -oE '\]\([^)]+\)' "$1" | sed 's/^](//; s/)$//; s/#.*//' | grep -v '^https\?:' |
        while read -r link; do test -e "$guide/$link" || echo "$link"; done)
    test -z "$missing" || ! echo "no such file: $missing"
}

names_in() # file...
{
    grep -ohE '\b(procspawn|scoped|forkscope|PROCSPAWN|SCOPED|FORKSCOPE)_\w+' "$@" | LC_ALL=C sort -u
}

names_in "$top"/include/*.h "$top"/include/forkscope/*.h >"$names"
are_public() # page
{
    unknown=$(names_in "$1" | LC_ALL=C comm -23 - "$names")
    test -z "$unknown" || ! echo "no such name: $unknown"
}

for page in "$guide"/*.md; do
    title=$(basename "$page")
    check "$title: its links lead somewhere" are_there "$page"
    check "$title: its names are public" are_public "$page"
    for example in $(sed -n 's,.*(../../examples/\([^)]*\)):$,\1,p' "$page"); do
        check "$title shows examples/$example as it is" is_shown "$page" "$example"
    done
    test "$title" = index.md || check "index.md lists $title" grep -qF "($title)" "$guide/index.md"
done

echo "$passed passed, $failed failed"
test "$failed" -eq 0
