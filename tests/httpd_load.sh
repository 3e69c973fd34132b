#!/bin/sh
# usage: httpd_load.sh [REQUESTS]     run in the build directory; needs ab (apache2-utils)
# Sends requests over 16 connections to the example httpd, 5 in 100 of them to a handler that
# crashes and 1 to one that hangs: every one must be answered with its status. A run without the
# bad ones stands beside it.

requests=${1-10000}
command -v ab >/dev/null || { echo "needs ab: apt-get install apache2-utils" >&2; exit 1; }
dir=$(mktemp -d) || exit 1
crashes=$((requests * 5 / 100)) hangs=$((requests / 100))
good=$((requests - crashes - hangs))

examples/httpd/httpd -d 500 >"$dir/out" 2>"$dir/err" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$dir"' EXIT
until grep -q listening "$dir/out"; do
    kill -0 "$server" || exit 1
    sleep 0.1
done
url=http://$(sed 's/.* //' "$dir/out")

# load NAME REQUESTS CONNECTIONS PATH: headers of all responses and ab's report go to $dir/NAME
load() { ab -q -k -v 2 -s 60 -n "$2" -c "$3" "$url$4" >"$dir/$1" 2>&1; }
# count NAME STATUS
count() { grep -ac "^HTTP/1.1 $2 " "$dir/$1"; }
# percentile NAME P
percentile() { awk -v p="$2%" '$1 == p { print $2 }' "$dir/$1"; }

load alone "$good" 13 /hello
load crash "$crashes" 1 /crash & first=$!
load hang "$hangs" 2 /hang & second=$!
load beside "$good" 13 /hello
wait "$first" "$second"

failed=0
# check NAME REQUESTS STATUS
check() {
    n=$(count "$1" "$3")
    echo "$1: $n of $2 answered with $3"
    [ "$n" -eq "$2" ] || failed=1
}
check alone "$good" 200
check beside "$good" 200
check crash "$crashes" 500
check hang "$hangs" 504
for run in alone beside; do
    echo "$run: median $(percentile $run 50) ms, 95 % $(percentile $run 95) ms," \
        "99 % $(percentile $run 99) ms"
done
kill -TERM "$server" && wait "$server" || failed=1
echo "$((1 - failed)) passed, $failed failed"
exit "$failed"
