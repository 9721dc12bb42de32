#!/usr/bin/python3
"""measure_streaming.py PROGRAM DATA [ROUNDS]: what streaming costs. Seconds an epoch, resident and streamed, with the file
in the page cache, medians (range) of some rounds in turn, of an epoch with its validation and save: the difference of
a run of five epochs and one of one. Then, for root, an epoch from a cold cache against dd's rate. DATA is a file or
folder that can be streamed; Open MPI's environment as for the program."""
import os
import re
import statistics
import subprocess
import sys
import tempfile

PROGRAM, DATA = sys.argv[1:3]
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
CASES = [(1, "allreduce", 32), (1, "exchange", 32), (2, "exchange", 32), (2, "exchange", 128)]


def seconds(ranks, reducer, batch, memory, epochs):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["mpirun", "-np", str(ranks), PROGRAM, "train", "--quiet", "--data", DATA, "--output", folder + "/run",
             "--reducer", reducer, "--batch-size", str(batch), "--epochs", str(epochs),
             "--set", f"data.memory={memory}"], capture_output=True, text=True, check=True)
    return float(re.search(r" seconds=(\S+)", done.stdout).group(1))


def epoch(ranks, reducer, batch, memory):
    return (seconds(ranks, reducer, batch, memory, 5) - seconds(ranks, reducer, batch, memory, 1)) / 4


def shown(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def in_the_page_cache():
    print("| ranks, reducer, batch | resident, s | streamed, s | ratio |\n| --- | --- | --- | --- |")
    for case in CASES:
        taken = {"resident": [], "stream": []}
        for _ in range(ROUNDS):
            for memory, values in taken.items():
                values.append(epoch(*case, memory))
        ratio = statistics.median(taken["stream"]) / statistics.median(taken["resident"])
        print(f"| {case[0]}, `{case[1]}`, {case[2]} | {shown(taken['resident'])} | {shown(taken['stream'])} | "
              f"{ratio:.2f} |", flush=True)


def drop():
    subprocess.run(["sync"], check=True)
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3")


def files():
    if os.path.isdir(DATA):
        return [os.path.join(DATA, name) for name in os.listdir(DATA) if "train-images" in name]
    return [DATA]


def from_disk():
    """MB/s of dd, and of one epoch whose file was dropped from the cache after the pass at the start."""
    size = sum(map(os.path.getsize, files()))
    try:
        drop()
    except OSError as reason:
        print(f"a cold cache needs root: {reason}")
        return
    said = subprocess.run(["dd", f"if={files()[0]}", "of=/dev/null", "bs=1M"], capture_output=True, text=True,
                          check=True, env=dict(os.environ, LC_ALL="C")).stderr
    read = float(re.search(r"([\d.e-]+) s,", said).group(1))
    print(f"dd: {size / read / 1e6:.0f} MB/s")
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [PROGRAM, "train", "--data", DATA, "--output", folder + "/run", "--epochs", "1", "--batch-size", "1024",
             "--set", "data.memory=stream", "--set", "data.validation=none"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        out = ""
        for line in process.stdout:
            out += line
            if "parameters, batch" in line:  # the pass is over
                drop()
    rate = float(re.search(r"images_per_s=(\S+)", out).group(1))
    print(f"an epoch from a cold cache: {rate:.0f} images/s; in the cache: "
          f"{warm_rate():.0f} images/s")


def warm_rate():
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run(
            [PROGRAM, "train", "--quiet", "--data", DATA, "--output", folder + "/run", "--epochs", "1", "--batch-size",
             "1024", "--set", "data.memory=stream", "--set", "data.validation=none"], capture_output=True, text=True,
            check=True).stdout
    return float(re.search(r"images_per_s=(\S+)", out).group(1))


in_the_page_cache()
from_disk()
