#!/usr/bin/python3
"""locks.py: two runs of two ranks each in one folder: the second waits, and gives up or takes over; the
first is never disturbed."""
import contextlib
import fcntl
import os
import signal
import sys
import time

from program import (RECIPE, conclude, digest, finish, judge, own_messages, ranks_of,
                     undisturbed)

OPTIONS = RECIPE + ["--reducer", "exchange", "--set", "distributed.stall_timeout=0"]


def start_first(place):
    """A run that has saved, and holds the lock until it is let go: its rank 0 stops in step 20."""
    process = place.start(2, OPTIONS + ["--inject", "stop@0:20"])
    place.wait_for_save(process)
    return process


def let_go(process):
    """Again and again: it may not have come to where it stops."""
    while process.poll() is None:
        for rank in ranks_of(process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(rank, signal.SIGCONT)
        time.sleep(0.05)


def start_second(place, wait, resume):
    """Said in one line, which --quiet would hold back."""
    options = OPTIONS + ["--set", f"checkpoint.lock_wait={wait}"]
    command = [word for word in place.command(2, options, resume) if word != "--quiet"]
    return place.launch(command)


def waits(second):
    """It says so, if only after a remark of Open MPI's."""
    return any("in use by" in line for line in second.stderr)


def check_done(process, reference):
    code, out, err = finish(process)
    assert code == 0 and digest(out) == reference, f"exit {code}, {digest(out)}: {err}"
    return err


def gives_up(place, reference):
    first = start_first(place)
    code, out, err = finish(start_second(place, 0.2, resume=False))
    messages = own_messages(err)
    assert code == 1 and not digest(out), f"exit {code}: {out}{err}"
    assert len(messages) == 1 and "in use by another run (pid " in messages[0], messages
    assert err.count("waiting up to 0.2 s") == 1, err
    let_go(first)
    check_done(first, reference)
    assert not os.path.exists(os.path.join(place.output, "previous")), "the first was moved away"


def takes_over_at_its_end(place, reference):
    first = start_first(place)
    second = start_second(place, 60, resume=False)
    assert waits(second), "the second does not wait"
    let_go(first)
    check_done(first, reference)
    err = check_done(second, reference)
    assert "moved to" in err, err


def takes_over_from_the_dead(place, reference):
    first = start_first(place)
    second = start_second(place, 60, resume=True)
    assert waits(second), "the second does not wait"
    for pid in ranks_of(first):
        os.kill(pid, signal.SIGKILL)
    err = check_done(second, reference)
    assert "resuming from" in err, err
    finish(first)


def stops_when_asked_to(place, _):
    """Nothing was done, so that nothing needs to be saved before it stops."""
    os.makedirs(place.output)
    with open(os.path.join(place.output, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for number in (signal.SIGTERM, signal.SIGINT):
            second = start_second(place, 600, resume=True)
            assert waits(second), "the second does not wait"
            for rank in ranks_of(second):
                os.kill(rank, number)
            code, out, err = finish(second)
            messages = own_messages(err)
            assert code == 75 and not digest(out), f"exit {code}: {out}{err}"
            assert len(messages) == 1 and "stopped while waiting for folder" in messages[0], messages
    assert os.listdir(place.output) == [".lock"], os.listdir(place.output)


def check(case, reference):
    name = case.__name__.replace("_", " ")
    return judge(f"the second {name}", lambda place: case(place, reference))


def main():
    reference = undisturbed(OPTIONS)
    cases = (gives_up, takes_over_at_its_end, takes_over_from_the_dead,
             stops_when_asked_to)
    results = [check(case, reference) for case in cases]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
