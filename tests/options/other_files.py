#!/usr/bin/python3
"""other_files.py: what other people keep in an output folder, also under names that a run uses, stays as it is;
and a start that is refused changes nothing there."""
import os
import sys

from program import RECIPE, check_refused, conclude, finish, judge, run, works

QUICK = ["--data", "synthetic:600", "--epochs", "2", "--batch-size", "100"]
# As others write them: Keras' CSVLogger, a page, a word.
OTHERS = {"history.csv": ("epoch,accuracy,loss,val_accuracy,val_loss\n0,0.9,0.3,0.9,0.3\n",),
          "report.html": ("<!DOCTYPE html>\n<html><body><h1>My thesis</h1></body></html>\n",),
          "status": ("state of my work: good\n", "state=running\n")}


def content(folder):
    """Every file below, by path. The lock names whoever held it last, and is left out."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            if name != ".lock":
                with open(os.path.join(path, name), "rb") as file:
                    found[os.path.relpath(os.path.join(path, name), folder)] = file.read()
    return found


def refused(place, ranks, wanted, words, options):
    """One message with these words, and the folder as before."""
    before = content(place.output)
    code, out, err = finish(place.start(ranks, options))
    check_refused((code, err), wanted, words)
    assert not out and content(place.output) == before, (set(before), set(content(place.output)))


def put(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="ascii") as file:
        file.write(text)


def stay(place, ranks):
    """No run starts beside them, whatever else is wrong with it."""
    for name, texts in OTHERS.items():
        for text in texts:
            put(place.output, name, text)
            file = os.path.join(place.output, name)
            refused(place, ranks, 1, f"'{file}' is not of a run's making", QUICK)
        for options in ([*QUICK, "--resume"], ["--data", "nosuch"]):
            refused(place, ranks, 1, f"'{file}' is not of a run's making", options)
        assert os.listdir(place.output) == [name], os.listdir(place.output)
        os.unlink(file)
    place.train(ranks, QUICK)


def stay_in_previous(place, ranks):
    place.train(ranks, QUICK)
    place.train(ranks, QUICK)
    previous = os.path.join(place.output, "previous")
    put(previous, "status", "mine")  # no name that is moved there
    put(previous, "report.html", OTHERS["report.html"][0])
    refused(place, ranks, 1, f"'{os.path.join(previous, 'report.html')}' is not of a run's making", QUICK)
    os.unlink(os.path.join(previous, "report.html"))
    place.train(ranks, QUICK)
    assert content(previous)["status"] == b"mine"


def data_set(place, ranks):
    """Under one of a run's names, directly or by another name, and whatever it looks like."""
    rows = "label,a,b\n" + "".join(f"{i % 2},{i},{i * i % 7}\n" for i in range(60))
    for name in ("best.h5", "status"):
        put(place.output, name, rows)
        file, link = os.path.join(place.output, name), os.path.join(place.path, "link.csv")
        os.symlink(file, link)
        for source in (file, link):
            refused(place, ranks, 1, f"'{file}' is the data set", ["--data", source])
        os.unlink(link)
        os.unlink(file)


def of_a_run(place, ranks):
    """Its own are known again: they move, and give way in their turn."""
    for _ in range(3):
        place.train(ranks, QUICK)
        works("report", place.output, environment=place.environment)
        assert {"status", "history.csv", "report.html"} <= set(content(place.output))
    assert {"previous/history.csv", "previous/report.html"} <= set(content(place.output))


def kept_by_report(place):
    """A page of one's own under the name that the command chooses; where a name is given, it is meant."""
    place.train(1, QUICK)
    page = os.path.join(place.output, "report.html")
    put(place.output, "report.html", OTHERS["report.html"][0])
    before = content(place.output)
    code, _, err = run("report", place.output, environment=place.environment)
    check_refused((code, err), 1, f"'{page}' is not of a run's making")
    assert content(place.output) == before
    works("report", place.output, "--output", page, environment=place.environment)
    works("report", place.output, environment=place.environment)


def emptied(place, ranks):
    """As a node leaves them that lost its power: a run goes on."""
    place.train(ranks, [*QUICK, "--set", "train.max_steps=5"])
    for name in OTHERS:
        put(place.output, name, "")
    place.train(ranks, ["--set", "train.max_steps=0"], resume=True)


def refused_starts(place, ranks):
    """After a run that was set aside, and one with a report: nothing moves, nothing goes."""
    place.train(ranks, QUICK)
    place.train(ranks, QUICK)
    works("report", place.output, environment=place.environment)
    for wanted, words, options in ((3, "nosuch: no such folder", ["--data", "nosuch"]),
                                   (2, "is not a key", QUICK + ["--set", "train.epoch=1"]),
                                   (2, "train.seed", QUICK + ["--seed", "7", "--resume"]),
                                   (3, "nosuch: no such folder", ["--data", "nosuch", "--epochs", "3", "--resume"]),
                                   (4, "nosuch.h5", QUICK + ["--set", "train.initial_weights=nosuch.h5"])):
        refused(place, ranks, wanted, words, options)


def kept_by_import(place):
    model = os.path.join(place.path, "model.keras")
    place.train(1, RECIPE)
    works("export", place.output, "--format", "keras", "--output", model, environment=place.environment)
    put(os.path.join(place.path, "mine"), "history.csv", OTHERS["history.csv"][0])
    place.output = os.path.join(place.path, "mine")
    before = content(place.output)
    code, _, err = run("import", model, "--output", place.output, environment=place.environment)
    check_refused((code, err), 1, "history.csv' is not of a run's making")
    assert content(place.output) == before


def main():
    results = [judge(f"{case.__name__.replace('_', ' ')}, {ranks} ranks", case, ranks)
               for case, ranks in ((stay, 2), (stay_in_previous, 1), (data_set, 3), (of_a_run, 1), (emptied, 2),
                                   (refused_starts, 1), (refused_starts, 2))]
    results += [judge(case.__name__.replace("_", " "), case) for case in (kept_by_import, kept_by_report)]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
