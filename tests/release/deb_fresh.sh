#!/bin/bash
# usage: deb_fresh.sh DEB-FOLDER     as root, with debootstrap installed
# Installs the packages of `make deb` on a bare Debian, runs the package's own tests there as a user,
# removes the packages, and compares the system with what it was before. Prints `N passed, N failed`.
set -u

debs=$(realpath "$1") || exit 1
release=${DEBIAN_RELEASE:-bookworm}
if test "$(id -u)" -ne 0 || ! command -v debootstrap >/dev/null; then
    echo 'check-deb: needs root and debootstrap; skipped'
    exit 0
fi
root=$(mktemp -d "${TMPDIR:-/tmp}/fresh-deb.XXXXXX") || exit 1
passed=0 failed=0

leave()
{
    umount -l "$root/proc" "$root/dev" 2>/dev/null
    rm -rf --one-file-system "$root"
}
chmod 755 "$root"
trap leave EXIT

result() # 0 or other, name
{
    if test "$1" -eq 0; then
        passed=$((passed + 1))
        echo "ok     $2"
    else
        failed=$((failed + 1))
        echo "FAILED $2"
        tail -n 40 "$root.log"
    fi
}

inside()
{
    chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

# All files, but what apt and dpkg write down for themselves.
files()
{
    (cd "$root" && find . -xdev ! -path './proc/*' ! -path './dev/*' ! -path './tmp/*' \
        ! -path './root/*' ! -path './var/cache/*' ! -path './var/log/*' \
        ! -path './var/lib/apt/*' ! -path './var/lib/dpkg/*' ! -path './etc/ld.so.cache' | sort)
}

debootstrap --variant=minbase "$release" "$root" "${DEBIAN_MIRROR:-}" >"$root.log" 2>&1
result $? "a bare $release"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" || exit 1
mkdir "$root/root/debs" && cp "$debs"/*.deb "$root/root/debs" || exit 1

# What the packages need beside themselves stays; only they are compared.
others='gcc g++ libc6-dev cmake make pkg-config libcunit1-dev libjansson-dev libseccomp-dev'
others+=' libdw1 libunwind8 libpng16-16 libxml2 libarchive13'
inside apt-get install -y -q --no-install-recommends $others >"$root.log" 2>&1
result $? 'compilers and libraries'
files >"$root.before"

inside sh -c 'apt-get install -y -q --no-install-recommends /root/debs/*.deb' >"$root.log" 2>&1
result $? 'the packages are installed'
inside dpkg --audit >"$root.log" 2>&1 && ! test -s "$root.log"
result $? 'dpkg finds nothing wrong'

"$(dirname "$0")/../links.sh" "$root/usr/share/doc/forkscope-doc" >"$root.log"
result $? 'all links between the documents lead to installed files'

inside mkdir -p /tmp/source && cp -r "$debs"/forkscope-*/debian "$debs"/forkscope-*/README.md \
    "$debs"/forkscope-*/examples "$root/tmp/source"
inside chmod -R a+rX /tmp/source
inside setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/tmp \
    sh /tmp/source/debian/tests/readme >"$root.log" 2>&1
result $? "the package's own tests"
grep ': ok$' "$root.log"

packages=$(cd "$debs" && for deb in *.deb; do dpkg-deb -f "$deb" Package; done)
inside apt-get purge -y -q $packages >"$root.log" 2>&1
result $? 'the packages are removed'
files >"$root.after"
diff "$root.before" "$root.after" >"$root.log"
result $? 'the system is what it was'
rm -f "$root.log" "$root.before" "$root.after"

echo "$passed passed, $failed failed"
test "$failed" -eq 0
