#!/usr/bin/env bash
# Files that are no good: exit code 4 for checkpoints and 3 for data, one message, at any rank count.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"

for command in evaluate inspect verify plot; do
    refuses 4 "missing.h5" $command "$runs/missing.h5"
done
refuses 4 "missing.h5" predict "$runs/missing.h5" --index 0
refuses 4 "missing.h5" diff "$runs/first" "$runs/missing.h5"
refuses 4 "no run in this folder" inspect "$runs/nothing"
refuses 4 "text.h5" inspect "$runs/text.h5"
refuses 4 "empty.h5" verify "$runs/empty.h5"
refuses 4 "truncated.h5" evaluate "$runs/truncated.h5"
refuses 4 "flipped.h5" verify "$runs/flipped.h5"
refuses 4 "golden image 0 gives logit" verify "$runs/forged.h5"

refuses 3 "$work/none" evaluate "$runs/first" --data "$work/none"
refuses 3 "$work/none" show --data "$work/none"
refuses 3 "$work/none.png" predict "$runs/first" --image "$work/none.png"
printf 'P5 3 3 255 \1\2' >"$work/short.pgm"
refuses 3 "short.pgm" predict "$runs/first" --image "$work/short.pgm"

mkdir "$work/small"
for set in train t10k; do
    printf '\0\0\10\3\0\0\0\1\0\0\0\2\0\0\0\2\1\2\3\4' >"$work/small/$set-images-idx3-ubyte"
    printf '\0\0\10\1\0\0\0\1\1' >"$work/small/$set-labels-idx1-ubyte"
done
misfit="$work/small: the images have 2 x 2 pixels, but the model takes 784 values"
refuses 3 "$misfit" evaluate "$runs/first" --data "$work/small"
refuses 3 "$misfit" predict "$runs/first" --index 0 --data "$work/small"
refuses 3 "$misfit" predict "$runs/first" --output - --data "$work/small"
refuses 3 "$misfit" plot "$runs/first" --kind confusion --data "$work/small"

refuses 1 "none/x.png cannot be written" plot "$runs/first" --plot "$work/none/x.png"
refuses 1 "none/x.csv cannot be written" predict "$runs/first" --output "$work/none/x.csv"
finish
