"""What the Python tests of files share: the driver of checkpoint_tool, and @state_xxh3 from its definition in
checkpoint/schema.h, independent of the C code."""
import ctypes
import subprocess
import sys

import h5py
import numpy as np

TOOL = sys.argv[1]
NOTEBOOK = [784, 128, 64, 10]  # widths of the notebook's model, from pixels to classes
xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_uint64
xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def run(*arguments):
    """Exit status and output of checkpoint_tool; a crash fails the test."""
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode in (0, 1, 2, 4), (arguments, done.returncode, done.stdout, done.stderr)
    return done.returncode, done.stdout.strip()


def digest(data):
    return "%016x" % xxhash.XXH3_64bits(data, len(data))


def piece(path, dtype, shape, data):
    tag = "group" if dtype is None else dtype.str[1:].replace("S", "s")
    extents = np.array([len(shape), *shape], "<u8").tobytes()
    return path.encode() + b"\0" + tag.encode() + b"\0" + extents + data


def stored(values):
    """Numbers as little-endian, whatever order they are stored in."""
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


def attributes(obj, path):
    for name in sorted(obj.attrs, key=str.encode):
        if path == "/" and name == "state_xxh3":
            continue
        attribute = h5py.h5a.open(obj.id, name.encode())
        values = np.zeros(attribute.shape, attribute.dtype)
        if values.size:
            attribute.read(values)
        yield piece(path + "@" + name, values.dtype, values.shape, stored(values))


def pieces(obj, path="/"):
    if isinstance(obj, h5py.Group):
        yield piece(path, None, (), b"")
        yield from attributes(obj, path)
        for name in sorted(obj, key=str.encode):
            yield from pieces(obj[name], path.rstrip("/") + "/" + name)
    else:
        values = np.zeros(obj.shape, obj.dtype)
        if values.size:
            obj.read_direct(values) if obj.shape else obj.id.read(
                h5py.h5s.ALL, h5py.h5s.ALL, values)
        yield piece(path, values.dtype, values.shape, stored(values))
        yield from attributes(obj, path)


def state_digest(file):
    return digest(b"".join(pieces(file)))


def stamp(file):
    """Makes @state_xxh3 right again, so that a reader meets the defect itself."""
    file.attrs.modify("state_xxh3", np.bytes_(state_digest(file)))
