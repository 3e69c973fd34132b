#!/bin/bash
# run.sh BUILD [NAME...]: builds the deaths and hangs of this folder against the built tree BUILD,
# runs each in a program of its own, and prints how many of the reports are right, partly right,
# wrong, or without frames. What is not right is printed in full.
# TORTURE_KINDS: some of "pie nopie static static-pie clang". TORTURE_DIR: where the programs of a
# kind stay after the run.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
test -n "$1" || { sed -n 2,6p "$0" >&2; exit 2; }
build=$(cd "$1" && pwd) || exit 2
shift
test -f "$build/.libs/libforkscope.a" || { echo "$build: not built" >&2; exit 2; }
: "${TORTURE_KINDS:=pie nopie static static-pie clang}"
scratch=${TORTURE_DIR:-$(mktemp -d "${TMPDIR:-/tmp}/torture.XXXXXX")} || exit 2
mkdir -p "$scratch" && chmod 755 "$scratch"
group=/sys/fs/cgroup/memory/forkscope-torture-$$
trap 'test -n "$TORTURE_DIR" || rm -rf "$scratch"; test -d "$group" && rmdir "$group" 2>/dev/null' EXIT
if mkdir "$group" 2>/dev/null && echo $((64 << 20)) >"$group/memory.limit_in_bytes" 2>/dev/null; then
    export TORTURE_CGROUP=$group/cgroup.procs
fi

kind_flags() {
    cc=gcc cxx=g++ compile="-fPIE" link="-pie" static=
    case $1 in
    pie) ;;
    nopie) compile="-fno-pie" link="-no-pie" ;;
    static) compile="-fno-pie" link="-static" static=yes ;;
    static-pie) link="-static-pie" static=yes ;;
    clang) cc=clang cxx=clang++ ;;
    *) echo "no kind $1" >&2; exit 2 ;;
    esac
    library="-L$build/.libs -Wl,-rpath,$build/.libs -lforkscope -ljansson -pthread -ldl"
    test -z "$static" || library="$build/.libs/libforkscope.a $(sed -n "s/^Libs.private: //p" "$build/src/forkscope.pc") -ljansson"
}

# Only the function that no program exports is hidden in it: its own name stands in no table but
# that of .gnu_debugdata.
make_mini() {
    $plugin -o plugin_mini.so &&
        nm plugin_mini.so -D --format=posix --defined-only | awk '{print $1}' | sort >dynamic &&
        nm plugin_mini.so --format=posix --defined-only |
        awk '$2 == "t" || $2 == "T" {print $1}' | sort >all &&
        comm -13 dynamic all >wanted &&
        objcopy --only-keep-debug plugin_mini.so mini.debug &&
        objcopy -S --remove-section .comment --keep-symbols=wanted mini.debug mini &&
        xz -f mini && strip -s plugin_mini.so &&
        objcopy --add-section .gnu_debugdata=mini.xz plugin_mini.so
}

make_plugins() {
    plugin="$cc -O2 -g -fPIC -shared -fomit-frame-pointer $here/plugin.c"
    $plugin -o plugin.so && $plugin -o plugin_stripped.so -s &&
        $plugin -o plugin_noid.so -Wl,--build-id=none &&
        $plugin -o plugin_nohdr.so -Wl,--no-eh-frame-hdr &&
        ${plugin%plugin.c}resolver.c -o plugin_ifunc.so && make_mini
}

make_program() {
    flags="-O2 -g -w -D_GNU_SOURCE -I$root -I$root/include $(pkg-config --cflags jansson) $compile"
    for source in "$here"/*.c; do
        case ${source##*/} in plugin.c | resolver.c) continue ;; esac
        $cc $flags -D_FORTIFY_SOURCE=2 -c "$source" || return 1
    done
    $cc $compile -c "$here/shapes.S" && $cxx $flags -c "$here/exceptions.cc" &&
        nm --defined-only *.o | awk '$2 ~ /^[tTwW]$/ {print $3}' >functions &&
        $cxx $flags -c "$here/judge.cc" && $cxx $link -o torture *.o $library
}

# A static program loads no plug-ins, and calls NULL where a dynamic one has the function that
# reports a call of a pure virtual one.
is_left_out() {
    case $1 in
    oom_kill) test -z "$TORTURE_CGROUP" ;;
    plugin_* | cxx_pure_virtual) test -n "$static" ;;
    *) false ;;
    esac
}

run_case() {
    rm -rf work
    mkdir -m 1777 work work/empty
    line=$(cd work && exec timeout -k 2 45 ../torture "$1" 2>/dev/null </dev/null |
        grep -aE "^(right|partly|wrong|none) $1" | tail -1)
    printf '%s' "${line:-wrong $1: no verdict}" | tr -c '[:print:]' '?'
}

score() {
    declare -A count=()
    while IFS=$'\t' read -r name what; do
        test -z "$names" || case " $names " in *" $name "*) ;; *) continue ;; esac
        is_left_out "$name" && continue
        line=$(run_case "$name")
        word=${line%% *}
        test "$word" = right || echo "$line"
        count[$what.$word]=$((${count[$what.$word]} + 1))
    done < <(./torture --list)
    for what in death hang; do
        echo "$1: ${what}s: ${count[$what.right]:-0} right, ${count[$what.partly]:-0} partly," \
            "${count[$what.wrong]:-0} wrong, ${count[$what.none]:-0} none"
    done
}

names=$*
status=0
for kind in $TORTURE_KINDS; do
    kind_flags "$kind"
    command -v "$cc" >/dev/null || { echo "$kind: left out, no $cc"; continue; }
    mkdir -p "$scratch/$kind" && cd "$scratch/$kind" || exit 2
    { make_plugins && make_program; } 2>errors ||
        { echo "$kind: does not build"; grep -m5 -i error errors; status=1; continue; }
    score "$kind"
done
exit $status
