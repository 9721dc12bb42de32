#!/usr/bin/python3
"""signals.py: a run asked to stop, by each signal and by the clock, on each rank: exit code 75, one message
that says why, and a resume that ends with the undisturbed weights."""
import os
import signal
import subprocess
import sys

from trainer import PROGRAM, RECIPE, SLOW, Place, digest, finish, own_messages, undisturbed, \
    wait_for_ranks

OPTIONS = ["--reducer", "reproducible"]


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


def check(name, reference):
    start, words = CASES[name]
    place = Place()
    try:
        code, out, err = finish(start(place))
        messages = own_messages(err)
        assert code == 75 and not digest(out), f"exit {code}: {out}{err}"
        assert len(messages) == 1 and words in messages[0] and "--resume" in messages[0], messages
        # The limit is part of the run's configuration and would stop the next process as well.
        unlimited = OPTIONS + ["--set", "train.time_limit=0"]
        code, out, err = finish(place.start(2, unlimited, resume=True))
        assert code == 0 and digest(out) == reference, f"resume: exit {code}, {digest(out)}: {err}"
        print(f"{name}: ok", flush=True)
        return True
    except AssertionError as failure:
        print(f"{name}: FAILED: {failure}", flush=True)
        return False
    finally:
        place.clean()


def wait_until_taken(process, number):
    """Signals sent together may be delivered in another order."""
    pending = True
    while pending and process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                masks = [line.split()[1] for line in status if line.startswith(("SigPnd", "ShdPnd"))]
        except (OSError, IndexError):
            return
        pending = any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def check_impatience():
    """The second SIGINT ends a run that cannot stop: it waits for a folder that another one holds."""
    place = Place()
    first = place.start(1, OPTIONS + SLOW)
    try:
        place.wait_for_save(first)
        second = place.run([PROGRAM, "train", "--output", place.output] + RECIPE)
        waiting = second.stderr.readline()
        assert "in use by pid" in waiting, waiting
        # What came between the two does not make the second another first one.
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGINT:
            second.send_signal(number)
            wait_until_taken(second, number)
        _, err = second.communicate(timeout=20)
        messages = own_messages(err)
        assert second.returncode == 130, f"exit {second.returncode}"
        assert len(messages) == 1 and "without saving" in messages[0], messages
        print("a second SIGINT: ok", flush=True)
        return True
    except (AssertionError, subprocess.TimeoutExpired) as failure:
        print(f"a second SIGINT: FAILED: {failure}", flush=True)
        return False
    finally:
        finish(first)
        place.clean()


def main():
    reference = undisturbed(OPTIONS)
    results = [check(name, reference) for name in CASES]
    results.append(check_impatience())
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
