#!/usr/bin/python3
"""folders.py LIBRARY: output folders that cannot be synced, cannot be read, or have the longest of names.
LIBRARY is refuse_fsync."""
import errno
import os
import stat
import subprocess
import sys

from program import PROGRAM, check_refused, conclude, digest, judge, run, undisturbed

LIBRARY = sys.argv[1]
OPTIONS = ["--data", "synthetic:600", "--epochs", "2", "--batch-size", "100"]
NOBODY = 65534


def not_synced(place, ranks, reason, reference):
    """One warning, however many saves; the saves stand."""
    preload = {} if not reason else {"LD_PRELOAD": LIBRARY, "MD_FSYNC_ERRNO": str(reason)}
    out, err = place.train(ranks, OPTIONS + ["--set", "checkpoint.every_steps=2"], **preload)
    assert err.count("cannot be synced") == 1 and os.strerror(reason) in err, err
    assert digest(out) == reference and place.verify()[0] == 0, err


def as_nobody(*arguments):
    """A command of somebody whom permissions stop."""
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60,
                          stdin=subprocess.DEVNULL, **user)
    return done.returncode, done.stderr


def not_readable(place):
    place.train(1, OPTIONS)
    os.chmod(place.path, 0o755)
    page = os.path.join(place.path, "page.html")
    for mode in (0, stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH):
        os.chmod(place.output, mode)
        for words in (["evaluate"], ["inspect"], ["plot"], ["report", "--output", page], ["verify"],
                      ["predict", "--index", "0"], ["diff", place.output], ["watch"], ["watch", "--once"]):
            check_refused(as_nobody(*words, place.output), 4, "Permission denied")
    os.chmod(place.output, 0o711)
    os.unlink(os.path.join(place.output, "last.h5"))
    check_refused(as_nobody("inspect", place.output), 4, "cannot be read: Permission denied")
    os.chmod(place.output, 0o755)


def long_name(place, ranks, length):
    """A path of that many bytes, in folders of 200: every message has its end."""
    place.output = place.path
    while len(place.output) + 201 < length:
        place.output += "/" + "d" * 200
    place.output += "/" + "e" * (length - len(place.output) - 1)
    assert len(place.output) == length
    place.train(ranks, OPTIONS + ["--set", "train.max_steps=9"])
    code, _, err = run("evaluate", place.output, environment=place.environment)
    assert code == 0, err
    _, err = place.train(ranks, OPTIONS)
    assert f"{place.output} holds an earlier run: moved to {place.output}/previous\n" in err, err
    for name in os.listdir(place.output):
        if name.endswith(".h5"):
            os.truncate(os.path.join(place.output, name), 1000)
    code, err = run("--resume", "--output", place.output, environment=place.environment)[::2]
    check_refused((code, err), 4, f"in '{place.output}' can be used")
    assert err.endswith("start anew without --resume\n"), err
    check_refused(run("inspect", place.output, environment=place.environment)[::2], 4, "earlier file")
    os.unlink(os.path.join(place.output, "last.h5"))
    os.mkdir(os.path.join(place.output, "last.h5"))
    code, err = run("--output", place.output, environment=place.environment)[::2]
    check_refused((code, err), 1, "choose another folder with --output")


def main():
    reference = undisturbed(OPTIONS)
    results = [judge(f"an fsync of the folder ends with {errno.errorcode[reason]}, {ranks} ranks",
                     not_synced, ranks, reason, digest_of)
               for ranks, reason, digest_of in ((1, errno.EBADF, reference), (1, errno.EINVAL, reference),
                                                (3, errno.EIO, undisturbed(OPTIONS, 3)),
                                                (2, errno.ENOTSUP, undisturbed(OPTIONS, 2)))]
    results += [judge(f"a path of {length} bytes, {ranks} ranks", long_name, ranks, length)
                for ranks, length in ((1, 1017), (2, 1023))]
    try:
        readable = as_nobody("--version")[0] == 0
    except OSError:
        readable = False
    if readable:
        results.append(judge("a folder that cannot be read", not_readable))
    else:
        print("skipped: nobody can run the program from where it lies")
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
