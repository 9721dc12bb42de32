#!/usr/bin/env bash
# Looks in the documents for what PROGRAM says they must hold.
#   rows.sh TREE PROGRAM
set -u
failures=0
while IFS=$'\t' read -r file text; do
    grep -qF -- "$text" "$1/$file" && continue
    echo "$file: no line '$text'"
    failures=$((failures + 1))
done < <("$2" | grep .)
[ $failures = 0 ]
