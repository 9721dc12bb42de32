#!/usr/bin/python3
"""inspect_data.py: what `inspect` says of each kind of data set is what NumPy knows of it; what no command could take is
refused in the same words, and a checkpoint is told from data by its content."""
import os
import sys

import h5py
import numpy as np

from own_data import COUNTS, DATA, IDX, IMAGES, KERAS, LABELS, NPZ, csv, hdf5
from program import conclude, judge, refuses, works

HOUSES = """size,colour,price,rent
10.5,red,100,1.5
20,blue,200.5,2
30,red,310,3.5
"""


def inspect(path, *options):
    out = works("inspect", path, *options)
    assert max(map(len, out.splitlines())) <= 80, out
    return out


def counts(labels):
    return [f"{k}: {int((labels == k).sum())}" for k in range(10)]


def check_pixels(out, splits=("train", "test")):
    """In words that hold for the same pixels in any file."""
    for split, word in ("train", "training"), ("test", "test"):
        assert (f"  {word:<10}{COUNTS[split]} images of 9 x 8, " in out) == (split in splits), out
    labels = np.concatenate([LABELS[split] for split in splits])
    assert "answers   10 classes" in out
    assert all(text in " ".join(out.split()) for text in counts(labels)), out
    assert "scale     unit: value / 255" in out
    density = 100 * (IMAGES[splits[0]] > 0).mean()
    assert f"density   {density:.1f} % of the values are not 0" in out, out


def every_source(place):
    check_pixels(inspect(IDX["plain"](f"{place.path}/idx")))
    out = inspect(hdf5(f"{place.path}/x.dat", KERAS))
    check_pixels(out)
    assert "x.dat: .h5 file" in out and "u1 [300, 9, 8]; answers u1 [300]" in out, out
    out = inspect(NPZ["compressed, i8"](f"{place.path}/x"))
    check_pixels(out)
    assert "x: .npz file" in out and "i8 [300, 9, 8]" in out, out
    out = inspect(csv(f"{place.path}/table", "train"))
    assert "table: CSV file" in out and f"one part  {COUNTS['train']} rows of 72 features" in out, out
    assert "pixel0, pixel1" in out and "sparse rows" in out
    out = inspect("synthetic:60")
    assert "training  60 images of 28 x 28" in out and "test      10 images" in out


def parts(place):
    """Test files alone are named as what they are good for."""
    folder = IDX["plain"](f"{place.path}/all")
    for name in os.listdir(folder):
        if name.startswith("train"):
            os.remove(os.path.join(folder, name))
    out = inspect(folder)
    check_pixels(out, ("test",))
    assert "refused   training on it: " in out and "train-images" in out, out


def numbers(place):
    path = place.write("houses.csv", HOUSES)
    out = inspect(path, "--set", "data.target=price")
    assert "3 rows of 4 features" in out and "size, colour=blue, colour=red, rent" in out, out
    assert "answers   1 number a sample" in out and "price: 100 to 310, mean 203.5" in out, out
    assert "standardize" in out and "refused   activation softmax" in out
    out = inspect(path, "--set", "data.target=[price, rent]")
    assert "answers   2 numbers" in out and "rent: 1.5 to 3.5" in out, out
    out = inspect(path, "--set", "data.target=colour", "--set", "data.scale=none")
    assert "2 classes" in out and "blue: 1, red: 2" in out and "none: values as they are" in out, out
    halves = np.array([[0, 0.5], [1, 6e-8], [65504, -2]], "f2")
    for name, save in ("half.npz", lambda path: np.savez(path, X=halves, y=[0, 1, 0])), (
            "half.h5", lambda path: write_h5(path, halves)):
        save(f"{place.path}/{name}")
        out = inspect(f"{place.path}/{name}")
        assert "3 rows of 2 features, f4 [3, 2]" in out, out


def write_h5(path, halves):
    with h5py.File(path, "w") as file:
        file["X"], file["y"] = halves, [0, 1, 0]


def half_floats(place):
    """Numbers of two bytes are what NumPy makes of them, in either byte order and from any layout."""
    x = np.concatenate([np.arange(0, 31744, 97, "u2"), np.arange(32768, 64512, 97, "u2")])
    x = np.stack([x, x[::-1]], 1).view("f2")
    y = (np.arange(len(x)) % 3).astype("u1")
    outs = []
    for save in (lambda: x.astype("f4"), lambda: x, lambda: x.astype(">f2"), lambda: np.asfortranarray(x)):
        np.savez(f"{place.path}/x.npz", X=save(), y=y)
        outs.append(place.train(2, ["--data", f"{place.path}/x.npz", "--epochs", "1", "--reducer",
                                    "exchange", "--set", "data.classes=3"])[0].split(" seconds")[0])
    assert len(set(outs)) == 1, outs


def refused(place):
    path = place.write("houses.csv", HOUSES)
    refuses(3, "which column is to be learned?", "inspect", path)
    refuses(3, "did you mean 'price'", "inspect", path, "--set", "data.target=prize")
    refuses(2, "data.targt is not a key", "inspect", path, "--set", "data.targt=price")
    refuses(3, "short.csv:3: has 1 cells", "inspect", place.write("short.csv", "a,label\n1,2\n3\n"))
    with h5py.File(f"{place.path}/odd.h5", "w") as file:
        file["pixels"] = DATA["train"][0]
    refuses(3, "/pixels u1 [300, 9, 8]", "inspect", f"{place.path}/odd.h5")
    refuses(4, "text", "inspect", place.write("text", "no table\n"))
    refuses(4, "absent", "inspect", f"{place.path}/absent")
    place.train(1, ["--data", "synthetic:60", "--epochs", "1"])
    assert "784 -> 128" in works("inspect", place.output)
    refuses(2, "--set is about a data set", "inspect", place.output, "--set", "data.target=a")


def main():
    sys.exit(conclude([judge(work.__name__, work)
                       for work in (every_source, parts, numbers, half_floats, refused)]))


if __name__ == "__main__":
    main()
