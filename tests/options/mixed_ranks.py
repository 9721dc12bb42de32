#!/usr/bin/python3
"""mixed_ranks.py: every set of kernels gives one digest, alone, mixed among the ranks of a run, and in a run that one
set began and another ended."""
import os
import re
import sys

from program import MPIRUN, PROGRAM, SKIPPED, conclude, digest, finish, judge, run

# What only one activation, schedule or optimizer uses is defined as well.
MODEL = """model:
  - {layer: flatten}
  - {layer: dense, units: 37, activation: tanh}
  - {layer: dropout, rate: 0.2}
  - {layer: dense, units: 20, activation: sigmoid}
  - {layer: dense, units: 10, activation: softmax}
"""


def options(place, reducer, *more):
    return ["--data", "synthetic:600", "--epochs", "2", "--reducer", reducer, "--config",
            place.write("model.yaml", MODEL), "--set", "schedule.name=cosine", *more]


# Runs "$@" by the set of kernels that stands at this rank's place in $KERNELS.
BY_RANK = 'export MNIST_DIST_KERNELS=$(echo $KERNELS | cut -d" " -f$((${OMPI_COMM_WORLD_RANK:-$PMI_RANK} + 1))); exec "$@"'


def start(place, kernels, reducer, *more):
    """A rank of each kind. The mpirun of PRRTE 3.0.8 crashes when given a program for each."""
    command = [MPIRUN, "-np", str(len(kernels)), "sh", "-c", BY_RANK, "sh", PROGRAM, "train", "--quiet",
               "--output", place.output, *options(place, reducer, *more)]
    code, out, err = finish(place.launch(command, KERNELS=" ".join(kernels)))
    assert code == 0, err
    return digest(out)


def one_digest(place, reducer):
    expected = start(place, ["avx2", "avx2"], reducer)
    assert expected
    assert start(place, ["avx2", "baseline"], reducer) == expected
    assert start(place, ["baseline", "baseline"], reducer) == expected
    if "avx512" in best_kernels():
        assert start(place, ["avx512", "avx512"], reducer) == expected


def resumed(place):
    expected = start(place, ["avx2"], "exchange")
    start(place, ["baseline"], "exchange", "--set", "train.max_steps=11")
    assert start(place, ["avx2"], "exchange", "--resume", "--set", "train.max_steps=0") == expected


def best_kernels(chosen=""):
    environment = {**os.environ, "MNIST_DIST_KERNELS": chosen}
    return re.search(r"kernels +(\w+)", run("--version", environment=environment)[1])[1]


def main():
    if best_kernels("avx2") != "avx2":
        print("skipped: this CPU has one set of kernels only")
        return SKIPPED
    return conclude([judge(f"one digest, {reducer}", one_digest, reducer)
                     for reducer in ("allreduce", "exchange")] +
                    [judge("resumed", resumed)])


if __name__ == "__main__":
    sys.exit(main())
