"""bad_data.py FOLDER: data sets in which one file is no good, each in a folder named for what is wrong."""
import gzip
import os
import random
import struct
import sys

NAMES = {"images": "train-images-idx3-ubyte", "labels": "train-labels-idx1-ubyte",
         "test_images": "t10k-images-idx3-ubyte", "test_labels": "t10k-labels-idx1-ubyte"}


def images(count, rows=28, columns=28):
    noise = random.Random(1).randbytes(count * rows * columns)
    return struct.pack(">4I", 2051, count, rows, columns) + noise


def labels(count):
    return struct.pack(">2I", 2049, count) + bytes(i % 10 for i in range(count))


def write(top, folder, **replaced):
    """Good files, but for those replaced; None: there is none; a tuple: compressed."""
    files = {"images": images(100), "labels": labels(100), "test_images": images(20),
             "test_labels": labels(20)}
    path = os.path.join(top, folder)
    os.makedirs(path)
    for kind, content in {**files, **replaced}.items():
        compressed = isinstance(content, tuple)
        if content is not None:
            name = os.path.join(path, NAMES[kind] + (".gz" if compressed else ""))
            with open(name, "wb") as file:
                file.write(content[0] if compressed else content)


def main():
    top = sys.argv[1]
    packed = gzip.compress(images(100))
    write(top, "good")
    write(top, "text", images=b"this is no file of images at all")
    write(top, "empty", images=b"")
    write(top, "truncated", images=images(100)[:-1])
    write(top, "trailing", labels=labels(100) + b"x")
    write(top, "magic", labels=struct.pack(">2I", 2051, 100) + bytes(100))
    write(top, "overflow", images=struct.pack(">4I", 2051, *[0xffffffff] * 3))
    write(top, "exceeds", images=struct.pack(">4I", 2051, 1000000, 28, 28) + bytes(1000))
    write(top, "count", labels=labels(99))
    write(top, "shape", test_images=images(20, 14, 14))
    write(top, "none", images=images(0), labels=labels(0))
    write(top, "missing", test_labels=None)
    write(top, "torn_gzip", images=(packed[:len(packed) // 2],))
    write(top, "broken_gzip", images=(packed[:40] + bytes(20) + packed[60:],))
    write(top, "bomb", images=(gzip.compress(struct.pack(">4I", 2051, 1 << 20, 1 << 10, 1 << 10)),))
    write(top, "label", labels=struct.pack(">2I", 2049, 100) + bytes([10] * 100))
    write(top, "folder", images=None)
    os.mkdir(os.path.join(top, "folder", NAMES["images"]))


if __name__ == "__main__":
    main()
