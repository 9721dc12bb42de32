#!/usr/bin/python3
"""convolutions.py: images' own layers end with the same digest at 1 to 8 ranks, in each set of kernels and when
resumed, and with the same loss, but for rounding, where gradients are summed over ranks."""
import os
import re
import sys

import h5py
import numpy as np

from program import conclude, digest, judge, refuses, run
from small import sets

ROWS, COLUMNS, TRAIN, TEST = 13, 10, 90, 30
END = "  - {layer: flatten}\n  - {layer: dense, units: 3, activation: softmax}\n"
MODELS = {
    "strides": """
  - {layer: conv2d, filters: 5, kernel_size: 4, strides: 3, padding: same, activation: relu}
  - {layer: conv2d, filters: 18, kernel_size: 2, strides: 2, activation: tanh}
""",
    "max_pool2d": """
  - {layer: conv2d, filters: 7, kernel_size: 3, activation: relu}
  - {layer: max_pool2d, pool_size: 3, strides: 2, padding: same}
  - {layer: dropout, rate: 0.25}
""",
    "average_pool2d": """
  - {layer: average_pool2d, pool_size: 2, strides: 1}
  - {layer: conv2d, filters: 33, kernel_size: 5, padding: same, activation: sigmoid}
  - {layer: average_pool2d, pool_size: 3, strides: 4, padding: same}
""",
    "global": """
  - {layer: conv2d, filters: 6, kernel_size: 1, activation: relu}
  - {layer: max_pool2d, pool_size: 3, strides: 1, padding: same}
  - {layer: conv2d, filters: 4, kernel_size: 2, strides: 2, padding: same, activation: relu}
  - {layer: average_pool2d, pool_size: 5, strides: 5, padding: same}
""",
}
AUGMENTED = {"augment.shift": 1.5, "augment.rotation": 15, "augment.zoom": 0.2, "augment.shear": 10}


def options(place, name, reducer, *more):
    data = os.path.join(place.path, "data.h5")
    if not os.path.exists(data):
        rng = np.random.default_rng(7)
        with h5py.File(data, "w") as file:
            for split, count in (("train", TRAIN), ("test", TEST)):
                images = rng.integers(0, 256, (count, ROWS, COLUMNS), "u1")
                file[f"{split}/images"] = images
                file[f"{split}/labels"] = (images[:, 3:6, 3:6].astype(int).sum((1, 2)) % 3).astype("u1")
    text = "model:" + MODELS[name] + END
    return ["--config", place.write("model.yaml", text), "--data", data, "--reducer", reducer,
            "--epochs", "2", "--batch-size", "16", *sets(AUGMENTED), *more]


def exact(place, name):
    wanted = digest(place.train(1, options(place, name, "exchange"))[0])
    for ranks in 2, 3, 4, 8:
        assert digest(place.train(ranks, options(place, name, "exchange"))[0]) == wanted, ranks
    nodes = options(place, name, "exchange", "--set", "distributed.node_size=2")
    assert digest(place.train(3, nodes)[0]) == wanted
    for kernels in "avx2", "baseline":
        again = place.train(1, options(place, name, "exchange"), MNIST_DIST_KERNELS=kernels)[0]
        assert digest(again) == wanted, kernels
    place.train(2, options(place, name, "exchange", "--set", "train.max_steps=7"))
    rest = options(place, name, "exchange", "--set", "train.max_steps=0")
    assert digest(place.train(3, rest, resume=True)[0]) == wanted


def val_loss(place, name, ranks):
    out, _ = place.train(ranks, options(place, name, "allreduce"))
    return float(re.search(r"val_loss=(\S+)", out)[1])


def to_rounding(place, name):
    alone = val_loss(place, name, 1)
    for ranks in 2, 3, 4:
        assert abs(val_loss(place, name, ranks) - alone) < 1e-3, ranks


def refused(place):
    """Windows that do not fit are told with their layer."""
    text = "model:\n  - {layer: conv2d, filters: 2, kernel_size: 29, activation: relu}\n" + END
    code, _, err = run("train", "--config", place.write("model.yaml", text), "--data", "synthetic:60",
                       "--output", place.output)
    assert code == 2 and "'conv2d_1'" in err and "28 x 28" in err, (code, err)
    place.train(1, options(place, "global", "exchange"))
    turned = os.path.join(place.path, "turned.npz")
    np.savez(turned, X=np.zeros((4, COLUMNS, ROWS), "u1"), y=np.arange(4) % 3)
    refuses(3, "10 x 13 pixels, but the model takes 13 x 10", "evaluate", place.output, "--data", turned)


def main():
    return conclude([judge(f"one digest, {name}", exact, name) for name in MODELS] +
                    [judge(f"one loss, {name}", to_rounding, name) for name in MODELS] +
                    [judge("refused", refused)])


if __name__ == "__main__":
    sys.exit(main())
