#!/usr/bin/python3
"""debug.py: --debug finds gradients right, also of large layers on dense images, and names the layer whose gradient
is not the slope."""
import os
import sys

import h5py
import keras_files as keras
import numpy as np
import small
from program import conclude, judge

LARGE = """model:
  - {layer: flatten}
  - {layer: dense, units: 300, activation: tanh}
  - {layer: dense, units: 500, activation: tanh}
  - {layer: dense, units: 10, activation: softmax}
"""
ONE_STEP = ["--debug", *small.sets({"train.max_steps": 1})]


def warnings(err):
    return [line for line in err.splitlines() if line.startswith("mnist_dist: warning: ")]


def right(place):
    for storage in "dense", "sparse":
        place.output = f"{place.path}/{storage}"
        _, err = place.train(1, ["--config", place.write("large.yaml", LARGE), "--data", "synthetic:600",
                                 *small.sets({"data.storage": storage}), *ONE_STEP])
        assert not warnings(err), err


CONVOLUTIONS = """model:
  - {layer: conv2d, filters: 4, kernel_size: 3, activation: relu}
  - {layer: max_pool2d, pool_size: 2, strides: 2}
  - {layer: conv2d, filters: 6, kernel_size: 3, padding: same, activation: relu}
  - {layer: average_pool2d, pool_size: 3, strides: 2}
  - {layer: flatten}
  - {layer: dense, units: 10, activation: softmax}
"""


def right_on_a_blank_background(place):
    """Where all that a filter sees is its bias, which starts as 0: the kink of relu."""
    place.output = f"{place.path}/convolutions"
    _, err = place.train(1, ["--config", place.write("convolutions.yaml", CONVOLUTIONS), "--data",
                             "synthetic:600", *ONE_STEP])
    assert not warnings(err), err


def wrong(place):
    """Every unit of the first layer stands at the kink of relu, whose slope is 0 to one side and 1 to the other: it
    sees one pixel, which is 1 in every image, and takes 1 off it."""
    options = small.options(place)
    _, _, weights = small.drawn()
    kernel, bias = np.zeros_like(weights[0]), np.zeros_like(weights[1])
    kernel[0], bias[:] = 1, -1
    with h5py.File(os.path.join(place.path, "data.h5"), "r+") as file:
        file["train/images"][:, 0, 0] = 255
    start = os.path.join(place.path, "kink.h5")
    keras.write_model(start, keras.config(keras.keras2_layers(small.SHAPE)),
                      {"flatten": (), "dense_1": (kernel, bias), "dense_2": weights[2:]})
    _, err = place.train(1, [*options, *small.sets({"train.initial_weights": start}), *ONE_STEP])
    said = warnings(err)
    assert len(said) == 1 and "the gradient of layer dense_1 differs" in said[0], err


def main():
    return conclude([judge("right gradients", right),
                     judge("right on a blank background", right_on_a_blank_background),
                     judge("wrong gradients", wrong)])


if __name__ == "__main__":
    sys.exit(main())
