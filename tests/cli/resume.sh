#!/usr/bin/env bash
# Going on with a run, as people and job scripts do it.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# A folder that was renamed since: the run goes on where it is found.
works --data synthetic:600 --output before --set train.max_steps=5
mkdir runs && mv before runs/mnist
works --resume --set train.max_steps=9
grep -q 'into runs/mnist$' "$err" || fail "$command: not into the folder it was found in: $(cat "$err")"
[ ! -e before ] || fail "$command: the old folder is back"
finish
