"""What the tests of export and import share: the program, run as a user would, and a place for it."""
import os
import re
import subprocess
import sys
import tempfile

import h5py

PROGRAM = sys.argv[1]
SMALL = """model:
  - {layer: flatten}
  - {layer: dense, units: 12, activation: tanh, name: hidden}
  - {layer: dropout, rate: 0.25}
  - {layer: dense, units: 10, activation: softmax}
"""


def run(*arguments):
    """Exit code, standard output and standard error."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def works(*arguments):
    code, out, err = run(*arguments)
    assert code == 0, (arguments, code, err)
    return out


def refuses(wanted, words, *arguments):
    """The exit code, and one message with these words."""
    code, _, err = run(*arguments)
    messages = [line for line in err.splitlines() if line.startswith("mnist_dist: ")]
    assert code == wanted and len(messages) == 1 and words in messages[0], (arguments, code, err)


def digest(out):
    """What stands behind weights= in the program's output."""
    return re.search(r"weights=(xxh3:[0-9a-f]{16})", out)[1]


def trained():
    """A short run in runs/first; its digest."""
    with open("small.yaml", "w", encoding="ascii") as file:
        file.write(SMALL)
    return digest(works("train", "--quiet", "--config", "small.yaml", "--data", "synthetic:300",
                        "--epochs", 2, "--output", "runs/first"))


def golden(path):
    """Images as the model takes them, in [0, 1], and the logits that were saved with them."""
    with h5py.File(path, "r") as file:
        return file["golden/images"][()] / 255.0, file["golden/logits"][()]


def in_a_folder(test):
    """Runs test() in an empty working directory."""
    with tempfile.TemporaryDirectory(prefix="md_keras.") as place:
        os.chdir(place)
        test()
        os.chdir("/")
