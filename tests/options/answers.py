#!/usr/bin/python3
"""answers.py: tables with a known truth, drawn here: regressions with each loss, and two classes with one
sigmoid. At 1 to 4 ranks, on one node and on two, with both reducers, against a float64 twin in NumPy; resumed in
mid-epoch; predicted, exported and imported back; and what does not fit is refused."""
import re
import sys

import h5py
import numpy as np

import small
from program import conclude, digest, judge, refuses, run, works

FEATURES, HIDDEN, TRAINED, TESTED, BATCH, RATE = 6, 7, 330, 300, 32, 0.02
HUBER_DELTA = 20.0
MODEL = """model:
  - {{layer: flatten}}
  - {{layer: dense, units: %d, activation: tanh}}
  - {{layer: dense, units: 1, activation: {end}}}
""" % HIDDEN


def draw(place):
    """Bytes in, and a byte that follows from them but for some noise; or whether it is large."""
    rng = np.random.default_rng(5)
    for name in "numbers", "classes":
        with h5py.File(f"{place.path}/{name}.h5", "w") as file:
            for split, n in ("train", TRAINED), ("test", TESTED):
                x = rng.integers(0, 256, (n, 1, FEATURES), dtype=np.uint8)
                v = x[:, 0].astype(float) / 255
                y = 20 + 30 * v[:, 0] - 15 * v[:, 1] * v[:, 2] + 10 * np.sin(3 * v[:, 3])
                y = np.clip(np.rint(y + rng.normal(0, 1, n)), 0, 255).astype(np.uint8)
                file[split + "/images"] = x
                file[split + "/labels"] = y if name == "numbers" else (y > 35).astype(np.uint8)


def read(place, name, split):
    with h5py.File(f"{place.path}/{name}.h5") as file:
        return file[split + "/images"][:, 0] / 255.0, file[split + "/labels"][:].astype(float)


def losses(z, t, loss):
    """Each sample's loss and its derivative by z."""
    off = z - t
    if loss == "mse":
        return off * off, 2 * off
    if loss == "mae":
        return abs(off), np.sign(off)
    if loss == "huber":
        near = np.clip(off, -HUBER_DELTA, HUBER_DELTA)
        return near * (off - near / 2), near
    return np.logaddexp(0, z) - t * z, 1 / (1 + np.exp(-z)) - t


def forward(weights, x):
    hidden = np.tanh(x @ weights[0] + weights[1])
    return hidden, (hidden @ weights[2] + weights[3])[:, 0]


def twin(weights, x, t, loss, epochs):
    """Plain SGD in float64, in file order. The means of losses as the weights moved, by epoch."""
    means = []
    for _ in range(epochs):
        total = 0.0
        for at in range(0, len(x), BATCH):
            rows, target = x[at:at + BATCH], t[at:at + BATCH]
            hidden, z = forward(weights, rows)
            value, slope = losses(z, target, loss)
            total += value.sum()
            dz = slope[:, None] / len(rows)
            dh = dz @ weights[2].T * (1 - hidden * hidden)
            for w, g in zip(weights, (rows.T @ dh, dh.sum(0), hidden.T @ dz, dz.sum(0))):
                w -= RATE * g
        means.append(total / len(x))
    return means


def options(place, name, loss, end, **others):
    config = place.write(f"{loss}.yaml", MODEL.format(end=end))
    return ["--config", config, "--data", f"{place.path}/{name}.h5", "--epochs", "3",
            "--batch-size", str(BATCH), "--reducer", "exchange"] + small.sets({
                "loss": loss, "huber_delta": HUBER_DELTA, "train.shuffle": "false",
                "optimizer.name": "sgd", "optimizer.learning_rate": RATE, **others})


def weights_of(place, output):
    works("export", output, "--format", "npz", "--output", f"{place.path}/w.npz",
          environment=place.environment)
    with np.load(f"{place.path}/w.npz") as file:
        return [file[f"{layer}/{role}"].astype(float) for layer in ("dense_1", "dense_2")
                for role in ("kernel", "bias")]


def near(a, b, tolerance=1e-5):
    assert np.allclose(a, b, rtol=tolerance, atol=tolerance * 1e-2), (a, b)


def check_twin(place, name, loss, end):
    """The weights before the first step, then both go their way."""
    place.output = f"{place.path}/{loss}.start"
    place.train(1, options(place, name, loss, end, **{"optimizer.learning_rate": 1e-30,
                                                      "train.max_steps": 1}))
    weights = weights_of(place, place.output)
    place.output = f"{place.path}/{loss}.run"
    out, _ = place.train(1, options(place, name, loss, end))
    x, t = read(place, name, "train")
    means = twin(weights, x, t, loss, 3)
    rows = small.history(place)
    near([row["loss"] for row in rows], means)
    x, t = read(place, name, "test")
    near(rows[-1]["val_loss"], losses(forward(weights, x)[1], t, loss)[0].mean())
    return digest(out), rows


def check_ranks(place, name, loss, end, weights, rows):
    """One digest and one history, digit by digit, with exchange; almost one with allreduce."""
    for ranks, node_size in (2, 0), (3, 2), (4, 0):
        place.output = f"{place.path}/{loss}.{ranks}"
        out, _ = place.train(ranks, options(place, name, loss, end,
                                            **{"distributed.node_size": node_size}))
        assert digest(out) == weights, (loss, ranks, out)
        for row, own in zip(rows, small.history(place)):
            assert all(own[k] == row[k] for k in row if re.search("loss|mae|r2|accuracy", k)), (row, own)
    place.output = f"{place.path}/{loss}.allreduce"
    place.train(3, options(place, name, loss, end) + ["--reducer", "allreduce"])
    near(small.history(place)[-1]["val_loss"], rows[-1]["val_loss"], 1e-4)


def check_resume(place, name, loss, end, weights, rows):
    """Stopped in the middle of epochs 1 and 3, at other rank counts."""
    place.output = f"{place.path}/{loss}.parts"
    for ranks, stop in (2, 5), (3, 27):
        place.train(ranks, options(place, name, loss, end, **{"train.max_steps": stop}), resume=True)
    out, _ = place.train(1, options(place, name, loss, end, **{"train.max_steps": 0}), resume=True)
    assert digest(out) == weights, out
    assert [row["loss"] for row in small.history(place)] == [row["loss"] for row in rows]


def predictions(place, run_folder, data):
    path = f"{place.path}/p"
    for ending in ".csv", ".h5":
        works("predict", run_folder, "--data", data, "--output", path + ending,
              environment=place.environment)
    with open(path + ".csv", encoding="ascii") as file:
        head = file.readline().strip()
    with h5py.File(path + ".h5") as file:
        return head, np.loadtxt(path + ".csv", delimiter=",", skiprows=1), {
            key: file[key][:] for key in file}


def check_numbers(place, rows):
    """What evaluate says is what NumPy makes of the predictions, at any rank count."""
    data, output = f"{place.path}/numbers.h5", f"{place.path}/mse.run"
    head, csv, h5 = predictions(place, output, data)
    assert head == "index,target,predicted", head
    target, predicted = csv[:, 1], csv[:, 2]
    assert (h5["target"][:, 0] == target).all() and (h5["predicted"][:, 0] == predicted.astype("f4")).all()
    x, t = read(place, "numbers", "test")
    assert (target == t).all()
    near(predicted, forward(weights_of(place, output), x)[1])
    mae = abs(target - predicted).mean()
    r2 = 1 - ((target - predicted)**2).sum() / ((target - target.mean())**2).sum()
    near((rows[-1]["val_mae"], rows[-1]["val_r2"]), (mae, r2))
    said = re.search(r"loss (\S+)  mae (\S+)  r2 (\S+)", works("evaluate", output,
                                                                 environment=place.environment))
    near([float(v) for v in said.groups()], (((target - predicted)**2).mean(), mae, r2))
    with small.saved(place, "best.h5") as file:
        near(file["progress"].attrs["best_val_mae"], min(row["val_mae"] for row in rows), 1e-8)
        assert "accuracy" not in file["history"] and "best_val_accuracy" not in file["progress"].attrs


def check_classes(place, rows):
    output = f"{place.path}/binary_crossentropy.run"
    head, csv, h5 = predictions(place, output, f"{place.path}/classes.h5")
    assert head == "index,label,predicted,p1", head
    label, predicted, p = csv[:, 1], csv[:, 2], h5["probabilities"][:, 0]
    assert (predicted == (p > 0.5)).all() and (h5["label"] == label).all()
    near(rows[-1]["val_accuracy"], (label == predicted).mean(), 1e-8)
    out = works("evaluate", output, environment=place.environment)
    assert f"({int((label == predicted).sum())} of {TESTED} right)" in out, out


def check_exported(place, name, loss):
    """There and back: the same predictions, and the same loss."""
    output, back = f"{place.path}/{loss}.run", f"{place.path}/{loss}.back"
    works("export", output, "--format", "keras", "--output", f"{place.path}/m.keras",
          environment=place.environment)
    works("import", f"{place.path}/m.keras", "--output", back, environment=place.environment)
    data = f"{place.path}/{name}.h5"
    before, after = (predictions(place, folder, data)[1] for folder in (output, back))
    assert (before == after).all()
    texts = []
    for folder in output, back:
        with h5py.File(folder + "/last.h5") as file:
            texts.append(file.attrs["model"].decode())
    assert texts[0] == texts[1], texts


def check_refusals(place):
    numbers, classes = options(place, "numbers", "mse", "linear"), options(
        place, "classes", "binary_crossentropy", "sigmoid")
    data = ["--data", f"{place.path}/numbers.h5"]
    for line, words in (
            (["train", *classes, *data], "one sigmoid, for two classes"),
            (["train", *numbers, "--set", "loss=binary_crossentropy"], "goes with activation sigmoid"),
            (["train", *numbers, *small.sets({"early_stopping.patience": 1,
                                              "early_stopping.monitor": "val_accuracy"})],
             "the model answers with numbers"),
            (["plot", f"{place.path}/mse.run", "--kind", "confusion"], "answers with numbers"),
            (["plot", f"{place.path}/binary_crossentropy.run", "--kind", "residuals"],
             "answers with classes")):
        refuses(2, words, *line, *([] if line[0] == "plot" else ["--output", f"{place.path}/none"]))


def check_hopeless(place):
    """A rate that makes numbers grow out of bounds ends the run with an error, and no wrong number."""
    place.output = f"{place.path}/hopeless"
    code, _, err = run("train", *options(place, "numbers", "mse", "linear",
                                         **{"optimizer.learning_rate": 1e30}),
                       "--output", place.output, environment=place.environment)
    assert code == 1 and "lower optimizer.learning_rate" in err, (code, err)


def views(place):
    """Every view finds its words."""
    output = f"{place.path}/mse.run"
    for kind in "curves", "mae", "predicted", "residuals":
        assert works("plot", output, "--kind", kind, environment=place.environment)
        picture = f"{place.path}/{kind}.png"
        works("plot", output, "--kind", kind, "--plot", picture, environment=place.environment)
        with open(picture, "rb") as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    alone = f"{place.path}/alone.npz"
    with h5py.File(f"{place.path}/numbers.h5") as file:
        np.savez(alone, X=file["test/images"][()])
    for view in (["plot", output, "--kind", "residuals"], ["report", output], ["evaluate", output]):
        refuses(3, "holds no answers to compare with", *view, "--data", alone)
    page = works("report", output, "--output", "-", environment=place.environment)
    assert "Predicted against actual" in page and "Residuals" in page and "Confusion matrix" not in page
    assert "mae" in works("watch", output, "--once", environment=place.environment)
    assert re.search(r"predicted \S+, actual \d+", works("predict", output, "--index", "3",
                                                         environment=place.environment))
    assert "best val_mae" in works("inspect", output, environment=place.environment)
    same = works("diff", output, f"{place.path}/mse.parts", environment=place.environment)
    assert same.endswith("same\n"), same


def feature_maps(place):
    """A model of numbers takes an image for no class."""
    config = place.write("conv.yaml", "model:\n  - {layer: conv2d, filters: 2, kernel_size: 1, activation: relu}\n"
                         "  - {layer: flatten}\n  - {layer: dense, units: 1, activation: linear}\n")
    place.output, picture = f"{place.path}/conv.run", f"{place.path}/conv.svg"
    place.train(1, ["--config", config, "--data", f"{place.path}/numbers.h5", "--epochs", "1"])
    works("plot", place.output, "--kind", "features", "--plot", picture, environment=place.environment)
    with open(picture, encoding="utf-8") as file:
        assert "Test image 0: feature maps of layer" in file.read()


def main(place):
    draw(place)
    cases = [("numbers", loss, "linear") for loss in ("mse", "mae", "huber")]
    for case in cases + [("classes", "binary_crossentropy", "sigmoid")]:
        weights, rows = check_twin(place, *case)
        check_ranks(place, *case, weights, rows)
        check_exported(place, case[0], case[1])
        if case[1] in ("mse", "binary_crossentropy"):
            check_resume(place, *case, weights, rows)
            place.output = f"{place.path}/{case[1]}.run"
            (check_numbers if case[1] == "mse" else check_classes)(place, rows)
    views(place)
    feature_maps(place)
    check_refusals(place)
    check_hopeless(place)


if __name__ == "__main__":
    sys.exit(conclude([judge("answers", main)]))
