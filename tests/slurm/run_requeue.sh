#!/usr/bin/env bash
# run_requeue.sh PROGRAM: jobs that are interrupted in mid-training and go on.
# shellcheck source=tests/slurm/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"

undisturbed

requeued=$(submit --nodes=2 --ntasks-per-node=2 "$jobs/mnist.sbatch" "${options[@]}" "${slow[@]}")
signalled=$(submit --nodes=2 --ntasks-per-node=2 "$jobs/mnist.sbatch" "${options[@]}" "${slow[@]}")
wait_for "an epoch of job $requeued" reached "$requeued" 1
scontrol requeue "$requeued"
wait_for "an epoch of job $signalled" reached "$signalled" 1
scancel --signal=USR1 "$signalled"

reached_the_same "$requeued"
went_on "$requeued" SIGTERM
echo "ok: a job requeued from outside saves and goes on"
reached_the_same "$signalled"
went_on "$signalled" SIGUSR1
echo "ok: a job that gets USR1 saves, requeues itself and goes on"
