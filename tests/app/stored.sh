#!/usr/bin/env bash
# Checkpoints of earlier versions, as tests/checkpoint/stored keeps them: the program goes on with
# them as with its own.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
stored=$(cd "$(dirname "$0")/../checkpoint/stored" && pwd)
cd "$work" || exit 1

for file in schema1-adam schema1-plain-adam schema1-sgd schema1-plain-sgd; do
    works verify "$stored/$file.h5"
    says "ok, weights=xxh3:"
    works evaluate "$stored/$file.h5"
    works inspect "$stored/$file.h5"
    says "the run is complete"
done
says "2 of 2 epochs done"

# Stopped within an epoch, a run goes on to where one ends that never stopped. Not to its bits: the
# stored run began with the arithmetic of its time. However it was stored, it ends with one digest.
for file in schema1-adam schema1-plain-adam; do
    mkdir $file
    cp "$stored/$file.h5" $file/last.h5
    works --resume --output $file --set train.max_steps=60
done

# So it does when HDF5's own tool has compressed the file, which takes its seal.
mkdir compressed
h5repack -f SHUF -f GZIP=9 "$stored/schema1-plain-adam.h5" compressed/last.h5
works verify compressed
says "ok, weights=xxh3:06ec231e2f0d49fd"
works evaluate compressed
works --resume --output compressed --set train.max_steps=60
cat >model.yaml <<'END'
model:
  - {layer: flatten}
  - {layer: dense, units: 4, activation: relu}
  - {layer: dense, units: 10, activation: softmax}
END
works --config model.yaml --data synthetic:600 --set train.max_steps=60 --set checkpoint.digest_every=7 \
    --output undisturbed
for run in schema1-adam undisturbed; do
    works evaluate "$run"
    sed -n "s,^loss \([0-9.]*\) .*,\1,p" "$out" >"$run.loss"
done
awk '{ loss[NR] = $1 } END { exit NR != 2 || (loss[1] - loss[2]) ^ 2 > 1e-6 }' schema1-adam.loss undisturbed.loss ||
    fail "losses apart: $(cat schema1-adam.loss undisturbed.loss)"
for file in schema1-plain-adam compressed; do
    works diff $file schema1-adam
    says "same"
done
finish
