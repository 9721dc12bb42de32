#!/usr/bin/python3
"""stalls.py: ranks that stop, and saves that never return, where few ranks are left to say so: exit code
76, one message that names the missing, soon, and a resume that ends with the undisturbed weights. A
job that is suspended as a whole is no stall."""
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time

import h5py

from program import (PROGRAM, RECIPE, SLOW, Place, conclude, digest, ends_as, finish, judge,
                     own_messages, ranks_of, tells_of_stall, together, undisturbed, works)

OPTIONS = RECIPE + ["--reducer", "exchange"]
SOON = 30  # seconds, for a stall_timeout of 4


def stop_at_save(place):
    """Rank 0 has saved and waits for the only other rank."""
    return place.start(2, OPTIONS + ["--inject", "stop@1:save"]), "rank 1 (host"


def block_saves(place, process):
    """A pipe in place of the temporary that the next save wants to open, as a file system that hangs."""
    place.wait_for_save(process)
    while True:
        try:
            os.mkfifo(os.path.join(place.output, ".saving.h5"))
            return process
        except FileExistsError:
            assert process.poll() is None, "the run ended before it could be hit"
            time.sleep(0.001)


def save_never_returns_alone(place):
    return block_saves(place, place.start(1, OPTIONS + SLOW)), "rank 0 (host"


def save_never_returns(place):
    return block_saves(place, place.start(2, OPTIONS + SLOW)), "rank 0 (host"


def stop_at_the_epochs_save(place):
    """Rank 0 alone knows how the epoch ended; another rank saves what was before."""
    once = ["--set", "checkpoint.every_steps=0"]
    return place.start(2, OPTIONS + once + ["--inject", "stop@0:save"]), "rank 1 saved"


def nothing_to_rescue_into(place):
    """In the second epoch, no save having succeeded: nobody but rank 0 knows the first one's history."""
    os.makedirs(os.path.join(place.output, ".saving.h5"))
    forgiving = ["--set", "checkpoint.max_failures=100"]
    return place.start(3, OPTIONS + forgiving + ["--inject", "stop@0:20"]), "no rescue was saved"


def running(place, ranks, options=()):
    """A slow run that has saved, and its ranks in order."""
    process = place.start(ranks, OPTIONS + SLOW + list(options))
    place.wait_for_save(process)
    return process, sorted(ranks_of(process))


def wait_for_report(place, rank):
    until = time.monotonic() + SOON
    while not os.path.exists(os.path.join(place.output, "stall", str(rank))):
        assert time.monotonic() < until, "nobody noticed the stall"
        time.sleep(0.005)


def dissolve(place):
    """The stopped rank goes on while the others prepare the rescue. It stops before the ranks meet in a step:
    behind that each has begun to step its own slice, and there is no one step to rescue."""
    process = place.start(2, OPTIONS + ["--inject", "stop@1:10", "--set", "checkpoint.every_steps=1"])
    place.wait_for_save(process)
    stopped = sorted(ranks_of(process))[1]
    wait_for_report(place, 0)
    last = os.stat(os.path.join(place.output, "last.h5"))
    os.kill(stopped, signal.SIGCONT)
    time.sleep(1)
    assert os.stat(os.path.join(place.output, "last.h5")) == last, "the run went on under the rescue"
    return process, "rank 0 saved"


def stop_after_a_resume(place):
    """The last save is of an earlier process, which was to train for fewer epochs."""
    place.train(2, OPTIONS + ["--epochs", "1"])
    return place.start(2, OPTIONS + ["--inject", "stop@0:14"], resume=True), "rank 1 saved"


def hang_rank_0(place, ranks):
    """A pipe in place of the file that rank 0 wants to write when the last rank has stopped."""
    process, pids = running(place, ranks)
    os.mkdir(os.path.join(place.output, "stall"))
    os.mkfifo(os.path.join(place.output, "stall", "0.tmp"))
    os.kill(pids[-1], signal.SIGSTOP)
    return process, f"missing: rank {ranks - 1} (host"


def folder_hangs(place):
    """Nobody else is left to write."""
    return hang_rank_0(place, 2)


def folder_hangs_for_one(place):
    """Of two that notice only one can write; the other is not the one to blame."""
    return hang_rank_0(place, 3)


def folder_cannot_be_written(place):
    process, pids = running(place, 3)
    with open(os.path.join(place.output, "stall"), "wb"):
        os.kill(pids[2], signal.SIGSTOP)
    return process, "missing: rank 2 (host"


def stop_for_a_while(place):
    """A rank that comes back late, but in time, is not the one to blame."""
    process, pids = running(place, 3)
    os.kill(pids[1], signal.SIGSTOP)
    os.kill(pids[2], signal.SIGSTOP)
    time.sleep(2.6)
    os.kill(pids[1], signal.SIGCONT)
    return process, "missing: rank 2 (host"


def stalls_and_resumes(place, case, reference):
    process, words = case(place)
    code, _, err = finish(process, SOON)
    messages = own_messages(err)
    assert tells_of_stall(code), f"exit {code}: {err}"
    assert len(messages) == 1 and "stalled" in messages[0] and words in messages[0], messages
    with contextlib.suppress(OSError):
        os.rmdir(os.path.join(place.output, ".saving.h5"))
    saved = place.verify_saved()
    ends_as(place.go_on(2) if saved else place.start(2, OPTIONS, resume=True), reference)


def check(case, reference):
    return judge(case.__name__.replace("_", " "),
                 lambda place: stalls_and_resumes(place, case, reference))


def suspend_in_a_save(place):
    """As Slurm does for another job, for longer than the timeout, while a save takes its time."""
    process = block_saves(place, place.start(1, OPTIONS + SLOW))
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


def suspend_the_job(place):
    """All ranks, in the middle of their steps."""
    process, pids = running(place, 3)
    for number, pause in ((signal.SIGSTOP, 6), (signal.SIGCONT, 0)):
        for pid in pids:
            os.kill(pid, number)
        time.sleep(pause)
    return process


def check_suspension(case, reference):
    return judge(case.__name__.replace("_", " "),
                 lambda place: ends_as(case(place), reference, SOON))


def nobody_listens(place):
    """A save that never returns, and nobody reads what the run says: it ends all the same."""
    reading, writing = os.pipe()
    os.write(writing, b"x" * fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096))
    command = [PROGRAM, "train", "--quiet", "--output", place.output] + OPTIONS + SLOW
    process = place.launch(command, stderr=writing)
    try:
        code = block_saves(place, process).wait(SOON)
        assert code == 76, f"exit {code}"
    finally:
        process.kill()
        os.close(reading)
        os.close(writing)


def imported(folder, place):
    """An output folder with a model that came from Keras' format, for another optimizer than its own."""
    place.train(1, OPTIONS + ["--epochs", "1"])
    model = os.path.join(place.path, "model.keras")
    works("export", place.output, "--format", "keras", "--output", model,
          environment=place.environment)
    works("import", model, "--output", folder, environment=place.environment)


def stop_after_an_import(place):
    """The only save is the import's, which knows nothing of the optimizer that the run is to have."""
    options = OPTIONS + ["--set", "optimizer.name=sgd", "--set", "checkpoint.every_steps=0"]
    with Place() as source, Place() as twin:
        imported(twin.output, source)
        shutil.copytree(twin.output, place.output)
        expected = digest(twin.train(2, options, resume=True)[0])
        stopped = options + ["--inject", "stop@0:3"]
        code, _, err = finish(place.start(2, stopped, resume=True), SOON)
        assert tells_of_stall(code) and "rank 1 saved" in err, f"exit {code}: {err}"
        ends_as(place.go_on(2), expected)


def write_table(place):
    """400 rows of three kinds, whose numbers say little unless they are standardized."""
    rows = [f"{1000 + 300 * (i % 3) + 7 * (i % 11)},{0.001 * (i % 3) + 0.0002 * (i % 7)},{'red green blue'.split()[i % 3]}"
            for i in range(400)]
    return place.write("table.csv", "\n".join(["length,width,label", *rows]) + "\n")


def seen_as(place):
    """How the run in the folder says that it sees its data."""
    with h5py.File(os.path.join(place.output, "last.h5")) as file:
        data = file["data"]
        return dict(data.attrs), {name: data[name][()].tolist() for name in ("mean", "variance")}


def stop_before_a_save_of_a_table(place):
    """What rank 1 rescues goes on with the scale and the names that rank 0 read."""
    options = ["--data", write_table(place), "--epochs", "3", "--batch-size", "20", "--reducer", "exchange",
               "--set", "data.scale=standardize", "--set", "distributed.stall_timeout=4"]
    with Place() as twin:
        expected = digest(twin.train(2, options)[0])
        whole = seen_as(twin)
    code, _, err = finish(place.start(2, options + ["--inject", "stop@0:5"]), SOON)
    assert tells_of_stall(code) and "rank 1 saved" in err, f"exit {code}: {err}"
    ends_as(place.go_on(2), expected)
    assert seen_as(place) == whole, (seen_as(place), whole)


def stop_a_rank_that_follows(place):
    """With more steps to go than a rank may be behind: the others wait for it where there is one step to rescue."""
    options = ["--data", "synthetic:1200", "--epochs", "1", "--batch-size", "4", "--reducer", "exchange",
               "--set", "distributed.active_ranks=2", "--set", "checkpoint.every_steps=0",
               "--set", "distributed.stall_timeout=4"]
    with Place() as twin:
        expected = digest(twin.train(2, options)[0])
    code, _, err = finish(place.start(3, options + ["--inject", "stop@2:20"]), SOON)
    assert tells_of_stall(code) and "missing: rank 2 (host" in err and " saved" in err, f"exit {code}: {err}"
    assert os.path.exists(os.path.join(place.output, "rescue.h5")), os.listdir(place.output)
    ends_as(place.go_on(2), expected)


def main():
    reference = undisturbed(OPTIONS)
    cases = (stop_at_save, stop_at_the_epochs_save, save_never_returns_alone, save_never_returns,
             nothing_to_rescue_into, dissolve, stop_after_a_resume, folder_hangs,
             folder_hangs_for_one, folder_cannot_be_written, stop_for_a_while)
    jobs = [(check, case, reference) for case in cases]
    jobs += [(check_suspension, case, reference) for case in (suspend_in_a_save, suspend_the_job)]
    jobs += [(judge, "nobody listens", nobody_listens),
             (judge, "stop after an import", stop_after_an_import),
             (judge, "stop before a save of a table", stop_before_a_save_of_a_table),
             (judge, "stop a rank that follows", stop_a_rank_that_follows)]
    results = together(lambda judge, *rest: judge(*rest), jobs)
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
