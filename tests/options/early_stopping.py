#!/usr/bin/python3
"""early_stopping.py: the run ends after the first epoch that makes `patience` epochs without an improvement
of more than min_delta, as its own history tells; stopped and resumed across it ends there as well."""
import sys

import small
from program import conclude, digest, finish, judge

EPOCHS = 60


def exhausted(history, monitor, patience, min_delta):
    """The epoch after which the run has to end; None: it goes on."""
    best, best_at = None, 0
    for at, row in enumerate(history):
        value = row[monitor] if "accuracy" in monitor else -row[monitor]
        if best is None or value > best + min_delta:
            best, best_at = value, at
        if at - best_at >= patience:
            return at + 1
    return None


def run(place, ranks, monitor, patience, min_delta):
    options = small.options(place) + ["--reducer", "exchange", "--epochs", str(EPOCHS)] + small.sets({
        "optimizer.learning_rate": 0.05, "early_stopping.patience": patience,
        "early_stopping.monitor": monitor, "early_stopping.min_delta": min_delta})
    weights = digest(place.train(ranks, options)[0])
    history = small.history(place)
    assert len(history) < EPOCHS, "it was not stopped"
    wanted = exhausted(history, monitor, patience, min_delta)
    assert len(history) == wanted, f"ended after epoch {len(history)}, not {wanted}"
    with small.saved(place) as file:
        assert file["progress"].attrs["complete"] == 1
    return options, weights, history


def in_one_go(place, ranks, monitor, patience, min_delta):
    _, _, history = run(place, ranks, monitor, patience, min_delta)
    if min_delta:
        without = exhausted(history, monitor, patience, 0)
        assert without != len(history), "min_delta makes no difference"


def resumed(place, ranks):
    """Stopped in the middle of the epoch in which it ends, and before, where patience is running out."""
    options, weights, history = run(place, ranks, "val_loss", 3, 0)
    steps = small.STEPS_PER_EPOCH * (len(history) - 1)
    place.output += ".parts"
    for stop in steps - 1, steps + 2:
        place.train(ranks, options + small.sets({"train.max_steps": stop}), resume=True)
    out, _ = place.train(ranks, options + small.sets({"train.max_steps": 0}), resume=True)
    assert digest(out) == weights and len(small.history(place)) == len(history), out
    # A run that has ended stays so.
    out, _ = place.train(ranks, options, resume=True)
    assert digest(out) == weights and f"epochs={len(history)} " in out, out


def loud(place, ranks, options):
    """A resume that says more than warnings: its result, and what it said."""
    command = [word for word in place.command(ranks, options, resume=True) if word != "--quiet"]
    code, out, err = finish(place.launch(command))
    assert code == 0, err
    return out, err


def told_to_go_on(place, ranks):
    """It says that and why it has stopped; then the same with more patience, more epochs and none."""
    options, _, history = run(place, ranks, "val_loss", 2, 0)
    ended = len(history)
    out, err = loud(place, ranks, [])
    best = min(row["val_loss"] for row in history)
    reason = (f"early stopping after epoch {ended} of {EPOCHS}: for 2 epochs (early_stopping.patience) "
              f"val_loss has not improved on {best:.6g}, epoch {ended - 2}'s")
    assert err.count(reason) == 1 and f"epochs={ended} " in out, (reason, err)
    out, err = loud(place, ranks, small.sets({"early_stopping.patience": 3}))
    history = small.history(place)
    assert len(history) == exhausted(history, "val_loss", 3, 0) > ended, len(history)
    assert f"early stopping after epoch {len(history)} of {EPOCHS}: for 3 epochs" in err, err
    ended = len(history)
    stop = small.STEPS_PER_EPOCH * ended + 2
    out, err = loud(place, ranks, ["--epochs", str(EPOCHS + 1), *small.sets({"train.max_steps": stop})])
    assert f"steps={stop} " in out, out
    out, err = loud(place, ranks, small.sets({"early_stopping.patience": 0, "train.max_steps": 0}) +
                    ["--epochs", str(ended + 6)])
    assert len(small.history(place)) == ended + 6 and "early stopping" not in err, err
    straight = options + small.sets({"early_stopping.patience": 0}) + ["--epochs", str(ended + 6)]
    place.output += ".straight"
    assert digest(place.train(ranks, straight)[0]) == digest(out), out


def main():
    cases = [(1, "val_loss", 1, 0), (3, "val_loss", 4, 0), (1, "val_accuracy", 3, 0),
             (2, "loss", 2, 0.02), (1, "accuracy", 3, 0.1)]
    results = [judge(f"{ranks} ranks, {monitor}, patience {patience}, min_delta {min_delta}",
                     in_one_go, ranks, monitor, patience, min_delta)
               for ranks, monitor, patience, min_delta in cases]
    results += [judge(f"told to go on at {ranks} ranks", told_to_go_on, ranks) for ranks in (1, 2)]
    results += [judge(f"resumed at {ranks} ranks", resumed, ranks) for ranks in (1, 3)]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
