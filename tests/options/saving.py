#!/usr/bin/python3
"""saving.py: when a run saves, how many generations stay, which digests it notes, what failed saves it
survives, and that last.h5 is whole whenever it is read."""
import contextlib
import os
import signal
import sys
import time

import h5py

import small
from program import RECIPE, SLOW, check_refused, conclude, digest, finish, judge, ranks_of

SYNTHETIC = ["--data", "synthetic:600", "--batch-size", "100"]


def step_of(place, name):
    with small.saved(place, name) as file:
        return int(file["progress"].attrs["step"])


def generations(place):
    return {name: step_of(place, name) for name in sorted(os.listdir(place.output))
            if name.startswith("last") and name.endswith(".h5")}


def every_steps_and_keep(place):
    """At steps 4, 6 (the epoch's end), 8 and 11 (the run's)."""
    options = small.sets({"checkpoint.every_steps": 4, "checkpoint.keep": 3, "train.max_steps": 11})
    place.train(2, SYNTHETIC + options)
    found = generations(place)
    assert found == {"last.h5": 11, "last.prev.h5": 8, "last.prev2.h5": 6}, found
    place.train(2, small.sets({"checkpoint.keep": 1, "train.max_steps": 12}), resume=True)
    found = generations(place)
    assert found == {"last.h5": 12}, found


def every_minutes(place, ranks):
    """Killed without notice in the first epoch, which is long: the clock had saved, nothing else would have."""
    steps = 40  # an epoch's, of 50 ms or more
    options = ["--data", f"synthetic:{100 * steps}", "--batch-size", "100", "--epochs", "1", "--reducer", "exchange"]
    undisturbed = digest(place.train(ranks, options)[0])
    place.output += "-killed"
    process = place.start(ranks, options + SLOW + small.sets({"checkpoint.every_minutes": 0.005}))
    place.wait_for_save(process)
    for pid in ranks_of(process):  # which outlive the mpirun of Open MPI 5
        os.kill(pid, signal.SIGKILL)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert 0 < step_of(place, "last.h5") < steps, generations(place)
    code, out, err = finish(place.go_on(ranks))
    assert code == 0 and digest(out) == undisturbed, (out, err, undisturbed)


def only_at_the_end_of_epochs(place):
    place.train(1, SYNTHETIC + ["--epochs", "3", *small.sets({"checkpoint.keep": 10})])
    found = generations(place)
    assert found == {"last.h5": 18, "last.prev.h5": 12, "last.prev2.h5": 6}, found


def digest_every(place):
    """Every fourth step and each epoch's end, the same chain at any rank count; the last is the result."""
    chains = []
    for ranks in 1, 3:
        place.output = os.path.join(place.path, f"run{ranks}")
        out, _ = place.train(ranks, SYNTHETIC + ["--epochs", "2", "--reducer", "exchange",
                                                 *small.sets({"checkpoint.digest_every": 4})])
        with small.saved(place) as file:
            steps, digests = file["chain/step"][()], file["chain/weights_xxh3"][()]
        assert list(steps) == [4, 6, 8, 12], steps
        assert digest(out) == f"xxh3:{digests[-1]:016x}" and len(set(digests)) == 4, digests
        chains.append(list(digests))
    assert chains[0] == chains[1], chains


def max_failures(place, ranks):
    """One save that fails is survived when one may, and ends the run when none may."""
    options = SYNTHETIC + ["--epochs", "2", "--inject", "enospc@0:save"]
    code, out, err = finish(place.start(ranks, options + small.sets({"checkpoint.max_failures": 0})))
    assert not digest(out), out
    check_refused((code, err), 1, "")
    assert generations(place) == {}, generations(place)
    out, err = place.train(ranks, options + small.sets({"checkpoint.max_failures": 1}))
    assert digest(out) and err.count("could not save") == 1, err
    assert generations(place) == {"last.h5": 12}, generations(place)


def history_in_the_way(place, ranks):
    """A folder takes history.csv's name in mid-run: the checkpoints are saved all the same, and when it is gone
    the table is whole again."""
    process = place.start(ranks, SYNTHETIC + SLOW + ["--epochs", "5", *small.sets({"checkpoint.every_steps": 2})])
    place.wait_for_save(process)
    table = os.path.join(place.output, "history.csv")
    while not os.path.isdir(table):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(table)
        with contextlib.suppress(FileExistsError):
            os.mkdir(table)
    code, out, err = finish(process)
    assert code == 0 and digest(out), (code, err)
    assert err.count("history.csv is not up to date") == 1 and "could not save" not in err, err
    assert generations(place) == {"last.h5": 30, "last.prev.h5": 28}, generations(place)
    os.rmdir(table)
    place.train(ranks, [], resume=True)
    assert [row["epoch"] for row in small.history(place)] == [1, 2, 3, 4, 5], small.history(place)


def read_all(path):
    """Every dataset, through its checksum; the step and the number of epochs in the history."""
    with h5py.File(path, "r") as file:
        file.visititems(lambda _, item: item[()] if isinstance(item, h5py.Dataset) else None)
        progress = dict(file["progress"].attrs)
        assert len(file["history/epoch"]) == progress["epoch"], progress
        assert file["optimizer/iterations"][()] == progress["step"], progress
        return int(progress["step"])


def read_while_written(place):
    process = place.start(2, RECIPE + SLOW + ["--epochs", "6", *small.sets({"checkpoint.every_steps": 1})])
    place.wait_for_save(process)
    steps, reads = [], 0
    while process.poll() is None:
        steps.append(read_all(os.path.join(place.output, "last.h5")))
        if reads % 10 == 0:
            code, text = place.verify()
            assert code == 0, text
        reads += 1
        time.sleep(0.005)
    code, out, err = finish(process)
    assert code == 0 and digest(out), err
    assert steps == sorted(steps) and len(set(steps)) >= 4, f"steps read: {steps}"


def main():
    cases = (every_steps_and_keep, only_at_the_end_of_epochs, digest_every, read_while_written)
    results = [judge(case.__name__.replace("_", " "), case) for case in cases]
    results += [judge(f"every minutes, {ranks} ranks", every_minutes, ranks) for ranks in (1, 3)]
    results += [judge(f"max failures, {ranks} ranks", max_failures, ranks) for ranks in (1, 3)]
    results += [judge(f"history in the way, {ranks} ranks", history_in_the_way, ranks) for ranks in (1, 3)]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
