#!/usr/bin/python3
"""damaged.py: a run whose newest files are damaged is resumed, killed in its first save, and resumed again:
a good file is left at every moment, and the run ends with the undisturbed one's weights."""
import os
import sys

from program import RECIPE, conclude, digest, finish, judge, together, undisturbed

OPTIONS = RECIPE + ["--reducer", "exchange"]
GENERATIONS = ("last.h5", "last.prev.h5", "last.prev2.h5")


def damage(path):
    """As a disk does it: other bytes in the middle, under this name alone."""
    with open(path, "rb") as file:
        content = bytearray(file.read())
    content[len(content) // 2] ^= 0xFF
    os.unlink(path)
    with open(path, "wb") as file:
        file.write(content)


def good_files(place):
    return [name for name in sorted(os.listdir(place.output))
            if name.startswith("last") and place.verify(name)[0] == 0]


def run(place, keep, *options, resume=True):
    keeping = OPTIONS + ["--set", f"checkpoint.keep={keep}", *options]
    return finish(place.start(1, keeping, resume))


def recover(place, keep, damaged, reference):
    code, _, err = run(place, 3, "--set", "train.max_steps=12", resume=False)
    assert code == 0, err
    for generation in GENERATIONS[:damaged]:
        damage(os.path.join(place.output, generation))
    assert good_files(place) == sorted(GENERATIONS[damaged:])
    run(place, keep, "--set", "train.max_steps=0", "--inject", "kill@0:save")
    left = good_files(place)
    assert len(left) >= min(keep, 3 - damaged), f"left after the kill: {left}"
    code, out, err = run(place, keep, "--set", "train.max_steps=0")
    assert code == 0 and digest(out) == reference, f"exit {code}, {digest(out)}: {err}"
    left = good_files(place)
    assert left == sorted(GENERATIONS[:keep]), f"left at the end: {left}"


def check(keep, damaged, reference):
    return judge(f"{damaged} damaged, keep {keep}",
                 lambda place: recover(place, keep, damaged, reference))


def main():
    reference = undisturbed(OPTIONS)
    results = together(check, [(keep, damaged, reference) for keep in (1, 2, 3)
                               for damaged in (1, 2)])
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
