#!/bin/sh
# The library keeps to the floors of src/README.md: files include and use what lies in their own room
# and on lower floors only, and neither rooms nor the files of one room depend on each other in a
# circle. No room is more than an eighth of the library.
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
build=$PWD
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# A check passes when it has printed nothing.
check() {
    if test -s "$work/found"; then
        printf '%s:\n' "$1"
        sed 's/^/    /' "$work/found"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

# Each "room floor".
sed -n 's/^| *\([0-9][0-9]*\) *| *\([a-z/]*\) *|.*/\2 \1/p' "$top/src/README.md" >"$work/floors"

cd "$top" || exit 1
ls -d src/*/ forkserver/ forkserver/*/ | sed 's,/$,,' | while read -r room; do
    ls "$room"/*.c >/dev/null 2>&1 && echo "$room"
done | sort >"$work/rooms"
cut -d' ' -f1 "$work/floors" | sort | comm -3 - "$work/rooms" >"$work/found"
check "rooms without a floor, floors without a room"

# Each "file header" of the library's own headers.
sed 's,$,/*.[ch],' "$work/rooms" | while read -r files; do
    grep -Ho '^ *# *include "[^"]*"' $files
done | sed 's/^\([^:]*\):.*"\(.*\)"/\1 \2/' | grep -v ' src/config\.h$' >"$work/includes"
awk 'function room(f) { sub("/[^/]*$", "", f); return f }
     FILENAME == ARGV[1] { floor[$1] = $2; next }
     room($1) != room($2) && !(floor[room($2)] < floor[room($1)]) { print $1 " includes " $2 }' \
    "$work/floors" "$work/includes" >"$work/found"
check "includes that do not lead down"

# tsort names the members of a circle on standard error.
circles() {
    tsort "$1" 2>&1 >/dev/null | sed -n 's/^tsort: \([^ ]*\)$/\1/p' | sort -u
}

circles "$work/includes" >"$work/found"
check "files that include each other in a circle"

# Each "symbol file" that is defined, and that is used: of the objects that the build has made.
cd "$build" || exit 1
sed 's,$,/*.o,; p; s,/\*\.o$,/.libs/*.o,' "$work/rooms" | while read -r objects; do
    for object in $objects; do test ! -e "$object" || echo "$object"; done
done >"$work/objects"
xargs nm -A -P <"$work/objects" | awk -v top="$top" '{
        file = substr($1, 1, length($1) - 1)
        sub("/[.]libs/", "/", file)
        sub("/lib[^/]*_la-", "/", file)
        sub("[.]o$", ".c", file)
        if (!(file in there)) {
            path = top "/" file
            there[file] = (getline line < path) >= 0
            close(path)
        }
        if (there[file])
            print file, $2, $3
    }' >"$work/symbols"
awk '$3 ~ /^[TDBRVWC]$/ { print $2, $1 }' "$work/symbols" | sort >"$work/defined"
awk '$3 == "U" { print $2, $1 }' "$work/symbols" | sort >"$work/used"
join "$work/used" "$work/defined" | awk '$2 != $3 { print $2, $3 }' | sort -u >"$work/calls"
test -s "$work/calls" || echo "no calls between files were found" >"$work/found"
check "objects to look at"

sed 's,/[^/ ]*\( \|$\),\1,g' "$work/calls" | awk '$1 != $2' | sort -u >"$work/room-calls"
circles "$work/room-calls" >"$work/found"
check "rooms that use each other in a circle"

awk 'FILENAME == ARGV[1] { floor[$1] = $2; next }
     !(floor[$2] < floor[$1]) { print $1 " uses " $2 }' "$work/floors" "$work/room-calls" >"$work/found"
check "uses that do not lead down"

# By includes and uses together; a file and its header are one.
cat "$work/includes" "$work/calls" | sed 's,\.[ch]\( \|$\),\1,g' |
    awk 'function room(f) { sub("/[^/]*$", "", f); return f }
         room($1) == room($2) && $1 != $2' | sort -u >"$work/within"
circles "$work/within" >"$work/found"
check "files of one room that use each other in a circle"

cd "$top" || exit 1
while read -r room; do
    echo "$room $(cat "$room"/*.[ch] | wc -l)"
done <"$work/rooms" >"$work/lines"
awk '{ lines[$1] = $2; all += $2 }
     END { for (room in lines) if (8 * lines[room] > all) print room ": " lines[room] " lines of " all }' \
    "$work/lines" >"$work/found"
check "rooms that hold more than an eighth of the library"

echo "$passed passed, $failed failed"
test "$failed" -eq 0
