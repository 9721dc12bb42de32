#!/usr/bin/python3
"""signals.py: a run asked to stop, by each signal and by the clock, on each rank: exit code 75, one message
that says why, and a resume that ends with the undisturbed weights."""
import os
import signal
import sys

from program import (RECIPE, SLOW, conclude, digest, ends_as, finish, judge, own_messages, undisturbed,
                     wait_for_ranks)

OPTIONS = RECIPE + ["--reducer", "exchange"]


def signal_a_rank(place, rank, number):
    process = place.start(2, OPTIONS + SLOW)
    pids = sorted(wait_for_ranks(process, 2))
    place.wait_for_save(process)
    os.kill(pids[rank], number)
    return process


def by_signal(number):
    return lambda place: signal_a_rank(place, 0, number)


def on_another_rank(place):
    return signal_a_rank(place, 1, signal.SIGUSR2)


def by_the_clock(place):
    return place.start(2, OPTIONS + SLOW + ["--set", "train.time_limit=0.01"])


CASES = {"SIGTERM": (by_signal(signal.SIGTERM), "by SIGTERM"),
         "SIGINT": (by_signal(signal.SIGINT), "by SIGINT"),
         "SIGUSR1": (by_signal(signal.SIGUSR1), "by SIGUSR1"),
         "SIGUSR2 on another rank": (on_another_rank, "by a signal to another rank"),
         "the time limit": (by_the_clock, "by the time limit")}


def stops_and_resumes(place, name, reference):
    start, words = CASES[name]
    code, out, err = finish(start(place))
    messages = own_messages(err)
    assert code == 75 and not digest(out), f"exit {code}: {out}{err}"
    assert len(messages) == 1 and words in messages[0] and "--resume" in messages[0], messages
    # The limit is part of the run's configuration and would stop the next process as well.
    unlimited = OPTIONS + ["--set", "train.time_limit=0"]
    ends_as(place.start(2, unlimited, resume=True), reference)


def check(name, reference):
    return judge(name, lambda place: stops_and_resumes(place, name, reference))


def wait_until_taken(pid, number):
    """Signals sent together may be delivered in another order."""
    pending = True
    while pending:
        try:
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                masks = [line.split()[1] for line in status if line.startswith(("SigPnd", "ShdPnd"))]
        except (OSError, IndexError):
            return
        pending = any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def loses_patience(place):
    """The second SIGINT ends a run that cannot stop: another rank takes no step with it."""
    process = place.start(2, OPTIONS + SLOW + ["--set", "distributed.stall_timeout=0"])
    pids = sorted(wait_for_ranks(process, 2))
    place.wait_for_save(process)
    os.kill(pids[1], signal.SIGSTOP)
    # What came between the two does not make the second another first one.
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGINT:
        os.kill(pids[0], number)
        wait_until_taken(pids[0], number)
    code, _, err = finish(process, 60)
    messages = own_messages(err)
    assert code == 130, f"exit {code}: {err}"
    assert len(messages) == 1 and "without saving" in messages[0], messages


def main():
    reference = undisturbed(OPTIONS)
    results = [check(name, reference) for name in CASES]
    results.append(judge("a second SIGINT", loses_patience))
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
