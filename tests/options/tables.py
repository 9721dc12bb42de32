#!/usr/bin/python3
"""tables.py: tables with a known truth, from a file as it lies on the disk to an exported model: a regression
(Friedman, "Multivariate adaptive regression splines", 1991, example 1) with one and with several targets, two classes
told by words, and labels that can be true together. At 1 to 4 ranks to one digest, against a float64 twin in NumPy;
stopped and resumed in mid-epoch; what evaluate and the history say is what NumPy makes of the predictions; exported, and
imported back. Where Debian's python3-sklearn is, two of its tables are tried, too."""
import os
import re
import struct
import sys

import h5py
import numpy as np

import small
from program import MPIRUN, conclude, digest, finish, judge, run, works
from standin import load_model_keras

KNOWN = "/usr/lib/python3/dist-packages/sklearn/datasets/data"
HIDDEN, BATCH, EPOCHS, HELD = 9, 16, 3, 40
MODEL = """data: {{target: {target}, validation: "split:%d"}}
model:
  - {{layer: dense, units: %d, activation: tanh}}
  - {{layer: dense, units: {units}, activation: {end}}}
loss: {loss}
optimizer: {{name: sgd, learning_rate: {rate}}}
train: {{epochs: %d, batch_size: %d, shuffle: false}}
distributed: {{reducer: exchange}}
""" % (HELD, HIDDEN, EPOCHS, BATCH)


class Table:
    """Features, targets, and what makes a file and a configuration of them."""

    def __init__(self, name, x, y, end, loss="auto", rate=0.01, names=None, words=None):
        self.name, self.end, self.loss, self.rate = name, end, loss, rate
        self.x, self.y = x.astype("f4"), y.reshape(len(x), -1).astype("f4")
        self.names = names or ["y", "z", "w"][:self.y.shape[1]]
        self.words = words

    def write(self, place, answered=True):
        path = f"{place.path}/{self.name}{'' if answered else '.x'}.csv"
        with open(path, "w", encoding="utf-8") as file:
            heads = [f"x{i}" for i in range(self.x.shape[1])] + (self.names if answered else [])
            file.write(",".join(heads) + "\n")
            for x, y in zip(self.x, self.y):
                cells = [repr(float(v)) for v in x]
                if answered:
                    cells += [self.words[int(v)] if self.words else repr(float(v)) for v in y]
                file.write(",".join(cells) + "\n")
        return path

    def options(self, place, **others):
        names = f"[{', '.join(self.names)}]" if len(self.names) > 1 else self.names[0]
        text = MODEL.format(target=names, units=self.y.shape[1], end=self.end, loss=self.loss,
                            rate=self.rate)
        return ["--config", place.write(self.name + ".yaml", text), "--data", self.write(place),
                *small.sets(others)]


def friedman(count, targets):
    """y = 10 sin(pi a b) + 20 (c - 1/2)^2 + 10 d + 5 e, and noise; on scales of their own."""
    rng = np.random.default_rng(21)
    x = rng.random((count, 10))
    y = [10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5)**2 + 10 * x[:, 3] + 5 * x[:, 4],
         x[:, 5] * 3 - x[:, 6]]
    scale = 10.0**rng.integers(-3, 4, 10)
    return x * scale + rng.normal(size=10) * scale, np.stack(y, 1)[:, :targets] + rng.normal(
        0, 0.1, (count, targets))


def drawn():
    x, one = friedman(300, 1)
    _, two = friedman(300, 2)
    rng = np.random.default_rng(22)
    plain = rng.normal(size=(300, 4))
    kinds = (plain[:, 0] * plain[:, 1] + plain[:, 2] > 0).astype(float)
    several = np.stack([plain[:, 0] > 0, plain[:, 1] > plain[:, 2], plain[:, 3] < -0.5], 1)
    return [Table("friedman", x, one, "linear", names=["price"]),
            Table("friedman_2", x, two, "linear", names=["price", "rent"]),
            Table("friedman_mae", x, two, "linear", loss="mae", names=["price", "rent"]),
            Table("kinds", plain, kinds, "sigmoid", rate=0.1, names=["kind"], words=["no", "yes"]),
            Table("several", plain, several, "sigmoid", rate=0.1, names=["warm", "wet", "windy"])]


def known(folder=KNOWN):
    """Diabetes' progression (Efron and others, 2004), and Wisconsin's breast cancer (Street and others, 1993)."""
    x = np.loadtxt(f"{folder}/diabetes_data_raw.csv.gz")
    y = np.loadtxt(f"{folder}/diabetes_target.csv.gz")
    cancer = np.loadtxt(f"{folder}/breast_cancer.csv", delimiter=",", skiprows=1)
    return [Table("diabetes", x, y, "linear", rate=1e-4),
            Table("cancer", cancer[:, :-1], 1 - cancer[:, -1], "sigmoid", rate=0.05,
                  words=["benign", "malignant"])]


def losses(table, z):
    """Each sample's loss, the mean over its outputs, and the derivative by z."""
    t, outputs = table.y[:len(z)].astype(float), z.shape[1]
    if table.end == "sigmoid":
        return (np.logaddexp(0, z) - t * z).mean(1), (1 / (1 + np.exp(-z)) - t) / outputs
    off = z - t
    if table.loss == "mae":
        return abs(off).mean(1), np.sign(off) / outputs
    return (off * off).mean(1), 2 * off / outputs


class Twin:
    """Plain SGD in float64, in file order, on what NumPy standardizes."""

    def __init__(self, table, weights):
        self.table, self.weights = table, weights
        self.trained = len(table.x) - HELD
        x = table.x.astype(float)
        mean, variance = x[:self.trained].mean(0), x[:self.trained].var(0)
        self.x = (x - mean) / np.sqrt(np.where(variance > 0, variance, 1))

    def forward(self, x):
        hidden = np.tanh(x @ self.weights[0] + self.weights[1])
        return hidden, hidden @ self.weights[2] + self.weights[3]

    def some(self, part):
        return Table("part", self.table.x[part], self.table.y[part], self.table.end, self.table.loss)

    def epoch(self):
        total = 0.0
        for at in range(0, self.trained, BATCH):
            part = slice(at, min(at + BATCH, self.trained))
            rows = self.x[part]
            hidden, z = self.forward(rows)
            value, slope = losses(self.some(part), z)
            total += value.sum()
            dz = slope / len(rows)
            dh = dz @ self.weights[2].T * (1 - hidden * hidden)
            for w, g in zip(self.weights, (rows.T @ dh, dh.sum(0), hidden.T @ dz, dz.sum(0))):
                w -= self.table.rate * g
        return total / self.trained

    def validation(self):
        part = slice(self.trained, None)
        return losses(self.some(part), self.forward(self.x[part])[1])[0].mean()


def near(a, b, tolerance=1e-5):
    assert np.allclose(a, b, rtol=tolerance, atol=1e-7), (a, b)


def check_twin(place, table):
    place.output = f"{place.path}/start"
    place.train(1, table.options(place, **{"optimizer.learning_rate": 1e-30, "train.max_steps": 1}))
    twin = Twin(table, small.saved_weights(place))
    place.output = f"{place.path}/whole"
    out, _ = place.train(1, table.options(place))
    rows = small.history(place)
    for row in rows:
        near((row["loss"], row["val_loss"]), (twin.epoch(), twin.validation()))
    return digest(out), rows


def check_ranks(place, table, weights, rows):
    """One digest and one history at any rank count, on one node and on two, stopped in mid-epoch or not."""
    for ranks, node_size in (2, 0), (3, 2), (4, 0):
        place.output = f"{place.path}/ranks"
        out, _ = place.train(ranks, table.options(place, **{"distributed.node_size": node_size}))
        assert digest(out) == weights, (table.name, ranks, out)
        for row, own in zip(rows, small.history(place)):
            assert all(own[k] == row[k] for k in row if re.search("loss|mae|r2|accuracy", k)), (row, own)
    place.output = f"{place.path}/parts"
    for ranks, stop in (4, 5), (2, 22), (1, 0):
        out, _ = place.train(ranks, table.options(place, **{"train.max_steps": stop}),
                             resume=stop != 5)
    assert digest(out) == weights, table.name


def predictions(place, folder, data):
    """The CSV's head and numbers, words as their classes; and the arrays of HDF5."""
    path = f"{place.path}/p"
    for ending in ".csv", ".h5":
        works("predict", folder, "--data", data, "--output", path + ending)
    with open(path + ".csv", encoding="utf-8") as file:
        head, *lines = [line.rstrip("\n").split(",") for line in file]
    with h5py.File(path + ".h5") as file:
        return head, lines, {key: file[key][()] for key in file}


def check_scores(place, table, rows):
    """What evaluate says of the file is what NumPy makes of the predictions, and the held-out rows' of the history."""
    data, folder = f"{place.path}/{table.name}.csv", f"{place.path}/whole"
    head, lines, arrays = predictions(place, folder, data)
    said = works("evaluate", folder)
    held = slice(len(table.x) - HELD, None)
    t = table.y.astype(float)
    if table.end == "linear":
        p = arrays["predicted"].astype(float)
        several = len(table.names) > 1
        assert head == ["index"] + [f"{word}_{name}" if several else word
                                    for word in ("target", "predicted") for name in table.names], head
        near(np.array(lines, float)[:, 1:], np.hstack([t, p]), 1e-6)
        mae, r2 = abs(t - p).mean(), scores_r2(t, p)
        near([float(v) for v in re.search(r"mae (\S+)  r2 (\S+)", said).groups()], (mae, r2.mean()))
        near((rows[-1]["val_mae"], rows[-1]["val_r2"]), (abs(t - p)[held].mean(),
                                                         scores_r2(t[held], p[held]).mean()))
        for name, one in zip(table.names, r2):
            found = re.search(rf"(\S+)  {name}\n", said)
            assert not several or abs(float(found.group(1)) - one) < 2e-6, said
        return
    p = arrays["probabilities"].astype(float)
    right = ((p > 0.5) == (t > 0.5))
    near(rows[-1]["val_accuracy"], right[held].mean(), 1e-12)
    assert f"({right.sum()} of {right.size} " in said, said
    if table.words:
        assert [line[1] for line in lines] == [table.words[int(v)] for v in t[:, 0]]
        assert [line[2] for line in lines] == [table.words[int(v > 0.5)] for v in p[:, 0]]
        assert re.search(rf"\b1 {table.words[1]} +0\.\d+", said), said
        return
    assert head == ["index"] + [f"{word}_{name}" for word in ("label", "predicted", "p")
                                for name in table.names], head
    assert (np.array(lines, float)[:, 4:7] == (p > 0.5)).all()
    for k, name in enumerate(table.names):
        assert f"{right[:, k].mean():.4f}  {name}\n" in said, said


def scores_r2(t, p):
    return 1 - ((t - p)**2).sum(0) / ((t - t.mean(0))**2).sum(0)


def check_constant(place, table):
    """A target that is always the same scores 0 and leaves the mean of all a number, as Keras' R2Score."""
    y = np.hstack([np.full_like(table.y[:, :1], 7), table.y[:, 1:]])
    constant, folder = Table("constant", table.x, y, "linear", names=table.names), f"{place.path}/whole"
    data = constant.write(place)
    with np.errstate(divide="ignore"):
        r2 = scores_r2(y.astype(float), predictions(place, folder, data)[2]["predicted"].astype(float))
    assert np.isneginf(r2[0])
    said = works("evaluate", folder, "--data", data)
    near(float(re.search(r"r2 (\S+)", said).group(1)), np.where(np.isinf(r2), 0, r2).mean())
    assert re.search(rf" 0\.000000  {table.names[0]}\n", said), said


def check_exported(place, table):
    """The exported model takes raw rows; imported back it answers the same, bit by bit."""
    folder, back, raw = f"{place.path}/whole", f"{place.path}/back", table.write(place, answered=False)
    answer = "predicted" if table.end == "linear" else "probabilities"
    wanted = predictions(place, folder, raw)[2][answer]
    works("export", folder, "--format", "keras", "--output", f"{place.path}/m.keras")
    model, *_ = load_model_keras(f"{place.path}/m.keras")
    assert model.shape == [None, table.x.shape[1]]
    # The stand-in gives what comes out of the last activation.
    near(model.logits(table.x), wanted, 1e-4)
    works("import", f"{place.path}/m.keras", "--output", back)
    with h5py.File(f"{place.path}/x.h5", "w") as file:
        file["X"], file["y"] = table.x, table.y
    again = predictions(place, back, f"{place.path}/x.h5")[2][answer]
    assert (again == wanted).all(), table.name


def proven(place):
    """prove takes the data, epochs and batch that a configuration names, of a table with numbers, too."""
    table = drawn()[1]
    config, data = table.options(place)[1], f"{place.path}/{table.name}.csv"
    proof = f"{place.path}/proof"
    out = works("prove", "--ranks", "1,3", "--config", config, "--set", f"data.source={data}", "--output", proof)
    assert out.endswith("PASS: 6 runs, one digest\n"), out
    with h5py.File(f"{proof}/straight-1/last.h5") as file:
        assert file["progress"].attrs["step"] == EPOCHS * -(-(300 - HELD) // BATCH)


def other_storage(place):
    """A run of sparse bytes is judged by float images, too."""
    place.train(1, ["--data", "synthetic:200", "--epochs", "1", "--set", "data.storage=sparse"])
    rng = np.random.default_rng(1)
    with h5py.File(f"{place.path}/floats.h5", "w") as file:
        file["x_test"], file["y_test"] = 255 * rng.random((20, 28, 28), "f4"), np.arange(20) % 10
    assert "of 20 right" in works("evaluate", place.output, "--data", f"{place.path}/floats.h5")


def foreign_labels(place):
    """Labels that cannot be the model's do not keep it from answering, in whatever file; what needs them says which."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 3)).astype("f4")
    path = f"{place.path}/own.h5"
    with h5py.File(path, "w") as file:
        file["X"], file["y"] = x, np.arange(40) % 2
    model = place.write("m.yaml", "model:\n  - {layer: dense, units: 2, activation: softmax}\n")
    place.train(1, ["--config", model, "--data", path, "--epochs", "1"])
    wanted = [line.split(",")[2:] for line in works("predict", place.output, "--output", "-").splitlines()]
    for label, kind in (-1, "i4"), (9, "i4"), (0.5, "f4"):
        y = np.where(np.arange(40) == 17, label, 0).astype(kind)
        for name in write_labelled(place, x, y):
            code, out, err = run("predict", place.output, "--data", name, "--output", "-")
            assert code == 0 and err.count("no answers are taken from it") == 1, (name, label, err)
            assert [line.split(",")[1:] for line in out.splitlines()] == wanted, (name, label)
            for ranks in (1, 3):
                code, _, err = finish(place.launch([MPIRUN, "-np", str(ranks), os.environ["MNIST_DIST"], "evaluate",
                                                    place.output, "--data", name]))
                assert code == 3 and f"the label of sample 17 (from 0) is {label}" in err, (name, label, err)
                assert "holds no answers to compare with" in err, err
            for command in ["plot", "--kind", "confusion"], ["report", "--output", f"{place.path}/page.html"]:
                code, _, err = run(*command, place.output, "--data", name)
                assert code == 3 and f"is {label}" in err, (name, label, err)


def write_labelled(place, x, y):
    """As HDF5, npz, IDX and CSV."""
    h5, npz, table, folder = (f"{place.path}/{name}" for name in ("f.h5", "f.npz", "f.csv", "idx"))
    with h5py.File(h5, "w") as file:
        file["X"], file["y"] = x, y
    np.savez(npz, X=x, y=y)
    np.savetxt(table, np.hstack([x, y[:, None]]), delimiter=",", header="a,b,c,label", comments="", fmt="%.9g")
    os.makedirs(folder, exist_ok=True)
    for what, array in ("images", x), ("labels", y):
        code = {"i": 0x0c, "f": 0x0d}[array.dtype.kind]
        with open(f"{folder}/t10k-{what}-idx{array.ndim}-ubyte", "wb") as file:
            file.write(struct.pack(f">{1 + array.ndim}I", code << 8 | array.ndim, *array.shape))
            file.write(array.astype(array.dtype.newbyteorder(">")).tobytes())
    return h5, npz, table, folder


def check_views(place, table):
    folder = f"{place.path}/whole"
    page = works("report", folder, "--output", "-")
    for name in (table.words or table.names) if len(table.names) > 1 or table.words else []:
        assert name in page, (table.name, name)
    assert works("predict", folder, "--index", "0")
    assert works("watch", folder, "--once") and works("plot", folder)
    inspected = works("inspect", folder)
    assert f"{table.x.shape[1]} features" in inspected and max(map(len, inspected.splitlines())) <= 80


def check(place, table):
    weights, rows = check_twin(place, table)
    check_ranks(place, table, weights, rows)
    place.output = f"{place.path}/whole"
    check_scores(place, table, rows)
    if table.end == "linear" and len(table.names) > 1:
        check_constant(place, table)
    check_exported(place, table)
    check_views(place, table)


def main():
    tables = drawn() + (known() if os.path.isdir(KNOWN) else [])
    sys.exit(conclude([judge(table.name, check, table) for table in tables] +
                      [judge("proven", proven), judge("other storage", other_storage),
                       judge("foreign labels", foreign_labels)]))


if __name__ == "__main__":
    main()
