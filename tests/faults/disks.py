#!/usr/bin/python3
"""disks.py: disks that are full, read-only or too small, in the real program at 1 and 2 ranks: exit code,
messages, and what is left in the folder. Needs to mount a tmpfs; without permission it is skipped."""
import contextlib
import os
import subprocess
import sys

from trainer import Place, digest, finish, own_messages

SKIPPED = 77


@contextlib.contextmanager
def disk(place, kilobytes):
    """A tmpfs of that size inside the place."""
    path = os.path.join(place.path, "disk")
    os.makedirs(path, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", path], check=True,
                   capture_output=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


def may_mount():
    place = Place()
    try:
        with disk(place, 64):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        place.clean()


def no_room_for_shared_memory(place, ranks):
    """The first window of a run, where nothing has been set up yet."""
    with disk(place, 512) as path:
        place.environment["OMPI_MCA_osc_sm_backing_directory"] = path
        code, _, err = finish(place.start(ranks, []))
    messages = own_messages(err)
    assert code == 1, f"exit {code}: {err}"
    assert len(messages) == 1 and "shared memory" in messages[0], f"messages {messages}"


CASES = ((no_room_for_shared_memory, 2),)


def check(case, ranks):
    place = Place()
    try:
        case(place, ranks)
        print(f"{case.__name__.replace('_', ' ')}, {ranks} ranks: ok", flush=True)
        return True
    except AssertionError as failure:
        print(f"{case.__name__.replace('_', ' ')}, {ranks} ranks: FAILED: {failure}", flush=True)
        return False
    finally:
        place.clean()


def main():
    if not may_mount():
        print("skipped: no permission to mount a tmpfs")
        return SKIPPED
    results = [check(case, ranks) for case, ranks in CASES]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
