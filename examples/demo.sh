#!/bin/sh
# usage: demo.sh     from the build directory; runs vet over examples/data and says what to look at

data=$(dirname "$0")/data
vet=${VET:-examples/vet/vet}
more=$(mktemp -d) || exit 1
trap 'rm -rf "$more"' EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

# What cannot live in a repository.
mkfifo "$more/fifo.json"
ln -s nowhere "$more/dangling-link.json"
echo '{"secret": true}' >"$more/unreadable.json"
chmod 000 "$more/unreadable.json"

say "1. vet parses each file in a process of its own; first with jansson, which survives all of it."
echo "   Each file that is not simply ok has a line. The process gets its file open, and in its sandbox"
echo "   it can open no other."
"$vet" --parser=jansson "$data" "$more" "$more/dangling-link.json"
[ $? -eq 1 ] || exit 1

say "2. The same files with a naive parser: it overflows its stack, smashes its memory, and loops."
echo "   vet never dies of it. Each crash comes with its signal and innermost frames, each hang ends"
echo "   at its limit."
"$vet" --parser=naive --limit=1 "$data" "$more" "$more/dangling-link.json"
[ $? -eq 2 ] || exit 1

# Processes that run this very program.
count() {
    n=0
    for exe in /proc/[0-9]*/exe; do
        [ "$exe" -ef "$vet" ] && n=$((n + 1))
    done
    echo $n
}

say "3. Now vet itself is killed with SIGKILL, in the middle of eight hanging calls."
for i in 1 2 3 4 5 6 7 8; do cp "$data/hostile/lone-slash.json" "$more/hangs-$i.json"; done
before=$(count)
"$vet" --parser=naive --limit=60 --jobs=8 "$more"/hangs-*.json &
pid=$!
tries=0
while [ "$(count)" -lt $((before + 9)) ] && [ $tries -lt 50 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
echo "processes of vet before: $(($(count) - before))"
{ kill -9 $pid; wait $pid; } 2>/dev/null
sleep 1
left=$(($(count) - before))
echo "one second after kill -9: $left"
[ $left -eq 0 ] || exit 1

say "Try it yourself: $vet --help; $vet -p naive /usr/share; Ctrl-C ends it in order."
