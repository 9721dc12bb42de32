#!/usr/bin/env bash
# run_stops.sh PROGRAM: the job scripts when USR1 comes at an awkward moment. Slurm, mpirun and the
# program are one stand-in here, which makes every moment last as long as a case needs; PROGRAM is
# not called.
set -euo pipefail

jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../jobs" && pwd)
# shellcheck source=tests/support/work.sh
. "$jobs/../tests/support/work.sh"

# By the name it is called under: notes the call and each USR1 in `log`, lasts while hold.NAME is
# there, prints says.NAME, sends USR1 to the script where signal.NAME is, and exits as exit.NAME says.
mkdir "$work/bin"
cat >"$work/bin/stand-in" <<'END'
#!/usr/bin/env bash
name=$(basename "$0")
case "$name $1" in
"srun --mpi=list") name=list ;;
"program "*) name=${1#--} ;;
esac
trap 'echo "$name: USR1" >>log' USR1
echo "$name $*" >>log
while [ -e "hold.$name" ]; do sleep 0.05; done
[ ! -e "says.$name" ] || cat "says.$name" || exit 141
echo "$name ends" >>log
[ ! -e "signal.$name" ] || kill -USR1 $PPID
exit "$(cat "exit.$name" 2>/dev/null || echo 0)"
END
chmod +x "$work/bin/stand-in"
for name in program mpirun srun scontrol; do
    ln -s stand-in "$work/bin/$name"
done
export PATH=$work/bin:$PATH MNIST_DIST=program OUTPUT=out
export SLURM_JOB_ID=7 SLURM_JOB_NAME=mnist SLURM_JOB_NODELIST=n1 SLURM_NTASKS=4
export SLURM_NTASKS_PER_NODE=4 SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=0

fail() {
    echo "FAILED: $script: $*" >&2
    tail -n 30 log out.txt err.txt >&2
    exit 1
}

# prepare FILE=TEXT...: an empty folder but for these files, for the script that begins next.
prepare() {
    local file
    cd "$(mktemp -d "$work/case.XXXXXX")"
    touch log
    echo "pmix pmi2" >says.list
    for file; do
        echo "${file#*=}" >"${file%%=*}"
    done
}

# begin SCRIPT: in the background.
begin() {
    script=$1
    setsid bash "$jobs/$script" >out.txt 2>err.txt &
    job=$!
}

ask() {
    kill -USR1 "$job" || fail "gone before its time"
}

# lines COUNT WORDS [FILE]: waits until that many lines of the log have these words. The limit only
# ends what hangs.
lines() {
    for _ in {1..600}; do
        if [ "$(grep -cF -- "$2" "${3:-log}")" -ge "$1" ]; then return; fi
        sleep 0.05
    done
    fail "thirty seconds went by without '$2' $1 times"
}

# ended STATUS REQUEUES: the script ends with that exit code, having requeued that often.
ended() {
    local status=0
    rm -f hold.*
    wait "$job" || status=$?
    [ $status = "$1" ] || fail "exit code $status instead of $1"
    [ "$(grep -c '^scontrol requeue 7' log)" = "$2" ] || fail "not $2 requeues"
}

# before FIRST SECOND: these lines of the log are there, in this order.
before() {
    [ "$(grep -nxE "$1|$2" log | cut -d: -f2 | xargs -d '\n' printf '%s|')" = "$1|$2|" ] ||
        fail "not '$1' before '$2'"
}

mpirun_cases() {
    prepare hold.mpirun= exit.mpirun=75
    begin mnist_mpirun.sbatch
    lines 1 "mpirun -np 4"
    for count in 1 2 3; do
        ask
        lines $count "mpirun: USR1"
    done
    lines 5 "mpirun: USR1"
    ended 75 1
    before "mpirun ends" "scontrol requeue 7"
    echo "ok: USR1 goes to mpirun until that ends, which no further one cuts short"

    for status in 75 3 0; do
        for _ in {1..5}; do
            prepare signal.mpirun= exit.mpirun=$status says.inspect=complete
            mkdir out
            touch out/last.h5
            begin mnist_mpirun.sbatch
            ended $status $((status == 75))
        done
    done
    echo "ok: a USR1 at mpirun's very end does not hide its exit code"

    prepare hold.mpirun= hold.inspect= exit.mpirun=1 "says.inspect=the run is not complete"
    mkdir out
    touch out/last.h5
    begin mnist_mpirun.sbatch
    lines 1 "mpirun -np 4"
    ask
    lines 1 "mpirun: USR1"
    rm hold.mpirun
    lines 1 "inspect out/last.h5"
    ask
    ended 1 1
    prepare exit.mpirun=75 hold.scontrol=
    begin mnist_mpirun.sbatch
    lines 1 "scontrol requeue"
    ask
    ended 75 1
    echo "ok: a USR1 after mpirun's end changes nothing"

    prepare hold.mpirun= exit.mpirun=138 exit.inspect=4
    begin mnist_mpirun.sbatch
    lines 1 "mpirun -np 4"
    ask
    lines 1 "mpirun: USR1"
    ended 138 1
    echo "ok: stopped before its first checkpoint, a run is requeued too"
}

# USR1 to the shell alone while the program or the shared storage lets it wait.
early_cases() {
    prepare hold.version=
    begin "$1"
    lines 1 "version"
    ask
    ended 75 1
    ! grep -q "train" log || fail "trains, though asked to stop before"
    prepare
    SLURM_RESTART_COUNT=1 begin "$1"
    lines 1 "waiting for the checkpoint" out.txt
    ask
    ended 75 1
    ! grep -q "train" log || fail "trains, though asked to stop before"
    prepare hold.version=
    SLURM_RESTART_COUNT=50 begin "$1"
    lines 1 "version"
    ask
    ended 75 0
    echo "ok: $1: a USR1 before the start requeues the job, 50 times at most"
}

# USR1 to all processes of the job, as by scancel --full, again and again.
full_cases() {
    local launcher=$2 requeued=$3
    prepare "hold.$launcher=" "exit.$launcher=75"
    begin "$1"
    lines 1 "train --data"
    for count in 1 2 3; do
        kill -USR1 -- "-$job" || fail "gone before its time"
        lines $count "$launcher: USR1"
    done
    ended 75 1
    before "$launcher ends" "scontrol requeue $requeued"
    echo "ok: $1: a USR1 to the whole job does not end the script before the ranks have saved"
}

mpirun_cases
for script in mnist_mpirun mnist sweep; do
    early_cases $script.sbatch
done
full_cases mnist_mpirun.sbatch mpirun 7
full_cases mnist.sbatch srun 7
full_cases sweep.sbatch srun 7_0

# Longer than a pipe holds: who leaves after the first line breaks it.
for script in mnist sweep scaling; do
    prepare
    seq -f "pmix pmi2 %.0f" 100000 >says.list
    begin $script.sbatch
    lines 1 "train --data"
    wait "$job" || :
    ! grep -q "does not speak" err.txt || fail "a long list of PMIs is misread"
done
echo "ok: srun may list what it speaks at any length"

# NFSv4 frees the locks of a node that died after 90 s.
for script in mnist_mpirun mnist sweep; do
    prepare
    begin $script.sbatch
    ended 0 0
    wait_s=$(sed -n 's/.* train .*checkpoint\.lock_wait=\([0-9]*\).*/\1/p' log)
    [ "${wait_s:-0}" -gt 90 ] || fail "waits ${wait_s:-no} seconds for the lock of a dead node"
done
echo "ok: a requeued job outwaits the lock of a node that died"
