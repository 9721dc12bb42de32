#!/usr/bin/env bash
# run_time_limit.sh PROGRAM: a job that needs more time than it has. Slurm looks at the clock twice a
# minute and sends the signal 10 to 40 s after the start; the training takes longer.
# shellcheck source=tests/slurm/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"

epochs=45
options+=(--epochs "$epochs")
undisturbed
job=$(submit --nodes=2 --ntasks-per-node=2 --time=1 --signal=USR1@20 "$jobs/mnist.sbatch" \
    "${options[@]}" "${slow[@]}")
reached_the_same "$job"
went_on "$job" SIGUSR1
echo "ok: a job at its time limit saves, requeues itself and goes on to the same weights"
