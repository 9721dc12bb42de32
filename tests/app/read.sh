#!/usr/bin/env bash
# inspect, verify, diff and evaluate on good files.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
weights=$(grep -o 'weights=xxh3:[0-9a-f]*' "$runs/first.result")
accuracy=$(sed 's/.*val_accuracy=\([0-9.]*\).*/\1/' "$runs/first.result")

works verify "$runs/first"
says "ok, $weights"
says "golden images recomputed within 1e-04"
works verify "$runs/first/best.h5"

works inspect "$runs/first"
fits 80
says "weights ${weights#weights=}"
says "784 -> 128"
says "109386 parameters"
says "3 of 3 epochs done"
says "the run is complete"
says "synthetic:600"
grep -qE '^ +3 +57 ' "$out" || fail "$command: no line for epoch 3"
works inspect "$runs/stopped.h5"
says "mnist_dist --resume --output $runs"
works inspect "$runs/slow.h5"
says "Slow rank: 1 of 2 took 3.00 s to compute epoch 3, 50 % more than the median"

works diff "$runs/first" "$runs/twin"
says "same"
run diff "$runs/first" "$runs/other/last.h5" && fail "$command: exit code 0"
says "different"
says "weights part at step 40, after 9 equal digests up to step 38"
says "history parts in epoch 3: loss"
grep -qE 'dense_1/kernel: [0-9]+ of 100352 values differ, by up to .* ULP' "$out" ||
    fail "$command: no distance for the first layer"
grep -q '^mnist_dist: ' "$err" && fail "$command: a verdict is no error"

works evaluate "$runs/first"
fits 80
says "accuracy $accuracy"
cp "$out" "$work/one"
ranks=3
works evaluate "$runs/first"
cmp -s "$out" "$work/one" || fail "evaluate is not the same at 1 and 3 ranks: $(diff "$out" "$work/one")"
finish
