#!/usr/bin/env bash
# Every command and option that --help lists stands in the man page and in the completion, and every
# kind of picture in the README, too.
#   names.sh TREE BINARY
set -u
man=$1/doc/mnist_dist.1
# shellcheck source=completions/mnist_dist.bash
. "$1/completions/mnist_dist.bash"
failures=0

lacks() {
    echo "$*"
    failures=$((failures + 1))
}

mapfile -t commands < <("$2" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ ${#commands[@]} -ge 9 ] || lacks "--help lists ${#commands[@]} commands"
COMP_WORDS=(mnist_dist "") COMP_CWORD=1
_mnist_dist mnist_dist "" mnist_dist
for command in "${commands[@]}"; do
    grep -q "^\.It Cm $command\b" "$man" || lacks "man page: no command $command"
    [[ " ${COMPREPLY[*]} " == *" $command "* ]] || lacks "completion: no command $command"
    for option in $("$2" "$command" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
        grep -qE "Fl -${option#--}( |\$)" "$man" || lacks "man page: no $option of $command"
        [[ " $(_mnist_dist_options "$command") " == *" $option "* ]] ||
            lacks "completion: no $option of $command"
    done
done
kinds=$("$2" plot --kind . 2>&1 | sed -n 's/.*: one of \(.*\) is needed$/\1/p')
kinds=${kinds//,/}
COMP_WORDS=(mnist_dist plot --kind "") COMP_CWORD=3
_mnist_dist mnist_dist "" --kind
[ "${COMPREPLY[*]}" = "${kinds:-none}" ] ||
    lacks "completion: --kind offers ${COMPREPLY[*]} instead of $kinds"
for kind in $kinds; do
    sed -n '/^\.It Cm plot /,/^\.It Cm report /p' "$man" | grep -qw "$kind" ||
        lacks "man page: no picture $kind"
    grep '^| .plot FILE. |' "$1/README.md" | grep -qw "$kind" || lacks "README: no picture $kind"
done
[ $failures = 0 ]
