#!/usr/bin/python3
"""resuming.py: what a folder holds that a run is resumed in, and what becomes of a run that another
replaces there."""
import os
import sys

import h5py

from program import RECIPE, broke_off, check_refused, conclude, digest, finish, judge, run, tells_of_stall, undisturbed

OPTIONS = RECIPE + ["--reducer", "exchange"]


def names(place):
    return sorted(name for name in os.listdir(place.output) if name != "status")


def only(place, ranks, name, reference):
    """Of the run's checkpoints this one is left, of an epoch before the end."""
    place.train(ranks, OPTIONS + ["--set", "train.max_steps=24"])
    kept = os.path.join(place.output, "best.h5")
    assert os.path.exists(kept), names(place)
    os.rename(kept, os.path.join(place.output, "kept"))
    for other in [other for other in os.listdir(place.output) if other.endswith(".h5")]:
        os.unlink(os.path.join(place.output, other))
    os.rename(os.path.join(place.output, "kept"), os.path.join(place.output, name))
    code, _, err = run("inspect", place.output, environment=place.environment)
    assert code == 0 and f"has no last.h5: {place.output}/{name} is read" in err, err
    command = [word for word in place.command(ranks, ["--set", "train.max_steps=0"], resume=True)
               if word != "--quiet"]
    code, out, err = finish(place.launch(command))
    assert code == 0 and digest(out) == reference, (code, out, err)
    assert err.count(f"resuming from {place.output}/{name}: epoch ") == 1, err
    assert err.count("last.h5 was missing") == 1, err
    assert place.verify()[0] == 0


def no_checkpoint_left(place, ranks):
    place.train(ranks, OPTIONS)
    for name in names(place):
        if name.endswith(".h5"):
            os.unlink(os.path.join(place.output, name))
    code, _, err = finish(place.start(ranks, OPTIONS, resume=True))
    check_refused((code, err), 4, "but none of its checkpoints")
    _, err = place.train(ranks, OPTIONS)
    assert f"moved to {place.output}/previous" in err, err
    assert os.path.exists(os.path.join(place.output, "previous", "history.csv"))


def steps(place, folder):
    with h5py.File(os.path.join(place.output, folder, "last.h5"), "r") as file:
        return int(file["progress"].attrs["step"])


def replaced(place, ranks):
    """Runs of 36, 5, 36, 9 and 2 steps, one after another and without a word about the ones before."""
    for count, last in enumerate((36, 5, 36, 9, 2)):
        _, err = place.train(ranks, RECIPE + ["--set", f"train.max_steps={last}"])
        assert err.count("holds an earlier run: moved to ") == (count > 0), err
    found = {name: steps(place, name) for name in ("", "previous", "previous2")}
    assert found == {"": 2, "previous": 36, "previous2": 9}, found
    assert "previous3" not in names(place), names(place)


def nothing_saved_since(place, ranks):
    """The run that another was moved aside for died before its first save."""
    place.train(ranks, OPTIONS)
    code, out, err = finish(place.start(ranks, OPTIONS + ["--inject", "kill@0:1"]))
    assert broke_off(code, out) and "moved to" in err, (code, out, err)
    out, err = place.train(ranks, OPTIONS + ["--set", "train.max_steps=2"], resume=True)
    assert f"starting anew; an earlier run lies in {place.output}/previous" in err, err
    assert "steps=2 " in out, out


def is_complete(place):
    """Does last.h5 hold a run that has ended?"""
    with h5py.File(os.path.join(place.output, "last.h5"), "r") as file:
        return bool(file["progress"].attrs["complete"])


def rescued_at_its_end(place):
    """All that a resume adds to the rescue of a run's last step is that the epoch has ended: that is saved at
    the second attempt, or the run fails."""
    options = OPTIONS + ["--epochs", "1", "--set", "checkpoint.every_steps=0"]
    reference = undisturbed(options, 2)
    code, _, err = finish(place.start(2, options + ["--inject", "stop@0:save"]))
    assert tells_of_stall(code) and "rescue.h5 after step 12" in err, (code, err)
    for name in {"last.h5", "best.h5", "history.csv"} & set(names(place)):  # woken to be ended, rank 0 may save
        os.unlink(os.path.join(place.output, name))
    code, out, err = finish(place.start(2, ["--inject", "enospc@0:save"], resume=True))
    assert code == 0 and digest(out) == reference and err.count("could not save") == 1, (code, out, err)
    assert is_complete(place) and {"best.h5", "history.csv"} <= set(names(place)), names(place)


def table(place):
    with open(os.path.join(place.output, "history.csv"), encoding="ascii") as file:
        return file.read()


def killed_in_its_last_save(place, ranks):
    """Just before last.h5 was replaced, and just after: the run has ended, and no step will save again."""
    path = {name: os.path.join(place.output, name) for name in ("last.h5", "last.prev.h5", "best.h5", "history.csv")}
    out, _ = place.train(ranks, OPTIONS + ["--epochs", "1"])
    reference, whole = digest(out), table(place)
    assert os.path.samefile(path["last.h5"], path["best.h5"])
    for before in (True, False):
        if before:
            os.unlink(path["last.h5"])
            os.link(path["last.prev.h5"], path["last.h5"])
        with open(path["history.csv"], "w", encoding="ascii") as file:
            file.write(whole.splitlines()[0] + "\n")
        command = [word for word in place.command(ranks, [], resume=True) if word != "--quiet"]
        code, out, err = finish(place.launch(command))
        assert code == 0 and digest(out) == reference and "warning" not in err, (code, out, err)
        assert ("last.h5 was older" in err) == before, err
        assert is_complete(place) and os.path.samefile(path["last.h5"], path["best.h5"]), names(place)
        assert table(place) == whole, table(place)


def main():
    reference = undisturbed(OPTIONS)
    results = [judge(f"{name} alone is left, {ranks} ranks", only, ranks, name, reference)
               for ranks, name in ((1, "best.h5"), (4, "best.h5"), (2, "rescue.h5"), (3, "last.prev.h5"))]
    results += [judge(f"{case.__name__.replace('_', ' ')}, {ranks} ranks", case, ranks)
                for case, ranks in ((no_checkpoint_left, 2), (replaced, 1), (nothing_saved_since, 2),
                                    (killed_in_its_last_save, 1), (killed_in_its_last_save, 3))]
    results.append(judge("rescued at its end", rescued_at_its_end))
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
