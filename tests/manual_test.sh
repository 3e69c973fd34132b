#!/bin/sh
# The manual and the headers say the same: each exported function has a page and each function of a
# page is exported, the pages are those that the headers make today, and nothing in a comment is
# irregular. Pages refer to pages that exist, and show programs that are built and run
# (examples_test.sh). mandoc, where it is, finds no fault in them.
set -u
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
pages=$top/doc/man3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
ours='(scoped|remote|procspawn|forkscope)_?[A-Za-z0-9_]*'

# A check passes when it has printed nothing.
check()
{
    if test -s "$work/found"; then
        printf 'FAILED %s:\n' "$1"
        sed 's/^/    /' "$work/found"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

mkdir "$work/man3"
perl "$top/doc/manual.pl" "$top" "$work/man3" >"$work/found" 2>&1
check 'comments of the headers are regular, and each page has a program'
diff -rq "$work/man3" "$pages" >"$work/found" 2>&1
check 'doc/man3 is what the headers make (make all)'

grep -l '^\.so ' "$pages"/*.3 >"$work/links"
ls "$pages"/*.3 "$top"/doc/man7/*.7 | grep -vxFf "$work/links" >"$work/pages"
xargs sed -n 's,^\.so man3/,,p' <"$work/links" | sort -u | while read -r page; do
    test -e "$pages/$page" || echo "$page"
done >"$work/found"
check 'links lead to pages'
pattern="$ours|forkscope[-.][a-z_.]+|[A-Z]+_[A-Z]+"
xargs sed -nE "s/^\.(It |No [^ ]+ Ns |Pq )?Xr ($pattern) ([37]).*/\2.\4/p" <"$work/pages" |
    sort -u | while read -r page; do
    test -e "$pages/$page" || test -e "$top/doc/man7/$page" || echo "$page"
done >"$work/found"
check 'references lead to pages'

# Functions are those that a type precedes, and that is no typedef.
xargs awk '/^\.Ft / { type = $0 } /^\.Fo / && type !~ /^\.Ft typedef/ { print $2 }' <"$work/pages" |
    sort -u >"$work/functions"
for library in .libs/libforkscope.so .libs/libforkscope-cunit.so; do
    test -e $library && nm -D --defined-only $library
done | awk '{ print $3 }' | sed 's/@.*//' | grep -E "^$ours\$" | grep -v __ | sort -u \
    >"$work/exported"
if test -e .libs/libforkscope.so; then
    test -e .libs/libforkscope-cunit.so || sed -i '/^procspawn_cunit_/d' "$work/functions"
    { comm -13 "$work/functions" "$work/exported" | sed 's/^/no page has /'
      comm -23 "$work/functions" "$work/exported" |
          sed 's/^/not exported: /'; } >"$work/found"
    # Objects are exported too; these have pages without a type of a function.
    while read -r line; do
        name=${line##* }
        case $line in 'no page has '*) test -e "$pages/$name.3" && continue ;; esac
        echo "$line"
    done <"$work/found" >"$work/wrong"
    mv "$work/wrong" "$work/found"
    check 'exported functions and pages are the same'
else
    echo "skipped: this build has no shared library to compare with"
fi
while read -r name; do
    test -e "$pages/$name.3" || echo "$name"
done <"$work/functions" >"$work/found"
check 'each function is found by its name'
if command -v man >/dev/null; then
    for name in procspawn scoped_spawn procspawn_builder_gid PROCSPAWN_EJSON forkscope; do
        MANPAGER=cat MANWIDTH=80 man -M "$top/doc" "$name" 2>&1 | grep -q '^NAME' || echo "$name"
    done >"$work/found"
    check 'man shows pages and links'
else
    echo "skipped: man shows pages and links (man is not here)"
fi

cat >"$work/unescape" <<'END'
s/^\\&//
s/\\-/-/g
s/\\(aq/'/g
s/\\(ga/`/g
s/\\(ha/^/g
s/\\(ti/~/g
s/\\e/\\/g
END
# What a page of section 7 shows is a program of the sources, to the letter.
for page in "$top"/doc/man7/*.7; do
    sed -n 's/^\.\\" The program is \(.*\)\.$/\1/p' "$page" | while read -r program; do
        awk -v name="$program" '
            index($0, "The program is " name ".") { wanted = 1; next }
            wanted && /^\.Bd/ { shows = 1; next }
            shows && /^\.Ed/ { exit }
            shows' "$page" | sed -f "$work/unescape" >"$work/shown"
        cmp -s "$work/shown" "$top/$program" || echo "$page: $program"
    done
    grep -q '^\.\\" The program is ' "$page" || echo "$page has no program"
done >"$work/found"
check 'programs of section 7 are those of the sources'
for program in "$top"/doc/examples/*.c; do
    test -e "${program%.c}.expected" || echo "$program has no expected output"
done >"$work/found"
xargs sed -n '/^A whole program,$/{n;s/^\.Pa //p;}' <"$work/pages" | sort -u |
    while read -r program; do
    test -e "$top/${program%.c}.expected" || echo "$program is shown and has no expected output"
done >>"$work/found"
check 'programs of the manual are run'

if command -v mandoc >/dev/null; then
    # mandoc looks for other pages in the system only.
    xargs mandoc -Tlint <"$work/pages" 2>/dev/null |
        grep -v 'referenced manual not found' >"$work/found"
    check 'mandoc finds no fault'
else
    echo "skipped: mandoc finds no fault (mandoc is not here)"
fi

echo "$passed passed, $failed failed"
test "$failed" -eq 0
