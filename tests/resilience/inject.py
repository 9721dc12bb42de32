#!/usr/bin/python3
"""inject.py [--all]: every fault of --inject, at the first step, in mid-epoch and during a save, at 1
and 3 ranks: exit code, one message, and a resume that ends with the undisturbed run's weights."""
import sys

from program import (RECIPE, broke_off, conclude, ends_as, finish, judge, own_messages, reducers, tells_of_stall,
                     together, undisturbed)

MOMENTS = {"first step": "1", "mid-epoch": "8", "save": "save"}
IN_STEPS_ONLY = ("nan",)
FILE_FAULTS = ("torn-file", "enospc")


def expected_end(fault):
    """(exit codes, words of the message): a killed rank's code is mpirun's own business."""
    return {"kill": (None, None), "stop": ((76,), "stalled"), "slow": ((0,), None),
            "nan": ((1,), "NaN"), "torn-file": ((0,), None), "enospc": ((0,), None)}[fault]


def rehearse(place, fault, moment, ranks, reducer, reference):
    last = 0 if fault in FILE_FAULTS else ranks - 1
    options = RECIPE + ["--reducer", reducer]
    if fault == "nan":  # it takes a rank that computes
        options += ["--set", f"distributed.active_ranks={ranks}"]
    hit = options + ["--inject", f"{fault}@{last}:{MOMENTS[moment]}"]
    code, out, err = finish(place.start(ranks, hit))
    codes, words = expected_end(fault)
    known = broke_off(code, out) if codes is None else code in codes
    assert known or fault == "stop" and tells_of_stall(code), f"exit {code}: {err}"
    messages = own_messages(err)
    if words:
        assert len(messages) == 1 and words in messages[0], f"messages {messages}"
    if fault in FILE_FAULTS:
        assert err.count("could not save") == 1, f"no warning of the failed save: {err}"
    place.verify_saved()
    ends_as(place.start(ranks, options, resume=True), reference)


def refuse_where_nothing_is_computed(place):
    options = RECIPE + ["--reducer", "exchange", "--set", "distributed.active_ranks=2", "--inject", "nan@2:8"]
    code, _, err = finish(place.start(3, options))
    assert code == 2 and "nan@2:8: the rank has no samples" in "".join(own_messages(err)), (code, err)


def diverge(place, ranks):
    """Losses that are too many for a sum that a checkpoint can hold, though each of them is finite: all that was
    saved before stands, and is good."""
    model = place.write("one.yaml", "model:\n  - {layer: flatten}\n  - {layer: dense, units: 10, activation: softmax}\n")
    options = ["--config", model, "--data", "synthetic:6000", "--batch-size", "4", "--set", "optimizer.name=sgd",
               "--learning-rate", "2e6", "--set", "checkpoint.every_steps=1"]
    code, out, err = finish(place.start(ranks, options))
    [message] = own_messages(err)
    assert broke_off(code, out) and "add up to more than can be summed exactly" in message, (code, err)
    place.verify_saved()


def check(fault, moment, ranks, reducer, reference):
    return judge(f"{fault} at {moment}, {ranks} ranks, {reducer}",
                 lambda place: rehearse(place, fault, moment, ranks, reducer, reference))


def cases(everything):
    for fault in ("kill", "stop", "slow", "nan", "torn-file", "enospc"):
        for moment in MOMENTS:
            if fault in IN_STEPS_ONLY and moment == "save":
                continue
            for ranks in (3,) if fault == "stop" else (1, 3):
                if everything or (ranks == 3 and moment != "first step"):
                    yield fault, moment, ranks


def references(reducer, counts):
    """The undisturbed run's digest at each rank count; plain reducers promise no more."""
    return {ranks: undisturbed(RECIPE + ["--reducer", reducer], ranks) for ranks in counts}


def main():
    everything = "--all" in sys.argv
    jobs = []
    for reducer in reducers() if everything else ("exchange",):
        known = references(reducer, (1, 3))
        jobs += [(fault, moment, ranks, reducer, known[ranks])
                 for fault, moment, ranks in cases(everything)]
    results = together(check, jobs)
    results += [judge(f"losses without bounds, {ranks} ranks", diverge, ranks) for ranks in (1, 3)]
    return conclude(results + [judge("nan at a rank that follows", refuse_where_nothing_is_computed)])


if __name__ == "__main__":
    sys.exit(main())
