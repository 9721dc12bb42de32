#!/usr/bin/python3
"""default_data.py: without data/mnist, and without a word about data, MNIST_DIR is read; without that, digits are
drawn, loudly; data that are named are never replaced."""
import subprocess
import sys

import small
from program import MPIRUN, PROGRAM, conclude, judge


def train(place, *options, **environment):
    done = subprocess.run([MPIRUN, "-np", "2", PROGRAM, "train", *options, "--output", place.output], cwd=place.path,
                          env={**place.environment, "MNIST_DIR": "", **environment},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def model(place):
    """Options of a small run, without those that name its data, and its data."""
    options = small.options(place)
    at = options.index("--data")
    return [*options[:at], *options[at + 2:], "--epochs", "1"], options[at + 1]


def environment_is_read(place):
    options, data = model(place)
    code, said = train(place, *options, MNIST_DIR=data)
    assert code == 0 and f"{small.IMAGES} images of {data}" in said and "SYNTHETIC" not in said, said


def digits_are_drawn(place):
    code, said = train(place, "--set", "train.max_steps=1")
    assert code == 0 and "NO MNIST in data/mnist" in said, said


def named_data_stay(place):
    _, data = model(place)
    code, said = train(place, "--data", "data/mnist", MNIST_DIR=data)
    assert code == 3 and "data/mnist" in said, said


def main():
    return conclude([judge("MNIST_DIR", environment_is_read), judge("drawn digits", digits_are_drawn),
                     judge("named data", named_data_stay)])


if __name__ == "__main__":
    sys.exit(main())
