#!/usr/bin/env bash
# Where decimals have a comma, the program and the job scripts write and draw what they do elsewhere.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
jobs=$(cd "$(dirname "$0")/../../jobs" && pwd)
export LOCPATH=$work/locale
mkdir "$LOCPATH" "$work/bin" "$work/sweep"
localedef -i de_DE -f UTF-8 "$LOCPATH/de_DE.UTF-8" 2>"$err"
if [ "$(LC_ALL=de_DE.UTF-8 printf %.1f 1,5 2>/dev/null)" != 1,5 ]; then
    echo "skipped: no locale with a decimal comma, is the package locales installed? $(cat "$err")"
    exit 77
fi

# The best accuracy has neither the best loss nor the first or last name.
while read -r rate accuracy loss; do
    echo "result: epochs=2 steps=38 val_loss=$loss val_accuracy=$accuracy weights=xxh3:1 seconds=1.5" \
        >"$work/sweep/learning_rate=$rate,batch_size=32,seed=42.out"
done <<'END'
0.0005 0.9300 0.2001
0.001 0.9800 0.0901
0.002 0.9850 0.0955
0.004 0.0980 2.3015
0.008 0.9800 0.0890
END

# An srun whose two ranks are half as fast again as one.
cat >"$work/bin/srun" <<'END'
#!/usr/bin/env bash
[ "$1" != --mpi=list ] || { echo pmix pmi2; exit; }
mkdir -p runs/scaling-1/run
case $* in
*--ntasks=1\ *) speed=1000 ;;
*) speed=1500 ;;
esac
echo "result: epochs=1 steps=20 val_loss=none weights=xxh3:1 seconds=0.50 images_per_s=$speed"
END
chmod +x "$work/bin/srun"

everything() {
    works train --quiet --data synthetic:300 --epochs 2 --learning-rate 0.002 --output run
    grep -o 'val_.*weights=[^ ]*' "$out" >trained
    rm -r run
    works predict "$runs/first" --output predicted.csv
    works plot "$runs/first"
    mv "$out" curves.txt
    works report "$runs/first" --output page.html
    works inspect "$runs/first"
    mv "$out" inspected
    if command -v gnuplot >/dev/null; then
        works plot "$runs/first" --plot curves.svg
    fi
    "$jobs/gather.sh" "$work/sweep" >gathered || fail "gather.sh: exit code $?"
    PATH=$work/bin:$PATH MNIST_DIST=$binary SLURM_JOB_NAME=scaling SLURM_JOB_ID=1 \
        SLURM_JOB_NODELIST=here SLURM_NTASKS=2 SLURM_NTASKS_PER_NODE=2 REPEATS=1 \
        "$jobs/scaling.sbatch" >"$out" 2>&1 || fail "scaling.sbatch: exit code $?: $(cat "$out")"
}

for locale in C.UTF-8 de_DE.UTF-8; do
    mkdir "$work/$locale"
    cd "$work/$locale" || exit
    export LC_ALL=$locale
    everything
done
export LC_ALL=C
diff -r "$work/C.UTF-8" . || fail "the locale makes a difference"

[ "$(tail -n +2 gathered | cut -c 29-42 | xargs)" = "0.002 0.008 0.001 0.0005 0.004" ] ||
    fail "gather.sh: the best is not first: $(cat gathered)"
cat >wanted <<'END'
kind,ranks,batch_size,images_per_s,speedup,efficiency
strong,1,256,1000,1.00,1.00
strong,2,256,1500,1.50,0.75
weak,1,256,1000,1.00,1.00
weak,2,512,1500,1.50,0.75
END
diff wanted runs/scaling-1/scaling.csv || fail "scaling.sbatch: another table"
finish
