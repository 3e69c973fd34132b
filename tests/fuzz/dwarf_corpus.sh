#!/bin/sh
# Makes small files with debug information of several kinds, as the first inputs of the target
# dwarf, in the folder that is given.
out=$(cd "$1" && pwd) || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cat >"$dir/small.c" <<'END'
static inline __attribute__((always_inline)) int inner(volatile int *p)
{
    return *p + 1;
}
static __attribute__((noinline)) int middle(volatile int *p)
{
    int sum = 0;
    for (int i = 0; i < 3; i++)
        sum += inner(p + i);
    return sum;
}
int outer(volatile int *p)
{
    return middle(p) + inner(p);
}
END
cd "$dir" || exit 1
number=0
for compiler in ${CC:-cc} clang; do
    command -v "$compiler" >/dev/null 2>&1 || continue
    for kind in -gdwarf-3 -gdwarf-4 -gdwarf-5 '-gdwarf-5 -gsplit-dwarf' '-gdwarf-4 -gz' \
        '-gdwarf-5 -fdebug-types-section'; do
        number=$((number + 1))
        $compiler -O1 $kind -fPIC -shared -nostdlib -Wl,--build-id=none -Wl,-z,noseparate-code \
            small.c -o "$out/made-$number" 2>/dev/null
    done
done
