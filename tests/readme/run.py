#!/usr/bin/python3
"""Runs the README as a newcomer does: every ```sh block, one after another, in a copy of the tree.

    run.py TREE BIN_FOLDER [TAG [NUMBERS]]

A block is run unless a comment on the line above says otherwise:

    <!-- test: long -->          only when TAG is long (any word will do; the default TAG is quick)
    <!-- test: exit=2 -->        it has to end with this code
    <!-- test: none, why -->     never

With TAG long the quick blocks run too, in the build that the long ones make; else BIN_FOLDER stands
in for that build. Lines that export hold for the blocks behind them, as in one terminal.

A ```text block behind it shows the output: each of its lines has to occur, in order and whole; ...
stands for anything. Any number will do where NUMBERS is any. Exit 77 says that MNIST_DIR
is not set, without which the README's numbers and files make no sense.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

SECONDS = 900  # a block that takes longer hangs
LEFT_BEHIND = {"build", "runs", ".git"}


@dataclass
class Block:
    line: int
    tag: str = "quick"
    code: int = 0
    script: list = field(default_factory=list)
    expected: list = field(default_factory=list)


def read_comment(block, text):
    for word in re.findall(r"[\w=]+", text.partition(",")[0]):
        if word.startswith("exit="):
            block.code = int(word[5:])
        else:
            block.tag = word


def read_blocks(path):
    """The sh blocks of a Markdown file, each with its comment and the text block behind it."""
    blocks, comment, fence = [], "", None
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if fence is None and line.startswith("```"):
                fence = line[3:].strip() or "plain"
                if fence == "sh":
                    blocks.append(Block(number + 1))
                    read_comment(blocks[-1], comment)
                into = {"sh": lambda: blocks[-1].script, "text": lambda: blocks[-1].expected}
                target = into[fence]() if fence in into and blocks else []
            elif line == "```":
                fence, comment = None, ""
            elif fence is not None:
                target.append(line)
            elif line.strip():
                match = re.fullmatch(r"<!-- test: (.*) -->", line)
                comment = match[1] if match else ""
    return blocks


ANY = re.compile(r"\.\.\.|…")
NUMBER = re.compile(r"xxh3:[0-9a-f]+|\d+")


def loosened(text):
    """A regular expression for text with other numbers in it."""
    numbers = ("xxh3:[0-9a-f]+" if n[0] == "x" else r"\d+" for n in NUMBER.findall(text))
    return "".join(word + next(numbers, "") for word in map(re.escape, NUMBER.split(text)))


def pattern(line, exact):
    """One line of shown output as a regular expression."""
    parts = ANY.split(" ".join(line.split()))
    return re.compile(".*".join(map(re.escape if exact else loosened, parts)))


def missing_line(block, output, exact):
    """The first expected line that does not occur in its turn, or None."""
    found = iter(output.splitlines())
    for line in block.expected:
        wanted = pattern(line, exact)
        if line.strip() and not any(wanted.fullmatch(" ".join(f.split())) for f in found):
            return line
    return None


def run_block(block, exports, tree, environment, exact):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(exports + block.script)],
                          cwd=tree, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
                          text=True, check=False)
    exports += [line for line in block.script if line.startswith("export ")]
    lost = missing_line(block, done.stdout, exact)
    if done.returncode == block.code and lost is None:
        return True
    print(*block.script, sep="\n")
    print(done.stdout)
    if done.returncode != block.code:
        print(f"README.md:{block.line}: exit {done.returncode} instead of {block.code}")
    else:
        print(f"README.md:{block.line}: the output lacks: {lost}")
    return False


def prepare(copy, binaries):
    """What a newcomer has after the long blocks: the program and MNIST."""
    os.makedirs(os.path.join(copy, "build", "release"))
    os.symlink(os.path.abspath(binaries), os.path.join(copy, "build", "release", "bin"))
    subprocess.run(["data/fetch_mnist.sh"], cwd=copy, check=True)


def main():
    tree, binaries = sys.argv[1:3]
    tag, numbers = (sys.argv[3:] + ["quick", "exact"][len(sys.argv) - 3:])[:2]
    if "MNIST_DIR" not in os.environ:
        print("skipped: MNIST_DIR is not set")
        return 77
    readme = os.path.join(tree, "README.md")
    tags = {"quick", "long"} if tag == "long" else {tag}
    blocks = [block for block in read_blocks(readme) if block.tag in tags]
    if not blocks:
        print(f"no block of README.md is tagged {tag}")
        return 1
    exact = numbers == "exact"
    with tempfile.TemporaryDirectory(prefix="readme.") as folder:
        environment = dict(os.environ, TMPDIR=folder)
        copy = os.path.join(folder, "mnist_dist")
        shutil.copytree(tree, copy, ignore=lambda at, _: LEFT_BEHIND if at == tree else ())
        if tag == "quick":
            prepare(copy, binaries)
            del environment["MNIST_DIR"]
        exports = []
        good = sum(run_block(block, exports, copy, environment, exact) for block in blocks)
    print(f"README.md: {good} of {len(blocks)} blocks do what they say,",
          "number for number" if exact else "numbers aside: they are of another build")
    return 0 if good == len(blocks) else 1


if __name__ == "__main__":
    sys.exit(main())
