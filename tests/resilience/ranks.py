#!/usr/bin/python3
"""ranks.py [--all]: one digest at any rank count, straight through or killed and resumed elsewhere, also
with dropout; and a replica that parts is caught, and diff says where.

With --all (and MNIST_DIR set): two epochs of MNIST at 1, 2, 3, 4, 5, 7 and 8 ranks."""
import os
import re
import sys

from program import Place, broke_off, conclude, digest, finish, judge, run, undisturbed

DROPOUT = """model:
  - {layer: flatten}
  - {layer: dense, units: 64, activation: relu}
  - {layer: dropout, rate: 0.3}
  - {layer: dense, units: 10, activation: softmax}
"""


def recipe(everything, batch):
    data = os.environ.get("MNIST_DIR", "synthetic:12000") if everything else "synthetic:700"
    return ["--data", data, "--epochs", "2", "--batch-size", str(batch), "--reducer",
            "exchange", "--set", "checkpoint.every_steps=4"]


def killed_twice(options, steps_per_epoch):
    """Started on 3 ranks, killed in mid-epoch, resumed on 2, killed, resumed on 8."""
    first, second = steps_per_epoch // 2 + 1, steps_per_epoch + steps_per_epoch // 2 + 1
    with Place() as place:
        code, out, err = finish(place.start(3, options + ["--inject", f"kill@2:{first}"]))
        assert broke_off(code, out), f"exit {code}, the kill did not happen: {err}"
        code, out, err = finish(place.start(2, options + ["--inject", f"kill@1:{second}"], True))
        assert broke_off(code, out), f"exit {code}, the kill did not happen: {err}"
        return digest(place.train(8, options, True)[0])


def check_digests(name, options, counts, steps_per_epoch):
    try:
        found = {f"{ranks} ranks": undisturbed(options, ranks) for ranks in counts}
        found["3, killed, 2, killed, 8"] = killed_twice(options, steps_per_epoch)
        assert None not in found.values() and len(set(found.values())) == 1, f"digests {found}"
        print(f"{name}: ok, {len(found)} runs, {found['1 ranks']}", flush=True)
        return True
    except AssertionError as failure:
        print(f"{name}: FAILED: {failure}", flush=True)
        return False


def check_parting(good):
    """One last bit of one weight, in step 8 of one of two runs: diff names step and layer, and at the
    epoch's end the ranks notice."""
    options = ["--data", "synthetic:700", "--batch-size", "50", "--set", "checkpoint.digest_every=1"]
    short = options + ["--set", "train.max_steps=8"]
    with Place() as bad:
        good.train(3, short)
        bad.train(3, short + ["--inject", "ulp@0:8"])
        code, out, err = run("diff", good.output, bad.output, environment=good.environment)
        assert code == 1, out + err
        assert re.search(r"step 8\b", out) and "dense_1" in out, out
        assert "dense_2" not in out and re.search(r"\b1 ULP", out), out
        code, out, err = finish(bad.start(3, options + ["--inject", "ulp@1:8"]))
        assert code == 1 and "weights" in err and "1" in err, f"exit {code}: {err}"


def main():
    everything = "--all" in sys.argv
    counts = (1, 2, 3, 4, 5, 7, 8) if everything else (1, 3, 4)
    images = 700 if not everything else 60000 if "MNIST_DIR" in os.environ else 12000
    config = Place()
    dropout = config.write("dropout.yaml", DROPOUT)
    results = []
    for batch in (128, 100) if everything else (100,):
        steps = -(-images // batch)
        options = recipe(everything, batch)
        results.append(check_digests(f"batch {batch}", options, counts, steps))
        results.append(check_digests(f"batch {batch} with dropout",
                                     options + ["--config", dropout], counts, steps))
    results.append(judge("a parted replica", check_parting))
    config.clean()
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
