#!/bin/sh
# against.sh REV [NAME...]: measures the version REV and the present files against each other.
#
# Both are built out of the tree, in a directory of their own. Then `bench` of the one and of the
# other run in turns, ROUNDS times, for the figures whose names begin with NAME. What noise there is
# affects both. One JSON object a line: the medians of the rounds, and their ratio.
#
#   value   new / old of the figure, which is subject / baseline of the same run. Below 1 the new
#           version is better, unless the figure is a rate
#   us      new / old of the subject's time alone
rev=$1
test -n "$rev" || { echo "usage: make bench-against REV=commit [NAMES='spawn.paced pool']" >&2; exit 2; }
shift
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
rounds=${ROUNDS:-7} jobs=${JOBS:-$(nproc)}
work=${AGAINST_DIR:-$(mktemp -d)} || exit 1
test -n "$AGAINST_DIR" || trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
commit=$(git -C "$top" rev-parse --verify "$rev^{commit}") || exit 1

# The build of a commit can be kept from one run to the next in AGAINST_DIR.
build() {
    (cd "$1" && unset MAKEFLAGS MFLAGS && make -j"$jobs" all &&
        make -j"$jobs" tests/bench/bench) >"$1.log" 2>&1 ||
        { tail -20 "$1.log" >&2; echo "cannot build $1" >&2; exit 1; }
}

old=$work/$commit new=$work/new
if ! test -x "$old/tests/bench/bench"; then
    mkdir -p "$old" && git -C "$top" archive "$commit" | tar -xf - -C "$old" || exit 1
    build "$old"
fi
mkdir -p "$new" && (cd "$top" && git ls-files -co --exclude-standard -z |
    xargs -0 sh -c 'for file; do test -e "$file" && printf "%s\0" "$file"; done' sh |
    tar --null -T - -cf -) | tar -xf - -C "$new" || exit 1
build "$new"

# one VERSION DIRECTORY: notes the lines of one run.
one() {
    QUICK=${QUICK-1} "$2/tests/bench/bench" $names 2>/dev/null | sed "s/^/$1 /" >>"$work/lines"
}

# The order of a round alternates: what a run leaves behind falls upon the one behind it.
: >"$work/lines"
names=$*
round=1
while test "$round" -le "$rounds"; do
    echo "round $round of $rounds" >&2
    if test $((round % 2)) -eq 1; then
        one old "$old"
        one new "$new"
    else
        one new "$new"
        one old "$old"
    fi
    round=$((round + 1))
done

# Lines such as: old {"name":"spawn.paced.vs_fork","pinned":true,"value":0.5,...,"us":50.1,...}
awk '
function field(name,    rest) {
    rest = $0
    if (!sub(".*\"" name "\":", "", rest)) return ""
    sub("[,}].*", "", rest)
    gsub("\"", "", rest)
    return rest
}
function median(list,    parts, n, i, k, t) {
    n = split(list, parts, " ")
    for (i = 2; i <= n; i++) {
        t = parts[i] + 0
        for (k = i - 1; k > 0 && parts[k] + 0 > t; k--) parts[k + 1] = parts[k]
        parts[k + 1] = t
    }
    return n % 2 ? parts[(n + 1) / 2] : (parts[n / 2] + parts[n / 2 + 1]) / 2
}
{
    figure = field("name") " " field("pinned")
    if (!(figure in seen)) order[++figures] = figure
    seen[figure] = 1
    time = field("us") != "" ? field("us") : field("KiB")
    value[$1 " " figure] = value[$1 " " figure] " " field("value")
    times[$1 " " figure] = times[$1 " " figure] " " time
    count[$1 " " figure]++
}
END {
    for (i = 1; i <= figures; i++) {
        f = order[i]
        if (!count["old " f] || !count["new " f]) continue
        split(f, part, " ")
        a = median(value["old " f]); b = median(value["new " f])
        s = median(times["old " f]); t = median(times["new " f])
        printf "{\"name\":\"%s\",\"pinned\":%s,\"value\":%.3f,\"old\":%.3f,\"new\":%.3f,", part[1], part[2], b / a, a, b
        printf "\"us\":%.3f,\"old_us\":%.1f,\"new_us\":%.1f,\"rounds\":%d}\n", t / s, s, t, count["new " f]
    }
}' "$work/lines"
