#!/usr/bin/env bash
# Pictures and curves made of characters, and colour only where it is wanted.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"

export LC_ALL=C.UTF-8
works show --data synthetic:60 --index 2
fits 80
says "train image 2: label "
says "█"
works plot "$runs/first"
fits 80
[ "$(wc -l <"$out")" -le 23 ] || fail "$command: does not fit 24 lines"
says "Accuracy"
says "Loss"
grep -q 'best 0\.[0-9]* in epoch' "$out" || fail "$command: the best epoch is not named"
LC_ALL=C grep -q $'\xe2[\xa0-\xa3]' "$out" || fail "$command: no braille"
works plot "$runs/first" --kind confusion
fits 80
says "predicted as"

export LC_ALL=C
for arguments in "show --data synthetic:60" "plot $runs/first" "predict $runs/first --index 0"; do
    # shellcheck disable=SC2086
    works $arguments
    LC_ALL=C grep -q '[^ -~]' "$out" && fail "$command: not ASCII in an ASCII locale"
done

# colours ARGUMENT...: escapes in what comes out on a terminal of its own.
colours() {
    TERM=xterm script -qec "$(printf '%q ' timeout 60 "$@")" /dev/null </dev/null | grep -c $'\033'
}
command -v script >/dev/null || finish
[ "$(colours "$binary" evaluate "$runs/first")" -gt 0 ] || fail "no colour on a terminal"
[ "$(NO_COLOR=1 colours "$binary" evaluate "$runs/first")" = 0 ] || fail "colour in spite of NO_COLOR"
# MPICH's mpirun hides the terminal from the ranks.
[[ $("$binary" --version) == *MPICH* ]] ||
    [ "$(colours "$mpirun" -np 2 "$binary" evaluate "$runs/first")" -gt 0 ] || fail "no colour through mpirun"
timeout 60 "$mpirun" -np 2 "$binary" evaluate "$runs/first" | grep -q $'\033' &&
    fail "mpirun into a pipe: colour"
finish
