"""png_colours.py FILE N: is FILE a PNG, whole, of at least N colours? Checks every chunk's CRC."""
import struct
import sys
import zlib

data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
at, pixels, kinds = 8, b"", []
while at < len(data):
    size, kind = struct.unpack(">I4s", data[at:at + 8])
    body = data[at + 8:at + 8 + size]
    assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0]
    kinds.append(kind)
    if kind == b"IHDR":
        width, height, depth, colour = struct.unpack(">IIBB", body[:10])
    elif kind == b"IDAT":
        pixels += body
    at += 12 + size
assert kinds[-1] == b"IEND" and width >= 200 and height >= 200, (width, height)
assert len(set(zlib.decompress(pixels))) >= int(sys.argv[2]), "blank"
