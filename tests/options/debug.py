#!/usr/bin/python3
"""debug.py: --debug finds gradients right, also of large layers on dense images, and names the layer whose gradient
is not the slope."""
import os
import sys

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


def wrong(place):
    """Every unit of the first layer stands at the kink of relu, whose slope is 0 to one side and 1 to the other."""
    options = small.options(place)
    _, _, weights = small.drawn()
    start = os.path.join(place.path, "kink.h5")
    keras.write_model(start, keras.config(keras.keras2_layers(small.SHAPE)),
                      {"flatten": (), "dense_1": [np.zeros_like(w) for w in weights[:2]],
                       "dense_2": weights[2:]})
    _, err = place.train(1, [*options, *small.sets({"train.initial_weights": start}), *ONE_STEP])
    said = warnings(err)
    assert len(said) == 1 and "the gradient of layer dense_1 differs" in said[0], err


def main():
    return conclude([judge("right gradients", right), judge("wrong gradients", wrong)])


if __name__ == "__main__":
    sys.exit(main())
