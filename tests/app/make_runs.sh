#!/usr/bin/env bash
# The runs that the other tests look at: first; twin, the same; other, which parts from it after two
# epochs; forged, stopped, slow, lost and hostile, made from first; damaged files. Called as BINARY
# RUNS FORGE.
set -eu
binary=$1 runs=$2 forge=$3
rm -rf "$runs"
mkdir -p "$runs/nothing"
export TMPDIR=$runs

train() {
    timeout 100 "$binary" train --quiet --data synthetic:600 --epochs 3 --output "$runs/$1" \
        --set checkpoint.digest_every=5 "${@:2}" >"$runs/$1.result"
}

train first
train twin
train other --set schedule.name=step --set schedule.step_epochs=2
"$forge" golden "$runs/first/last.h5" "$runs/forged.h5"
for kind in stopped slow lost hostile; do
    "$forge" $kind "$runs/first/last.h5" "$runs/$kind.h5"
done

head -c 20000 "$runs/first/last.h5" >"$runs/truncated.h5"
echo "not a checkpoint" >"$runs/text.h5"
: >"$runs/empty.h5"
# One bit, in the middle of the first layer's weights.
cp "$runs/first/last.h5" "$runs/flipped.h5"
"${PYTHON:-python3}" - "$runs/flipped.h5" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(200000)
    byte = file.read(1)[0]
    file.seek(200000)
    file.write(bytes([byte ^ 4]))
END
