#!/usr/bin/python3
"""Runs the README: every ```sh block, one after another, in a copy of the tree.

    run.py TREE BIN_FOLDER [TAG]

A block is run unless a comment on the line above says otherwise:

    <!-- test: long -->          only when TAG is long (any word will do; the default TAG is quick)
    <!-- test: exit=2 -->        it has to end with this code
    <!-- test: none, why -->     never

A ```text block behind it shows the output: each of its lines has to occur, in order, where numbers
may differ and ... stands for anything. Exit 77 says that MNIST_DIR is not set, without which the
README's numbers and files make no sense.
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


VARIES = {"xxh3:": "xxh3:[0-9a-f]+", "...": ".*", "…": ".*"}


def pattern(line):
    """One line of shown output as a regular expression."""
    parts = re.split(r"(xxh3:)[0-9a-f…]+|(\d+|\.\.\.|…)", " ".join(line.split()))
    text, varying = parts[0::3], zip(parts[1::3], parts[2::3])
    regex = re.escape(text[0])
    for (digest, other), fixed in zip(varying, text[1:]):
        regex += VARIES.get(digest or other, r"\d+") + re.escape(fixed)
    return re.compile(regex)


def missing_line(block, output):
    """The first expected line that does not occur in its turn, or None."""
    found = iter(output.splitlines())
    for line in block.expected:
        if line.strip() and not any(pattern(line).search(" ".join(f.split())) for f in found):
            return line
    return None


def run_block(block, tree, environment):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(block.script)], cwd=tree,
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=SECONDS, text=True, check=False)
    lost = missing_line(block, done.stdout)
    if done.returncode == block.code and lost is None:
        return True
    print(*block.script, sep="\n")
    print(done.stdout)
    if done.returncode != block.code:
        print(f"README.md:{block.line}: exit {done.returncode} instead of {block.code}")
    else:
        print(f"README.md:{block.line}: the output lacks: {lost}")
    return False


def main():
    tree, binaries = sys.argv[1:3]
    tag = sys.argv[3] if len(sys.argv) > 3 else "quick"
    if "MNIST_DIR" not in os.environ:
        print("skipped: MNIST_DIR is not set")
        return 77
    blocks = [b for b in read_blocks(os.path.join(tree, "README.md")) if b.tag == tag]
    if not blocks:
        print(f"no block of README.md is tagged {tag}")
        return 1
    environment = dict(os.environ, PATH=f"{binaries}:{os.environ['PATH']}")
    with tempfile.TemporaryDirectory(prefix="readme.") as folder:
        copy = os.path.join(folder, "mnist_dist")
        shutil.copytree(tree, copy, ignore=lambda at, _: LEFT_BEHIND if at == tree else ())
        good = sum(run_block(block, copy, environment) for block in blocks)
    print(f"README.md: {good} of {len(blocks)} blocks do what they say")
    return 0 if good == len(blocks) else 1


if __name__ == "__main__":
    sys.exit(main())
