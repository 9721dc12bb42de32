#!/usr/bin/python3
"""mixed_ranks.py: ranks whose kernels differ: reducer exchange refuses them, in one message and at once; the
others, which promise no more than equal ranks, train."""
import os
import sys

from program import (MPIRUN, PROGRAM, SKIPPED, check_refused, conclude, digest, finish, judge, run)


def start(place, reducer):
    """Two ranks of two kinds."""
    command = [MPIRUN]
    for kernels in "avx2", "baseline":
        command += ["-np", "1", "env", f"MNIST_DIST_KERNELS={kernels}", PROGRAM, "train", "--quiet",
                    "--output", place.output, "--data", "synthetic:600", "--epochs", "1", "--reducer",
                    reducer, ":"]
    return place.launch(command[:-1])


def refused(place):
    code, out, err = finish(start(place, "exchange"), 60)
    check_refused((code, err), 1, "kernels")
    assert not digest(out) and not os.path.exists(os.path.join(place.output, "last.h5")), out


def trains(place, reducer):
    code, out, err = finish(start(place, reducer))
    assert code == 0 and digest(out), err


def main():
    kernels = run("--version", environment={**os.environ, "MNIST_DIST_KERNELS": "avx2"})[1]
    if "avx2" not in kernels:
        print("skipped: this CPU has one set of kernels only")
        return SKIPPED
    return conclude([judge("exchange refuses", refused)] +
                    [judge(f"{reducer} trains", trains, reducer)
                     for reducer in ("allreduce",)])


if __name__ == "__main__":
    sys.exit(main())
