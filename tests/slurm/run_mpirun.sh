#!/usr/bin/env bash
# run_mpirun.sh PROGRAM: mnist_mpirun.sbatch.
# shellcheck source=tests/slurm/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"

undisturbed
# mpirun takes nodes of one hostname for one.
shape=(--nodes=1 --ntasks-per-node=4)
if unshare --uts true 2>/dev/null; then
    shape=(--nodes=2 --ntasks-per-node=2)
else
    echo "no hostnames of their own for the nodes here: mpirun runs on one"
fi

job=$(submit "${shape[@]}" "$jobs/mnist_mpirun.sbatch" "${options[@]}")
reached_the_same "$job"
echo "ok: mpirun trains to the same weights"

job=$(submit "${shape[@]}" "$jobs/mnist_mpirun.sbatch" "${options[@]}" "${slow[@]}")
wait_for "an epoch of job $job" reached "$job" 1
scancel --batch --signal=USR1 "$job"
reached_the_same "$job"
went_on "$job" SIGUSR1
echo "ok: USR1 to the job's shell reaches the ranks, and the job goes on"

job=$(submit "${shape[@]}" "$jobs/mnist_mpirun.sbatch" "${options[@]}" "${slow[@]}")
wait_for "an epoch of job $job" reached "$job" 1
scontrol requeue "$job" # mpirun may kill the ranks before they have saved
reached_the_same "$job"
grep -q "^resuming from runs/mnist-$job" "mnist-$job.err" || fail "job $job started anew"
echo "ok: a job requeued from outside goes on"
