#!/usr/bin/env bash
# Every file that ARCHITECTURE, CONTRIBUTING and README speak of is there.
#   paths.sh TREE
set -u
cd "$1" || exit 1
failures=0
# shellcheck disable=SC2016 # the backquotes are Markdown's
while read -r file path; do
    for place in "$path" "include/mnist_dist/$path" "src/$path"; do
        compgen -G "$place" >/dev/null && continue 2
    done
    echo "$file: there is no $path"
    failures=$((failures + 1))
done < <(grep -oHE '`[a-z0-9_]+/[A-Za-z0-9_./-]+`' ARCHITECTURE.md CONTRIBUTING.md | tr -d '`' | sed 's/:/ /')
[ $failures = 0 ]
