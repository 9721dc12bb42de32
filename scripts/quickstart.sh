#!/usr/bin/env bash
# From a fresh machine to a trained network: installs the missing Debian packages, builds, gets
# MNIST, trains on four ranks, draws the curves and reads one digit. A minute or two when nothing
# has to be installed. Arguments go to the training: scripts/quickstart.sh --epochs 3. It is done in
# runs/mnist unless they name another folder (--output DIR).
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# run COMMAND...: shown as one would type it, then run.
run() {
    printf '\n$ %s\n' "$*"
    "$@" </dev/null
}

# named_output ARGUMENT...: the folder that training takes from its options: the last one.
named_output() {
    local argument previous='' folder=''
    for argument; do
        case $argument in
        --o*=*) folder=${argument#*=} ;;
        checkpoint.output=* | --set=checkpoint.output=*) folder=${argument#*output=} ;;
        *) case $previous in --o*=*) ;; --o*) folder=$argument ;; esac ;;
        esac
        previous=$argument
    done
    echo "$folder"
}

output=$(named_output "$@")
if [ -z "$output" ]; then
    output=runs/mnist
    set -- "$@" --output $output
fi
cd "$top"
open_log quickstart
install_packages "${build_packages[@]}" || say "Going on: the build will tell what it cannot do without"
install_packages "${nice_packages[@]}" || say "Going on without"
step "Configuring build/release" cmake --preset release -D MD_TESTS=OFF
step "Building" cmake --build build/release -j "$(nproc)"
PATH=$top/build/release/bin:$PATH
use_mpi 4

say "Getting MNIST"
data=()
if ! data/fetch_mnist.sh </dev/null >>"$log" 2>&1; then
    tail -n 1 "$log" >&2
    say "NO MNIST HERE: training on digits that the program draws itself. For the real ones set" \
        "MNIST_DIR to a folder that holds them, or run this again with network access."
    data=(--data synthetic)
fi

say "Training on 4 ranks"
run mpirun -np 4 mnist_dist "${data[@]}" "$@"
say "Reading a digit"
run mnist_dist predict "$output/best.h5" --index 0
say "Drawing the curves"
if command -v gnuplot >/dev/null; then
    run mnist_dist plot "$output/last.h5" --plot "$output/accuracy.png"
else
    run mnist_dist plot "$output/last.h5"
fi
say "All in $output: the model in last.h5 and best.h5"
