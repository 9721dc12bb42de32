#!/usr/bin/env bash
# The job of mnist.sbatch without Slurm. Stopped (Ctrl-C) and started again, it goes on where it was.
#
#   jobs/local.sh                         a rank per core
#   jobs/local.sh 8 --epochs 20           8 ranks; what follows goes to `train`
#
# Environment: MNIST_DIST (the program), DATA, OUTPUT (another folder is another run).
set -eu

program=${MNIST_DIST:-mnist_dist}
data=${DATA:-data/mnist}
output=${OUTPUT:-runs/local}
ranks=$(nproc)
case ${1:-} in
[1-9]*)
    ranks=$1
    shift
    ;;
esac

command -v "$program" >/dev/null || {
    echo "local.sh: no program $program: put it on PATH or set MNIST_DIST" >&2
    exit 2
}

# Open MPI refuses more ranks than cores unless told; a waiting rank then has to yield its core to
# one that computes.
if [ "$ranks" -gt "$(nproc)" ]; then
    export OMPI_MCA_mpi_yield_when_idle=1
    export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
    export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe # as Open MPI 5 wants it
    export PRTE_MCA_hwloc_default_binding_policy=none
fi
# Nor does it run for root, as in a container.
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

exec mpirun -np "$ranks" "$program" train --data "$data" --output "$output" --resume "$@"
