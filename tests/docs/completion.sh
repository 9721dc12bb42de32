#!/usr/bin/env bash
# What the completion offers after some words, compared with what a user would expect.
set -u
export LC_ALL=C # decimal points, and one order of sorting, whatever the user's locale
# shellcheck source=completions/mnist_dist.bash
. "$1/completions/mnist_dist.bash"
failures=0

# offers EXPECTED WORD...: completing the last WORD of `mnist_dist WORD...` gives EXPECTED.
offers() {
    local expected=$1
    shift
    COMP_WORDS=(mnist_dist "$@") COMP_CWORD=$# COMPREPLY=()
    _mnist_dist mnist_dist "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    [ "${COMPREPLY[*]}" = "$expected" ] && return
    echo "mnist_dist $*: offers '${COMPREPLY[*]}' instead of '$expected'"
    failures=$((failures + 1))
}

offers "predict" pre
offers "--reducer --resume" --re
offers "--index --image" predict --i
offers "exchange" --reducer e
offers "weights.h5" export --format w
offers "train test" show --split ""
offers "train.max_steps=" train --set train.max
offers "" verify runs/mn

# Every key of the full configuration is known, and no other.
keys=$(awk '/^[a-z_]+:/ { section = $1; sub(":", ".", section) }
            /^[a-z_]+: +[^ #]/ { print substr($1, 1, length($1) - 1) }
            /^  [a-z]/ { sub(":", "", $1); print section $1 }' "$1/configs/mnist.yaml" | sort)
offered=$(_mnist_dist_keys | tr ' ' '\n' | sort)
[ "$keys" = "$offered" ] || {
    diff <(echo "$keys") <(echo "$offered")
    failures=$((failures + 1))
}
[ $failures = 0 ]
