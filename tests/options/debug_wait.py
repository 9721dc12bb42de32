#!/usr/bin/python3
"""debug_wait.py: --debug-wait names every rank's process and waits; gdb lets the run go on as it was told to.
Without gdb, or where it may not attach, the test is skipped."""
import re
import shutil
import subprocess
import sys
import time

from program import SKIPPED, conclude, digest, finish, judge, ranks_of

LINES_BEFORE = 1  # of instructions


def may_attach():
    if not shutil.which("gdb"):
        return False
    process = subprocess.Popen(["sleep", "60"])
    try:
        return "sleep" in gdb(process.pid, "info proc")
    finally:
        process.kill()


def gdb(pid, *commands):
    words = [word for command in (*commands, "detach") for word in ("-ex", command)]
    done = subprocess.run(["gdb", "-batch", "-p", str(pid), *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def waits_for_gdb(place, ranks):
    options = ["--data", "synthetic:300", "--epochs", "1", "--debug-wait"]
    command = [word for word in place.command(ranks, options) if word != "--quiet"]
    process = place.launch(command)
    said = [process.stderr.readline() for _ in range(LINES_BEFORE + ranks)]
    pids = [int(pid) for pid in re.findall(r"rank \d: on \S+, gdb -p (\d+)", "".join(said))]
    assert sorted(pids) == sorted(ranks_of(process)), said
    [advice] = re.findall(r"on rank 0 `([^`]+)`", said[0])
    time.sleep(2)
    assert process.poll() is None, "it did not wait"
    answer = gdb(pids[0], advice)
    code, out, err = finish(process, 60)
    assert code == 0 and digest(out), f"exit {code}: {answer}{err}"


def main():
    if not may_attach():
        print("skipped: no gdb, or it may not attach to a process")
        return SKIPPED
    return conclude([judge(f"{ranks} ranks", waits_for_gdb, ranks) for ranks in (1, 2)])


if __name__ == "__main__":
    sys.exit(main())
