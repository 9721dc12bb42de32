#!/usr/bin/env bash
# run_mpirun.sh PROGRAM: mnist_mpirun.sbatch.
# shellcheck source=tests/slurm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

expected=$(undisturbed "${options[@]}")
# mpirun takes nodes of one hostname for one.
shape=(--nodes=1 --ntasks-per-node=4)
if unshare --uts true 2>/dev/null; then
    shape=(--nodes=2 --ntasks-per-node=2)
else
    echo "no hostnames of their own for the nodes here: mpirun runs on one"
fi

ended_well() {
    completed "$1"
    equal "the restarts of job $1" "$(grep -c 'restarts so far' "mnist-$1.out")" "$2"
    equal "the weights of job $1" "$(digest "mnist-$1.out")" "$expected"
    history_is_whole "runs/mnist-$1" 5
}

job=$(submit "${shape[@]}" "$jobs/mnist_mpirun.sbatch" "${options[@]}")
ended_well "$job" 1
echo "ok: mpirun trains to the same weights"

job=$(submit "${shape[@]}" "$jobs/mnist_mpirun.sbatch" "${options[@]}" "${slow[@]}")
wait_for "an epoch of job $job" reached "$job" 1
scancel --batch --signal=USR1 "$job"
ended_well "$job" 2
grep -q "stopped by SIGUSR1 after step" "mnist-$job.err" || fail "job $job was not stopped by USR1"
echo "ok: USR1 to the job's shell reaches the ranks, and the job goes on"

job=$(submit "${shape[@]}" "$jobs/mnist_mpirun.sbatch" "${options[@]}" "${slow[@]}")
wait_for "an epoch of job $job" reached "$job" 1
scontrol requeue "$job"
ended_well "$job" 2
echo "ok: a job requeued from outside goes on"
