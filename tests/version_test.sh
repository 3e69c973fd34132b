#!/bin/sh
# All places that tell the version or the soname tell the same.
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0

same() # what, one, other
{
    if test -n "$2" && test "$2" = "$3"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1: $2, $3"
    fi
}

number() # MAJOR, MINOR or PATCH
{
    sed -n "s/^#define FORKSCOPE_VERSION_$1 //p" include/forkscope.h
}

version=$(sed -n 's/^AC_INIT(\[forkscope\], \[\(.*\)\])$/\1/p' configure.ac)
same 'configure.ac, FORKSCOPE_VERSION' \
    "$version" "$(sed -n 's/^#define FORKSCOPE_VERSION "\(.*\)"/\1/p' include/forkscope.h)"
same 'configure.ac, the numbers of forkscope.h' \
    "$version" "$(number MAJOR).$(number MINOR).$(number PATCH)"
same 'configure.ac, the newest entry of CHANGELOG.md' \
    "$version" "$(sed -n 's/^## \([0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)"
same 'configure.ac, debian/changelog' \
    "$version" "$(sed -n '1s/^forkscope (\(.*\)-[0-9]*).*/\1/p' debian/changelog)"

# libtool: current:revision:age. The soname has current - age.
for of in 'src forkscope' 'src/cunit forkscope-cunit'; do
    set -- $of
    info=$(sed -n "s/^lib$(echo "$2" | tr - _)_la_LDFLAGS = .*-version-info \([0-9:]*\).*/\1/p" "$1/local.mk")
    soname=$((${info%%:*} - ${info##*:}))
    same "$1/local.mk, $1/$2.map" "$soname" "$(sed -n 's/^[A-Z_]*_\([0-9]*\) {$/\1/p' "$1/$2.map")"
    same "$1/local.mk, a package of debian/control" "lib$2$soname" \
        "$(sed -n "s/^Package: \(lib$2[0-9]*\)$/\1/p" debian/control)"
done

echo "$passed passed, $failed failed"
test "$failed" -eq 0
