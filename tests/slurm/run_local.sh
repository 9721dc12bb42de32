#!/usr/bin/env bash
# run_local.sh PROGRAM: local.sh, which needs no Slurm, with more ranks than cores.
set -euo pipefail

jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../jobs" && pwd)
# shellcheck source=tests/support/work.sh
. "$jobs/../tests/support/work.sh"
cd "$work"
export MNIST_DIST=$1 DATA=synthetic:600
# What the script has to find out by itself.
unset "${!OMPI_@}"
ranks=$(($(nproc) + 1))

# run: local.sh with the arguments, or its output and the end of this test.
run() {
    "$jobs/local.sh" "$@" >out 2>&1 || { cat out >&2; exit 1; }
}

run $ranks --epochs 2
grep -q "^$ranks ranks on 1 node" out
grep -q '^result: epochs=2 ' out
run $ranks --epochs 3
grep -q '^result: epochs=3 ' out
[ "$(tail -n +2 runs/local/history.csv | cut -d, -f1 | xargs)" = "1 2 3" ]
echo "ok: more ranks than cores train, and a second call goes on"

status=0
MNIST_DIST=./nowhere "$jobs/local.sh" 2>message || status=$?
[ $status = 2 ] && grep -q 'no program ./nowhere: put it on PATH or set MNIST_DIST' message
echo "ok: a missing program is named"
