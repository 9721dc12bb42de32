#!/usr/bin/python3
"""large_layers.py SPY: a layer large enough to go to BLAS: train.threads are its threads and change nothing that
matters; and a BLAS that gives wrong gradients is noticed by --debug, which names the layer."""
import os
import re
import sys

import small
from program import conclude, digest, judge

SPY = os.path.realpath(sys.argv[1])
# 784 x 200 weights are more than a cache holds beside the activations; 200 x 10 are not.
LARGE = """model:
  - {layer: flatten}
  - {layer: dense, units: 200, activation: relu, name: large}
  - {layer: dropout, rate: 0.2}
  - {layer: dense, units: 10, activation: softmax, name: narrow}
"""


def options(place):
    return ["--config", place.write("large.yaml", LARGE), "--data", "synthetic:600", "--epochs", "2",
            *small.sets({"data.storage": "dense"})]


def accuracy(out):
    return float(re.search(r"val_accuracy=(\S+)", out)[1])


def threads(place, ranks):
    accuracies = []
    for count in 1, 2:
        out, err = place.train(ranks, options(place) + small.sets({"train.threads": count}),
                               LD_PRELOAD=SPY)
        assert re.findall(r"^BLAS threads: (\d+)", err, re.MULTILINE) == [str(count)] * ranks, err
        accuracies.append(accuracy(out))
    assert accuracies[0] > 0.5 and abs(accuracies[0] - accuracies[1]) <= 0.02, accuracies


def wrong_gradient(place):
    debug = options(place) + ["--debug", *small.sets({"train.max_steps": 1})]
    _, err = place.train(1, debug, LD_PRELOAD=SPY)
    assert "warning" not in err and digest(err) is None, err
    place.output += ".spoilt"
    _, err = place.train(1, debug, LD_PRELOAD=SPY, MD_SPOIL="1")
    warnings = [line for line in err.splitlines() if line.startswith("mnist_dist: warning: ")]
    assert len(warnings) == 1 and "the gradient of layer large differs" in warnings[0], err


def main():
    results = [judge(f"threads, {ranks} ranks", threads, ranks) for ranks in (1, 2)]
    results.append(judge("a wrong gradient", wrong_gradient))
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
