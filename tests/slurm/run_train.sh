#!/usr/bin/env bash
# run_train.sh PROGRAM: mnist.sbatch over two nodes.
# shellcheck source=tests/slurm/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"

undisturbed
job=$(submit --nodes=2 --ntasks-per-node=2 "$jobs/mnist.sbatch" "${options[@]}")
reached_the_same "$job"
echo "ok: 2 nodes x 2 tasks train to the same weights as mpirun"

grep -q '^SLURM_JOB_NODELIST=n\[1-2\]' "mnist-$job.out" || fail "no environment in the output"
grep -qF "$("$MNIST_DIST" --version | grep MPI)" "mnist-$job.out" || fail "no versions in the output"
echo "ok: the environment and the versions are printed"

job=$(submit --nodes=2 --ntasks-per-node=2 "$jobs/mnist.sbatch" --epochs 2 --reducer exchange)
completed "$job"
[ "$(digest "mnist-$job.out")" ] || fail "no result with exchange"
echo "ok: exchange trains across two nodes"
