#!/bin/sh
# usage: links.sh FOLDER     prints each link of a document below FOLDER that leads to no file; fails
# if there is one, or no document
test -n "$(find "$1" -name README.md)" || { echo "no documents in $1"; exit 1; }
dead=$(find "$1" -name '*.md' | while read -r page; do
    grep -oE '\]\([^)]+\)' "$page" | sed 's/^](//; s/)$//; s/#.*//' | grep -v '^https\?:' |
        while read -r link; do
            test -z "$link" || test -e "${page%/*}/$link" || echo "$page: $link"
        done
done)
test -z "$dead" || { echo "$dead"; exit 1; }
