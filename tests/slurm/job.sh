# shellcheck shell=bash
# What the tests of the job scripts share. A test sources it with the program's path as argument and
# then stands in an empty folder with a cluster of its own, both gone when it ends.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # used by the tests
jobs=$(cd "$here/../../jobs" && pwd)
PATH=$PATH:/usr/sbin:/sbin

for tool in munged slurmctld slurmd srun sbatch; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool, Slurm is not installed"; exit 77; }
done

export MNIST_DIST=$1 DATA=synthetic:600
[ -x "$MNIST_DIST" ] || { echo "no program $MNIST_DIST" >&2; exit 2; }

# shellcheck source=tests/support/work.sh
. "$here/../support/work.sh"
cluster=$work/cluster
mkdir "$cluster" "$work/jobs" "$work/shm"
cd "$work/jobs"
export SLURM_CONF=$cluster/slurm.conf
# Nodes that are one machine reach each other without a network, and killed ranks leave nothing
# behind outside this folder.
export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
export OMPI_MCA_btl_vader_backing_directory=$work/shm OMPI_MCA_osc_sm_backing_directory=$work/shm

finish() {
    local status=$?
    "$here/cluster.sh" stop "$cluster" || status=1
    rm -rf "$work"
    exit $status
}
trap finish EXIT

# Training that takes long enough to be hit: 19 steps an epoch, 50 ms each when $slow.
epochs=8
options=(--reducer exchange --epochs "$epochs")
# shellcheck disable=SC2034
slow=(--inject slow@0:1)

fail() {
    set +e
    {
        echo "FAILED: $*"
        for log in ./*.out ./*.err "$cluster"/*.log; do
            echo "--- $log"
            grep -vE '^(SLURM|OMPI)_' "$log" | tail -n 30
        done
    } >&2
    exit 1
}

# wait_for WHAT COMMAND...: until COMMAND succeeds. The limit only ends what hangs.
wait_for() {
    local what=$1
    shift
    for _ in {1..1500}; do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    fail "five minutes went by without: $what"
}

# submit SBATCH-ARGUMENT...: the new job's number.
submit() {
    sbatch --parsable "$@"
}

# state JOB: its state, or those of an array's tasks.
state() {
    scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p' | sort -u
}

pending() {
    [ "$(state "$1")" = PENDING ]
}

ended() {
    [ -z "$(squeue --noheader --jobs="$1")" ]
}

# completed JOB: waits for its end, a good one.
completed() {
    wait_for "the end of job $1" ended "$1"
    [ "$(state "$1")" = COMPLETED ] || fail "job $1 ended as $(state "$1")"
}

# digest FILE: the weights of the one result line in it.
digest() {
    sed -n 's/^result: .* weights=\([^ ]*\).*/\1/p' "$1"
}

# The same training outside Slurm at another rank count: its weights are $expected of the jobs.
undisturbed() {
    mpirun -np 3 "$MNIST_DIST" train --data $DATA --output undisturbed "${options[@]}" \
        >undisturbed.out 2>&1 || fail "the undisturbed run"
    expected=$(digest undisturbed.out)
}

# equal WHAT ACTUAL EXPECTED
equal() {
    [ "$2" = "$3" ] || fail "$1: $2 instead of $3"
}

# history FOLDER: the epochs in it.
history() {
    tail -n +2 "$1/history.csv" | cut -d, -f1 | xargs
}

# reached_the_same JOB: it ended well, with the weights $expected and each epoch once and in order.
reached_the_same() {
    completed "$1"
    equal "the weights of job $1" "$(digest "mnist-$1.out")" "$expected"
    equal "the history of job $1" "$(history "runs/mnist-$1")" "$(seq -s ' ' "$epochs")"
}

# went_on JOB SIGNAL: the signal stopped it, and every later start took up the step it stopped at.
went_on() {
    local stops resumptions
    stops=$(sed -n "s/.*stopped by $2 after step \([0-9]*\) of .*/\1/p" "mnist-$1.err" | xargs)
    resumptions=$(sed -n 's/^resuming from .*, step \([0-9]*\)$/\1/p' "mnist-$1.err" | xargs)
    [ "$stops" ] || fail "job $1 was not stopped by $2"
    equal "the steps from which job $1 went on" "$resumptions" "$stops"
}

# reached JOB EPOCH: its run has finished that epoch.
reached() {
    grep -q "^$2," "runs/mnist-$1/history.csv"
}

"$here/cluster.sh" start "$cluster" $$ || fail "no cluster"
