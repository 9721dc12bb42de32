#!/usr/bin/python3
"""half_saved.py LIBRARY: the first save becomes best.h5 but not last.h5. What is remembered of the best is
what best.h5 holds, in the saves that follow and in a rescue. LIBRARY is refuse_rename."""
import os
import sys

import h5py

from program import RECIPE, conclude, digest, ends_as, finish, judge, tells_of_stall, undisturbed

LIBRARY = sys.argv[1]
ONCE = RECIPE + ["--reducer", "exchange", "--epochs", "2", "--set", "checkpoint.every_steps=0"]
# Falls from the first epoch on.
WORSENING = ONCE + ["--set", "optimizer.learning_rate=1e-12"]


def progress(place, name):
    with h5py.File(os.path.join(place.output, name)) as file:
        return dict(file["progress"].attrs)


def a_worse_epoch_follows(place, ranks):
    _, err = place.train(ranks, WORSENING, LD_PRELOAD=LIBRARY)
    assert err.count("could not save after step 12 ") == 1, err
    best, last = progress(place, "best.h5"), progress(place, "last.h5")
    assert best["epoch"] == last["best_epoch"] == 1 and last["epoch"] == 2, (best, last)


def a_stall_follows(place, ranks):
    """Rank 0 cannot save, and waits for one that has stopped: what it rescues is a good file."""
    expected = undisturbed(ONCE, ranks)
    code, _, err = finish(place.start(ranks, ONCE + ["--inject", f"stop@{ranks - 1}:save"], LD_PRELOAD=LIBRARY))
    assert tells_of_stall(code) and "rank 0 saved" in err, f"exit {code}: {err}"
    assert progress(place, "best.h5")["epoch"] == 1 and place.verify("rescue.h5")[0] == 0, place.verify("rescue.h5")
    ends_as(place.go_on(ranks), expected)
    best, last = progress(place, "best.h5"), progress(place, "last.h5")
    assert best["epoch"] == last["best_epoch"], (best, last)


def main():
    results = [judge(f"{case.__name__.replace('_', ' ')}, {ranks} ranks", case, ranks)
               for case, ranks in ((a_worse_epoch_follows, 1), (a_worse_epoch_follows, 3),
                                   (a_stall_follows, 2), (a_stall_follows, 4))]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
