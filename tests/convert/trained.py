"""A short run for the tests of export and import, and what is saved with it."""
import h5py

from program import digest, works

SMALL = """model:
  - {layer: flatten}
  - {layer: dense, units: 12, activation: tanh, name: hidden}
  - {layer: dropout, rate: 0.25}
  - {layer: dense, units: 10, activation: softmax}
"""


def trained():
    """A short run in runs/first; its digest."""
    with open("small.yaml", "w", encoding="ascii") as file:
        file.write(SMALL)
    return digest(works("train", "--quiet", "--config", "small.yaml", "--data", "synthetic:300",
                        "--epochs", 2, "--output", "runs/first"))


def golden(path):
    """Images as the model takes them, in [0, 1], and the logits that were saved with them."""
    with h5py.File(path, "r") as file:
        return file["golden/images"][()] / 255.0, file["golden/logits"][()]
