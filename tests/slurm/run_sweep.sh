#!/usr/bin/env bash
# run_sweep.sh PROGRAM: sweep.sbatch and gather.sh.
# shellcheck source=tests/slurm/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"

array=$(submit "$jobs/sweep.sbatch" --epochs 4 "${slow[@]}")
sweep=runs/sweep-$array
last=$sweep/learning_rate=0.002,batch_size=64,seed=42

# The last task's job number is the array's own: the one that a careless requeue would hit as a whole.
wait_for "an epoch of the last task" grep -q ^1, "$last/history.csv"
scancel --signal=USR1 "${array}_5"
completed "$array"

for task in {0..5}; do
    starts=1
    [ "$task" != 5 ] || starts=2
    equal "the starts of task $task" "$(grep -c 'restarts so far' "sweep-${array}_$task.out")" $starts
done
equal "the history of the last task" "$(history "$last")" "1 2 3 4"
grep -q "^resuming from $last/last.h5" "sweep-${array}_5.err" || fail "the last task started anew"
echo "ok: one task of an array is stopped, requeued and resumed, the others are left alone"

"$jobs/gather.sh" "$sweep" | tee table
equal "the rows of the table" "$(tail -n +2 table | grep -c xxh3:)" 6
equal "the order of the table" "$(tail -n +2 table | awk '{ print $1 }' | sort -gr | xargs)" \
    "$(tail -n +2 table | awk '{ print $1 }' | xargs)"
for rate in 0.0005 0.001 0.002; do
    for batch in 32 64; do
        out=$(echo "$sweep"/learning_rate=$rate,batch_size=$batch,seed=*.out)
        grep -E " $rate +$batch +42 .* $(digest "$out")$" table >/dev/null ||
            fail "no row for learning rate $rate, batch size $batch"
    done
done
echo "ok: 6 tasks give a sorted table of 6 rows"

rm "$last.out"
"$jobs/gather.sh" "$sweep" >table
equal "the rows of the table" "$(tail -n +2 table | wc -l)" 5
if "$jobs/gather.sh" "$sweep/nowhere" 2>message; then fail "gather.sh accepts a missing folder"; fi
grep -q "usage: gather.sh DIR" message || fail "gather.sh says: $(cat message)"
echo "ok: gather.sh shows what is there"
