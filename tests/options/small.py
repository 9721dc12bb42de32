"""A run so small that NumPy can follow every step in double: 64 images of 4 x 4 pixels, 5 units with relu
and 3 with softmax, in file order, from weights that are known."""
import csv
import os

import h5py
import numpy as np

import keras_files as keras

SHAPE, IMAGES, TESTS, BATCH = (4, 4), 64, 40, 16
STEPS_PER_EPOCH = IMAGES // BATCH
MODEL = """model:
  - {layer: flatten}
  - {layer: dense, units: 5, activation: relu}
  - {layer: dense, units: 3, activation: softmax}
"""


def drawn():
    """Images, and labels that they only hint at; the weights to begin with."""
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (IMAGES + TESTS, *SHAPE), "u1")
    labels = (images[:, 0].astype(int).sum(1) // 200 % 3).astype("u1")
    weights = [rng.standard_normal(shape).astype("f4") / 2 for shape in ((16, 5), 5, (5, 3), 3)]
    return images, labels, weights


def options(place):
    """Writes data, weights and model; the options of a run that uses them."""
    images, labels, weights = drawn()
    data, start = os.path.join(place.path, "data.h5"), os.path.join(place.path, "start.h5")
    with h5py.File(data, "w") as file:
        for split, part in (("train", slice(IMAGES)), ("test", slice(IMAGES, None))):
            file[f"{split}/images"], file[f"{split}/labels"] = images[part], labels[part]
    keras.write_model(start, keras.config(keras.keras2_layers(SHAPE)),
                      {"flatten": (), "dense_1": weights[:2], "dense_2": weights[2:]})
    return ["--config", place.write("small.yaml", MODEL), "--data", data, "--batch-size", str(BATCH),
            *sets({"train.initial_weights": start, "train.shuffle": "false"})]


def sets(values):
    """{key: value} as options."""
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]


def saved(place, name="last.h5"):
    return h5py.File(os.path.join(place.output, name), "r")


def saved_weights(place, name="last.h5"):
    with saved(place, name) as file:
        return [file[f"model_weights/{layer}/{layer}/{role}:0"][()].astype(float)
                for layer in ("dense_1", "dense_2") for role in ("kernel", "bias")]


def history(place):
    """The rows of history.csv."""
    with open(os.path.join(place.output, "history.csv"), encoding="ascii", newline="") as file:
        return [{name: float(value) for name, value in row.items() if name != "weights_xxh3"}
                for row in csv.DictReader(file)]


class Twin:
    """The same training in NumPy, in double, as a textbook has it."""

    def __init__(self):
        images, labels, weights = drawn()
        self.pixels = images[:IMAGES].reshape(IMAGES, -1) / 255.0
        self.wanted = np.eye(3)[labels[:IMAGES]]
        self.weights = [w.astype(float) for w in weights]
        self.first = [np.zeros_like(w) for w in self.weights]
        self.second = [np.zeros_like(w) for w in self.weights]
        self.steps, self.norms = 0, []

    def gradient(self):
        at = self.steps % STEPS_PER_EPOCH * BATCH
        x, wanted = self.pixels[at:at + BATCH], self.wanted[at:at + BATCH]
        kernel_1, bias_1, kernel_2, bias_2 = self.weights
        z = x @ kernel_1 + bias_1
        hidden = np.maximum(z, 0)
        logits = hidden @ kernel_2 + bias_2
        powers = np.exp(logits - logits.max(1, keepdims=True))
        d_logits = (powers / powers.sum(1, keepdims=True) - wanted) / BATCH
        d_z = d_logits @ kernel_2.T * (z > 0)
        return [x.T @ d_z, d_z.sum(0), hidden.T @ d_logits, d_logits.sum(0)]

    def step(self, update, clip_norm=np.inf):
        """update(weight, gradient, first moment, second moment, step): the new three."""
        gradient = self.gradient()
        self.norms.append(np.sqrt(sum((g * g).sum() for g in gradient)))
        scale = min(1.0, clip_norm / self.norms[-1])
        self.steps += 1
        new = [update(w, scale * g, m, v, self.steps)
               for w, g, m, v in zip(self.weights, gradient, self.first, self.second)]
        self.weights, self.first, self.second = map(list, zip(*new))


def sgd(rate, momentum=0.0):
    def update(w, g, m, v, _):
        m = momentum * m - rate * g
        return w + m, m, v
    return update


def adamw(rate, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    def update(w, g, m, v, t):
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g * g
        size = rate * np.sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t)
        return w - rate * decay * w - size * m / (np.sqrt(v) + epsilon), m, v
    return update
