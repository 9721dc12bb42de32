#!/usr/bin/env bash
# run_train.sh PROGRAM: mnist.sbatch over two nodes.
# shellcheck source=tests/slurm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

expected=$(undisturbed "${options[@]}")
job=$(submit --nodes=2 --ntasks-per-node=2 "$jobs/mnist.sbatch" "${options[@]}")
completed "$job"
equal "the weights of 2 nodes x 2 tasks" "$(digest "mnist-$job.out")" "$expected"
history_is_whole "runs/mnist-$job" 5
echo "ok: 2 nodes x 2 tasks train to the same weights as mpirun"

grep -q '^SLURM_JOB_NODELIST=n\[1-2\]' "mnist-$job.out" || fail "no environment in the output"
grep -q '^MPI' <("$MNIST_DIST" --version | grep -i mpi | sed 's/.*MPI/MPI/') || fail "no version"
echo "ok: the environment is printed"

job=$(submit --nodes=2 --ntasks-per-node=2 "$jobs/mnist.sbatch" --epochs 2 --reducer node-shared)
completed "$job"
[ "$(digest "mnist-$job.out")" ] || fail "no result with node-shared"
echo "ok: node-shared trains across two nodes"
