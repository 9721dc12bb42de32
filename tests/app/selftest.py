#!/usr/bin/python3
"""selftest.py RANKS: selftest passes by every set of kernels and leaves nothing behind."""
import os
import subprocess
import sys

from program import MPIRUN, PROGRAM, conclude, judge

RANKS = sys.argv[1]


def selftest(place, **environment):
    done = subprocess.run([MPIRUN, "-np", RANKS, PROGRAM, "selftest"], env={**place.environment, **environment},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


def passes(place, kernels):
    code, lines, err = selftest(place, MNIST_DIST_KERNELS=kernels)
    assert code == 0 and lines[-1].startswith("PASS: kernels "), (code, lines, err)
    assert len(lines) > 4 and all(line.endswith("  as promised") for line in lines[:-1]), lines
    assert not os.listdir(place.path), os.listdir(place.path)


def main():
    return conclude([judge(f"kernels {kernels}", passes, kernels) for kernels in ("avx512", "avx2", "baseline")])


if __name__ == "__main__":
    sys.exit(main())
