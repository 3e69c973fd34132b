#!/bin/bash
# usage: reproducible.sh SOURCE    with SOURCE a clean git repository
# Is the commit fit to be released? Nothing of the tree is changed or unknown to git; the versions in
# it agree; two clones in different folders, with another umask, language and time zone, make the same
# tarball, byte for byte; CHANGELOG.md gives the version a date (a word only: the release sets it).
# The tarball stays in the current folder. Prints `N passed, N failed`.
set -u

source=$(cd "$1" && pwd) || exit 1
here=$PWD
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
unset MAKEFLAGS MFLAGS MAKELEVEL SOURCE_DATE_EPOCH

result() # 0 or other, name
{
    if test "$1" -eq 0; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $2"
        tail -n 20 "$dir/log"
    fi
}

git -C "$source" status --porcelain >"$dir/log" && ! test -s "$dir/log"
result $? 'the tree is clean'
sh "$source/tests/version_test.sh" >"$dir/log" 2>&1
result $? 'the versions agree'

pack() # folder
{
    git clone -q --no-hardlinks "$source" "$1" &&
        cd "$1" && autoreconf -fi && ./configure -q && make -f GNUmakefile dist
}

(umask 022 && pack "$dir/one") >"$dir/log" 2>&1
result $? 'make dist'
(umask 077 && export TZ=Asia/Tokyo LC_ALL=C && mkdir "$dir/two" && pack "$dir/two/deeper") \
    >"$dir/log" 2>&1
result $? 'make dist, again'
tarball=$(cd "$dir/one" && echo forkscope-*.tar.gz)
cmp "$dir/one/$tarball" "$dir/two/deeper/$tarball" >"$dir/log" 2>&1
result $? 'both make the same bytes'
cp "$dir/one/$tarball" "$here" && sha256sum "$tarball"
grep -q "^## .*(unreleased)" "$source/CHANGELOG.md" &&
    echo 'note: CHANGELOG.md says unreleased; the commit that is tagged has the date there'

echo "$passed passed, $failed failed"
test "$failed" -eq 0
