"""Data as people have it: the same pixels in every form and under every name end in one digest at any rank
count; tables are standardized, and the scale stays with the model; what cannot be understood is refused in
one message, on any number of ranks."""
import gzip
import os
import struct
import sys

import h5py
import numpy as np

from program import Place, check_refused, digest, finish, judge, refuses, run, works
from standin import load_model_h5, load_model_keras, load_weights_h5

COUNTS = {"train": 300, "test": 90}
TYPES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0b, ">i4": 0x0c, ">f4": 0x0d, ">f8": 0x0e}
RECIPE = ["--epochs", "2", "--reducer", "exchange"]


def drawn():
    """Images of 9 x 8 with a bar where the label says, among noise, and their labels."""
    rng = np.random.default_rng(7)
    data = {}
    for split, count in COUNTS.items():
        labels = np.concatenate([np.arange(10), rng.integers(0, 10, count - 10)]).astype("u1")
        images = (rng.integers(0, 256, (count, 9, 8)) * (rng.random((count, 9, 8)) < 0.2)).astype("u1")
        images[np.arange(count), labels % 9, :] = 255
        data[split] = images, labels
    return data


DATA = drawn()
IMAGES = {split: data[0] for split, data in DATA.items()}
LABELS = {split: data[1] for split, data in DATA.items()}


def idx(array, kind="u1"):
    array = np.asarray(array)
    return struct.pack(f">{1 + array.ndim}I", TYPES[kind] << 8 | array.ndim, *array.shape) \
        + array.astype(kind).tobytes()


def write(*path, content):
    os.makedirs(os.path.join(*path[:-1]), exist_ok=True)
    with open(os.path.join(*path), "wb") as file:
        file.write(content)


def idx_set(folder, names, images=idx, labels=idx, pack=lambda content: content):
    """names: "{part}-{what}..." for train and t10k or test."""
    for split, part in (("train", "train"), ("test", "t10k")):
        for what, content in (("images", images(IMAGES[split])), ("labels", labels(LABELS[split]))):
            write(folder, names.format(part=part, what=what, dims=3 if what == "images" else 1),
                  content=pack(content))
    return folder


def members(content):
    return b"".join(gzip.compress(content[at:at + 1000]) for at in range(0, len(content), 1000))


def nested(folder, damaged=False):
    """Kaggle's archive: files with a dot, and beside them folders of the files' own names."""
    idx_set(folder, "{part}-{what}.idx{dims}-ubyte")
    for name in os.listdir(folder):
        path = os.path.join(folder, name.replace(".", "-"))
        write(path, name.replace(".", "-"), content=open(os.path.join(folder, name), "rb").read())
    return folder


def only_nested(folder):
    nested(folder)
    for name in os.listdir(folder):
        if "." in name:
            os.remove(os.path.join(folder, name))
    return folder


def qmnist(folder):
    """Eight columns of which the first is the class."""
    idx_set(folder, "qmnist-{part}-{what}-idx{dims}-ubyte",
            labels=lambda y: idx(np.stack([y] + [np.arange(len(y)) + k for k in range(7)], 1), ">i4"))
    for name in os.listdir(folder):
        os.rename(os.path.join(folder, name),
                  os.path.join(folder, name.replace("t10k", "test").replace("labels-idx1-ubyte",
                                                                            "labels-idx2-int")))
    return folder


def one_hot(labels):
    return np.eye(10)[labels]


IDX = {
    "plain": lambda f: idx_set(f, "{part}-{what}-idx{dims}-ubyte"),
    "dotted": lambda f: idx_set(f, "{part}-{what}.idx{dims}-ubyte"),
    "members of gzip": lambda f: idx_set(f, "{part}-{what}-idx{dims}-ubyte.gz", pack=members),
    "a prefix": lambda f: idx_set(f, "emnist-letters-{part}-{what}-idx{dims}-ubyte.gz",
                                  pack=gzip.compress),
    "folders of the files' names": nested,
    "only those folders": only_nested,
    "QMNIST": qmnist,
    "labels i4": lambda f: idx_set(f, "{part}-{what}-idx{dims}-int", labels=lambda y: idx(y, ">i4")),
    "labels one-hot": lambda f: idx_set(f, "{part}-{what}-idx{dims}", labels=lambda y: idx(one_hot(y))),
    "images i2": lambda f: idx_set(f, "{part}-{what}-idx{dims}", images=lambda x: idx(x, ">i2")),
    "images i4 of four dimensions": lambda f: idx_set(
        f, "{part}-{what}-idx{dims}", images=lambda x: idx(x[..., None], ">i4")),
}


def hdf5(path, names, images=lambda x: x, labels=lambda y: y, **creation):
    """names: of train x, train y, test x and test y."""
    with h5py.File(path, "w") as file:
        for name, (split, what) in zip(names, [(s, w) for s in ("train", "test") for w in "xy"]):
            value = images(IMAGES[split]) if what == "x" else labels(LABELS[split])
            file.create_dataset(name, data=value, **(creation if what == "x" else {}))
    return path


GROUPS = ("train/images", "train/labels", "test/images", "test/labels")
KERAS = ("x_train", "y_train", "x_test", "y_test")
HDF5 = {
    "groups": lambda p: hdf5(p, GROUPS),
    "x_train, i8 labels": lambda p: hdf5(p, KERAS, labels=lambda y: y.astype("i8")),
    "train_set_x, big-endian": lambda p: hdf5(
        p, ("train_set_x", "train_set_y", "test_set_x", "test_set_y"),
        images=lambda x: x.astype(">i2"), labels=lambda y: y.astype(">u4")),
    "a channel behind": lambda p: hdf5(p, GROUPS, images=lambda x: x[..., None]),
    "a channel in front": lambda p: hdf5(p, GROUPS, images=lambda x: x[:, None]),
    "flat": lambda p: hdf5(p, KERAS, images=lambda x: x.reshape(len(x), -1)),
    "labels [n, 1]": lambda p: hdf5(p, GROUPS, labels=lambda y: y[:, None]),
    "labels one-hot f4": lambda p: hdf5(p, GROUPS, labels=lambda y: one_hot(y).astype("f4")),
    "labels one-hot, bool": lambda p: hdf5(p, GROUPS, labels=lambda y: one_hot(y) > 0),
    "labels f8": lambda p: hdf5(p, GROUPS, labels=lambda y: y.astype("f8")),
    "chunks, gzip, shuffle": lambda p: hdf5(p, GROUPS, chunks=(7, 9, 8), compression="gzip",
                                            shuffle=True),
}


def npz(path, names=KERAS, images=lambda x: x, labels=lambda y: y, save=np.savez):
    keys = [(split, what) for split in ("train", "test") for what in "xy"]
    with open(path, "wb") as file:
        save(file, **{name: images(IMAGES[s]) if what == "x" else labels(LABELS[s])
                      for name, (s, what) in zip(names, keys)})
    return path


NPZ = {
    "plain": npz,
    "compressed, i8": lambda p: npz(p, images=lambda x: x.astype("i8"), save=np.savez_compressed),
    "big-endian, columns first": lambda p: npz(p, images=lambda x: np.asfortranarray(x.astype(">i4")),
                                               labels=lambda y: y.astype(">u2")),
    "train_images, one-hot, bool": lambda p: npz(
        p, ("train_images", "train_labels", "test_images", "test_labels"),
        labels=lambda y: one_hot(y) > 0),
}


def csv(path, split, header=True, separator=",", first=True, pack=lambda content: content):
    """A sample a row, its label in front or at the end."""
    flat = IMAGES[split].reshape(COUNTS[split], -1).astype(int)
    label = LABELS[split][:, None].astype(int)
    rows = np.hstack([label, flat] if first else [flat, label])
    names = [f"pixel{i}" for i in range(flat.shape[1])]
    lines = [separator.join(["label"] + names if first else names + ["label"])] if header else []
    lines += [separator.join(map(str, row)) for row in rows]
    write(os.path.dirname(path), os.path.basename(path), content=pack(("\n".join(lines) + "\n").encode()))
    return path


CSV = {
    "a header": ({}, ""),
    "none": ({"header": False}, "1"),
    "the label last, semicolons": ({"first": False, "separator": ";"}, ""),
    "none, the label last, gzip": ({"header": False, "first": False, "pack": gzip.compress}, "73"),
}


def equal_as_table(place):
    """The same weights as from one part of HDF5."""
    path = os.path.join(place.path, "part.h5")
    with h5py.File(path, "w") as file:
        file["X"], file["y"] = DATA["train"]
    wanted = digest(works("train", "--quiet", "--data", path, "--output", place.output, *RECIPE))
    for number, (name, (form, target)) in enumerate(CSV.items()):
        path = csv(os.path.join(place.path, f"table_{number}"), "train", **form)
        test = csv(os.path.join(place.path, f"test_{number}"), "test", **form)
        for ranks in (1, 4):
            out, _ = place.train(ranks, ["--data", path, *RECIPE, "--set", f"data.target={target}"])
            assert digest(out) == wanted, (name, ranks)
        assert f"of {COUNTS['test']} right" in works("evaluate", place.output, "--data", test)


WORDS = """size,colour,kind
1.5,red,"plum, dark"
-2,blue,pear
3e2,red,pear
0.25,green,"plum, dark"
"""


def words(place):
    """Names of columns and words stay with the model, whatever their order in another file."""
    path, other = place.write("words.csv", WORDS), place.write("other.csv", "colour,size\nblue,-2\n")
    place.train(1, ["--data", path, "--epochs", "2", "--set", "data.target=kind"])
    with h5py.File(os.path.join(place.output, "last.h5")) as file:
        assert file["data"].attrs["feature_names"].decode().split("\n") == \
            ["size", "colour=blue", "colour=green", "colour=red"]
        assert file["data"].attrs["class_names"].decode().split("\n") == ["pear", "plum, dark"]
        assert file["model_weights/dense_3/dense_3/bias:0"].shape == (2,)
    rows = works("predict", place.output, "--output", "-").splitlines()
    assert rows[1].startswith('0,"plum, dark",') and rows[2].startswith("1,pear,"), rows
    one = works("predict", place.output, "--data", other, "--output", "-").splitlines()
    assert one[0] == "index,predicted,p0,p1", one
    assert one[1].split(",")[-2:] == rows[2].split(",")[-2:], (one, rows)
    for text, told in (("colour,size\nmauve,1\n", "the word 'mauve'"),
                       ("colour,mass\nred,1\n", "no column 'size'")):
        ended = finish(place.launch([os.environ["MNIST_DIST"], "predict", place.output, "--data",
                                     place.write("odd.csv", text), "--output", "-"]))
        check_refused((ended[0], ended[2]), 3, told)
    ended = finish(place.launch([os.environ["MNIST_DIST"], "evaluate", place.output, "--data", other]))
    check_refused((ended[0], ended[2]), 3, "no answers to compare with")


def equal_in_every_form(place, wanted):
    for name, make in IDX.items():
        folder = make(os.path.join(place.path, name.replace(" ", "_")))
        assert digest(works("train", "--quiet", "--data", folder, "--output", place.output,
                            *RECIPE)) == wanted, name
    for number, (name, make) in enumerate(HDF5.items()):
        # What it is called says nothing.
        path = make(os.path.join(place.path, f"h5_{number}" + (".h5" if number % 2 else ".dat")))
        assert digest(works("train", "--quiet", "--data", path, "--output", place.output,
                            *RECIPE)) == wanted, name


def equal_in_npz(place, wanted):
    for number, (name, make) in enumerate(NPZ.items()):
        path = make(os.path.join(place.path, f"npz_{number}"))
        assert digest(place.train(1 + number, ["--data", path, *RECIPE])[0]) == wanted, name


def equal_at_any_rank_count(place, wanted):
    hdf5(os.path.join(place.path, "x.h5"), KERAS, labels=lambda y: y.astype("i8"))
    for ranks in (2, 3, 4):
        options = ["--data", os.path.join(place.path, "x.h5"), *RECIPE]
        assert digest(place.train(ranks, options)[0]) == wanted, ranks


def named_and_turned(place, wanted):
    path = hdf5(os.path.join(place.path, "odd.h5"), ("a", "b", "c/d", "e"),
                images=lambda x: x.transpose(0, 2, 1))
    names = [word for key, name in (("train_x", "a"), ("train_y", "/b"), ("test_x", "c/d"),
                                    ("test_y", "e"))
             for word in ("--set", f"data.{key}={name}")]
    out, _ = place.train(1, ["--data", path, *RECIPE, *names, "--set", "data.transpose=true"])
    assert digest(out) == wanted


def sets_side_by_side(place, wanted):
    folder = os.path.join(place.path, "many")
    idx_set(folder, "emnist-letters-{part}-{what}-idx{dims}-ubyte")
    idx_set(folder, "emnist-digits-{part}-{what}-idx{dims}-ubyte", images=lambda x: idx(x // 2))
    ended = finish(place.start(1, ["--data", folder, *RECIPE]))
    check_refused((ended[0], ended[2]), 3, "several sets lie here")
    out, _ = place.train(1, ["--data", os.path.join(folder, "emnist-letters"), *RECIPE])
    assert digest(out) == wanted


def test_files_only(place):
    folder = IDX["plain"](os.path.join(place.path, "all"))
    place.train(1, ["--data", folder, *RECIPE])
    before = works("evaluate", place.output)
    for name in os.listdir(folder):
        if name.startswith("train"):
            os.remove(os.path.join(folder, name))
    assert works("evaluate", place.output) == before
    assert works("predict", place.output, "--index", "3")


def without_answers(place):
    """What has none is predicted all the same; where they may only have another name, that is said."""
    folder = IDX["plain"](os.path.join(place.path, "all"))
    place.train(1, ["--data", folder, *RECIPE])
    rows = [line.split(",") for line in works("predict", place.output, "--output", "-").splitlines()]
    os.remove(os.path.join(folder, "t10k-labels-idx1-ubyte"))
    pixels = IMAGES["test"]
    np.savez(os.path.join(place.path, "alone.npz"), X=pixels)
    np.savez(os.path.join(place.path, "other.npz"), x_test=pixels, answers=LABELS["test"])
    with h5py.File(os.path.join(place.path, "alone.h5"), "w") as file:
        file["test/images"] = pixels
    for name, said in (("all", "no labels of the test images"), ("alone.npz", ""), ("alone.h5", ""),
                       ("other.npz", "test/labels is missing")):
        data = ["--data", os.path.join(place.path, name)]
        code, out, err = run("predict", place.output, *data, "--output", "-")
        assert code == 0 and said in err and bool(said) == bool(err), (name, err)
        assert [line.split(",") for line in out.splitlines()] == [row[:1] + row[2:] for row in rows], name
        one = works("predict", place.output, *data, "--index", "4").splitlines()[0]
        assert one.endswith(f"predicted {rows[5][2]}"), one
        assert "no answers" in works("inspect", data[1])
        refuses(3, "holds no answers to compare with", "evaluate", place.output, *data)
        for command in "report", "plot --kind confusion":
            refuses(3, "holds no answers to compare with", *command.split(), place.output, *data)
        refuses(3, "is missing" if name != "all" else "there is no t10k-labels", "train", *data,
                "--output", os.path.join(place.path, "other"))


def one_part(place):
    """It is trained on without validation, held out of, and judged by."""
    path = os.path.join(place.path, "part.h5")
    with h5py.File(path, "w") as file:
        file["X"], file["y"] = DATA["train"]
    process = place.launch([word for word in place.command(1, ["--data", path, *RECIPE])
                            if word != "--quiet"])
    code, out, err = finish(process)
    assert code == 0 and "val_accuracy=nan" in out and "has one part" in err, (out, err)
    out, _ = place.train(1, ["--data", path, *RECIPE, "--set", "data.validation=split:50"])
    assert "val_accuracy=nan" not in out
    stopping = ["--set", "early_stopping.patience=1"]
    ended = finish(place.start(2, ["--data", path, *RECIPE, *stopping]))
    check_refused((ended[0], ended[2]), 2, "monitor is val_loss, but")
    place.train(1, ["--data", path, *RECIPE, *stopping, "--set", "early_stopping.monitor=loss"])
    assert f"of {COUNTS['train']} right" in works("evaluate", place.output)


def a_class_that_does_not_show(place):
    data = {split: (x[y != 9], y[y != 9]) for split, (x, y) in DATA.items()}
    path = os.path.join(place.path, "no_nines.h5")
    with h5py.File(path, "w") as file:
        for split, (x, y) in data.items():
            file[f"{split}/images"], file[f"{split}/labels"] = x, y
    assert "labels go up to 8 only" in place.train(1, ["--data", path, *RECIPE])[1]
    told = ["--set", "data.classes=10"]
    assert "labels go up to" not in place.train(1, ["--data", path, *RECIPE, *told])[1]


def table(rng, count):
    """Five columns on scales of their own, one that never changes, and three classes."""
    x = rng.normal(size=(count, 5))
    y = (x @ np.array([[1, -1, 0], [0, 1, -1], [-1, 0, 1], [1, 1, -2], [0, 0, 0]])).argmax(1)
    return x * [1, 10, 100, 5, 0] + [0, 5, -300, 1000, 7], y


def write_table(path):
    rng = np.random.default_rng(11)
    with h5py.File(path, "w") as file:
        for split, count in (("train", 900), ("test", 200)):
            file[f"x_{split}"], file[f"y_{split}"] = table(rng, count)
    return path


def standardized(place):
    """By NumPy's mean and variance of the training part, which the model keeps and applies again."""
    path = write_table(os.path.join(place.path, "table.h5"))
    options = ["--data", path, "--epochs", "4", "--reducer", "exchange"]
    digests = {digest(place.train(ranks, options)[0]) for ranks in (1, 2, 3, 4)}
    assert len(digests) == 1, digests
    with h5py.File(path) as data, h5py.File(os.path.join(place.output, "last.h5")) as file:
        x, y = data["x_train"][()], data["y_test"][()]
        variance = np.where(x.var(0) > 0, x.var(0), 1)
        assert file["data"].attrs["scale"].decode() == "standardize"
        assert np.allclose(file["data/mean"][()], x.mean(0), rtol=1e-6)
        assert np.allclose(file["data/variance"][()], variance, rtol=1e-6)
        raw = data["x_test"][()]
    assert "accuracy 0.9" in works("evaluate", place.output)
    # Other samples are seen by the same scale, whatever their own mean.
    one = os.path.join(place.path, "few.h5")
    with h5py.File(one, "w") as file:
        file["X"], file["y"] = raw[5:8], y[5:8]
    out = os.path.join(place.path, "p.csv")
    works("predict", place.output, "--output", out)
    every = np.genfromtxt(out, delimiter=",", skip_header=1)
    works("predict", place.output, "--data", one, "--output", out)
    few = np.genfromtxt(out, delimiter=",", skip_header=1)
    assert np.array_equal(few[:, 1:3], every[5:8, 1:3]) and np.allclose(few[:, 3:], every[5:8, 3:])
    assert "ok" in works("verify", place.output)
    exported(place, raw.astype("f4"))


def probabilities(model, raw):
    powers = np.exp(model.logits(raw))
    return powers / powers.sum(1, keepdims=True)


def exported(place, raw):
    """What is exported takes raw values, and answers as ours does; so does what is imported back."""
    with h5py.File(os.path.join(place.output, "last.h5")) as file:
        scale = {"normalization/" + name: file["data/" + name][()] for name in ("mean", "variance")}
    before, after = os.path.join(place.path, "p.h5"), os.path.join(place.path, "back.h5")
    works("predict", place.output, "--output", before)
    with h5py.File(before) as file:
        wanted = file["probabilities"][()]
    for form in "keras", "weights.h5", "npz":
        works("export", place.output, "--format", form, "--output", f"{place.path}/m.{form}")
    model, *_ = load_model_keras(f"{place.path}/m.keras")
    assert model.shape == [None, 5] and model.layers[0]["class_name"] == "Normalization"
    assert np.allclose(probabilities(model, raw), wanted, atol=1e-6)
    assert np.allclose(probabilities(load_model_h5(f"{place.path}/m.weights.h5"), raw), wanted, atol=1e-6)
    load_weights_h5(f"{place.path}/m.weights.h5", model)
    assert np.allclose(probabilities(model, raw), wanted, atol=1e-6)
    with np.load(f"{place.path}/m.npz") as file:
        assert all((file[key] == scale[key]).all() for key in scale)
    for form in "keras", "weights.h5":
        back = os.path.join(place.path, form)
        works("import", f"{place.path}/m.{form}", "--output", back)
        works("predict", back, "--data", os.path.join(place.path, "table.h5"), "--output", after)
        with h5py.File(after) as file, h5py.File(back + "/last.h5") as own:
            assert (file["probabilities"][()] == wanted).all(), form
            assert all((own["data/" + key.split("/")[1]][()] == scale[key]).all() for key in scale)
            assert own["optimizer/iterations"][()] > 0


def scales(place):
    """What the configuration says goes before what the data are."""
    path = write_table(os.path.join(place.path, "table.h5"))
    for scale in ("none", "unit", "standardize"):
        place.train(1, ["--data", path, "--epochs", "1", "--set", f"data.scale={scale}"])
        with h5py.File(os.path.join(place.output, "last.h5")) as file:
            kept = file["data"].attrs["scale"].decode() if "data" in file else "unit"
            assert kept == scale, kept
        works("verify", place.output)


def refused(place):
    x, y = IMAGES["train"], LABELS["train"]

    def keep(name, **arrays):
        with h5py.File(os.path.join(place.path, name), "w") as file:
            for key, value in arrays.items():
                file[key] = value
        return os.path.join(place.path, name)

    floats = np.where(np.arange(x.size).reshape(x.shape) == 777, np.inf, x / 255)
    wide = y.astype(int)
    wide[17] = 200
    below = y.astype(int)
    below[9] = -1
    cases = [(keep("nan.h5", X=np.where(np.isinf(floats), np.nan, floats), y=y), 3,
              "/X holds nan in sample 10, place 57"),
             (keep("inf.h5", X=floats, y=y), 3, "/X holds inf in sample 10, place 57"),
             (keep("below.h5", X=x, y=below), 3,
              "the label of sample 9 (from 0) is -1"),
             (keep("half.h5", X=x, y=np.where(np.arange(300) == 9, 0.5, y)), 3, "is 0.5"),
             (keep("far.h5", X=x, y=wide), 2, "training sample 17 (from 0) is 200, far beyond"),
             (keep("rgb.h5", X=np.zeros((4, 8, 8, 3), "u1"), y=y[:4]), 3, "u1 [4, 8, 8, 3]"),
             (keep("words.h5", X=x, y=np.array([b"a"] * 300)), 3, "/y does not hold numbers"),
             (keep("short.h5", X=x, y=y[:-1]), 3, "holds 299 labels"),
             (keep("odd.h5", pixels=x, kinds=y), 3, "/pixels u1 [300, 9, 8]")]
    leaf = keep("leaf.h5", **{"train/images": x, "test": y})
    cases.append((leaf, 3, "train/labels is missing, and every other usual name of it"))
    with h5py.File(os.path.join(place.path, "lzf.h5"), "w") as file:
        file.create_dataset("X", data=x, compression="lzf")
        file["y"] = y
    cases += [(os.path.join(place.path, "lzf.h5"), 3, "filter 32000, which is not allowed")]
    for name, arrays, words in (("inf", {"X": floats, "y": y}, "X holds inf in sample 10, place 57"),
                                ("below", {"X": x, "y": below}, "the label of sample 9 (from 0) is -1")):
        np.savez(os.path.join(place.path, name + ".npz"), **arrays)
        cases.append((os.path.join(place.path, name + ".npz"), 3, words))
    for name, what in (("nan", {"images": lambda x: idx(np.where(x == x.max(), np.nan, x), ">f4")}),
                       ("below", {"labels": lambda y: idx(np.where(y == 0, -1, y.astype(int)), "i1")})):
        folder = os.path.join(place.path, "idx_" + name)
        idx_set(folder, "{part}-{what}-idx{dims}-ubyte", **what)
        cases.append((folder, 3, "holds nan in sample" if name == "nan" else "is -1"))
    objects = np.array([1, "a", None] * 100, dtype=object)
    np.savez(os.path.join(place.path, "objects.npz"), X=x, y=objects)
    npz(os.path.join(place.path, "claims.npz"))
    with open(os.path.join(place.path, "claims.npz"), "r+b") as file:
        content = file.read()
        file.seek(content.index(b"(300, 9, 8)"))
        file.write(b"(301, 9, 8)")
    table = "a,b,label\n1,2,0\n"
    cases += [(os.path.join(place.path, "objects.npz"), 3, "y holds Python objects"),
              (os.path.join(place.path, "claims.npz"), 3, "x_train does not hold what its header"),
              (place.write("word.csv", table + "1,x,1\n"), 3, "word.csv:3: column 2 ('b') holds 'x'"),
              (place.write("empty.csv", table + "1,,1\n"), 3, "empty.csv:3: column 2 ('b') holds ''"),
              (place.write("nan.csv", table + "1,nan,1\n"), 3, "only finite numbers"),
              (place.write("big.csv", table + "1,1e99,1\n"), 3, "only finite numbers"),
              (place.write("short.csv", table + "\n1,2\n"), 3, "short.csv:4: has 2 cells where"),
              (place.write("long.csv", table + "1,2,1,4\n"), 3, "has 4 cells where"),
              (place.write("none.csv", "a,b\n1,2\n"), 3, "which column is to be learned?"),
              (place.write("header.csv", "a,b,label\n"), 3, "has no rows of values"),
              (place.write("quote.csv", table + '1,"2,1\n'), 3, "quote.csv"),
              (place.write("below.csv", table + "1,2,-1\n"), 3, "is -1")]
    for path, code, words in cases:
        check_refusal(place, path, code, words)
    assert "no answers are taken" in run("show", "--data", leaf, environment=place.environment)[2]
    linked = keep("linked.h5", **{"train/images": x, "kinds": y, "test": h5py.SoftLink("/train")})
    code, _, err = run("show", "--data", linked, environment=place.environment)
    check_refused((code, err), 3, "/test is a soft or external link")
    path = place.write("two.csv", "age,mass,kind\n1,2,0\n2,3,1\n")
    check_refusal(place, path, 3, "there is no column 'size' among 3", "--set", "data.target=size")
    check_refusal(place, path, 3, "did you mean 'mass'?", "--set", "data.target=[kind, mas]")


def check_refusal(place, path, code, words, *options):
    for ranks in (1, 4):
        ended = finish(place.start(ranks, ["--data", path, *RECIPE, *options]))
        check_refused((ended[0], ended[2]), code, words)


def main():
    with Place() as place:
        folder = IDX["plain"](os.path.join(place.path, "plain"))
        wanted = digest(place.train(1, ["--data", folder, *RECIPE])[0])
    good = [judge("the same pixels in every form", equal_in_every_form, wanted),
            judge("in npz", equal_in_npz, wanted),
            judge("as a table", equal_as_table),
            judge("words", words),
            judge("at any rank count", equal_at_any_rank_count, wanted),
            judge("named arrays, turned images", named_and_turned, wanted),
            judge("sets side by side", sets_side_by_side, wanted),
            judge("test files alone", test_files_only),
            judge("without answers", without_answers),
            judge("data in one part", one_part),
            judge("a class that does not show", a_class_that_does_not_show),
            judge("standardized", standardized),
            judge("scales", scales),
            judge("refused", refused)]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
