#!/bin/bash
# usage: deb.sh TARBALL     builds the Debian packages of a release in ./deb, and has lintian look
# Needs dpkg-dev, debhelper and what debian/control wants; the tests of the library are not run.
# Prints what was built, how long it took, and `N passed, N failed`.
set -u

tarball=$(realpath "$1") || exit 1
passed=0 failed=0
unset MAKEFLAGS MFLAGS MAKELEVEL

command -v dpkg-buildpackage >/dev/null && command -v dh >/dev/null ||
    { echo 'deb: dpkg-dev and debhelper are not here; skipped'; exit 0; }

rm -rf deb
mkdir deb && cd deb || exit 1
version=$(basename "$tarball" .tar.gz)
cp "$tarball" "forkscope_${version#forkscope-}.orig.tar.gz"
tar -xf "$tarball" || exit 1
began=$SECONDS
if (cd "$version" && DEB_BUILD_OPTIONS="nocheck parallel=${JOBS:-2}" dpkg-buildpackage -us -uc -b) \
    >build.log 2>&1; then
    passed=1
    echo "built in $((SECONDS - began)) s:"
    ls -- *.deb
else
    failed=1
    tail -n 40 build.log
fi

if test $failed -ne 0; then :
elif command -v lintian >/dev/null; then
    # The first upload to Debian itself would close the bug that asks for the package.
    as=
    test "$(id -u)" -ne 0 || as=--allow-root
    if lintian $as --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs \
        forkscope_*.changes >lintian.log 2>&1; then
        passed=$((passed + 1))
        echo 'lintian: no errors, no warnings'
    else
        failed=$((failed + 1))
        cat lintian.log
    fi
else
    echo 'skipped: lintian is not here'
fi

echo "$passed passed, $failed failed"
test "$failed" -eq 0
