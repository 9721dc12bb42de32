# shellcheck shell=bash
# What the tests in shell have in common: $work, an empty folder that goes when the test ends, decimal
# points, and one order of sorting, whatever the user's locale.
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
