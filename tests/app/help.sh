#!/usr/bin/env bash
# What --help and --version print, on standard output and at most 80 columns wide.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"

works --help
fits 80
says "Options of train:"
says "--batch-size=N"
mapfile -t commands < <(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$out")
[ ${#commands[@]} -ge 9 ] || fail "only ${#commands[@]} commands are listed"
for name in "${commands[@]}"; do
    works "$name" --help
    fits 80
    says "Usage: mnist_dist $name"
    [ -s "$err" ] && fail "$command writes to standard error: $(cat "$err")"
done

works --version
for library in "MPI " "HDF5 "; do
    says "$library"
done
finish
