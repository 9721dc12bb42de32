"""Checkpoints that tools of HDF5 have rewritten: other storage, other byte order, no seal. The content
is the same, so they are read, and give the same state digest."""
import os
import shutil
import subprocess

import h5py
import numpy as np

from layout import run
from program import Place


def repack(*options):
    return lambda good, path: subprocess.run(["h5repack", *options, good, path], check=True)


def copy_groups(good, path):
    """h5copy, which knows no root: its attributes are copied here."""
    with h5py.File(good, "r") as source, h5py.File(path, "w") as target:
        for name in source.attrs:
            target.attrs[name] = source.attrs[name]
        groups = list(source)
    for name in groups:
        subprocess.run(["h5copy", "-i", good, "-o", path, "-s", name, "-d", name], check=True)


def rewrite(**options):
    """Object by object through h5py, with what create_dataset is told; "order" of the bytes."""
    order = options.pop("order", "<")

    def change(good, path):
        with h5py.File(good, "r") as source, h5py.File(path, "w") as target:
            def visit(name, obj):
                if isinstance(obj, h5py.Group):
                    new = target.require_group(name)
                else:
                    values = obj[()]
                    kept = options if obj.shape and obj.size else {}
                    new = target.create_dataset(name, data=np.asarray(values).astype(
                        values.dtype.newbyteorder(order)), **kept)
                for key, value in obj.attrs.items():
                    value = np.asarray(value)
                    new.attrs[key] = value.astype(value.dtype.newbyteorder(order))
            visit("/", source)
            source.visititems(visit)
    return change


def touch(good, path):
    """Opened for writing and left as it was: the seal goes."""
    shutil.copy(good, path)
    with h5py.File(path, "r+"):
        pass


def cut(good, path):
    with open(path, "wb") as out:
        out.write(open(good, "rb").read()[:-32])


REWRITES = dict(
    gzip=repack("-f", "GZIP=9"), shuffled=repack("-f", "SHUF", "-f", "GZIP=1"),
    checksums=repack("-f", "FLET"), compact=repack("-l", "COMPA"), latest=repack("-L"),
    chunked=repack("-l", "/model_weights/dense_1/dense_1/kernel:0:CHUNK=5x3"), plain=repack(),
    copied=copy_groups, h5py=rewrite(), big_endian=rewrite(order=">"),
    h5py_gzip=rewrite(compression="gzip", shuffle=True, fletcher32=True), touched=touch, cut=cut)


def main(place):
    for fixture in ("small", "notebook"):
        good = os.path.join(place, fixture + ".h5")
        assert run("write", fixture, 2, good)[0] == 0
        expected = run("read", good)
        assert expected[0] == 0
        names = REWRITES if fixture == "small" else ["gzip", "h5py_gzip"]
        for name in names:
            path = os.path.join(place, f"{fixture}-{name}.h5")
            REWRITES[name](good, path)
            assert open(path, "rb").read()[-32:-16] != b"mnist_dist seal ", name
            assert run("read", path) == expected, (fixture, name, run("read", path))


with Place() as folder:
    main(folder.path)
