#!/usr/bin/python3
"""ranks.py [--all]: one digest at any rank count, straight through or killed and resumed elsewhere, also
with dropout; and a replica that parts is caught, and diff says where.

With --all (and MNIST_DIR set): two epochs of MNIST at 1, 2, 3, 4, 5, 7 and 8 ranks."""
import os
import re
import subprocess
import sys

from trainer import PROGRAM, Place, digest, finish

DROPOUT = """model:
  - {layer: flatten}
  - {layer: dense, units: 64, activation: relu}
  - {layer: dropout, rate: 0.3}
  - {layer: dense, units: 10, activation: softmax}
"""


def recipe(everything, batch):
    data = os.environ.get("MNIST_DIR", "synthetic:12000") if everything else "synthetic:700"
    return ["--data", data, "--epochs", "2", "--batch-size", str(batch), "--reducer",
            "reproducible", "--set", "checkpoint.every_steps=4"]


def straight(ranks, options):
    place = Place()
    try:
        code, out, err = finish(place.start(ranks, options))
        assert code == 0, f"exit {code} at {ranks} ranks: {err}"
        return digest(out)
    finally:
        place.clean()


def killed_twice(options, steps_per_epoch):
    """Started on 3 ranks, killed in mid-epoch, resumed on 2, killed, resumed on 8."""
    place = Place()
    try:
        first, second = steps_per_epoch // 2 + 1, steps_per_epoch + steps_per_epoch // 2 + 1
        code, out, err = finish(place.start(3, options + ["--inject", f"kill@2:{first}"]))
        assert code != 0 and not digest(out), f"exit {code}, the kill did not happen: {err}"
        code, out, err = finish(place.start(2, options + ["--inject", f"kill@1:{second}"], True))
        assert code != 0 and not digest(out), f"exit {code}, the kill did not happen: {err}"
        code, out, err = finish(place.start(8, options, True))
        assert code == 0, f"exit {code}: {err}"
        return digest(out)
    finally:
        place.clean()


def check_digests(name, options, counts, steps_per_epoch):
    try:
        found = {f"{ranks} ranks": straight(ranks, options) for ranks in counts}
        found["3, killed, 2, killed, 8"] = killed_twice(options, steps_per_epoch)
        assert None not in found.values() and len(set(found.values())) == 1, f"digests {found}"
        print(f"{name}: ok, {len(found)} runs, {found['1 ranks']}", flush=True)
        return True
    except AssertionError as failure:
        print(f"{name}: FAILED: {failure}", flush=True)
        return False


def check_parting():
    """One last bit of one weight, in step 8 of one of two runs: diff names step and layer, and at the
    epoch's end the ranks notice."""
    good, bad = Place(), Place()
    options = ["--data", "synthetic:700", "--batch-size", "50", "--set", "checkpoint.digest_every=1"]
    try:
        short = options + ["--set", "train.max_steps=8"]
        assert finish(good.start(3, short))[0] == 0
        assert finish(bad.start(3, short + ["--inject", "ulp@0:8"]))[0] == 0
        done = subprocess.run([PROGRAM, "diff", good.output, bad.output], capture_output=True,
                              text=True, timeout=60, env=good.environment)
        assert done.returncode == 1, done.stdout + done.stderr
        assert re.search(r"step 8\b", done.stdout) and "dense_1" in done.stdout, done.stdout
        assert "dense_2" not in done.stdout and re.search(r"\b1 ULP", done.stdout), done.stdout
        code, out, err = finish(bad.start(3, options + ["--inject", "ulp@1:8"]))
        assert code == 1 and "weights" in err and "1" in err, f"exit {code}: {err}"
        print("a parted replica: ok", flush=True)
        return True
    except AssertionError as failure:
        print(f"a parted replica: FAILED: {failure}", flush=True)
        return False
    finally:
        good.clean()
        bad.clean()


def main():
    everything = "--all" in sys.argv
    counts = (1, 2, 3, 4, 5, 7, 8) if everything else (1, 3, 4)
    images = 700 if not everything else 60000 if "MNIST_DIR" in os.environ else 12000
    config = Place()
    dropout = os.path.join(config.path, "dropout.yaml")
    with open(dropout, "w", encoding="ascii") as file:
        file.write(DROPOUT)
    results = []
    for batch in (128, 100) if everything else (100,):
        steps = -(-images // batch)
        options = recipe(everything, batch)
        results.append(check_digests(f"batch {batch}", options, counts, steps))
        results.append(check_digests(f"batch {batch} with dropout",
                                     options + ["--config", dropout], counts, steps))
    results.append(check_parting())
    config.clean()
    passed, failed = results.count(True), results.count(False)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
