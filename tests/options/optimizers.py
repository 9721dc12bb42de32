#!/usr/bin/python3
"""optimizers.py: steps of the program against the same steps in NumPy, at 1 and 3 ranks: sgd with momentum,
adamw with weight decay, and clip_norm, whose reports are of the gradient before it is clipped."""
import re
import sys

import small
from program import conclude, judge

STEPS = 6
CLOSE = 1e-5


def distance(place, twin):
    return max(abs(a - b).max() for a, b in zip(small.saved_weights(place), twin.weights))


def follow(place, ranks, reducer, options, update, clip_norm=float("inf")):
    """STEPS steps of both. What the program reported."""
    options = ["--reducer", reducer, "--debug"] + small.sets({"train.max_steps": STEPS, **options})
    out, _ = place.train(ranks, small.options(place) + options)
    twin, still = small.Twin(), small.Twin()
    for _ in range(STEPS):
        twin.step(update, clip_norm)
    far = distance(place, twin)
    assert far < CLOSE, f"weights differ by {far}"
    assert distance(place, still) > 100 * CLOSE, "nothing was learnt"
    reported = [float(norm) for norm in re.findall(r"^step .* gradient (\S+)", out, re.MULTILINE)]
    assert len(reported) == STEPS, out
    for ours, exact in zip(reported, twin.norms):
        assert abs(ours - exact) < 1e-3 * exact, f"gradient norms {reported}, not {twin.norms}"
    return reported


def momentum(place, ranks, reducer):
    options = {"optimizer.name": "sgd", "optimizer.learning_rate": 0.1, "optimizer.momentum": 0.9}
    follow(place, ranks, reducer, options, small.sgd(0.1, 0.9))


def weight_decay(place, ranks, reducer):
    options = {"optimizer.name": "adamw", "optimizer.learning_rate": 0.01,
               "optimizer.weight_decay": 0.5}
    follow(place, ranks, reducer, options, small.adamw(0.01, 0.5))


def clip_norm(place, ranks, reducer):
    options = {"optimizer.name": "sgd", "optimizer.learning_rate": 0.5, "optimizer.clip_norm": 0.1}
    for norm in follow(place, ranks, reducer, options, small.sgd(0.5), 0.1):
        assert norm > 0.1, "there was nothing to clip"


def main():
    runs = [(1, "allreduce"), (2, "exchange"), (3, "exchange")]
    results = [judge(f"{case.__name__.replace('_', ' ')}, {ranks} ranks, {reducer}",
                     case, ranks, reducer)
               for case in (momentum, weight_decay, clip_norm) for ranks, reducer in runs]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
