"""What the comparisons with other programs share: MNIST as arrays, epochs of mnist_dist, one table.

The contenders take turns on this machine, so that whatever else it does falls on all of them."""
import csv
import gzip
import os
import statistics
import subprocess
import sys
import tempfile

import numpy

ROUNDS = 5
BATCHES = (32, 128, 1024)
MODEL = "784-128-64-10, Adam"


def read_idx(folder, name, header):
    path = os.path.join(folder, name)
    opener = gzip.open if os.path.exists(path + ".gz") else open
    with opener(path + ".gz" if opener is gzip.open else path, "rb") as file:
        return numpy.frombuffer(file.read()[header:], dtype=numpy.uint8)


def load(folder):
    """The training images as floats [n, 784] in [0, 1], and their labels [n]."""
    images = read_idx(folder, "train-images-idx3-ubyte", 16).reshape(-1, 784)
    return images.astype(numpy.float32) / 255, read_idx(folder, "train-labels-idx1-ubyte", 8)


def mnist_dist(program, folder, ranks, reducer, options):
    """A contender: the median seconds of an epoch's steps, from the history of a run of a few epochs."""
    def epoch(batch):
        with tempfile.TemporaryDirectory() as output:
            subprocess.run(["mpirun", "--map-by", ":OVERSUBSCRIBE", "-np", str(ranks), program, "--quiet",
                            "--data", folder, "--output", output, "--epochs", "3",
                            "--batch-size", str(batch), "--reducer", reducer,
                            "--set", "data.validation=none", *options], check=True, stdout=subprocess.DEVNULL)
            with open(os.path.join(output, "history.csv"), encoding="ascii") as file:
                return statistics.median(float(row["seconds"]) for row in csv.DictReader(file))
    return epoch


def ours(program, folder, ranks, options=()):
    """The contenders of mnist_dist, by name, at each number of ranks."""
    return {f"mnist_dist, {count} rank{'s' * (count > 1)}, {reducer}":
            mnist_dist(program, folder, count, reducer, options)
            for count in ranks for reducer in ("allreduce", "exchange")}


def arguments(doc):
    """PROGRAM, DATA and the numbers of ranks, 1 and 2 unless given."""
    if len(sys.argv) < 3:
        sys.exit(doc)
    return sys.argv[1], sys.argv[2], [int(word) for word in sys.argv[3:]] or [1, 2]


def run(title, contenders, batches=BATCHES):
    """contenders: name -> function of the global batch that returns an epoch's seconds."""
    times = {(name, batch): [] for name in contenders for batch in batches}
    for _ in range(ROUNDS):
        for name, batch in times:
            times[name, batch].append(contenders[name](batch))
    print(f"{title}; seconds an epoch, median of {ROUNDS} rounds (range), by global batch\n")
    print("| |" + "".join(f" {batch} |" for batch in batches))
    print("| --- |" + " --- |" * len(batches))
    for name in contenders:
        cells = (times[name, batch] for batch in batches)
        print(f"| {name} |" + "".join(
            f" {statistics.median(cell):.3f} ({min(cell):.3f}-{max(cell):.3f}) |" for cell in cells))
