#!/usr/bin/python3
"""validation.py: data.validation: split:N and none, straight through and stopped in mid-epoch, at 1 and 3 ranks;
and evaluate, report and the run itself count the same answers right, of dense and of sparse images."""
import os
import re
import sys

import small
from program import conclude, digest, judge, works

RUN = ["--data", "synthetic:2400", "--epochs", "2", "--batch-size", "100", "--reducer", "exchange"]
VALUES = ("loss", "accuracy", "val_loss", "val_accuracy")


def values(place):
    return [[row[name] for name in VALUES] for row in small.history(place)]


def split(place, ranks):
    options = RUN + small.sets({"data.validation": "split:700"})
    weights = digest(place.train(ranks, options)[0])
    whole = values(place)
    with small.saved(place) as file:
        assert file["progress"].attrs["step"] == 34, "1,700 images are left to train on"
    assert len(whole) == 2 and all(value == value for row in whole for value in row), whole
    place.output += ".parts"
    for stop in 9, 25:
        place.train(ranks, options + small.sets({"train.max_steps": stop}), resume=True)
    out, _ = place.train(ranks, options + small.sets({"train.max_steps": 0}), resume=True)
    assert digest(out) == weights, out
    assert values(place) == whole, (values(place), whole)


def none(place):
    out, _ = place.train(2, RUN + small.sets({"data.validation": "none"}))
    assert "val_loss=nan val_accuracy=nan" in out, out
    assert all(row[2] != row[2] and row[3] != row[3] for row in values(place)), values(place)
    assert not os.path.exists(os.path.join(place.output, "best.h5")), "the best of nothing"


def evaluated(text):
    """Right answers, images, and the confusion matrix of what evaluate prints."""
    right, images = re.search(r"\((\d+) of (\d+) right\)", text).groups()
    rows = re.findall(r"^ +\d  +\S+ ((?: +\d+){10})$", text, re.MULTILINE)
    return int(right), int(images), [int(count) for row in rows for count in row.split()]


def reported(page):
    right, images = re.search(r"(\d+) of (\d+) test images right", page).groups()
    cells = re.findall(r'<td class="(?:right|wrong|none)[^>]*>(\d+)</td>', page)
    return int(right), int(images), [int(count) for count in cells]


def counted_alike(place, storage):
    """Storages round alike too seldom to be compared with each other."""
    out, _ = place.train(2, RUN + small.sets({"data.storage": storage}))
    of_run = float(re.search(r"val_accuracy=(\S+)", out)[1])
    right, images, confusion = evaluated(works("evaluate", place.output, environment=place.environment))
    page = works("report", place.output, "--output", "-", environment=place.environment)
    assert len(confusion) == 100 and sum(confusion) == images > 256, (images, confusion)
    assert sum(confusion[::11]) == right and abs(right / images - of_run) < 1e-4, (right, images, out)
    assert reported(page) == (right, images, confusion), (reported(page), right, images, confusion)


def main():
    results = [judge(f"split, {ranks} ranks", split, ranks) for ranks in (1, 3)]
    results.append(judge("none", none))
    results += [judge(f"counted alike, {storage}", counted_alike, storage)
                for storage in ("dense", "sparse")]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
