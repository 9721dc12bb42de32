"""Between which numbers features lie: a picture is given to a model as the images were that it was trained
on, whatever those were; data that cannot be like them are refused or called out, never answered silently."""
import os
import sys

import h5py
import numpy as np

from program import check_refused, digest, finish, judge, refuses, run, works

SIDE = 12
COUNTS = {"train": 400, "test": 60}
OPTIONS = ["--epochs", "2", "--reducer", "exchange"]


def drawn():
    """Images with a bar where the label says, among noise."""
    rng = np.random.default_rng(3)
    data = {}
    for split, count in COUNTS.items():
        labels = np.arange(count) % 10
        images = rng.integers(0, 256, (count, SIDE, SIDE)) * (rng.random((count, SIDE, SIDE)) < 0.3)
        images[np.arange(count), labels, :] = 255
        data[split] = images.astype("u1"), labels
    return data


DATA = drawn()


def keep(place, name, change, answers=lambda y: y):
    path = os.path.join(place.path, name + ".npz")
    np.savez(path, **{f"{what}_{split}": change(x) if what == "x" else answers(y)
                      for split, (x, y) in DATA.items() for what in "xy"})
    return path


def trained(place, name, change, *options):
    """The digest, and what was said; the run is place.output."""
    place.output = os.path.join(place.path, name)
    out, err = place.train(1, ["--data", keep(place, name, change), *OPTIONS, *options])
    return digest(out), err


def picture(place, number, pixels=None):
    path = os.path.join(place.path, f"{number}.pgm")
    with open(path, "wb") as file:
        file.write(b"P5 %d %d 255\n" % (SIDE, SIDE))
        file.write((DATA["test"][0][number] if pixels is None else pixels).tobytes())
    return path


def shown(text):
    """The probabilities that were printed."""
    return [line.split()[1] for line in text.splitlines() if line.startswith("  ")]


FORMS = {
    "bytes": lambda x: x,
    "unit": lambda x: (x / 255).astype("f4"),
    "signed": lambda x: (x / 127.5 - 1).astype("f4"),
    "wide": lambda x: x.astype("u2") * 257,
    "flat": lambda x: (x / 255).astype("f4").reshape(len(x), -1),
    "normal": lambda x: ((x / 255 - 0.13) / 0.31).astype("f8"),
    "raw": lambda x: x.astype("f4"),
    "few": lambda x: (x // 17).astype("i8"),
}


def pictures(place):
    """A test image as a picture is what it is as data."""
    for name, change in FORMS.items():
        trained(place, name, change)
        for number in 3, 8:
            path = picture(place, number, DATA["test"][0][number] // 17 * 17 if name == "few" else None)
            one = works("predict", place.output, "--index", number)
            other = works("predict", place.output, "--image", path, "--as-is")
            assert len(shown(one)) == 10 and shown(one) == shown(other), (name, number, one, other)
    both = works("predict", place.output, "--image", path, "--image", picture(place, 5), "--as-is")
    assert both.startswith(other) and both.count("predicted") == 2, both
    refuses(2, "of one image", "predict", place.output, "--image", path, "--image", path, "--plot",
            place.path + "/x.png")


def streamed(place):
    """The range is found however the features are read, and kept over a stop."""
    ranges = []
    for name, *options in (("resident",), ("stream", "--set", "data.memory=stream")):
        place.output = os.path.join(place.path, name)
        line = ["--data", keep(place, "wide", FORMS["wide"]), *OPTIONS, *options]
        place.train(2, line + ["--set", "train.max_steps=5"])
        place.train(3, line + ["--set", "train.max_steps=0"], resume=True)
        with h5py.File(os.path.join(place.output, "last.h5")) as file:
            ranges.append((file["data"].attrs["least"], file["data"].attrs["most"]))
    assert ranges == [(0, 65535)] * 2, ranges


def csv_pixels(place):
    """Columns that are numbered pixels make a picture, those of a table do not."""
    x, y = DATA["train"]
    for kind, code in ("pixel", 0), ("", 2):
        names = [kind + str(i) if kind else chr(97 + i % 26) * (1 + i // 26) for i in range(SIDE * SIDE)]
        rows = ["label," + ",".join(names)]
        rows += [f"{label}," + ",".join(f"{v / 255:.4f}" for v in image.ravel()) for image, label in zip(x, y)]
        place.output = os.path.join(place.path, "csv" + kind)
        place.train(1, ["--data", place.write(f"{kind}.csv", "\n".join(rows) + "\n"), *OPTIONS])
        ended = run("predict", place.output, "--image", picture(place, 3), "--as-is")
        assert ended[0] == code, (kind, ended)
    place.output = os.path.join(place.path, "table")
    table = place.write("table.csv", "a,b,label\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(40)))
    place.train(1, ["--data", table, *OPTIONS])
    refuses(2, "rows of 2 features, not images", "predict", place.output, "--image", picture(place, 3))


def not_known(place):
    """Keras' Normalization says nothing of a range, so it has to be said."""
    trained(place, "signed", FORMS["signed"])
    works("export", place.output, "--format", "keras", "--output", place.path + "/m.keras")
    works("import", place.path + "/m.keras", "--output", place.path + "/back", "--scale", "none")
    line = ["predict", place.path + "/back", "--image", picture(place, 4), "--as-is"]
    refuses(2, "say so with --range PAPER:INK", *line)
    refuses(2, "--range 1: PAPER:INK", *line, "--range", "1")
    refuses(2, "--range is about a picture", "predict", place.output, "--index", "1", "--range", "0:1")
    wanted = shown(works("predict", place.output, "--index", "4"))
    assert shown(works(*line, "--range=-1:1")) == wanted
    works("import", place.path + "/m.keras", "--output", place.path + "/back", "--scale", "unit")
    found = shown(works(*line, "--range=-1:1"))
    assert np.allclose(np.array(found, float), np.array(wanted, float), atol=2e-4), (found, wanted)


def evaluated(place, name):
    code, out, err = run("evaluate", place.output, "--data", os.path.join(place.path, name + ".npz"))
    return code, out.splitlines()[2] if code == 0 else "", err


def other_data(place):
    """What cannot be like the data trained on is refused, what hardly can be is called out."""
    for name, change in FORMS.items():
        keep(place, name, change)
    keep(place, "bits", lambda x: x > 127)
    keep(place, "darker", lambda x: x // 4)
    trained(place, "bytes", FORMS["bytes"])
    for name in "bytes", "raw", "darker":
        code, _, err = evaluated(place, name)
        assert (code, err) == (0, ""), (name, err)
    code, _, err = evaluated(place, "unit")
    check_refused((code, err), 3, "lie from 0 to 1, but the model was trained on 0 to 255; multiply")
    for name in "signed", "wide", "bits":
        code, _, err = evaluated(place, name)
        assert code == 0 and err.count("bring them to the same range") == 1, (name, err)
    trained(place, "unit", FORMS["unit"])
    for name in "bytes", "raw":
        code, _, err = evaluated(place, name)
        check_refused((code, err), 3, "lie from 0 to 255, but the model was trained on 0 to 1; divide")
    for name, warns in (("unit", 0), ("bits", 0), ("wide", 1), ("signed", 1)):
        code, _, err = evaluated(place, name)
        assert code == 0 and err.count("bring them to the same range") == warns, (name, err)
    trained(place, "signed", FORMS["signed"])
    for name, warns in (("signed", 0), ("unit", 1), ("bytes", 1)):
        code, _, err = evaluated(place, name)
        assert code == 0 and err.count("bring them to the same range") == warns, (name, err)


def imported(place):
    """The largest value in a file does not decide what a model of Keras is given."""
    trained(place, "bytes", FORMS["bytes"])
    wanted = evaluated(place, "bytes")
    works("export", place.output, "--format", "keras", "--output", place.path + "/m.keras")
    place.output = place.path + "/back"
    out = works("import", place.path + "/m.keras", "--output", place.output)
    assert "takes pixels / 255" in out, out
    keep(place, "less", lambda x: np.minimum(x, 254).astype("i8"))
    keep(place, "more", lambda x: x.astype("i8"))
    keep(place, "raw", FORMS["raw"])
    for name in "bytes", "more", "raw":
        assert evaluated(place, name) == wanted, name
    keep(place, "unit", FORMS["unit"])
    for name in "less", "unit":
        losses = [float(line.split()[1]) for _, line, _ in (evaluated(place, name), wanted)]
        assert abs(losses[0] - losses[1]) < 1e-2, (name, losses)
    works("import", place.path + "/m.keras", "--output", place.output, "--scale", "none")
    code, _, err = evaluated(place, "unit")
    check_refused((code, err), 3, "the model was trained on 0 to 255")


def bits(place):
    """Truth values are 0 and 1; bytes that are no more than that are called out."""
    wanted, _ = trained(place, "whole", lambda x: (x > 127).astype("i8"))
    same, err = trained(place, "truth", lambda x: x > 127)
    assert same == wanted and "0 or 1" not in err, err
    same, err = trained(place, "none", lambda x: (x > 127).astype("u1"), "--set", "data.scale=none")
    assert same == wanted and "0 or 1" not in err, err
    other, err = trained(place, "u1", lambda x: (x > 127).astype("u1"))
    assert other != wanted and "all 0 or 1" in err and "data.scale=none" in err, err
    code, _, err = evaluated(place, "u1")
    assert (code, err) == (0, ""), err


def eight_columns(place):
    """Only QMNIST's own files have columns of which the first is the label."""
    def columns(y):
        rows = np.eye(8, dtype="i4")[y % 8]
        rows[50] = 1
        return rows
    path = keep(place, "eight", FORMS["bytes"], lambda y: columns(np.resize(y, max(len(y), 60))[:len(y)]))
    ended = finish(place.start(1, ["--data", path, *OPTIONS]))
    check_refused((ended[0], ended[2]), 3, "row 50 (from 0) is not one 1 among zeros")


def small_features(place):
    """One that Keras would not divide by its deviation is named; what is rounding alone is no deviation."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(300, 3)) * [1, 3e-9, 0] + [0, 0, 123456.7]
    lines = ["length,charge,fixed,label"] + [",".join(map(repr, map(float, row))) + f",{i % 2}"
                                             for i, row in enumerate(x)]
    path = place.write("small.csv", "\n".join(lines) + "\n")
    for ranks in 1, 3:
        _, err = place.train(ranks, ["--data", path, *OPTIONS])
        assert err.count("feature charge varies by 3") == 1 and "give it in a smaller unit" in err, err
    with h5py.File(os.path.join(place.output, "last.h5")) as file:
        variance = file["data/variance"][()]
    assert np.allclose(variance[:2], x.astype("f4").astype("f8").var(0)[:2], rtol=1e-5), variance
    assert variance[2] == 1, variance


def main():
    good = [judge("pictures", pictures), judge("streamed", streamed),
            judge("columns as pixels", csv_pixels),
            judge("a range that is not known", not_known), judge("other data", other_data),
            judge("imported", imported), judge("bits", bits), judge("eight columns", eight_columns),
            judge("small features", small_features)]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
