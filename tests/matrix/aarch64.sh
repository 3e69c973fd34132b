#!/bin/bash
# usage: aarch64.sh TARBALL     as root (debootstrap)
# Builds the library of a release for aarch64 with a cross compiler, without a warning, and runs
# user.c and test programs on a machine that qemu emulates whole, with the kernel of Debian: so ptrace(2),
# seccomp filters, Landlock and everything else of a kernel is there, which qemu's emulation of single
# programs has not. Prints what ran, with its seconds there, and `N passed, N failed`.
# AARCH64_ROOT: a folder for Debian's libraries and kernel, kept from run to run.
# AARCH64_TESTS: the test programs ("tests/pool/calls_test ...").
set -u

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS LDFLAGS CC CXX
root=${AARCH64_ROOT:-$dir/root}
here=$(cd "$(dirname "$0")" && pwd)
tests=${AARCH64_TESTS-tests/base/timers_test tests/call/kill_test tests/call/spawn_test
    tests/crash/backtrace_test tests/crash/fault_test tests/crash/unwind_test
    tests/fresh/fresh_test tests/pool/calls_test tests/sandbox/compute_test
    tests/scope/cancel_test tests/scope/scope_test tests/tree/tree_test tests/typed/typed_test}

for tool in aarch64-linux-gnu-gcc qemu-system-aarch64 debootstrap cpio; do
    command -v $tool >/dev/null || { echo "check-aarch64: $tool is not here; skipped"; exit 0; }
done
test "$(id -u)" -eq 0 || { echo 'check-aarch64: debootstrap needs root; skipped'; exit 0; }

result() # 0 or other, name
{
    if test "$1" -eq 0; then
        passed=$((passed + 1))
        echo "ok     $2"
    else
        failed=$((failed + 1))
        echo "FAILED $2"
        grep -vE '^ +(CC|CXX|CCLD|GEN) ' "$dir/log" | tail -n 40
    fi
}

finish()
{
    echo "$passed passed, $failed failed"
    test "$failed" -eq 0
    exit
}

# Nothing in it is ever run here, so the packages are unpacked and not set up.
libraries()
{
    local package
    test ! -e "$root/unpacked" || return 0
    rm -rf "$root"
    debootstrap --arch=arm64 --variant=minbase --foreign --include=libc6-dev,libcunit1-dev,libdw-dev,\
libjansson-dev,libseccomp-dev,libstdc++-12-dev,libunwind-dev,linux-image-arm64 \
        "${DEBIAN_RELEASE:-bookworm}" "$root" "${DEBIAN_MIRROR:-}" || return
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" |
            tar -C "$root" --keep-directory-symlink --exclude='./lib/modules' -xf - || return
    done
    touch "$root/unpacked"
}

build()
{
    local compiler="aarch64-linux-gnu-gcc --sysroot=$root"
    export PKG_CONFIG_SYSROOT_DIR=$root
    export PKG_CONFIG_LIBDIR=$root/usr/lib/aarch64-linux-gnu/pkgconfig
    mkdir "$dir/build" && cd "$dir/build" &&
        ../source/configure -q --host=aarch64-linux-gnu --enable-werror CC="$compiler" CFLAGS='-g -O2' &&
        make -f GNUmakefile -j"${JOBS:-2}" libforkscope.la libforkscope-cunit.la $tests &&
        $compiler -std=c11 -g -O2 -I../source/include "$here/user.c" -o user .libs/libforkscope.so \
            -ljansson -pthread &&
        $compiler -std=gnu11 -D_GNU_SOURCE -O2 -static "$here/machine.c" -o machine
}

# What the machine has: the programs, and the libraries that they load.
disk()
{
    local disk=$dir/disk library test
    mkdir -p "$disk"/{bin,dev,etc,lib/aarch64-linux-gnu,proc,root,sys,t,tmp}
    cp machine "$disk/init" && cp user "$disk/t/user" && cp -L "$root/bin/dash" "$disk/bin/sh" || return
    echo 'root:x:0:0::/root:/bin/sh' >"$disk/etc/passwd"
    echo 'root:x:0:' >"$disk/etc/group"
    echo /t/user >"$disk/list"
    for test in $tests; do
        library=${test#tests/}
        aarch64-linux-gnu-objcopy --strip-debug "$test" "$disk/t/${library////.}" || return
        echo "/t/${library////.}" >>"$disk/list"
    done
    cp -L "$root/lib/ld-linux-aarch64.so.1" "$disk/lib" || return
    for library in libbz2.so.1.0 libc.so.6 libcunit.so.1 libdw.so.1 libelf.so.1 libgcc_s.so.1 \
        libjansson.so.4 liblzma.so.5 libm.so.6 libseccomp.so.2 libunwind-aarch64.so.8 libunwind.so.8 \
        libz.so.1; do
        cp -L "$root/lib/aarch64-linux-gnu/$library" "$disk/lib/aarch64-linux-gnu" 2>/dev/null ||
            cp -L "$root/usr/lib/aarch64-linux-gnu/$library" "$disk/lib/aarch64-linux-gnu" || return
    done
    cp -L .libs/libforkscope.so.0 "$disk/lib/aarch64-linux-gnu" || return
    (cd "$disk" && find . | cpio -o -H newc --quiet | gzip -1) >"$dir/disk.gz"
}

# A line of the machine's console may end with a carriage return.
run()
{
    timeout "${AARCH64_SECONDS:-1800}" qemu-system-aarch64 -M virt -cpu cortex-a72 -m 2048 -nographic \
        -nic none -no-reboot -kernel "$root"/boot/vmlinuz-* -initrd "$dir/disk.gz" \
        -append 'console=ttyAMA0 quiet panic=-1 random.trust_cpu=on' </dev/null 2>&1 | tr -d '\r'
}

if test -d "$1"; then
    ln -s "$(realpath "$1")" "$dir/source"
else
    mkdir "$dir/source"
    tar -C "$dir/source" --strip-components=1 -xf "$1" || exit 1
fi

libraries >"$dir/log" 2>&1
result $? 'libraries and kernel of Debian for arm64'
test $failed -eq 0 || finish
began=$SECONDS
build >"$dir/log" 2>&1
result $? "library and tests build without a warning ($((SECONDS - began)) s)"
test $failed -eq 0 || finish
cd "$dir/build" || exit 1
disk >"$dir/log" 2>&1
result $? 'the disk of the machine'
test $failed -eq 0 || finish
began=$SECONDS
run >"$dir/printed"
while read -r _ status seconds program; do
    grep -a -B 400 " $program\$" "$dir/printed" >"$dir/log"
    result "$status" "$program ($seconds s)"
done < <(grep -aE '^exit [0-9]+ [0-9]+ /t/' "$dir/printed")
tail -n 20 "$dir/printed" >"$dir/log"
test "$(grep -acE '^exit ' "$dir/printed")" -eq "$(wc -l <"$dir/disk/list")"
result $? "the machine ran all programs ($((SECONDS - began)) s)"
finish
