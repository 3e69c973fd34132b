#!/bin/bash
# `make install` into an empty folder: all that is promised is there and nothing else; programs build
# and run with it; the shared libraries show their names under a version; a program that was linked
# before there were versions runs on; `make uninstall` leaves nothing.
set -u

build=$PWD
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
root=$dir/root
unset MAKEFLAGS MFLAGS MAKELEVEL

result() # 0 or other, name
{
    if test "$1" -eq 0; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $2"
        cat "$dir/log"
    fi
}

# A check passes when it has printed nothing.
none() # name
{
    cat "$dir/found" >"$dir/log"
    ! test -s "$dir/found"
    result $? "$1"
}

run_make()
{
    make -f GNUmakefile --no-print-directory "DESTDIR=$root" "$@" >"$dir/log" 2>&1
}

# What the makefile knows: $place[NAME]
declare -A place
names='includedir libdir docdir bindir mandir pkgconfigdir cmakedir CC SANITIZER_FLAGS'
names+=' have_shared have_static have_cunit'
while IFS='|' read -r name value; do place[$name]=$value; done < <({
    echo 'include GNUmakefile'
    echo 'have_shared = $(if $(SHARED_TRUE),,yes)'
    echo 'have_cunit = $(if $(HAVE_CUNIT_TRUE),,yes)'
    echo 'have_static = $(shell sed "/^build_old_libs=/!d;s///;q" libtool)'
    echo 'show:; @:'
    for name in $names; do printf '$(info %s|$(%s))\n' "$name" "$name"; done
} | make --no-print-directory -s -f - show 2>/dev/null)

run_make install
result $? 'make install'

# What has to be there, one path a line.
libraries=libforkscope
test -z "${place[have_cunit]}" || libraries+=' libforkscope-cunit'
{
    (cd "$top/include" && find . -name '*.h' -o -name '*.hpp') | sed "s,^\.,${place[includedir]}," |
        if test -n "${place[have_cunit]}"; then cat; else grep -v '/cunit\.h$'; fi
    for library in $libraries; do
        echo "${place[pkgconfigdir]}/${library#lib}.pc"
        echo "${place[libdir]}/$library.la"
        test "${place[have_static]}" != yes || echo "${place[libdir]}/$library.a"
        test -z "${place[have_shared]}" || for end in .so .so.0 .so.0.0.0; do
            echo "${place[libdir]}/$library$end"
        done
    done
    for end in '' -version; do echo "${place[cmakedir]}/forkscope-config$end.cmake"; done
    echo "${place[bindir]}/forkscope-vet"
    for page in README CHANGELOG CONTRIBUTING SANDBOX SECURITY; do
        echo "${place[docdir]}/$page.md"
    done
    (cd "$top" && ls doc/*.md doc/tree.svg doc/guide/*.md {forkserver,src,tests,tests/bench}/README.md \
        tests/bench/figures.svg) | sed "s,^,${place[docdir]}/,"
    echo "${place[docdir]}/LICENSE"
    (cd "$top/examples" && ls README.md [0-9]*_*.c [0-9]*_*.cpp [0-9]*_*.expected vet/*.[ch] \
        httpd/*.[ch]) | sed "s,^,${place[docdir]}/examples/,"
} | sort >"$dir/promised"
{
    echo "${place[mandir]}/man1/forkscope-vet.1"
    (cd "$top/doc" && ls man3/*.3 man7/*.7) | sed "s,^,${place[mandir]}/,"
} | cat - "$dir/promised" | sort -o "$dir/promised"
(cd "$root" && find . ! -type d) | sed 's,^\.,,' | sort >"$dir/installed"
comm -23 "$dir/promised" "$dir/installed" >"$dir/found"
none 'nothing is missing'
comm -13 "$dir/promised" "$dir/installed" >"$dir/found"
none 'nothing is there that is not promised'
"$top/tests/links.sh" "$root${place[docdir]}" >"$dir/found"
none 'all links between the installed documents lead to installed files'
if command -v man >/dev/null; then
    for page in procspawn scoped_spawn procspawn_builder_uid procspawn_builder_gid forkscope; do
        MANPAGER=cat man -M "$root${place[mandir]}" "$page" 2>&1 | grep -q '^NAME' || echo "$page"
    done >"$dir/found"
    none 'man finds the pages of functions'
else
    echo "skipped: man finds the pages of functions (man is not here)"
fi

run_make installcheck
result $? 'programs build and run with what is installed'
grep '^skipped' "$dir/log"

if test -n "${place[have_shared]}"; then
    # Of each library: every name has the version of its map, and the version that of the soname.
    for library in $libraries; do
        file=$root${place[libdir]}/$library.so
        node=$(sed -n 's/^\([A-Z_0-9]*\) {$/\1/p' "$top"/src/{,cunit/}"${library#lib}.map" 2>/dev/null)
        readelf -d "$file" | grep -q "soname: \[$library.so.${node##*_}\]"
        result $? "the version $node has the number of the soname"
        nm -D --defined-only "$file" | awk '{ print $3 }' | grep -v "@@$node$" |
            grep -vx "$node@*.*" >"$dir/found"
        none "each name of $library has the version $node"
    done

    # The library as it was before: names without versions.
    cat >"$dir/old.c" <<'E'
const char *forkscope_version(void) { return "old"; }
E
    cat >"$dir/user.c" <<'E'
#include <string.h>
const char *forkscope_version(void);
int main(void) { return strcmp(forkscope_version(), "old") == 0; }
E
    compiler="${place[CC]} ${place[SANITIZER_FLAGS]}"
    {
        $compiler -shared -fPIC -Wl,-soname,libforkscope.so.0 "$dir/old.c" -o "$dir/libforkscope.so" &&
            $compiler "$dir/user.c" -o "$dir/user" -L"$dir" -lforkscope &&
            LD_LIBRARY_PATH=$root${place[libdir]} "$dir/user"
    } >"$dir/log" 2>&1
    result $? 'a program that was linked with names without versions runs on'
fi

run_make uninstall
result $? 'make uninstall'
(cd "$root" && find . ! -type d) >"$dir/found"
none 'make uninstall leaves no file'
(cd "$root" && find . -type d -iname '*forkscope*') >"$dir/found"
none 'make uninstall leaves no folder of its own'

echo "$passed passed, $failed failed"
test "$failed" -eq 0
