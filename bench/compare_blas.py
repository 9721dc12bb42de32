#!/usr/bin/python3
"""compare_blas.py BENCH: the dense products of the kernels against a BLAS, by NumPy, on one core.

BENCH is the built mnist_dist_bench. Alternates both, several rounds each, and prints the median rates in
GFLOP/s and the ratio of the times (above 1: BLAS is faster). NumPy uses the BLAS that the system has chosen;
OPENBLAS_CORETYPE chooses OpenBLAS' kernels. Needs Debian's python3-numpy and libopenblas0."""
import csv
import os
import re
import statistics
import subprocess
import sys
import time

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
import numpy as np  # pylint: disable=wrong-import-position # reads the variables as it is loaded

ROUNDS, SECONDS = 5, 0.1
PRODUCTS = {"dense forward": lambda x, w, y: (x, w), "weight gradient": lambda x, w, y: (x.T, y),
            "input gradient": lambda x, w, y: (y, w.T)}


def ours(bench):
    """{(name, batch): seconds} of one round."""
    text = subprocess.run([bench, "--csv", "--seconds", str(SECONDS), "layers"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return {(row["name"], int(row["batch"])): float(row["median_us"]) * 1e-6
            for row in csv.DictReader(text.splitlines())
            if re.sub(r" [0-9-]+$", "", row["name"]) in PRODUCTS}


def sizes(name):
    return map(int, re.search(r"(\d+)-(\d+)$", name).groups())


def blas(name, batch):
    inputs, outputs = sizes(name)
    x, w, y = (np.random.default_rng(1).random(shape, "f4")
               for shape in ((batch, inputs), (inputs, outputs), (batch, outputs)))
    a, b = PRODUCTS[re.sub(r" [0-9-]+$", "", name)](x, w, y)
    c = np.empty((a.shape[0], b.shape[1]), "f4")
    times, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        np.matmul(a, b, c)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    rounds = []
    for _ in range(ROUNDS):
        mine = ours(sys.argv[1])
        rounds.append({key: (seconds, blas(*key)) for key, seconds in mine.items()})
    for name, batch in rounds[0]:
        inputs, outputs = sizes(name)
        mine, theirs = (statistics.median(r[name, batch][i] for r in rounds) for i in (0, 1))
        flops = 2e-9 * batch * inputs * outputs
        print(f"{name:28} {batch:4}  {flops / mine:6.1f}  {flops / theirs:6.1f}  {mine / theirs:5.2f}")


if __name__ == "__main__":
    main()
