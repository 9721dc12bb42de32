#!/usr/bin/env bash
# Command lines that cannot be meant: exit code 2 and one message, at any rank count.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
good=$runs/first

refuses 2 "unknown command tran, did you mean train?" tran
refuses 2 "unknown command xyzzy; try: mnist_dist --help" xyzzy
refuses 2 "unknown option --epoch-count" --epoch-count 3
refuses 2 "did you mean --plot?" plot "$good" --plto x.png
refuses 2 "unknown option -x" -x
refuses 2 "option --plot needs a value" plot "$good" --plot
refuses 2 "option --quiet takes no value" --quiet=yes
refuses 2 "plot needs a file" plot
refuses 2 "unexpected argument two.h5" inspect one.h5 two.h5
refuses 2 "unexpected argument evaluate" --quiet evaluate
refuses 2 "--index x: a whole number from 0" predict "$good" --index x
refuses 2 "--index 100: synthetic:600 holds 100 test images" predict "$good" --index 100
refuses 2 "one of --index N, --image PICTURE or --output OUT" predict "$good"
refuses 2 "--as-is is about a picture" predict "$good" --index 0 --as-is
refuses 2 "one of curves, accuracy" plot "$good" --kind pie
refuses 2 "needs a file for the picture" plot "$good" --kind grid
refuses 2 ".png, .svg or .pdf" plot "$good" --plot "$work/x.gif"
for arguments in "predict $good --index 0" "show --data synthetic:60"; do
    # shellcheck disable=SC2086
    refuses 2 ".png, .svg or .pdf" $arguments --plot "$work/x.foo"
    [ -s "$out" ] && fail "$command: answers first: $(cat "$out")"
done
refuses 2 "with --output there are many" predict "$good" --output "$work/x.csv" --plot "$work/x.png"
refuses 2 ".csv, .h5 or -" predict "$good" --output "$work/x.txt"

# What is read, and what a run keeps, is never written over.
if [ "$ranks" = 1 ]; then
    cp -r "$good" "$work/kept"
    echo "1,2,a" >"$work/table.csv"
    for name in last.h5 best.h5 history.csv; do
        refuses 2 "name another" predict "$work/kept" --output "$work/kept/$name"
        refuses 2 "name another" report "$work/kept/best.h5" --output "$work/kept/$name"
        (cd "$work/kept" && ! "$binary" report . --output $name 2>/dev/null) || fail "report . --output $name works"
    done
    cp "$work/kept/last.h5" "$work/alone.h5"
    refuses 2 "the file to be read" predict "$work/alone.h5" --output "$work/../${work##*/}/alone.h5"
    refuses 2 "the file to be read" predict "$good" --data "$work/table.csv" --output "$work/table.csv"
    refuses 2 "the file to be read" report "$work/alone.h5" --output "$work/alone.h5"
    diff -r "$good" "$work/kept" || fail "a refused command changed the run"
    cmp "$good/last.h5" "$work/alone.h5" || fail "a refused command changed the file"
    echo not a picture >"$work/picture.png"
    refuses 2 "the file to be read" predict "$good" --image "$work/picture.png" --plot "$work/picture.png"
    works predict "$good" --output "$work/kept.h5"
    works predict "$good" --output "$work/kept.h5"

    # What is said to be typed next can be typed: also where a name has blanks.
    run --data synthetic:60 --batch-size 20 --set checkpoint.every_steps=1 --inject kill@0:2 --output "$work/my run"
    works inspect "$work/my run"
    says "mnist_dist --resume --output '$work/my run'"
fi

works --help
[ "$(grep -c '^Usage: ' "$out")" = 1 ] || fail "$command: every rank prints"

# Slurm without its MPI: every task would believe to be alone.
if [ "$ranks" = 1 ]; then
    pmi=pmi2
    version=$("$binary" --version)
    [[ $version != *"Open MPI"* ]] || pmi=pmix
    export SLURM_NTASKS=4
    SLURM_STEP_NUM_TASKS=4 refuses 2 "srun --mpi=$pmi," evaluate "$good"
    SLURM_STEP_NUM_TASKS=4 refuses 2 "srun --mpi=$pmi," --data synthetic:60
    # Nor does an MPI understand every PMIx that it is given. Open MPI 5 does, and PMIx_Finalize of
    # its library crashes when the server so named is not there.
    if [[ $version != *"Open MPI v5"* ]]; then
        PMIX_RANK=0 PMIX_NAMESPACE=slurm.pmix.1.0 SLURM_STEP_NUM_TASKS=4 refuses 2 "Slurm started 4 tasks" --data synthetic:60
        PMIX_RANK=0 PMIX_NAMESPACE=prterun-host-1 SLURM_STEP_NUM_TASKS=4 works evaluate "$good"
    fi
    SLURM_STEP_NUM_TASKS=1 works evaluate "$good"
    [ -s "$err" ] && fail "$command: says $(cat "$err")"
    # A command of a job's script that is not started by srun is of one rank.
    works inspect "$good"
    [ -s "$err" ] && fail "$command: says $(cat "$err")"
    works evaluate "$good"
    grep -q "warning: evaluate runs as one rank, though Slurm gave this job 4 tasks; srun --mpi=$pmi in" "$err" ||
        fail "$command: says '$(cat "$err")'"
    unset SLURM_NTASKS

    # The same with the mpirun of another MPI. The first process speaks for all.
    for variable in OMPI_COMM_WORLD MV2_COMM_WORLD PMI; do
        declare -x "${variable}_SIZE=2"
        refuses 2 "${variable}_SIZE says that 2 processes" --data synthetic:60 --output "$work/alone"
        declare -x "${variable}_RANK=1"
        run --data synthetic:60 --output "$work/alone"
        [ $? = 2 ] || fail "$command: with ${variable}_RANK=1: not refused"
        [ -s "$err" ] && fail "$command: rank 1 speaks: $(cat "$err")"
        unset "${variable}_SIZE" "${variable}_RANK"
    done
    [ -e "$work/alone" ] && fail "trains under the launcher of another MPI"
    # One that tells nothing: what the runs say of themselves is compared.
    printf '#!/bin/sh\nenv >"%s"\nshift 2\nexec "$@"\n' "$work/environment" >"$work/mpirun"
    chmod +x "$work/mpirun"
    OMPI_MCA_pml=ob1 MPIRUN=$work/mpirun refuses 1 "was to be on 2 ranks and was on 1" prove --ranks 1,2 --output "$work/two"
    [ "$(grep -c PASS "$out")" = 0 ] || fail "$command: passes"
    # And it is given the user's settings, not those of a run alone.
    [ "$(grep -E '^OMPI_MCA_(ess|orte|btl|pml)[a-z_]*=' "$work/environment" | grep -v btl_vader)" = OMPI_MCA_pml=ob1 ] ||
        fail "the launcher is given $(grep OMPI "$work/environment")"
    unset OMPI_MCA_pml
    MPIRUN=$work/mpirun refuses 1 "was to be on 2 ranks" prove --ranks 1,2 --output "$work/three"
    ! grep OMPI_MCA_pml "$work/environment" || fail "the launcher is given a setting of a run alone"
    export OMPI_MCA_pml=ob1

    # What is wrong with the runs of a proof is no verdict on them.
    prove=(prove --ranks 1 --output "$work/proof")
    refuses 2 "foo is not a key" "${prove[@]}" --set foo=1
    [ -s "$out" ] && fail "$command: starts a table: $(cat "$out")"
    refuses 3 "nope: no such folder" "${prove[@]}" --data nope
    works "${prove[@]}" --set distributed.reducer=allreduce
    grep -q "warning: reducer allreduce promises equal weights at one rank count only: the runs use exchange" "$err" ||
        fail "$command: does not say what is proven: $(cat "$err")"
    refuses 2 "too short to be interrupted" "${prove[@]}" --data synthetic:60 --set train.batch_size=60
    # A run on two ranks that computes something else.
    cat >"$work/mpirun" <<'END'
#!/bin/sh
case "$*" in "-np 2 "*straight*) set -- "$@" --inject ulp@0:5 ;; esac
exec mpirun --map-by :OVERSUBSCRIBE "$@"
END
    MPIRUN=$work/mpirun run prove --ranks 1,2 --output "$work/differing"
    code=$?
    [ $code = 1 ] || fail "$command: exit code $code instead of 1: $(cat "$err")"
    says "1 of 6 runs differ from the reference"
fi
finish
