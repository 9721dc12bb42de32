#!/usr/bin/env bash
# Training as people see it: plain lines in a log, a bar on a terminal, nothing with --quiet.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
train=(train --data synthetic:600 --epochs 2 --output "$work/run")

works "${train[@]}"
[ "$(wc -l <"$out")" = 1 ] || fail "more than the result line on standard output: $(cat "$out")"
grep -qE '^result: epochs=2 steps=38 ' "$out" || fail "no result line: $(cat "$out")"
[ "$(grep -c '^epoch ' "$err")" = 2 ] || fail "not one line per epoch: $(cat "$err")"
grep -qE '^1 rank on 1 node, .* reducer allreduce, kernels' "$err" || fail "no start-up line"
grep -q $'[\r\033]' "$err" && fail "a log with escapes"

rm -r "$work/run"
works "${train[@]}" --quiet
[ -s "$err" ] && fail "--quiet is not: $(cat "$err")"
grep -q '^result: ' "$out" || fail "--quiet swallows the result"

# Where exchange would be faster, a line says so; there and alone it does not.
faster() { timeout 100 "$mpirun" -np "$1" "$binary" "${train[@]}" --set train.max_steps=2 --reducer "$2" 2>&1 | grep -c 'reducer exchange is faster'; }
[ "$(faster 2 allreduce)" = 1 ] || fail "no word of the faster reducer"
[ "$(faster 2 exchange)$(faster 1 allreduce)" = 00 ] || fail "a word too many of the faster reducer"

# More ranks than CPUs, without yielding: a warning that names the cure, also with --quiet.
yielding() {
    [[ $("$binary" --version) == *"Open MPI v4"* ]] || { echo $((1 - $1)); return; } # others know by themselves
    OMPI_MCA_mpi_yield_when_idle=$1 timeout 100 "$mpirun" -np "$(($(nproc) + 1))" "$binary" "${train[@]}" \
        --set train.max_steps=2 --quiet 2>&1 | grep -c 'OMPI_MCA_mpi_yield_when_idle=1'
}
[ "$(yielding 0)" = 1 ] || fail "no warning about too many ranks"
[ "$(yielding 1)" = 0 ] || fail "a warning although the ranks yield"
timeout 100 "$mpirun" -np "$(($(nproc) + 1))" "$binary" "${train[@]}" --set train.max_steps=2 >"$out" 2>"$err"
grep -q "take turns on .* faster: mpirun -np $(nproc) mnist_dist" "$err" || fail "no line about turns: $(cat "$err")"

command -v script >/dev/null || finish
launchers=("" "$mpirun -np 2")
[[ $("$binary" --version) == *MPICH* ]] && launchers=("") # its mpirun hides the terminal from the ranks
for launcher in "${launchers[@]}"; do
    # shellcheck disable=SC2086
    LC_ALL=C script -qec "$(printf '%q ' timeout 60 $launcher "$binary" "${train[@]}")" /dev/null \
        </dev/null | tr '\r' '\n' | sed 's/\x1b\[[0-9;]*[mK]//g' >"$out"
    grep -q 'ETA .* images/s' "$out" || fail "no bar on a terminal ($launcher)"
    [ "$(grep -c '^epoch ' "$out")" = 2 ] || fail "no lines beside the bar"
    sed -i '/^epoch\|images\/s$/!d' "$out"
    fits 80
done
finish
