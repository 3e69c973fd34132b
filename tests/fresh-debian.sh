#!/bin/bash
# usage: fresh-debian.sh REPOSITORY [GOAL...]     as root, with debootstrap installed
# Clones REPOSITORY into a bare Debian 12 that has nothing but git and make, and runs the goals
# (demo and check) there.
set -eu

repository=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- demo check
root=$(mktemp -d "${TMPDIR:-/tmp}/fresh-debian.XXXXXX")

leave()
{
    umount -l "$root/proc" "$root/dev/pts" "$root/dev" 2>/dev/null || true
    rm -rf --one-file-system "$root"
}
# mktemp lets nobody else in; tests that give up root live here too.
chmod 755 "$root"
trap leave EXIT

debootstrap --variant=minbase --include=git,make,ca-certificates \
    bookworm "$root" "${DEBIAN_MIRROR:-}"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
git -c safe.directory='*' clone -q --no-hardlinks "$repository" "$root/root/forkscope"
for goal in "$@"; do
    chroot "$root" /usr/bin/env -i HOME=/root VERBOSE=1 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        make -C /root/forkscope "$goal" </dev/null
done
