#!/usr/bin/python3
"""busy.py LIBRARY: work that takes several times distributed.stall_timeout, but goes on, is no stall: reading,
validation, a save, the SHA-256 of the data, a window of streamed features. LIBRARY makes each part of such
work sleep, for far less than the timeout. A rank that stops in the middle of it is found all the same."""
import os
import random
import re
import shutil
import sys

import h5py
import numpy as np
from program import Place, conclude, digest, ends_as, finish, judge, own_messages, tells_of_stall, together

LIBRARY = sys.argv[1]
TIMEOUT = 8
PATIENT = 300  # seconds
NODES = ["--set", "distributed.node_size=1"]
ONCE = ["--batch-size", "20", "--epochs", "1", "--set", f"distributed.stall_timeout={TIMEOUT}"]


def slow(calls, milliseconds, **which):
    """The environment in which so long passes before each of these calls; `which` are of below and size."""
    chosen = {f"MD_SLOW_{name.upper()}": str(value) for name, value in which.items()}
    return {"LD_PRELOAD": LIBRARY, "MD_SLOW": calls, "MD_SLOW_MS": str(milliseconds), **chosen}


def table(place, rows, columns=4):
    """A CSV of two classes."""
    draw = random.Random(1)
    lines = [",".join([f"f{i}" for i in range(columns)] + ["label"])]
    lines += [",".join([f"{draw.random():.6f}" for _ in range(columns)] + [str(draw.randrange(2))])
              for _ in range(rows)]
    return place.write("table.csv", "\n".join(lines) + "\n")


def reading(place):
    """A CSV of 64 KB a call: about 3 MB."""
    path = table(place, 3000, 120)
    return ["--data", path, "--set", "data.validation=split:2980"], slow("read", 600, below=path)


def arrays(place):
    """An HDF5 file of 200 chunks, each of one call."""
    path = os.path.join(place.path, "data.h5")
    images = np.random.default_rng(1).integers(0, 256, (4000, 28, 28), np.uint8)
    with h5py.File(path, "w") as file:
        file.create_dataset("train/images", data=images, chunks=(20, 28, 28))
        file["train/labels"] = np.arange(4000) % 10
    return ["--data", path, "--set", "data.validation=none"], slow("pread", 100, below=path)


def window(place):
    """One holds all the chunks, which a thread reads while the rank waits."""
    options, environment = arrays(place)
    return options + ["--set", "data.memory=stream", "--set", "data.window=8"], environment


def validation(place):
    """A block takes 256 x 8 ms, and each of two ranks has six. No other data have such a size."""
    columns = 41
    options = ["--data", table(place, 3112, columns), "--set", "data.validation=split:3072"]
    return options, slow("memcpy", 8, size=4 * columns)


def saving(place):
    return ["--data", "synthetic:40"], slow("write fsync read rename", 1500, below=place.output)


def hashing(place):
    return ["--data", "synthetic:600"], slow("EVP_DigestUpdate", 40)


def goes_on(place, case, ranks, more):
    options, environment = case(place)
    options = options + more
    expected = digest(place.train(ranks, ONCE + options)[0])
    assert expected
    shutil.rmtree(place.output)
    ends_as(place.start(ranks, ONCE + options, **environment), expected, PATIENT)
    assert not os.path.exists(os.path.join(place.output, "stall"))


def check(case, ranks, *more):
    return judge(f"slow {case.__name__}, {ranks} ranks {' '.join(more)}", goes_on, case, ranks, list(more))


def is_found(place, case, stop, words, more):
    """Stopped in the middle of such work, which is quick here, as is the rescue."""
    options, environment = case(place)
    process = place.start(2, ONCE + options + more, **{**environment, "MD_SLOW_MS": "0", "MD_SLOW_STOP": stop})
    code, _, err = finish(process, PATIENT)
    messages = own_messages(err)
    assert tells_of_stall(code) and len(messages) == 1, f"exit {code}: {err}"
    assert f"missing: rank {stop[0]} (host" in messages[0] and words in messages[0], messages
    assert len(re.findall(r"rank \d+ \(host", messages[0])) == 1, messages


def check_stop(case, stop, words, *more):
    return judge(f"stopped in {case.__name__} {' '.join(more)}", is_found, case, stop, words, list(more))


def main():
    jobs = [(check, case, 2) for case in (reading, arrays, validation, saving, hashing)]
    jobs += [(check, case, 1) for case in (saving, window)]
    jobs += [(check, saving, 2, *NODES), (check_stop, validation, "1:700", "nothing heard from its node", *NODES)]
    jobs += [(check_stop, reading, "0:20", "last seen reading the data"),
             (check_stop, validation, "1:700", "last seen validating")]
    return conclude(together(lambda judge, *rest: judge(*rest), jobs, 4))


if __name__ == "__main__":
    sys.exit(main())
