#!/usr/bin/env bash
# A stall is told to the program that uses the library, which ends the process itself.
#   stall_callback.sh MPIRUN PROGRAM
set -u
# shellcheck source=tests/support/work.sh
. "$(dirname "$0")/../support/work.sh"
said=$("$1" -np 2 "$2" "$work" 2>/dev/null)
code=$?
echo "$said"
[ "$(grep -c ' is told: ' <<<"$said")" = 1 ] || { echo "not told once"; exit 1; }
grep -q 'rank 0 is told: stalled: .*missing: rank 1 (host .*17 steps finished, last seen computing); saved rank 0' \
    <<<"$said" || exit 1
# MPICH's mpiexec may return 0 for a rank that exited in mid-run (tests/support/program.py).
[ $code = 3 ] || { [ $code = 0 ] && "$1" --version | grep -q HYDRA; } || { echo "exit $code"; exit 1; }
