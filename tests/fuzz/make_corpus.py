#!/usr/bin/env python3
"""Seeds for the fuzz targets of the data readers: make_corpus.py FOLDER.

Small sound files of every kind, so that mutations start inside the readers instead of at their
first check. Only the standard library is needed.
"""
import gzip
import pathlib
import random
import struct
import sys
import zlib


def idx(sizes, data):
    return struct.pack(f">HBB{len(sizes)}I", 0, 8, len(sizes), *sizes) + data


def idx_seeds(rng):
    for n, rows, columns in ((6, 3, 2), (1, 1, 1), (3, 8, 9)):
        pixels = bytes(rng.choice((0, 0, 0, rng.randrange(256))) for _ in range(n * rows * columns))
        images = idx((n, rows, columns), pixels)
        labels = idx((n,), bytes(rng.randrange(10) for _ in range(n)))
        for kind, pack in (("plain", bytes), ("gzip", lambda b: gzip.compress(b, mtime=0))):
            small = pack(labels)
            yield f"{kind}-{n}x{rows}x{columns}", bytes([len(small)]) + small + pack(images)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colour, interlaced=0, extra=b"", width=9, height=7):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                  (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x, y, dx, dy in passes:
        columns = len(range(x, width, dx))
        row = bytes((90 + i * 37) % 256 for i in range((columns * channels * depth + 7) // 8))
        raw += b"".join(bytes([r % 5]) + row for r in range(len(range(y, height, dy))) if columns)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra +
            chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def image_seeds():
    palettes = {1: chunk(b"PLTE", bytes(range(6))) + chunk(b"tRNS", b"\0"),
                4: chunk(b"PLTE", bytes(range(48)))}
    kinds = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 4), 4: (8, 16), 6: (8, 16)}
    for colour, depths in kinds.items():
        for depth in depths:
            extra = palettes[depth] if colour == 3 else b""
            for interlaced in (0, 1):
                yield f"png-{colour}-{depth}-{interlaced}", png(depth, colour, interlaced, extra)
    extras = (chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"bKGD", b"\0\x10") +
              chunk(b"tRNS", b"\0\x25") + chunk(b"tEXt", b"Title\0digit") +
              chunk(b"zTXt", b"Note\0\0" + zlib.compress(b"digit" * 9)))
    yield "png-extras", png(8, 0, 0, extras)
    yield "pgm-raw", b"P5\n# by hand\n4 3\n255\n" + bytes(range(0, 240, 20))
    yield "pgm-raw16", b"P5 2 2 65535\n" + bytes(range(8))
    yield "ppm-raw", b"P6\n# by hand\n4 3\n255\n" + bytes(range(0, 252, 7))
    header = struct.pack("<IIIIiiHHIIIIII", 118, 0, 62, 40, 32, 14, 1, 1, 0, 56, 0, 0, 2, 2)
    yield "bmp", b"BM" + header + b"\0\0\0\0\xff\xff\xff\0" + bytes(range(56))
    yield "pgm-plain", b"P2\n4 3 15\n" + b" ".join(b"%d" % i for i in range(12)) + b"\n"


def csv_seeds():
    tables = {"numbers": b"a,b,label\n1,2.5,0\n-3e2,4,1\n", "words": b"size,colour,kind\n1.5,red,\"plum, dark\"\n2,blue,pear\n",
              "plain": b"1;2;0\r\n3;4;1\r\n", "tabs": b"a\tb\ty\n1\t2\t0\n", "quotes": b"a,label\n\"1\",\"x\"\"y\"\n2,z\n"}
    for name, text in tables.items():
        for first in (0, 1, 3, 4, 133):
            yield f"{name}-{first}", bytes([first]) + text
        yield f"{name}-gzip", b"\0" + gzip.compress(text, mtime=0)


def npy(kind, shape, data, order=False):
    head = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({', '.join(map(str, shape))},), }}"
    head += " " * (117 - len(head)) + "\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode() + data


def npz_seeds(rng):
    labels = npy("|u1", (3,), bytes((0, 1, 2)))
    for kind, size in (("|u1", 1), ("<f2", 2), (">f2", 2), (">i4", 4), ("<f4", 4), ("<f8", 8), ("|b1", 1)):
        for order in (False, True):
            data = bytes(rng.choice((0, 1, 60)) for _ in range(12 * size))
            yield f"{kind[1:]}-{ord(kind[0])}-{order}", bytes([len(labels)]) + labels + npy(
                kind, (3, 2, 2), data, order)


def hdf5_seeds(rng):
    for i in range(40):
        yield f"choices-{i}", bytes(rng.randrange(256) for _ in range(20 + 4 * i))


def main(folder):
    rng = random.Random(1)
    for name, seeds in (("idx", idx_seeds(rng)), ("image", image_seeds()),
                        ("hdf5", hdf5_seeds(rng)), ("csv", csv_seeds()), ("npz", npz_seeds(rng))):
        target = pathlib.Path(folder, name)
        target.mkdir(parents=True, exist_ok=True)
        for seed, data in seeds:
            (target / seed).write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
