"""Features that are streamed: one digest for every form of file that can be read in parts, at every rank
count, on pretended nodes, killed and resumed elsewhere; the order is that of a file written in it; what
cannot be read, or no longer can, ends the run with one message."""
import os
import signal
import struct
import sys

import h5py
import numpy as np

import chunk_order
from program import Place, check_refused, conclude, digest, finish, judge, ranks_of, run, undisturbed

COUNTS = {"train": 9000, "test": 700}
ROWS, COLUMNS = 20, 12
STREAM = ["--set", "data.memory=stream", "--set", "data.window=1"]
RESIDENT = ["--set", "train.shuffle=false", "--set", "data.memory=resident"]
RECIPE = ["--epochs", "2", "--reducer", "exchange", "--batch-size", "50"]
CHUNK = 101  # samples of a chunk of HDF5's: twenty of them make half a window
SEED = 42


def drawn():
    """Images with a bar where the label says, among some noise."""
    rng = np.random.default_rng(3)
    data = {}
    for split, count in COUNTS.items():
        labels = np.concatenate([np.arange(10), rng.integers(0, 10, count - 10)]).astype("u1")
        noise = rng.integers(0, 256, (count, ROWS, COLUMNS)) * (rng.random((count, ROWS, COLUMNS)) < 0.1)
        images = noise.astype("u1")
        images[np.arange(count), labels, :] = 255
        data[split] = images, labels
    return data


DATA = drawn()


def hdf5(name, convert=lambda images: images, **how):
    with h5py.File(name, "w") as file:
        for split, (images, labels) in DATA.items():
            if "chunks" in how:  # h5py wants none that is larger than all
                how["chunks"] = (min(how["chunks"][0], len(images)), *how["chunks"][1:])
            file.create_dataset(f"{split}/images", data=convert(images), **how)
            file[f"{split}/labels"] = labels
    return name


def idx(name, images=lambda content: content):
    os.makedirs(name)
    for split, part in (("train", "train"), ("test", "t10k")):
        for what, array in zip(("images", "labels"), DATA[split]):
            head = struct.pack(f">{1 + array.ndim}I", 0x800 | array.ndim, *array.shape)
            with open(f"{name}/{part}-{what}-idx{array.ndim}-ubyte", "wb") as file:
                file.write(head + array.tobytes())
    return name


def npz(name, save=np.savez):
    save(name, **{f"{axis}_{split}": array for split, pair in DATA.items() for axis, array in zip("xy", pair)})
    return name


# Numbers in a row are cut into stretches that take 1 MB / 32 of a window, and small chunks are put together
# as long as they do not take more.
STRETCH = (1 << 20) // 32 // (ROWS * COLUMNS + 12)
CHUNKED = {"chunks": (CHUNK, ROWS, COLUMNS)}
PACKED = {"compression": "gzip", **CHUNKED}
FORMS = {
    "contiguous": (lambda: hdf5("contiguous.h5"), STRETCH),
    "idx": (lambda: idx("idx"), STRETCH),
    "npz": (lambda: npz("stored.npz"), STRETCH),
    "chunked": (lambda: hdf5("chunked.h5", **CHUNKED), CHUNK),
    "gzip": (lambda: hdf5("gzip.h5", compression="gzip", shuffle=True, **CHUNKED), CHUNK),
    "tiles": (lambda: hdf5("tiles.h5", compression="gzip", chunks=(CHUNK, 7, 5)), CHUNK),
    "small chunks": (lambda: hdf5("small.h5", chunks=(4, ROWS, COLUMNS)), STRETCH // 4 * 4),
    "gzip of >i2": (lambda: hdf5("wide.h5", lambda x: x.astype(">i2"), compression="gzip", shuffle=True, **CHUNKED),
                    CHUNK),
}


def train(place, data, ranks=1, options=(), resume=False):
    return digest(place.train(ranks, ["--data", data, *STREAM, *RECIPE, *options], resume)[0])


def one_digest(place, name):
    """Of a form, at every rank count, straight; and of a file written in the order of two epochs."""
    make, chunk = FORMS[name]
    os.chdir(place.path)
    data = make()
    reference = train(place, data)
    some = ((4, ["--set", "distributed.node_size=2"]),)
    more = ((2, []), (3, []), (4, []), (3, ["--set", "distributed.node_size=1"]))
    for ranks, options in some + (more if name in ("contiguous", "tiles") else ()):
        assert train(place, data, ranks, options) == reference, (ranks, options)
    assert train(place, data, 1, ["--set", "data.storage=dense"]) == reference, "dense"
    assert by_hand(place, chunk) == reference, "another order than by hand"


def by_hand(place, chunk):
    """Two epochs as one, from a file written in the order worked out in Python, resident and unshuffled."""
    images, labels = DATA["train"]
    window = ((1 << 20) // 2 // (ROWS * COLUMNS + 12)) // chunk
    order = []
    for epoch in range(2):
        order += chunk_order.order(len(labels), chunk, window, SEED, epoch)
    assert sorted(order) == sorted(2 * list(range(len(labels))))
    with h5py.File("ordered.h5", "w") as file:
        file["train/images"], file["train/labels"] = images[order], labels[order]
        file["test/images"], file["test/labels"] = DATA["test"]
    return digest(place.train(1, ["--data", "ordered.h5", *RECIPE, "--epochs", "1", *RESIDENT])[0])


def floats(images):
    return images.astype("f4") * np.linspace(-2, 3, COLUMNS, dtype="f4") + 1


KINDS = {  # of data, and what else goes with it
    "bytes": (lambda: hdf5("bytes.h5", compression="gzip", chunks=(CHUNK, 7, 5)), []),
    "floats, standardized": (lambda: hdf5("floats.h5", floats, compression="gzip", shuffle=True, **CHUNKED), []),
    "doubles, big-endian": (lambda: hdf5("double.h5", lambda x: floats(x).astype(">f8"), **CHUNKED), []),
    "floats in [0, 1]": (lambda: hdf5("unit.h5", lambda x: (x / 255).astype("f4"), **CHUNKED), []),
    "bytes, standardized": (lambda: idx("plain"), ["--set", "data.scale=standardize"]),
    "transposed": (lambda: idx("turned"), ["--set", "data.transpose=true"]),
    "whole numbers, transposed": (lambda: npz("whole.npz", lambda name, **a: np.savez(
        name, **{k: v.astype("i8") for k, v in a.items()})), ["--set", "data.transpose=true"]),
    "held out": (lambda: idx("split"), ["--set", "data.validation=split:1234"]),
    "moved": (lambda: idx("moved"), ["--set", "augment.shift=2"]),
    "dropped": (lambda: idx("dropped"), ["--config", "dropout.yaml"]),
}


def as_resident(place, name):
    """Without a shuffle the order is the file's, and streaming shows nowhere: not in the weights, nor in what
    validation says, nor in the data's SHA-256."""
    make, options = KINDS[name]
    os.chdir(place.path)
    data = make()
    place.write("dropout.yaml", "model: [{layer: flatten}, {layer: dropout, rate: 0.2}, "
                                "{layer: dense, units: 10, activation: softmax}]")
    seen = []
    for memory, ranks in (("resident", 1), ("stream", 1), ("stream", 3)):
        out, _ = place.train(ranks, ["--data", data, *RECIPE, *STREAM, "--set", f"data.memory={memory}",
                                     "--set", "train.shuffle=false", *options])
        with h5py.File(os.path.join(place.output, "last.h5")) as file:
            sums = file["run/0001"].attrs["data_sha256"]
        seen.append((out.split(" seconds=")[0], sums))
    assert seen[0] == seen[1] == seen[2], seen


def killed(place, ranks, then, reducer):
    """In mid-epoch, and resumed at another rank count with nothing but what the run knows."""
    os.chdir(place.path)
    data = hdf5("data.h5", **PACKED)
    options = ["--reducer", reducer, "--set", "checkpoint.every_steps=40"]
    reference = train(place, data, ranks, options)
    for step in (130, 330):
        process = place.start(ranks, ["--data", data, *STREAM, *RECIPE, *options, "--inject",
                                      f"kill@{ranks - 1}:{step}"])
        assert finish(process)[0] != 0
        code, out, err = finish(place.go_on(then))
        assert code == 0 and digest(out) == reference, (step, out, err)


def keeps_its_order(place):
    """What was chosen belongs to the run."""
    os.chdir(place.path)
    data = hdf5("data.h5", **CHUNKED)
    reference = train(place, data)
    half = ["--set", "train.max_steps=100"]
    for options, wanted in ((["--set", "data.window=2"], "data.window is 2"),
                            (["--set", "data.memory=resident"], "data.memory is resident")):
        train(place, data, 1, half)
        code, _, err = finish(place.start(1, ["--set", "train.max_steps=0", *options], resume=True))
        check_refused((code, err), 2, wanted)
    train(place, data, 1, half)
    hdf5("cut.h5", chunks=(CHUNK - 1, ROWS, COLUMNS))
    code, _, err = finish(place.start(2, ["--set", "train.max_steps=0", "--data", "cut.h5"], resume=True))
    check_refused((code, err), 2, f"chunks of {CHUNK - 1} samples, but the run was started with")
    out, _ = place.train(2, ["--set", "train.max_steps=0", "--set", "data.memory=auto"], resume=True)
    assert digest(out) == reference, out
    out, _ = place.train(1, ["--data", data, *RECIPE])
    assert digest(out) != reference
    with h5py.File(os.path.join(place.output, "last.h5")) as file:
        assert "memory: resident" in file["run/0001"].attrs["config"].decode()


def csv(name):
    images, labels = DATA["test"]
    np.savetxt(name, np.column_stack([labels, images.reshape(len(labels), -1)]), fmt="%d", delimiter=",")
    return name


def gzipped(name):
    idx(name)
    os.system(f"gzip {name}/train-images-idx3-ubyte")
    return name


def unwritten(name):
    with h5py.File(hdf5(name, **CHUNKED), "a") as file:
        del file["train/images"]
        file.create_dataset("train/images", (COUNTS["train"], ROWS, COLUMNS), "u1", **CHUNKED)[:500] = 1
    return name


def with_nan(name):
    def convert(images):
        x = images.astype("f4")
        x[min(5000, len(x) - 1), 3, 4] = np.nan
        return x
    return hdf5(name, convert, **CHUNKED)


def damaged(name):
    """A byte in the middle of a deflated chunk."""
    hdf5(name, compression="gzip", **CHUNKED)
    hit_chunk(name, 40)
    return name


def hit_chunk(name, which):
    """Sizes and times stay as they were."""
    with h5py.File(name) as file:
        chunk = file["train/images"].id.get_chunk_info(which)
    info = os.stat(name)
    with open(name, "r+b") as file:
        file.seek(chunk.byte_offset + chunk.size // 2)
        was = file.read(16)
        file.seek(chunk.byte_offset + chunk.size // 2)
        file.write(bytes(255 - byte for byte in was))
    os.utime(name, ns=(info.st_atime_ns, info.st_mtime_ns))


REFUSED = [
    (lambda: gzipped("zipped"), [], 3, "gunzip it"),
    (lambda: npz("packed.npz", np.savez_compressed), [], 3, "numpy.savez"),
    (lambda: csv("table.csv"), ["--set", "data.target=1"], 3, "is a CSV file, which cannot be read in parts"),
    (lambda: "synthetic:2000", [], 3, "cannot be read in parts"),
    (lambda: hdf5("lzf.h5", compression="lzf", **CHUNKED), [], 3, "filter 32000"),
    (lambda: hdf5("sum.h5", fletcher32=True, **CHUNKED), [], 3, "filter 3, which is not read in parts"),
    (lambda: hdf5("half.h5", lambda x: x.astype("f2"), **CHUNKED), [], 3, "cannot be read in parts"),
    (lambda: unwritten("unwritten.h5"), [], 3, "never written"),
    (lambda: with_nan("nan.h5"), [], 3, "holds nan in sample 5000, place 40"),
    (lambda: damaged("damaged.h5"), [], 3, "does not inflate"),
    (lambda: hdf5("large.h5", chunks=(3000, ROWS, COLUMNS)), [], 2, "give it 6 MB or more"),
    (lambda: hdf5("fine.h5", **CHUNKED), ["--batch-size", "2000"], 2, "less than a batch of 2000"),
    (lambda: hdf5("fine.h5", **CHUNKED), ["--set", "data.window=0"], 2, "data.window"),
]


def refused(place, ranks):
    os.chdir(place.path)
    for make, options, code, words in REFUSED:
        ended = finish(place.start(ranks, ["--data", make(), *STREAM, *RECIPE, *options]))
        check_refused((ended[0], ended[2]), code, words)


def truncate(name):
    os.truncate(name, os.path.getsize(name) // 2)


def hit_all(name):
    with h5py.File(name) as file:
        count = file["train/images"].id.get_num_chunks()
    for which in range(count):
        hit_chunk(name, which)


def ink_all(name):
    """Other numbers under the same size and time, as another node's cache of attributes shows them."""
    before = os.stat(name)
    with h5py.File(name, "r+") as file:
        images = file["train/images"]
        images[...] = 255
    os.utime(name, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.path.getsize(name) == before.st_size


def fails_in_mid_run(place, ranks, hurt, words, stored):
    """The file gives out while the run goes on: one message, and what was saved stands."""
    os.chdir(place.path)
    data = hdf5("data.h5", **stored)
    process = place.start(ranks, ["--data", data, *STREAM, *RECIPE, "--epochs", "50", "--set",
                                  "checkpoint.every_steps=20", "--inject", "slow@0:1"])
    place.wait_for_save(process)
    pids = ranks_of(process)  # stopped, so that nobody reads a file that is half written
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    hurt(data)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    code, _, err = finish(process)
    check_refused((code, err), 3, words)
    assert place.verify_saved() == ["last.h5"]


def stops_when_asked(place):
    os.chdir(place.path)
    data = hdf5("data.h5", **PACKED)
    reference = undisturbed(["--data", data, *STREAM, *RECIPE], 2)
    process = place.start(2, ["--data", data, *STREAM, *RECIPE, "--inject", "slow@0:1", "--set",
                              "checkpoint.every_steps=5"])
    place.wait_for_save(process)
    process.send_signal(signal.SIGUSR1)
    code, _, err = finish(process)
    assert code == 75, err
    code, out, err = finish(place.go_on(3))
    assert code == 0 and digest(out) == reference, err


def debugs(place):
    os.chdir(place.path)
    for data in (hdf5("data.h5", **PACKED), idx("idx")):
        code, out, err = run("train", "--debug", "--output", place.output, "--data", data, *STREAM,
                             "--set", "train.max_steps=3", environment=place.environment)
        assert code == 0 and "gradient check: dense_1" in err + out, err
    ended = run("train", "--quiet", "--output", place.output, "--data", data, *STREAM, "--inject", "nan@0:3")
    check_refused((ended[0], ended[2]), 1, "a NaN or infinite number")


def main():
    results = [judge(f"one digest: {name}", one_digest, name) for name in FORMS]
    results += [judge(f"as resident: {name}", as_resident, name) for name in KINDS]
    for job in ((1, 3, "exchange"), (4, 2, "exchange"), (3, 1, "exchange"), (2, 2, "allreduce")):
        results.append(judge(f"killed and resumed: {job}", killed, *job))
    results.append(judge("keeps its order", keeps_its_order))
    for ranks in (1, 4):
        results.append(judge(f"refused at {ranks}", refused, ranks))
        results.append(judge(f"truncated at {ranks}", fails_in_mid_run, ranks, truncate, "was changed while", PACKED))
        results.append(judge(f"rewritten at {ranks}", fails_in_mid_run, ranks, ink_all, "were not; put back", CHUNKED))
        results.append(judge(f"damaged at {ranks}", fails_in_mid_run, ranks, hit_all, "does not inflate", PACKED))
    results.append(judge("stops when asked", stops_when_asked))
    results.append(judge("debugs", debugs))
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())
