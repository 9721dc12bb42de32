#!/usr/bin/python3
"""compare_pytorch.py PROGRAM DATA: an epoch of the notebook's model in PyTorch and in mnist_dist.

PROGRAM is the built mnist_dist, DATA a folder with MNIST's IDX files (plain or .gz). Alternates both
on this machine, several rounds each, and prints medians and their ratios:

  one process    PyTorch on one thread            against  mnist_dist on one rank
  two processes  DistributedDataParallel (gloo)   against  mpirun -np 2, exchange, batch per rank

PyTorch's times leave out loading the data (it lies in memory as floats before the clock starts) and
validation; mnist_dist's are its own seconds of an epoch's steps. Needs Debian's python3-torch."""
import csv
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import torch.distributed
from torch import nn

ROUNDS = 5
BATCHES = (32, 128)


def read_idx(folder, name, header):
    path = os.path.join(folder, name)
    opener = gzip.open if os.path.exists(path + ".gz") else open
    with opener(path + ".gz" if opener is gzip.open else path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def load(folder):
    images = read_idx(folder, "train-images-idx3-ubyte", 16).reshape(-1, 784).float() / 255
    return images, read_idx(folder, "train-labels-idx1-ubyte", 8).long()


def epoch_seconds(images, labels, batch, rank, ranks):
    """Seconds of one epoch of one process; with several, the model is wrapped for gradient averaging."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(),
                          nn.Linear(64, 10))
    if ranks > 1:
        model = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    loss_of = nn.CrossEntropyLoss()
    order = torch.randperm(len(labels))[rank::ranks]
    start = time.perf_counter()
    for i in range(0, len(order), batch):
        chosen = order[i:i + batch]
        optimizer.zero_grad()
        loss_of(model(images[chosen]), labels[chosen]).backward()
        optimizer.step()
    return time.perf_counter() - start


def worker(folder, batch, rank, ranks):
    """One process of DistributedDataParallel; rank 0 prints its seconds."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    images, labels = load(folder)
    seconds = epoch_seconds(images, labels, batch, rank, ranks)
    if rank == 0:
        print(seconds)
    torch.distributed.destroy_process_group()


def pytorch_two(folder, batch, port):
    environment = dict(os.environ, MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port),
                       GLOO_SOCKET_IFNAME="lo", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    workers = [subprocess.Popen([sys.executable, __file__, "--worker", folder, str(batch), str(r), "2"],
                                env=environment, stdout=subprocess.PIPE, text=True)
               for r in range(2)]
    outputs = [w.communicate()[0] for w in workers]
    return float(outputs[0])


def mnist_dist(program, folder, ranks, batch, epochs=2):
    """The seconds that an epoch's steps took, from the history of a run of a few epochs."""
    with tempfile.TemporaryDirectory() as output:
        subprocess.run(["mpirun", "-np", str(ranks), program, "--quiet", "--data", folder, "--output",
                        output, "--epochs", str(epochs), "--batch-size", str(batch * ranks),
                        "--reducer", "exchange" if ranks > 1 else "allreduce",
                        "--set", "data.validation=none"],
                       check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(output, "history.csv"), encoding="ascii") as file:
            return statistics.median(float(row["seconds"]) for row in csv.DictReader(file))


def show(what, theirs, ours):
    print(f"{what:28} {statistics.median(theirs):9.3f} {statistics.median(ours):11.3f}"
          f" {statistics.median(t / o for t, o in zip(theirs, ours)):8.1f}"
          f"   {min(theirs):.3f}-{max(theirs):.3f}, {min(ours):.3f}-{max(ours):.3f}", flush=True)


def main():
    program, folder = sys.argv[1], sys.argv[2]
    torch.set_num_threads(1)
    images, labels = load(folder)
    print(f"PyTorch {torch.__version__}, seconds an epoch, medians of {ROUNDS} rounds")
    print(f"{'':28} {'PyTorch':>9} {'mnist_dist':>11} {'ratio':>8}   ranges")
    for batch in BATCHES:
        theirs, ours = [], []
        for _ in range(ROUNDS):
            theirs.append(epoch_seconds(images, labels, batch, 0, 1))
            ours.append(mnist_dist(program, folder, 1, batch))
        show(f"one process, batch {batch}", theirs, ours)
    del images, labels
    for batch in BATCHES:
        theirs, ours = [], []
        for i in range(ROUNDS):
            theirs.append(pytorch_two(folder, batch, 29500 + i))
            ours.append(mnist_dist(program, folder, 2, batch))
        show(f"two processes, batch {batch} each", theirs, ours)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], *(int(word) for word in sys.argv[3:]))
    elif len(sys.argv) == 3:
        main()
    else:
        sys.exit(__doc__)
