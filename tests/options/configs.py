#!/usr/bin/python3
"""configs.py FOLDER: configurations end with the accuracy and the digest that they say themselves,
long ones after the steps that they name."""
import glob
import os
import re
import sys

from program import conclude, judge

def promises(name):
    with open(name, encoding="utf-8") as file:
        return re.findall(r"^# as (val_accuracy=\S+ weights=\S+)$", file.read(), re.MULTILINE)


NAMES = [name for name in sorted(glob.glob(os.path.join(sys.argv[1], "*.yaml"))) if promises(name)]


def steps(name):
    with open(name, encoding="utf-8") as file:
        return re.findall(r"^# .*(train\.max_steps=\d+)", file.read(), re.MULTILINE)


def as_it_says(place, name):
    promised = promises(name)
    options = [word for short in steps(name) for word in ("--set", short)]
    out, _ = place.train(2, ["--config", name, "--data", os.environ["MNIST_DIR"], "--reducer",
                             "exchange", *options])
    assert promised[0] in out, (promised, out)


def main():
    if not os.environ.get("MNIST_DIR"):
        print("skipped: MNIST_DIR is not set")
        return 77
    assert len(NAMES) >= 4
    return conclude([judge(os.path.basename(name), as_it_says, name) for name in NAMES])


if __name__ == "__main__":
    sys.exit(main())
