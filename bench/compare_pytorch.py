#!/usr/bin/python3
"""compare_pytorch.py [--cnn] PROGRAM DATA [RANKS...]: an epoch of the notebook's model, or of the first 3,200
images with the model of configs/mnist_cnn.yaml, in PyTorch and in mnist_dist.

PROGRAM is the built mnist_dist, DATA a folder with MNIST's IDX files (plain or .gz), RANKS how many
ranks, or processes of DistributedDataParallel over gloo on loopback, to take (default 1 and 2), each on
one thread. Prints one table.

PyTorch's times leave out loading the data (it lies in memory as floats before the clock starts) and
validation; mnist_dist's are its own seconds of an epoch's steps, and with --cnn it moves the images as
that configuration says, which PyTorch does not. Needs Debian's python3-torch."""
import os
import subprocess
import sys
import tempfile
import time

import numpy
import torch
import torch.distributed
from torch import nn

import compare

FIRST_PORT = 29500


CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../configs/mnist_cnn.yaml")
FIRST_IMAGES, CNN_BATCH = 3200, 64


def notebook():
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(),
                          nn.Linear(64, 10))
    return model, torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)


def convolutions():
    model = nn.Sequential(nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                          nn.Dropout(0.4), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 10))
    return model, torch.optim.AdamW(model.parameters(), lr=2e-3, eps=1e-7, weight_decay=0.05)


MODELS = {"notebook": notebook, "cnn": convolutions}


def epoch_seconds(name, images, labels, batch, rank=0, ranks=1):
    """Seconds of one epoch of one process; with several, the model is wrapped for gradient averaging."""
    torch.manual_seed(1)
    model, optimizer = MODELS[name]()
    if ranks > 1:
        model = nn.parallel.DistributedDataParallel(model)
    loss_of = nn.CrossEntropyLoss()
    order = torch.randperm(len(labels))[rank::ranks]
    start = time.perf_counter()
    for i in range(0, len(order), batch // ranks):
        chosen = order[i:i + batch // ranks]
        optimizer.zero_grad()
        loss_of(model(images[chosen]), labels[chosen]).backward()
        optimizer.step()
    return time.perf_counter() - start


def load(name, folder):
    images, labels = compare.load(folder)
    count = FIRST_IMAGES if name == "cnn" else len(labels)
    return torch.from_numpy(images[:count]), torch.from_numpy(labels[:count].astype("int64"))


def worker(name, folder, batch, rank, ranks):
    """One process of DistributedDataParallel; rank 0 prints its seconds."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    seconds = epoch_seconds(name, *load(name, folder), batch, rank, ranks)
    if rank == 0:
        print(seconds)
    torch.distributed.destroy_process_group()


def several(name, folder, ranks):
    """A contender: DistributedDataParallel, a port of its own each time."""
    port = FIRST_PORT

    def epoch(batch):
        nonlocal port
        port += 1
        environment = dict(os.environ, MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port),
                           GLOO_SOCKET_IFNAME="lo", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        workers = [subprocess.Popen([sys.executable, __file__, "--worker", name, folder, str(batch),
                                     str(r), str(ranks)], env=environment, stdout=subprocess.PIPE,
                                    text=True)
                   for r in range(ranks)]
        return float([w.communicate()[0] for w in workers][0])
    return epoch


def theirs(name, folder, ranks):
    """The contenders of PyTorch, by name, at each number of processes."""
    images, labels = load(name, folder)
    return {"PyTorch, one thread" if count == 1 else f"PyTorch DDP, {count} processes":
            (lambda batch: epoch_seconds(name, images, labels, batch)) if count == 1 else
            several(name, folder, count)
            for count in ranks}


def compare_notebook(program, folder, ranks):
    compare.run(f"PyTorch {torch.__version__}; {compare.MODEL}",
                {**compare.ours(program, folder, ranks), **theirs("notebook", folder, ranks)})


def compare_cnn(program, folder, ranks):
    images, labels = load("cnn", folder)
    with tempfile.TemporaryDirectory() as place:
        first = os.path.join(place, "first.npz")
        numpy.savez(first, x_train=(images.numpy() * 255).round().astype("u1").reshape(-1, 28, 28),
                    y_train=labels.numpy())
        compare.run(f"PyTorch {torch.__version__}; mnist_cnn.yaml, {FIRST_IMAGES} images",
                    {**compare.ours(program, first, ranks, ["--config", CONFIG]),
                     **theirs("cnn", folder, ranks)}, [CNN_BATCH])


def main():
    cnn = "--cnn" in sys.argv
    if cnn:
        sys.argv.remove("--cnn")
    torch.set_num_threads(1)
    (compare_cnn if cnn else compare_notebook)(*compare.arguments(__doc__))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(*sys.argv[2:4], *(int(word) for word in sys.argv[4:]))
    else:
        main()
