#!/usr/bin/python3
"""signals.py: a run asked to stop, by each signal and by the clock, on each rank: exit code 75, one message
that says why, and a resume that ends with the undisturbed weights. And `prove`, which takes its runs with it."""
import contextlib
import fcntl
import os
import signal
import sys
import time

from program import (PROGRAM, RECIPE, SLOW, conclude, digest, ends_as, finish, judge, own_messages, refuses,
                     undisturbed, wait_for_ranks)

OPTIONS = RECIPE + ["--reducer", "exchange"]


def signal_a_rank(place, rank, number, ranks=2):
    process = place.start(ranks, OPTIONS + SLOW)
    pids = sorted(wait_for_ranks(process, ranks))
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
         "SIGHUP": (by_signal(signal.SIGHUP), "by SIGHUP"),
         "SIGHUP of one rank": (lambda place: signal_a_rank(place, 0, signal.SIGHUP, 1), "by SIGHUP"),
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
    assert len(messages) == 1 and "without waiting for a save" in messages[0], messages


def alone(place):
    """One rank without mpirun, which would pass signals on in its own way; slow."""
    return [PROGRAM, "train", "--quiet", "--output", place.output, *OPTIONS, *SLOW]


def survives_a_hangup(place, reference):
    process = place.launch(["nohup", *alone(place)])
    place.wait_for_save(process)
    process.send_signal(signal.SIGHUP)
    ends_as(process, reference)


def wait_for(what, done, seconds=60):
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"{what} did not come about"
        time.sleep(0.01)


def fill(pipe):
    """Whoever writes to it from now on waits for a reader."""
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, b"\n")
    os.set_blocking(pipe, True)


def has_stopped(place):
    with contextlib.suppress(OSError), open(os.path.join(place.output, "status"), encoding="ascii") as status:
        return status.readline() == "state=stopped\n"
    return False


def is_told_what_was_saved(place):
    """A second SIGINT when all is saved, while the run waits to say so."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    fill(writer)
    with place.launch(alone(place), stderr=writer) as process, open(reader, encoding="ascii") as heard:
        os.close(writer)
        place.wait_for_save(process)
        process.send_signal(signal.SIGINT)
        wait_for("the stop", lambda: has_stopped(place))
        process.send_signal(signal.SIGINT)
        wait_until_taken(process.pid, signal.SIGINT)
        messages = own_messages(heard.read())
    assert process.returncode == 75, f"exit {process.returncode}: {messages}"
    assert len(messages) == 1 and "saved in" in messages[0], messages


def those_of(place):
    """Process ids of whatever was started with this folder in its command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="utf-8") as line:
            if place.output in line.read():
                found.append(int(pid))
    return found


def is_saved(place):
    return os.path.exists(os.path.join(place.output, "straight-2", "last.h5"))


def proof_ends(place, number):
    """Nothing that it has started goes on, and the next proof finds the folder free."""
    command = [PROGRAM, "prove", "--ranks", "2", "--output", place.output]
    endless = ["--set", "train.epochs=100000", "--set", "train.batch_size=1"]
    process = place.launch(command + endless)
    wait_for("a save", lambda: is_saved(place))
    process.send_signal(number)
    code, _, err = finish(process, 60)
    left = those_of(place)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    messages = own_messages(err)
    assert not left, f"{len(left)} processes are left"
    assert code == 128 + number and len(messages) == 1, f"exit {code}: {err}"
    assert f"stopped by {number.name}: nothing is proven" in messages[0], messages
    code, out, err = finish(place.launch(command))
    assert code == 0 and "PASS: 3 runs" in out, f"exit {code}: {out}{err}"


def proof_has_bounds(_):
    for count in ("0", "4097", "1000000"):
        refuses(2, "rank counts from 1 to 4096", "prove", "--ranks", count)


def main():
    reference = undisturbed(OPTIONS)
    results = [check(name, reference) for name in CASES]
    results.append(judge("a second SIGINT", loses_patience))
    results.append(judge("a second SIGINT after the save", is_told_what_was_saved))
    results.append(judge("SIGHUP under nohup", survives_a_hangup, reference))
    results += [judge(f"prove and {number.name}", proof_ends, number)
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    results.append(judge("prove's rank counts", proof_has_bounds))
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
