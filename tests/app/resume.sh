#!/usr/bin/env bash
# Going on with a run, as people and job scripts do it.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1

# A folder that was renamed since: the run goes on where it is found.
works --data synthetic:600 --output before --set train.max_steps=5
mkdir runs && mv before runs/mnist
works --resume --set train.max_steps=9
grep -q 'into runs/mnist$' "$err" || fail "$command: not into the folder it was found in: $(cat "$err")"
[ ! -e before ] || fail "$command: the old folder is back"

# Neither another storage nor other kernels change a bit.
works --data synthetic:600 --reducer exchange --output exact --epochs 2 --set train.max_steps=5
works --resume --output exact --set train.max_steps=9
works --resume --output exact --set train.max_steps=12 --set data.storage=dense
export MNIST_DIST_KERNELS=baseline
works --resume --output exact --set train.max_steps=15 --set data.storage=sparse
weights=$(grep -o 'weights=xxh3:[0-9a-f]*' "$out")
works --data synthetic:600 --reducer exchange --output straight --epochs 2 --set train.max_steps=15
says "$weights"

# A run that has ended takes no more steps, with whatever kernels and storage...
works --resume --output exact --set train.max_steps=15 --set data.storage=dense
says "result: epochs=0 steps=15 "
unset MNIST_DIST_KERNELS

# ... and one that ended with an epoch has its result in its history, wherever its data has gone.
"$python" "$here/bad_data.py" data
"$binary" --data data/good --epochs 2 --quiet --output ended >"$work/first" 2>&1
mv data gone
for end in "--epochs 2" "--epochs 1" "--epochs 9 --set train.max_steps=8"; do
    # shellcheck disable=SC2086
    works --resume --output ended $end
    says "$(grep -o 'result: .* weights=xxh3:[0-9a-f]*' "$work/first") seconds=0.00 images_per_s=0"
done
refuses 3 "data/good: no such folder" --resume --output ended --epochs 3
refuses 3 "data/other: no such folder" --resume --output ended --data data/other
finish
