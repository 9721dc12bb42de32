#!/usr/bin/env bash
# run_requeue.sh PROGRAM: jobs that are interrupted in mid-training and go on.
# shellcheck source=tests/slurm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

expected=$(undisturbed "${options[@]}")

# went_on JOB WORD: it stopped, saying WORD, and reached the undisturbed end in its second start.
went_on() {
    completed "$1"
    grep -q "stopped by $2 after step" "mnist-$1.err" || fail "job $1 was not stopped by $2"
    equal "the restarts of job $1" "$(grep -c 'restarts so far' "mnist-$1.out")" 2
    equal "the weights of job $1" "$(digest "mnist-$1.out")" "$expected"
    history_is_whole "runs/mnist-$1" 5
}

requeued=$(submit --nodes=2 --ntasks-per-node=2 "$jobs/mnist.sbatch" "${options[@]}" "${slow[@]}")
signalled=$(submit --nodes=2 --ntasks-per-node=2 "$jobs/mnist.sbatch" "${options[@]}" "${slow[@]}")
wait_for "an epoch of job $requeued" reached "$requeued" 1
scontrol requeue "$requeued"
wait_for "an epoch of job $signalled" reached "$signalled" 1
scancel --signal=USR1 "$signalled"
went_on "$requeued" SIGTERM
echo "ok: a job requeued from outside saves and goes on"
went_on "$signalled" SIGUSR1
echo "ok: a job that gets USR1 saves, requeues itself and goes on"
