#!/usr/bin/python3
"""Layers of more than 2^17 weights on dense images: the same bits at any rank count and by any kernels, also with
batches that ranks cannot share evenly."""
import sys

import small
from program import conclude, digest, judge

LARGE = """model:
  - {layer: flatten}
  - {layer: dense, units: 300, activation: tanh}
  - {layer: dropout, rate: 0.2}
  - {layer: dense, units: 500, activation: relu}
  - {layer: dense, units: 10, activation: softmax}
"""


def options(place, steps):
    return ["--config", place.write("large.yaml", LARGE), "--data", "synthetic:600", "--batch-size", "70",
            "--reducer", "exchange", *small.sets({"data.storage": "dense", "train.max_steps": steps})]


def trained(place, ranks, kernels):
    place.output = f"{place.path}/{ranks}-{kernels}"
    return digest(place.train(ranks, options(place, 4), MNIST_DIST_KERNELS=kernels)[0])


def same_bits(place):
    first = trained(place, 1, "")
    others = {(ranks, kernels): trained(place, ranks, kernels)
              for ranks, kernels in ((2, ""), (3, "avx2"), (4, ""), (4, "baseline"))}
    assert first and set(others.values()) == {first}, (first, others)


def main():
    return conclude([judge("same bits", same_bits)])


if __name__ == "__main__":
    sys.exit(main())
