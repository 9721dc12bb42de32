"""Two gigabytes on 300 MB: a file far larger than memory may be trains at 1 and 4 ranks to one digest, killed and
resumed too, in a control group that has no more; where there are no control groups, memory is measured."""
import os
import sys
import time

import h5py
import numpy as np

from program import Place, conclude, digest, finish, judge, ranks_of

LIMIT = 300 << 20
SAMPLES, PART = 2_740_000, 20_000
RECIPE = ["--epochs", "1", "--reducer", "exchange", "--batch-size", "256", "--set", "data.window=64",
          "--set", "data.validation=split:20000"]


def write(path):
    """Digits' bars among noise, a part drawn at a time."""
    rng = np.random.default_rng(1)
    noise = (rng.integers(0, 256, (PART, 28, 28)) * (rng.random((PART, 28, 28)) < 0.15)).astype("u1")
    with h5py.File(path, "w") as file:
        images = file.create_dataset("train/images", (SAMPLES, 28, 28), "u1", chunks=(1000, 28, 28))
        labels = file.create_dataset("train/labels", (SAMPLES,), "u1")
        for at in range(0, SAMPLES, PART):
            y = rng.integers(0, 10, PART)
            x = np.roll(noise, at // PART, axis=2)
            x[np.arange(PART), 2 * y + 4] = 255
            images[at:at + PART], labels[at:at + PART] = x, y
    assert os.path.getsize(path) > 2 << 30


class Group:
    """A control group of its own, of version 2 or 1; neither: path is None."""

    def __init__(self):
        self.path, name = None, f"md_streaming_{os.getpid()}"
        for root, limit in (("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
            path = os.path.join(root, name)
            try:
                os.mkdir(path)
                with open(os.path.join(path, limit), "r+", encoding="ascii") as file:
                    file.write(str(LIMIT))
                self.path = path
                return
            except OSError:
                if os.path.isdir(path):
                    os.rmdir(path)

    def enter(self, command):
        return ["sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$@"', "sh", *command] if self.path \
            else command

    def leave(self):
        if self.path:
            os.rmdir(self.path)


def status(pid, *names):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return sum(int(line.split()[1]) << 10 for line in file if line.split(":")[0] in names)
    except OSError:
        return 0


def run(place, group, ranks, options, resume=False):
    """Exit code, output, what was said, and the most memory that was seen: each rank's own, and once what
    they share."""
    process = place.launch(group.enter(place.command(ranks, options, resume)))
    most = 0
    while process.poll() is None:
        pids = ranks_of(process)
        own = sum(status(pid, "RssAnon") for pid in pids)
        most = max(most, own + max((status(pid, "RssShmem") for pid in pids), default=0))
        time.sleep(0.1)
    return *finish(process), most


def trains(place, group, data):
    options = ["--data", data, *RECIPE] + ([] if group.path else ["--set", "data.memory=stream"])
    seen = set()
    for ranks in (1, 4):
        code, out, err, most = run(place, group, ranks, options)
        assert code == 0, (code, err)
        print(f"{ranks} ranks: at most {most >> 20} MB, {out.strip()}", flush=True)
        assert most < LIMIT, f"{most >> 20} MB"
        seen.add(digest(out))
    parts = ["--set", "checkpoint.every_steps=2000", "--inject", "kill@0:5000"]
    code, _, err, _ = run(place, group, 4, options + parts)
    assert code != 0, err
    code, out, err, _ = run(place, group, 2, [], resume=True)
    assert code == 0, (code, err)
    seen.add(digest(out))
    assert len(seen) == 1, seen


def main():
    with Place() as home:
        data, group = os.path.join(home.path, "large.h5"), Group()
        write(data)
        try:
            return conclude([judge("two gigabytes on 300 MB", trains, group, data)])
        finally:
            group.leave()


if __name__ == "__main__":
    sys.exit(main())
