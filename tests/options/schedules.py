#!/usr/bin/python3
"""schedules.py: the learning rate of every step, as --debug reports it and as the history keeps it,
at 1 and 4 ranks, against the formulas of nn/schedule.h; the same when the run was stopped in between."""
import math
import re
import sys

import small
from program import conclude, judge

BASE, EPOCHS = 0.02, 3
STEPS = EPOCHS * small.STEPS_PER_EPOCH
WARMUP = 3


def cosine(step, steps=STEPS):
    """Steps count from 0."""
    if step < WARMUP:
        return BASE * (step + 1) / WARMUP
    share = min(1, (step - WARMUP) / (steps - WARMUP))
    return BASE * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * share)))


def drops(step):
    return BASE * (step + 1) / WARMUP if step < WARMUP else BASE * 0.5 ** (step // small.STEPS_PER_EPOCH)


CASES = {"cosine": (cosine, {"schedule.final": 0.1}),
         "step": (drops, {"schedule.step_epochs": 1, "schedule.factor": 0.5})}


def rates(out):
    return [float(rate) for rate in re.findall(r"^step .* rate (\S+)", out, re.MULTILINE)]


def follow(place, name, ranks, stop):
    formula, options = CASES[name]
    options = small.options(place) + ["--debug", "--epochs", str(EPOCHS), "--learning-rate", str(BASE)] + \
        small.sets({"schedule.name": name, "schedule.warmup_steps": WARMUP, **options})
    found = []
    if stop:
        found += rates(place.train(ranks, options + small.sets({"train.max_steps": stop}))[0])
        options += ["--resume", *small.sets({"train.max_steps": 0})]
    found += rates(place.train(ranks, options)[0])
    wanted = [formula(step) for step in range(STEPS)]
    assert len(found) == STEPS, found
    for ours, exact in zip(found, wanted):
        assert abs(ours - exact) < 1e-3 * exact, (found, wanted)
    with small.saved(place) as file:
        kept = file["history/learning_rate"][()]
    ends = wanted[small.STEPS_PER_EPOCH - 1::small.STEPS_PER_EPOCH]
    assert len(kept) == EPOCHS and max(abs(kept - ends)) < 1e-12, (kept, ends)


def lengthened(place, ranks, told):
    """Two epochs more than at first: the schedule's length stays, unless it is told."""
    options = small.options(place) + ["--epochs", str(EPOCHS), "--learning-rate", str(BASE)] + small.sets(
        {"schedule.name": "cosine", "schedule.warmup_steps": WARMUP, "schedule.final": 0.1})
    whole = (EPOCHS + 2) * small.STEPS_PER_EPOCH
    place.train(ranks, options + small.sets({"train.max_steps": STEPS - 2}))
    options = ["--epochs", str(EPOCHS + 2), *small.sets({"train.max_steps": STEPS + 1})]
    if told is not None:
        options += small.sets({"schedule.steps": told})
    length = {None: STEPS, 0: whole}.get(told, told)
    _, err = place.train(ranks, options, resume=True)
    now, other = (f"{cosine(STEPS - 2, steps):.4g}" for steps in (STEPS, whole if told is None else length))
    assert err.count(f"the learning rate of step {STEPS - 1} jumps from {now} to {other}") == 1, err
    assert (f"keeps its {STEPS} steps" in err) == (told is None), err
    _, err = place.train(ranks, small.sets({"train.max_steps": 0}), resume=True)
    assert "learning rate" not in err, err
    kept = [row["learning_rate"] for row in small.history(place)]
    wanted = [cosine(step, length if step >= STEPS - 2 else STEPS)
              for step in range(small.STEPS_PER_EPOCH - 1, whole, small.STEPS_PER_EPOCH)]
    assert len(kept) == EPOCHS + 2 and max(abs(a - b) for a, b in zip(kept, wanted)) < 1e-9, (kept, wanted)


def main():
    results = [judge(f"{name}, {ranks} ranks" + f", stopped after {stop} steps" * (stop > 0),
                     follow, name, ranks, stop)
               for name in CASES for ranks, stop in ((1, 0), (4, 5))]
    results += [judge(f"{ranks} ranks, two epochs more, schedule.steps {told}", lengthened, ranks, told)
                for ranks, told in ((1, None), (3, None), (1, 0), (2, 30))]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
