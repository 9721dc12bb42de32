#!/usr/bin/python3
"""stalls.py: ranks that stop, and saves that never return, where few ranks are left to say so: exit code
76, one message that names the missing, soon, and a resume that ends with the undisturbed weights. A
job that is suspended as a whole is no stall."""
import contextlib
import os
import signal
import sys
import time

from trainer import SLOW, Place, digest, finish, own_messages, ranks_of, undisturbed

OPTIONS = ["--reducer", "reproducible"]
SOON = 30  # seconds, for a stall_timeout of 4


def stop_at_save(place):
    """Rank 0 has saved and waits for the only other rank."""
    return place.start(2, OPTIONS + ["--inject", "stop@1:save"]), "rank 1 (host"


def block_saves(place, ranks):
    """A pipe in place of the temporary that the next save wants to open, as a file system that hangs."""
    process = place.start(ranks, OPTIONS + SLOW)
    place.wait_for_save(process)
    while True:
        try:
            os.mkfifo(os.path.join(place.output, ".saving.h5"))
            return process
        except FileExistsError:
            assert process.poll() is None, "the run ended before it could be hit"
            time.sleep(0.001)


def save_never_returns_alone(place):
    return block_saves(place, 1), "rank 0 (host"


def save_never_returns(place):
    return block_saves(place, 2), "rank 0 (host"


def stop_at_the_epochs_save(place):
    """Rank 0 alone knows how the epoch ended; another rank saves what was before."""
    once = ["--set", "checkpoint.every_steps=0"]
    return place.start(2, OPTIONS + once + ["--inject", "stop@0:save"]), "rank 1 saved"


def nothing_to_rescue_into(place):
    """In the second epoch, no save having succeeded: nobody but rank 0 knows the first one's history."""
    os.makedirs(os.path.join(place.output, ".saving.h5"))
    forgiving = ["--set", "checkpoint.max_failures=100"]
    return place.start(3, OPTIONS + forgiving + ["--inject", "stop@0:20"]), "no rescue was saved"


def suspend_in_a_save(place):
    """As Slurm does for another job, for longer than the timeout, while a save takes its time."""
    process = block_saves(place, 1)
    time.sleep(1)
    [pid] = ranks_of(process)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(6)
    os.kill(pid, signal.SIGCONT)
    time.sleep(0.5)
    pipe = os.path.join(place.output, ".saving.h5")
    with open(pipe, "rb") as saved:
        os.unlink(pipe)
        saved.read()
    return process


def check_suspension(reference):
    place = Place()
    try:
        code, out, err = finish(suspend_in_a_save(place), SOON)
        assert code == 0 and digest(out) == reference, f"exit {code}, {digest(out)}: {err}"
        print("suspend in a save: ok", flush=True)
        return True
    except (AssertionError, OSError) as failure:
        print(f"suspend in a save: FAILED: {failure}", flush=True)
        return False
    finally:
        place.clean()


def check(case, reference):
    name = case.__name__.replace("_", " ")
    place = Place()
    try:
        process, words = case(place)
        code, _, err = finish(process, SOON)
        messages = own_messages(err)
        assert code == 76, f"exit {code}: {err}"
        assert len(messages) == 1 and "stalled" in messages[0] and words in messages[0], messages
        with contextlib.suppress(OSError):
            os.rmdir(os.path.join(place.output, ".saving.h5"))
        code, out, err = finish(place.start(2, OPTIONS, resume=True))
        assert code == 0 and digest(out) == reference, f"resume: exit {code}, {digest(out)}: {err}"
        print(f"{name}: ok", flush=True)
        return True
    except AssertionError as failure:
        print(f"{name}: FAILED: {failure}", flush=True)
        return False
    finally:
        place.clean()


def main():
    reference = undisturbed(OPTIONS)
    cases = (stop_at_save, stop_at_the_epochs_save, save_never_returns_alone, save_never_returns,
             nothing_to_rescue_into)
    results = [check(case, reference) for case in cases] + [check_suspension(reference)]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
