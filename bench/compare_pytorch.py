#!/usr/bin/python3
"""compare_pytorch.py PROGRAM DATA [RANKS...]: an epoch of the notebook's model in PyTorch and in mnist_dist.

PROGRAM is the built mnist_dist, DATA a folder with MNIST's IDX files (plain or .gz), RANKS how many
ranks, or processes of DistributedDataParallel over gloo on loopback, to take (default 1 and 2), each on
one thread. Prints one table.

PyTorch's times leave out loading the data (it lies in memory as floats before the clock starts) and
validation; mnist_dist's are its own seconds of an epoch's steps. Needs Debian's python3-torch."""
import os
import subprocess
import sys
import time

import torch
import torch.distributed
from torch import nn

import compare

FIRST_PORT = 29500


def epoch_seconds(images, labels, batch, rank=0, ranks=1):
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
    for i in range(0, len(order), batch // ranks):
        chosen = order[i:i + batch // ranks]
        optimizer.zero_grad()
        loss_of(model(images[chosen]), labels[chosen]).backward()
        optimizer.step()
    return time.perf_counter() - start


def load(folder):
    images, labels = compare.load(folder)
    return torch.from_numpy(images), torch.from_numpy(labels.astype("int64"))


def worker(folder, batch, rank, ranks):
    """One process of DistributedDataParallel; rank 0 prints its seconds."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    seconds = epoch_seconds(*load(folder), batch, rank, ranks)
    if rank == 0:
        print(seconds)
    torch.distributed.destroy_process_group()


def several(folder, ranks):
    """A contender: DistributedDataParallel, a port of its own each time."""
    port = FIRST_PORT

    def epoch(batch):
        nonlocal port
        port += 1
        environment = dict(os.environ, MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port),
                           GLOO_SOCKET_IFNAME="lo", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        workers = [subprocess.Popen([sys.executable, __file__, "--worker", folder, str(batch), str(r),
                                     str(ranks)], env=environment, stdout=subprocess.PIPE, text=True)
                   for r in range(ranks)]
        return float([w.communicate()[0] for w in workers][0])
    return epoch


def main():
    program, folder, ranks = compare.arguments(__doc__)
    torch.set_num_threads(1)
    images, labels = load(folder)
    contenders = compare.ours(program, folder, ranks)
    for count in ranks:
        if count == 1:
            contenders["PyTorch, one thread"] = lambda batch: epoch_seconds(images, labels, batch)
        else:
            contenders[f"PyTorch DDP, {count} processes"] = several(folder, count)
    compare.run(f"PyTorch {torch.__version__}", contenders)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], *(int(word) for word in sys.argv[3:]))
    else:
        main()
