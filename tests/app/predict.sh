#!/usr/bin/env bash
# predict: one image, a picture, the whole set; the same answers everywhere.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"

works predict "$runs/first" --output "$work/all.csv"
works predict "$runs/first" --output "$work/all.h5"
works predict "$runs/first" --output -
cmp -s "$out" "$work/all.csv" || fail "standard output and the file differ"
[ "$(find "$work" -name '*.??????' | wc -l)" = 0 ] || fail "a temporary file stays"
digit=$(awk -F, '$1 == 7 { print $3 }' "$work/all.csv")
works predict "$runs/first" --index 7
fits 80
says "test image 7: predicted $digit, actual"
works predict "$runs/first" --index 599 --split train
says "train image 599: predicted"

# The 28 x 28 picture of a test image is that image.
"$python" - "$work" <<'END' || fail "the whole set"
import csv, sys
import h5py, numpy
work = sys.argv[1]
rows = list(csv.reader(open(work + "/all.csv")))
assert rows[0] == ["index", "label", "predicted"] + ["p%d" % k for k in range(10)], rows[0]
table = numpy.array(rows[1:], float)
assert table.shape == (100, 13) and (table[:, 0] == numpy.arange(100)).all()
assert (table[:, 3:].argmax(1) == table[:, 2]).all()
assert abs(table[:, 3:].sum(1) - 1).max() < 1e-4
assert (table[:, 1] == table[:, 2]).mean() > 0.5
with h5py.File(work + "/all.h5") as file:
    assert (file["label"][:] == table[:, 1]).all() and (file["predicted"][:] == table[:, 2]).all()
    assert file["probabilities"].shape == (100, 10)
    assert abs(file["probabilities"][:] - table[:, 3:]).max() < 1e-5
END

# A photograph of sorts: a thick dark stroke on light paper is a one.
"$python" - "$work/one.pgm" <<'END'
import sys
pixels = bytearray([250]) * (60 * 40)
for row in range(8, 52):
    for column in range(18, 23):
        pixels[row * 40 + column] = 20
open(sys.argv[1], "wb").write(b"P5 40 60 255\n" + pixels)
END
works predict "$runs/first" --image "$work/one.pgm"
says "one.pgm: predicted 1"
# Whoever answers counts alike, by any storage, also where layers are large.
cat >"$work/wide.yaml" <<END
model:
  - {layer: flatten}
  - {layer: dense, units: 400, activation: relu}
  - {layer: dense, units: 400, activation: relu}
  - {layer: dense, units: 10, activation: softmax}
END
for storage in dense sparse; do
    wide=$work/$storage
    works train --quiet --config "$work/wide.yaml" --data synthetic:3000 --epochs 1 \
        --output "$wide" --set data.storage=$storage
    works predict "$wide" --output "$work/wide.csv"
    right=$(awk -F, 'NR > 1 && $2 == $3' "$work/wide.csv" | wc -l)
    works evaluate "$wide"
    says "($right of 500 right)"
    works report "$wide" --output -
    says "$right of 500 test images right"
    works verify "$wide"
    says "largest difference 0.0e+00"
    # An image alone is answered to the last digit like in the whole set.
    works predict "$wide" --index 307
    for digit in 0 5 9; do
        says "$(awk -F, -v n=$digit '$1 == 307 { printf "  %3d  %.4f", n, $(4 + n) }' "$work/wide.csv")"
    done
done
finish
