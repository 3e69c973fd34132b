#!/bin/sh
# Files, lines and inlined functions of frames, wherever the debug information of a module is and in
# whatever form; without any, and with broken ones, the frames are there all the same.
source=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-cc}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
passed=0 failed=0

if nm .libs/libforkscope.* 2>/dev/null | grep -q '__[at]san_init'; then
    echo "this library is built with a sanitizer: its programs are too"
    echo "1 passed, 0 failed"
    exit 0
fi
if test -e .libs/libforkscope.so; then
    library="-L.libs -Wl,-rpath,$(pwd)/.libs -lforkscope"
else
    library=".libs/libforkscope.a $(sed -n 's/^Libs.private: //p' src/forkscope.pc)"
fi
$cc -O1 -g -w -std=gnu11 -pthread -D_GNU_SOURCE -I"$source/../include" "$source/debug_files.c" \
    -o "$dir/program" $library $(pkg-config --cflags --libs jansson) -ldl || exit 1
has_dw=$(grep -c '^#define HAVE_DW 1' src/config.h)
cp "$source/debug_files_plugin.c" "$dir/"
touch -d '2 days ago' "$dir/debug_files_plugin.c"

line_of() { # remark
    grep -n "the $1 \*/" "$source/debug_files_plugin.c" | cut -d: -f1
}

file=debug_files_plugin.c
cat >"$dir/whole" <<END
inlined_read $file:$(line_of read) inlined
hidden_function $file:$(line_of 'hidden call')
plugin_crash $file:$(line_of 'outer call')
int value = *(volatile int *)box->value; /* the read */
END
sed '$d' "$dir/whole" >"$dir/unread"
printf 'hidden_function -:0\nplugin_crash -:0\n' >"$dir/names"
printf '? -:0\nplugin_crash -:0\n' >"$dir/dynamic"
test "$has_dw" = 1 || cp "$dir/names" "$dir/whole"
test "$has_dw" = 1 || cp "$dir/names" "$dir/unread"

# Starts in a new folder, with a plugin that is built so. False if it cannot be.
build() { # compiler, flags
    compiler=$1
    shift
    rm -rf "$dir/case"
    mkdir -p "$dir/case/.debug"
    (cd "$dir" && $compiler -O1 -g -w -fPIC -shared "$@" "$dir/$file" -o case/plugin.so \
        2>log) && cd "$dir/case"
}

check() { # name, what is expected
    if timeout 60 ../program "$dir/case/plugin.so" >../out 2>../log && cmp -s "../$2" ../out; then
        echo "ok     $1"
        passed=$((passed + 1))
    else
        echo "FAILED $1"
        cat ../log ../out
        failed=$((failed + 1))
    fi
}

# The debug information leaves the plugin, which names its file.
part() { # file
    objcopy --only-keep-debug plugin.so "$1" && strip -s plugin.so &&
        objcopy --add-gnu-debuglink="$1" plugin.so
}

make_mini() {
    nm plugin.so -D --format=posix --defined-only | awk '{print $1}' | sort >dynamic &&
        nm plugin.so --format=posix --defined-only | awk '$2 ~ /[tT]/ {print $1}' | sort >all &&
        comm -13 dynamic all >wanted && objcopy --only-keep-debug plugin.so mini.debug &&
        objcopy -S --remove-section .comment --keep-symbols=wanted mini.debug mini &&
        xz -f mini && strip -s plugin.so && objcopy --add-section .gnu_debugdata="$1" plugin.so
}


build "$cc" && check "in the module" whole
for form in -gdwarf-4 -gdwarf-5 -gz -gsplit-dwarf; do
    if build "$cc" $form; then check "in the module, $form" whole; fi
done
# What the information names is a pipe, which nobody writes: it is not opened.
sed '/^hidden_function/d; s/^inlined_read.*/hidden_function '"$file:$(line_of read)"'/' \
    "$dir/whole" >"$dir/skeleton"
test "$has_dw" = 1 || cp "$dir/names" "$dir/skeleton"
if build "$cc" -gsplit-dwarf; then
    for entries in *.dwo; do
        rm -f "$entries" && mkfifo "$entries"
    done
    check "entries in a file that is a pipe" skeleton
    rm -f ./*.dwo && mkfifo plugin.so.dwp && check "a file of all entries that is a pipe" skeleton
fi
if command -v clang >/dev/null && build clang; then check "in the module, by clang" whole; fi
build "$cc" && touch "$dir/$file" && touch -d yesterday plugin.so && check "older than its source" unread
touch -d '2 days ago' "$dir/$file"
if command -v objcopy >/dev/null; then
    build "$cc" && part plugin.debug && check "beside the module" whole
    mv plugin.debug .debug/ && check "in .debug" whole
    build "$cc" -Wl,--build-id=none && part plugin.debug &&
        check "beside a module without build-id" whole
    echo >>plugin.debug && check "with another check sum" dynamic
    build "$cc" && part plugin.debug && $cc -O1 -g -w -fPIC -shared -DOTHER -Wl,--build-id=0x4711 \
        "$dir/$file" -o other.so && objcopy --only-keep-debug other.so plugin.debug &&
        check "with another build-id" dynamic
    build "$cc" && part ../fifo && rm -f ../fifo && mkfifo fifo && check "a pipe, in its place" dynamic
    build "$cc" && mkfifo pipe && printf 'pipe\0%020d' 0 >link &&
        objcopy --add-section .gnu_debugaltlink=link plugin.so &&
        check "a common file that is a pipe" names
    build "$cc" && strip -g plugin.so && check "none" names
    if command -v xz >/dev/null; then
        build "$cc" && make_mini mini.xz && check "names, compressed" names
        build "$cc" && head -c 100 /dev/zero >none.xz && make_mini none.xz &&
            check "names, compressed and broken" dynamic
    fi
    runs=0
    for section in info abbrev line str line_str aranges rnglists loclists; do
        build "$cc" -gdwarf-5 && objcopy -O binary --only-section=.debug_$section \
            --set-section-flags .debug_$section=alloc plugin.so bytes
        test -s bytes || continue
        cp plugin.so sound.so
        for change in '\001-\377\000' '\200-\377\000-\177' '\377\000-\376' '[\377*]' '[\000*]'; do
            cp sound.so plugin.so
            LC_ALL=C tr '\000-\377' "$change" <bytes >changed
            objcopy --update-section .debug_$section=changed plugin.so 2>/dev/null
            runs=$((runs + 1))
            timeout 60 ../program "$dir/case/plugin.so" >../out 2>../log
            grep -v inlined ../out | sed 's/ .*//' | head -2 | xargs >>../broken
        done
    done
    yes 'hidden_function plugin_crash' | head -n "$runs" >../expected
    if test $runs -gt 0 && cmp -s ../broken ../expected; then
        echo "ok     broken information, in $runs ways"
        passed=$((passed + 1))
    else
        echo "FAILED broken information"
        cat ../broken
        failed=$((failed + 1))
    fi
fi
cd /
echo "$passed passed, $failed failed"
test $failed = 0
