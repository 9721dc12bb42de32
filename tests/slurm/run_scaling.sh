#!/usr/bin/env bash
# run_scaling.sh PROGRAM: scaling.sbatch over two nodes.
# shellcheck source=tests/slurm/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"

export STEPS=20 REPEATS=2 BATCH_SIZE=64
job=$(submit --nodes=2 --ntasks-per-node=2 "$jobs/scaling.sbatch")
completed "$job"
results=runs/scaling-$job
cat "$results/scaling.txt"
equal "what was measured" "$(cut -d, -f1-3 "$results/scaling.csv" | xargs)" \
    "kind,ranks,batch_size strong,1,64 strong,2,64 strong,4,64 weak,1,64 weak,2,128 weak,4,256"
equal "the speedup of one rank" "$(grep -c ',1,64,[0-9]*,1.00,1.00$' "$results/scaling.csv")" 2
equal "the lines of the table" "$(wc -l <"$results/scaling.txt")" 7
echo "ok: strong and weak scaling at 1, 2 and 4 ranks give a table"

if command -v gnuplot >/dev/null; then
    file "$results/scaling.png" | grep -q 'PNG image data, 800 x 600' || fail "no picture"
    echo "ok: and a picture"
fi
