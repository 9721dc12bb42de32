#!/usr/bin/python3
"""campaign.py N [SEED]: N runs at 2 to 4 ranks, each hit at random moments until it ends by itself.

Every run must end with the weights of the undisturbed run, none may hang, and after every blow the
newest checkpoint must verify."""
import os
import random
import signal
import sys
import time

from program import (RECIPE, SLOW, conclude, digest, finish, judge, together, undisturbed,
                     wait_for_ranks)

REPRODUCIBLE = RECIPE + ["--reducer", "exchange"]
BLOWS = ("kill a rank", "kill mpirun", "terminate mpirun", "stop a rank", "usr1 to mpirun")


def strike(blow, process, pids, choice):
    if blow == "kill a rank":
        os.kill(choice.choice(pids), signal.SIGKILL)
    elif blow == "kill mpirun":
        os.kill(process.pid, signal.SIGKILL)
    elif blow == "terminate mpirun":
        os.kill(process.pid, signal.SIGTERM)
    elif blow == "usr1 to mpirun":
        os.kill(process.pid, signal.SIGUSR1)
    else:
        os.kill(choice.choice(pids), signal.SIGSTOP)


def hit_once(place, choice, resume):
    """Starts a run and hits it after a random while. Returns what happened and the run's digest."""
    ranks = choice.randint(2, 4)
    blow = choice.choice(BLOWS)
    process = place.start(ranks, REPRODUCIBLE + SLOW, resume)
    pids = wait_for_ranks(process, ranks)
    time.sleep(choice.uniform(0.0, 2.5))
    try:
        if process.poll() is None and pids:
            strike(blow, process, pids, choice)
    except ProcessLookupError:
        blow = "nothing, it had ended"
    code, out, err = finish(process)
    return f"{blow} at {ranks} ranks: exit {code}", digest(out), err


def survive(place, choice, expected):
    story = []
    for attempt in range(3):
        what, found, err = hit_once(place, choice, resume=attempt > 0)
        story.append(what)
        if os.path.exists(os.path.join(place.output, "last.h5")):
            code, text = place.verify()
            assert code == 0, f"{story}: last.h5 does not verify: {text}"
        if found:
            break
    if not found:
        out, err = place.train(choice.randint(1, 4), REPRODUCIBLE, resume=True)
        found = digest(out)
    print("; ".join(story), flush=True)
    assert found == expected, f"{story}: weights {found}, expected {expected}: {err}"


def check(number, choice, expected):
    return judge(f"run {number}", lambda place: survive(place, choice, expected))


def main():
    runs = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    expected = undisturbed(REPRODUCIBLE)
    jobs = [(i + 1, random.Random(1000 * seed + i), expected) for i in range(runs)]
    return conclude(together(check, jobs))


if __name__ == "__main__":
    sys.exit(main())
