#!/usr/bin/env bash
# Every command and option that --help lists stands in the man page and in the completion.
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
[ $failures = 0 ]
