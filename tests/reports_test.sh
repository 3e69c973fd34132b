#!/bin/sh
# Reports and the tools of others: what a caller learns of a death under valgrind and in a program
# with the address sanitizer; core files; debuggers and profilers that attach to a child. What is
# not here is skipped by name.
set -u
source=$(cd "$(dirname "$0")" && pwd)
build=$(pwd)
cc=${CC:-cc}
dir=$(mktemp -d) || exit 1
trap 'exec 3>&-; rm -rf "$dir"' EXIT
passed=0 failed=0

if nm .libs/libforkscope.* 2>/dev/null | grep -q '__[at]san_init'; then
    echo "skipped: this library is built with a sanitizer itself"
    echo "1 passed, 0 failed"
    exit 0
fi
link="-L$build/.libs -Wl,-rpath,$build/.libs -lforkscope"
test -e .libs/libforkscope.so || link="$build/.libs/libforkscope.a -Wl,--no-as-needed -lgcc_s \
    $(sed -n "s/^Libs.private: //p" src/forkscope.pc)"

build() # name of the program, flags
{
    program=$1
    shift
    $cc -O1 -g -w -std=gnu11 -pthread -fexceptions -fno-omit-frame-pointer -D_GNU_SOURCE "$@" \
        -I"$source/../include" "$source/reports.c" -o "$dir/$program" $link \
        $(pkg-config --cflags --libs jansson) >"$dir/log" 2>&1
}

is_here()
{
    command -v "$1" >/dev/null 2>&1 || { echo "skipped: $1 is not here"; false; }
}

say() # name, whether it is right
{
    if test "$2" = 0; then
        echo "ok     $1"
        passed=$((passed + 1))
    else
        echo "FAILED $1"
        cat "$dir/log" "$dir/out" 2>/dev/null
        failed=$((failed + 1))
    fi
}

cat >"$dir/deaths" <<'END'
null: signal: killed by signal 11 (SIGSEGV): crash_here
assert: assert: reports.c: assert_here: Assertion `nowhere != NULL' failed.: assert_here
abort: signal: killed by signal 6 (SIGABRT): abort_here
END

deaths() # name, command
{
    name=$1
    shift
    "$@" 2>"$dir/log" | sed "s/^\(assert: assert: reports.c\):[0-9]*/\1/" >"$dir/out"
    cmp -s "$dir/deaths" "$dir/out"
    say "$name" $?
}

build reports || { cat "$dir/log"; echo "0 passed, 1 failed"; exit 1; }
deaths "a report without any tool" timeout 60 "$dir/reports" deaths
if is_here valgrind; then
    deaths "a report under valgrind" \
        timeout 300 valgrind -q --leak-check=no --log-file=/dev/null "$dir/reports" deaths
fi
if build sanitized -fsanitize=address; then
    deaths "a report with the address sanitizer" \
        env ASAN_OPTIONS=handle_segv=0:handle_abort=0:detect_leaks=0 timeout 100 "$dir/sanitized" deaths
else
    echo "skipped: no address sanitizer is here"
fi

# ---- core files ----

core()
{
    mkdir "$dir/cores" && cd "$dir/cores" || return 1
    timeout 60 "$dir/reports" core >"$dir/out" 2>&1
    set -- *
    test -f "$1" || { ls -l >>"$dir/out"; return 1; }
    "$dir/reports" look "$1" >>"$dir/out" 2>&1
    printf '%s\n' "core: signal: killed by signal 11 (SIGSEGV): crash_here" \
        "core: reports, signal 11, 3 threads, whole" | cmp -s - "$dir/out"
}

pattern=$(cat /proc/sys/kernel/core_pattern 2>/dev/null)
case $pattern in
'' | '|'* | */*) echo "skipped: core files, which core_pattern ($pattern) sends elsewhere" ;;
*)
    if test "$(ulimit -H -c)" = unlimited; then
        (ulimit -c unlimited && core)
        say "a core file is whole, has the clean stack, and is named after the program" $?
        if is_here gdb; then
            (cd "$dir/cores" && gdb -nx -batch -ex 'frame 0' -ex 'info threads' "$dir/reports" ./*) \
                >"$dir/out" 2>&1
            grep -q '^#0 .*crash_here' "$dir/out"
            say "gdb finds the crash in the core file" $?
        fi
    else
        echo "skipped: core files, which a limit forbids"
    fi ;;
esac

# ---- tools that attach ----

# A call that waits, until end_call.
begin_call()
{
    rm -f "$dir/hold" "$dir/pid" && mkfifo "$dir/hold" || return 1
    "$dir/reports" wait <"$dir/hold" >"$dir/pid" 2>"$dir/log" &
    host=$!
    exec 3>"$dir/hold"
    tries=0
    while ! test -s "$dir/pid" && test $tries -lt 600; do
        sleep 0.1
        tries=$((tries + 1))
    done
    pid=$(cat "$dir/pid")
    test -n "$pid"
}

# A call that was attached to ends as ever.
end_call()
{
    exec 3>&-
    wait $host
}

if is_here gdb; then
    begin_call || say "a call to attach to" 1
    timeout 100 gdb -nx -batch -p "$pid" -ex bt -ex detach >"$dir/out" 2>&1
    attached=1
    grep -q 'wait_here' "$dir/out" && end_call && attached=0
    say "gdb attaches to a child, which goes on after it" $attached
fi
if is_here perf; then
    begin_call || say "a call to attach to" 1
    if timeout 100 perf record -o "$dir/perf" -e task-clock -p "$pid" -- true >"$dir/out" 2>&1; then
        end_call
        say "perf attaches to a child" $?
    else
        end_call
        grep -qi 'permission\|not supported\|paranoid' "$dir/out" &&
            echo "skipped: perf may not measure here" || say "perf attaches to a child" 1
    fi
fi

echo "$passed passed, $failed failed"
test $failed = 0
