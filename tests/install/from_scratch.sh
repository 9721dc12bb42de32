#!/usr/bin/env bash
# scripts/quickstart.sh in a copy of the tree, with neither MNIST nor a network: it says so and
# still ends with a result, a picture and a digit, of the folder that it is told to train into.
#   from_scratch.sh TREE
set -euo pipefail
# shellcheck source=tests/support/work.sh
. "$1/tests/support/work.sh"
tar -C "$1" --exclude=./build --exclude=./runs --exclude=./data/mnist --exclude=./.git -cf - . |
    tar -C "$work" -xf -
cd "$work"
unset MNIST_DIR
MNIST_MIRRORS=http://127.0.0.1:9 scripts/quickstart.sh --epochs 1 2>&1 | tee output
for words in "NO MNIST HERE" "result: epochs=1 " "test image 0: predicted"; do
    grep -q "$words" output || { echo "not said: $words"; exit 1; }
done
[ "$(head -c 4 runs/mnist/accuracy.png | tail -c 3)" = PNG ]

# into FOLDER ARGUMENT...: these name another folder, and the digit and the picture come from there.
into() {
    rm -rf runs/mnist runs/first
    scripts/quickstart.sh --data synthetic:600 --epochs 1 "${@:2}" >output 2>&1 || { cat output; exit 1; }
    if [ ! -s "$1/accuracy.png" ] || ! grep -qF "mnist_dist predict $1/best.h5" output; then
        echo "not from $1: ${*:2}"
        exit 1
    fi
}
into "runs/a b" --output "runs/a b"
into runs/b --output=runs/first --set checkpoint.output=runs/b
into runs/c --set=checkpoint.output=runs/first --out runs/c
sed 's|runs/mnist|runs/first|' configs/mnist.yaml >first.yaml
into runs/mnist --config first.yaml
