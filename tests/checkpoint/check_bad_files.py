"""Every kind of bad checkpoint, made with h5py from a good one, is refused with status 4 and a
message that says what is wrong. Unless the defect is the checksum itself, @state_xxh3 is made right
again, so that it is not what catches the file."""
import os
import shutil

import h5py
import numpy as np

from layout import run, stamp
from program import Place

KERNEL = "model_weights/dense_1/dense_1/kernel:0"


def replace(file, path, data, **options):
    attributes = dict(file[path].attrs)
    del file[path]
    new = file.create_dataset(path, data=data, track_times=False, **options)
    new.attrs.update(attributes)


def set_number(path, name, value):
    return lambda file: file[path].attrs.modify(name, np.asarray(
        value, file[path].attrs[name].dtype))


def set_text(path, name, text):
    def change(file):
        del file[path].attrs[name]
        file[path].attrs.create(name, np.bytes_(text))
    return change


def in_text(name, old, new):
    def change(file):
        text = file.attrs[name].decode()
        assert old in text
        set_text("/", name, text.replace(old, new))(file)
    return change


def in_config(old, new):
    """In a file of before @model, which had Keras' JSON only."""
    def change(file):
        del file.attrs["model"]
        in_text("model_config", old, new)(file)
    return change


def in_model(old, new):
    return in_text("model", old, new)


def delete(path):
    def change(file):
        del file[path]
    return change


def set_cell(path, index, value):
    def change(file):
        file[path][index] = value
    return change


def external_storage(file):
    shape = file[KERNEL].shape
    del file[KERNEL]
    file.create_dataset(KERNEL, shape, "<f4", external=[("/proc/nowhere/outside", 0, h5py.h5f.UNLIMITED)])


def virtual(file):
    layout = h5py.VirtualLayout(shape=(12, 5), dtype="<f4")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "x", shape=(12, 5))
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def huge(file):
    file.create_dataset("huge", (2**40,), "<f4", chunks=(2**20,))


def huge_deflated(file):
    """One byte is at most 1032 of them, and the file is smaller than a megabyte."""
    file.create_dataset("huge", (1033, 2**20), "u1", chunks=(1, 2**20), compression="gzip")


def many_deflated(file):
    for i in range(40):
        file.create_dataset(f"many/{i}", (25, 2**20), "u1", chunks=(1, 2**20), compression="gzip")


def deflated_twice(file):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((1,))
    plist.set_deflate(1)
    plist.set_deflate(1)
    h5py.h5d.create(file.id, b"twice", h5py.h5t.STD_U8LE, h5py.h5s.create_simple((1,)), plist)


def huge_chunk(file):
    file.create_dataset("huge", (1,), "<f4", chunks=(2**28,), maxshape=(None,))


def loop(file):
    file["run/loop"] = file["run"]


def link(path, what):
    def change(file):
        file[path] = what
    return change


def nothing(file):
    pass


def wide_history(file):
    replace(file, "history/loss", np.zeros(9))


def old_loss(value):
    """As in files from before @loss_q32."""
    def change(file):
        del file["progress"].attrs["loss_q32"]
        file["progress"].attrs.modify("loss_sum", np.float64(value))
    return change


# What is done to the file; words of the message.
STAMPED = [
    (delete(KERNEL), "dataset /model_weights/dense_1/dense_1/kernel:0 is missing"),
    (delete("optimizer/v/dense_1/bias"), "/optimizer/v/dense_1/bias is missing"),
    (delete("optimizer/v"), "not an optimizer with 1 moments"),
    (delete("optimizer/iterations"), "/optimizer/iterations is missing"),
    (delete("history/val_loss"), "/history/val_loss is missing"),
    (delete("golden/logits"), "/golden/logits is missing"),
    (delete("progress"), "/progress@seed is missing"),
    (delete("run/0001"), "/run/0001 is missing"),
    (lambda f: replace(f, KERNEL, np.zeros((5, 12), "f4")),
     "is f4 [5,12] where f4 [12,5] belongs"),
    (lambda f: replace(f, KERNEL, np.zeros((12, 5), "f8")),
     "is f8 [12,5] where f4 [12,5] belongs"),
    (lambda f: replace(f, KERNEL, np.zeros((12, 5, 1, 1, 1), "f4")), "claims more bytes or dimensions"),
    (lambda f: replace(f, KERNEL, np.zeros((12, 5), "f2")), "type that is never written"),
    (lambda f: replace(f, KERNEL, np.zeros((12, 5), "f4"), compression="lzf"), "filter 32000"),
    (wide_history, "is f8 [9] where f8 [2] belongs"),
    (huge_chunk, "/huge claims more bytes than the file has"),
    (deflated_twice, "/twice uses filter 1, which is not allowed"),
    (lambda f: f.create_dataset("x", data=np.zeros(2, [("a", "i4")])), "/x has a type"),
    (lambda f: f.attrs.create("x", "vlen text"), "/@x has a type that is never written"),
    (set_text("/", "weights_xxh3", "0" * 16), "damaged: @weights_xxh3 is 0000000000000000"),
    (in_config("{", ""), "model_config is not JSON"),
    (set_text("/", "model", ""), "@model"),
    (in_model("dense name", "conv name"), "@model, line 3: there is no kind of layer 'conv'"),
    (in_model("relu", "gelu"), "@model, line 3: impossible value 'gelu'"),
    (in_model("units=5", "units=1048576"), "more than the file can hold"),
    (in_model("units=5", "units=6"), "is f4 [12,5] where f4 [12,6] belongs"),
    (in_model("columns=3", "columns=4"), "@input_shape is 4 x 3"),
    (in_config('"Dense"', '"LSTM"'), "(LSTM) has no counterpart here"),
    (in_config('"relu"', '"gelu"'), "'dense_1' (Dense) has activation 'gelu'"),
    (in_config('"units": 5', '"units": 1048576'), "more than the file can hold"),
    (in_config('"units": 5', '"units": 6'), "is f4 [12,5] where f4 [12,6] belongs"),
    (in_config("[null, 4, 3]", "[null, 4, 4]"), "@input_shape is 4 x 3"),
    (set_number("/", "input_shape", [-4, -3]), "@input_shape is -4 x -3"),
    (set_text("optimizer", "name", "lion"), "/optimizer@name is not an optimizer"),
    (set_number("optimizer", "beta_1", 1.0), "/optimizer@beta_1 is 1"),
    (set_number("optimizer", "learning_rate", np.nan), "/optimizer@learning_rate is nan"),
    (set_cell("optimizer/iterations", (), -1), "/optimizer/iterations is -1"),
    (set_number("progress", "epoch", -1), "/progress@epoch is -1"),
    (set_number("progress", "step_in_epoch", 10**6), "/progress@step_in_epoch is 1000000"),
    (set_number("progress", "best_epoch", 77), "/progress@best_epoch is 77"),
    (set_number("progress", "best_val_accuracy", 2.0), "/progress@best_val_accuracy is 2"),
    (set_number("progress", "correct", 10**6), "/progress@correct is 1000000"),
    (set_number("progress", "complete", 2), "/progress@complete is 2"),
    (set_number("progress", "loss_q32", 2**62 + 512), "/progress@loss_q32 is 4.61169e+18"),
    (old_loss(np.inf), "/progress@loss_sum is inf"),
    (old_loss(2.0**31), "/progress@loss_sum is 2.14748e+09"),
    (set_cell("history/epoch", 1, 1), "/history: row 1 is out of order"),
    (set_cell("history/step", 0, 10**6), "/history: row 0 is out of order"),
    (set_cell("chain/step", 1, 5), "/chain: row 1 is out of order"),
    (set_cell("ledger/rank", 0, 2), "/ledger: row 0 is out of order"),
    (set_cell("golden/labels", 0, 3), "/golden/labels: 3 is not one of 3 classes"),
]

# Refused before the digest is taken, or because of it.
UNSTAMPED = [
    (link("run/x", h5py.SoftLink("/progress")), "/run/x is a soft or external link"),
    (link("x", h5py.ExternalLink("/proc/nowhere/outside", "/")), "/x is a soft or external link"),
    (external_storage, "kernel:0 has external storage"),
    (virtual, "kernel:0 is virtual"),
    (huge, "/huge claims more bytes than the file has"),
    (huge_deflated, "/huge claims more bytes than the file has"),
    (many_deflated, "claim more bytes than the file has"),
    (loop, "nested more than 16 deep"),
    (link("kind", np.dtype("f4")), "/kind is neither a group nor a dataset"),
    (set_text("/", "schema", "other"), "@schema is 'other' where 'mnist_dist' belongs"),
    (lambda f: f.attrs.__delitem__("schema"), "not a checkpoint of mnist_dist"),
    (set_number("/", "schema_version", 7), "has schema version 7, and this program reads up to "
                                           "version 2; upgrade mnist_dist"),
    (set_number("/", "schema_version", 0), "has schema version 0, which never existed"),
    (lambda f: f.attrs.__delitem__("state_xxh3"), "/@state_xxh3 is missing"),
    (set_cell("history/loss", 0, 0.5), "damaged: @state_xxh3 is"),
    (set_number("run/0001", "ranks", 3), "damaged: @state_xxh3 is"),
    (set_text("/", "state_xxh3", "0" * 16), "damaged: @state_xxh3 is 0000000000000000"),
    (lambda f: f.create_group("extra"), "damaged: @state_xxh3 is"),
]


def check(path, words):
    status, output = run("read", path)
    assert status == 4 and words in output, (status, output, words)
    assert path in output


def check_changed(good, path):
    for changes, make_right in ((STAMPED, stamp), (UNSTAMPED, nothing)):
        for change, words in changes:
            shutil.copy(good, path)
            with h5py.File(path, "r+") as file:
                change(file)
                make_right(file)
            check(path, words)


def check_unchanged(good, path):
    """The control: stamping is right, and what a reader does not know it ignores."""
    shutil.copy(good, path)
    with h5py.File(path, "r+") as file:
        file.create_dataset("later/invention", data=np.arange(3, dtype="i4"))
        file.create_dataset("history/later_column", data=np.arange(7.0))
        stamp(file)
        set_text("/", "model_config", "{")(file)  # Keras' words, which ours need not
        stamp(file)
    assert run("read", path)[0] == 0
    shutil.copy(good, path)
    with h5py.File(path, "r+") as file:
        del file.attrs["model"]
        stamp(file)
    assert run("read", path)[0] == 0


def check_flipped_weight(good, path):
    """The seal finds that something is wrong; without it, the digest of the content does."""
    with h5py.File(good, "r") as file:
        offset = file[KERNEL].id.get_offset()
    data = bytearray(open(good, "rb").read())
    data[offset] ^= 1
    open(path, "wb").write(data)
    check(path, "damaged: its bytes are not those that were saved")
    open(path, "wb").write(data[:-32])
    check(path, "damaged: @state_xxh3 is ")


def check_not_hdf5(place):
    for name, content, words in (("text", b"epoch,step\n" * 9, "not an HDF5 file; check the path"),
                                 ("empty", b"", "is empty"),
                                 ("short", b"\x89HDF\r\n\x1a\n", "torn or damaged")):
        path = os.path.join(place, name)
        open(path, "wb").write(content)
        check(path, words)
    check(place, "is not a regular file")
    check(os.path.join(place, "absent"), "cannot be opened: No such file or directory; check the path")


def main(place):
    good, path = os.path.join(place, "good.h5"), os.path.join(place, "bad.h5")
    assert run("write", "small", 2, good)[0] == 0
    check_unchanged(good, path)
    check_changed(good, path)
    check_flipped_weight(good, path)
    check_not_hdf5(place)


with Place() as folder:
    main(folder.path)
