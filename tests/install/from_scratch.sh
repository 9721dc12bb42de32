#!/usr/bin/env bash
# scripts/quickstart.sh in a copy of the tree, with neither MNIST nor a network: it says so and
# still ends with a result, a picture and a digit.
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
