#!/usr/bin/env bash
# No two files of the tree share a name, so that a name says which file is meant.
#   check_names.sh TREE
set -euo pipefail
export LC_ALL=C
cd "$1"
shared=$(find . \( -path "./build*" -o -path ./.git -o -path ./runs -o -path ./data/mnist -o -name __pycache__ \) \
    -prune -o -type f -printf '%f\n' | sort | uniq -d | grep -vxE 'CMakeLists\.txt|README\.md' || true)
[ -z "$shared" ] && exit
while read -r name; do
    echo "$name: $(find . -path "./build*" -prune -o -name "$name" -printf "%p ")"
done <<<"$shared"
exit 1
