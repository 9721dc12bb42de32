#!/usr/bin/python3
"""sweep.py LIBRARY [--all]: stops a rank before each of its collective calls in turn, from the end of the
first epoch to the end of the run: exit code 76, one message that names that rank alone, and a resume that
ends as the undisturbed run, file for file. Without --all every ninth call. Then ranks that exit, or
finalize MPI, in the middle of it: the job ends by itself, and resumes. And ranks lost before their
MPI_Finalize, when all is done."""
import os
import re
import sys

from program import (Place, broke_off, conclude, digest, ends_as, finish, judge, mpich, own_messages,
                     tells_of_stall, together, undisturbed, works)

LIBRARY = sys.argv[1]
RECIPE = ["--data", "synthetic:300", "--epochs", "2", "--batch-size", "100",
          "--set", "checkpoint.every_steps=2", "--set", "distributed.stall_timeout=2"]
# Falls from the first epoch on: a best value must be remembered, and a file hold it.
WORSENING = ["--set", "optimizer.learning_rate=1e-12"]
RUNS = {"one node": (2, ["--reducer", "exchange"]),
        "its best epoch first": (2, ["--reducer", "exchange"] + WORSENING),
        "two nodes": (4, ["--reducer", "exchange", "--set", "distributed.node_size=2"])}


def start(place, ranks, options, **how):
    return place.start(ranks, RECIPE + options, LD_PRELOAD=LIBRARY, **how)


def interesting_calls(trace, rank):
    """From the second gather, of the first epoch's ledger, to the first window that is freed."""
    names = re.findall(rf"^call {rank} (\w+)$", trace, re.MULTILINE)
    first = names.index("gather", names.index("gather") + 1)
    return range(first + 1, names.index("win_free", first) + 1)


def plan(trace, ranks, every):
    """(rank, call): every so many calls, of the ranks in turn."""
    calls = [interesting_calls(trace, rank) for rank in range(ranks)]
    shortest = min(len(of_rank) for of_rank in calls)
    turns = [(i, (turn + 1) % ranks) for turn, i in enumerate(range(1 % every, shortest, every))]
    return [(rank, calls[rank][i]) for i, rank in turns]


def same_file(place, reference, name):
    """Nothing but where and when differs."""
    works("diff", os.path.join(place.output, name), os.path.join(reference.output, name),
          environment=place.environment)


def stops_and_resumes(place, name, reference, expected, rank, call):
    ranks, options = RUNS[name]
    code, _, err = finish(start(place, ranks, options, MD_STOP_AT=f"{rank}:{call}"), 60)
    messages = own_messages(err)
    assert tells_of_stall(code), f"exit {code}: {err}"
    assert len(messages) == 1 and "stalled" in messages[0], messages
    named = re.findall(r"rank (\d+) \(host", messages[0])
    assert named == [str(rank)], messages
    assert "no rescue" not in messages[0] or "stand at one step" in messages[0], messages
    place.verify_saved()
    ends_as(place.go_on(ranks), expected)
    same_file(place, reference, "last.h5")
    same_file(place, reference, "best.h5")


def check(name, reference, expected, rank, call):
    return judge(f"{name}, rank {rank}, call {call}",
                 lambda place: stops_and_resumes(place, name, reference, expected, rank, call))


def leaves_and_resumes(place, name, by, expected, rank, call):
    ranks, options = RUNS[name]
    how = {"MD_STOP_AT": f"{rank}:{call}", "MD_STOP_BY": by}
    code, out, err = finish(start(place, ranks, options, **how), 60)
    assert broke_off(code, out) and (err or mpich()), f"exit {code}: {out}{err}"
    ends_as(place.go_on(ranks), expected)


def check_leaving(name, by, expected, rank, call):
    return judge(f"{name}, rank {rank} leaves by {by} at call {call}",
                 lambda place: leaves_and_resumes(place, name, by, expected, rank, call))


def sweep(name, every):
    ranks, options = RUNS[name]
    with Place() as reference:
        code, out, trace = finish(start(reference, ranks, options))
        assert code == 0, trace
        planned = plan(trace, ranks, every)
        jobs = [(check, name, reference, digest(out), rank, call) for rank, call in planned]
        rank, call = planned[len(planned) // 2]
        jobs += [(check_leaving, name, by, digest(out), rank, call) for by in ("exit", "finalize")]
        return together(lambda judge, *rest: judge(*rest), jobs)


def lost_at_the_end(place, by, rank, options, expected):
    """Nobody waits for it in MPI_Finalize for ever, and what the run came to is said and saved."""
    calls = finish(start(place, 2, options))[2]
    last = len(re.findall(rf"^call {rank} ", calls, re.MULTILINE))
    code, out, err = finish(start(place, 2, options, MD_STOP_AT=f"{rank}:{last}", **by), 90)
    assert by or "in MPI_Finalize for the others" in err, err
    assert digest(out) == expected, f"exit {code}: {out}{err}"
    if expected:
        ends_as(place.go_on(2), expected)
    else:
        assert code == 3 or code == 0 and mpich(), f"exit {code}: {err}"


def check_end(name, *how):
    return judge(f"lost before MPI_Finalize, {name}", lambda place: lost_at_the_end(place, *how))


def ends():
    """Of a run that was well mpirun has its own exit code then."""
    options = RUNS["one node"][1]
    expected = undisturbed(RECIPE + options)
    jobs = [("stopped", {}, 1, options, expected),
            ("killed", {"MD_STOP_BY": "kill"}, 0, options, expected),
            ("stopped, no data", {}, 0, ["--data", "/dev/null/none"], None)]
    return together(check_end, jobs)


def main():
    every = 1 if "--all" in sys.argv else 9
    results = [result for name in RUNS for result in sweep(name, every)] + ends()
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
