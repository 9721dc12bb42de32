#!/usr/bin/python3
"""disks.py: disks that are full, read-only or too small, in the real program: exit code, messages, what is
left in the folder, and a resume once there is room. Needs to mount a tmpfs; else it is skipped."""
import contextlib
import os
import subprocess
import sys

from program import (RECIPE, SKIPPED, SLOW, Place, conclude, digest, finish, judge, own_messages,
                     undisturbed)

OPTIONS = RECIPE + ["--reducer", "exchange"]
PATIENT = ["--set", "checkpoint.max_failures=1000"]


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@contextlib.contextmanager
def disk(place, kilobytes):
    """A tmpfs of that size, for the run's folder. A checkpoint takes 1.4 MB."""
    path = os.path.join(place.path, "disk")
    os.makedirs(path, exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "none", path)
    place.output = os.path.join(path, "run")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def may_mount():
    with Place() as place:
        try:
            with disk(place, 64):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def check_failed(code, err, words):
    messages = own_messages(err)
    assert code == 1, f"exit {code}: {err}"
    assert len(messages) == 1 and words in messages[0], f"messages {messages}"


def check_clean(place):
    left = [name for name in os.listdir(place.output) if name.startswith(".saving")]
    assert not left, f"left behind: {left}"


def check_done(code, out, err, reference):
    assert code == 0 and digest(out) == reference, f"exit {code}, {digest(out)}: {err}"


def no_room_for_shared_memory(place, ranks, _):
    """The first window of a run, where nothing has been set up yet."""
    with disk(place, 512) as path:
        place.environment["OMPI_MCA_osc_sm_backing_directory"] = path
        code, _, err = finish(place.start(ranks, OPTIONS))
        check_failed(code, err, "shared memory")


def read_only(place, ranks, _):
    with disk(place, 4096) as path:
        mount("-o", "remount,ro", path)
        code, _, err = finish(place.start(ranks, OPTIONS))
        check_failed(code, err, "cannot be made: Read-only file system")
        place.output = path
        code, _, err = finish(place.start(ranks, OPTIONS))
        check_failed(code, err, "cannot be written: Read-only file system")


def no_room_for_any_save(place, ranks, _):
    with disk(place, 1024):
        code, _, err = finish(place.start(ranks, OPTIONS))
        check_failed(code, err, "No space left on device")
        assert err.count("could not save") == 3, f"checkpoint.max_failures is 3: {err}"
        check_clean(place)


def room_for_one_save(place, ranks, reference):
    """The run goes on without saving, fails at its end, and loses nothing once there is room."""
    with disk(place, 2048) as path:
        code, out, err = finish(place.start(ranks, OPTIONS + PATIENT))
        check_failed(code, err, "No space left on device")
        assert not digest(out), f"a result that no file holds: {out}"
        check_clean(place)
        verdict, text = place.verify()
        assert verdict == 0, text
        mount("-o", "remount,size=16m", path)
        code, out, err = finish(place.start(ranks, OPTIONS, resume=True))
        check_done(code, out, err, reference)


def room_comes_back(place, ranks, reference):
    with disk(place, 8192) as path:
        filler = os.path.join(path, "filler")
        with open(filler, "wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(65536))
        process = place.start(ranks, OPTIONS + PATIENT + SLOW)
        said = next((line for line in process.stderr if "could not save" in line), "the end")
        os.unlink(filler)
        code, out, err = finish(process)
        assert "No space left" in said, said
        check_done(code, out, err, reference)
        check_clean(place)
        verdict, text = place.verify()
        assert verdict == 0, text


CASES = (no_room_for_shared_memory, read_only, no_room_for_any_save, room_for_one_save,
         room_comes_back)


def check(case, ranks, reference):
    name = f"{case.__name__.replace('_', ' ')}, {ranks} ranks"
    return judge(name, lambda place: case(place, ranks, reference))


def main():
    if not may_mount():
        print("skipped: no permission to mount a tmpfs")
        return SKIPPED
    reference = undisturbed(OPTIONS)
    results = [check(case, ranks, reference) for case in CASES for ranks in (1, 2)
               if ranks > 1 or case is not no_room_for_shared_memory]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
