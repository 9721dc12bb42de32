#!/usr/bin/env python3
"""How many pictures of each kind `predict --image` reads: the maker of README's table.

  picture_kinds.py READ_PICTURES FILE MNIST_FOLDER [--digits 100] [--seeds 1] [--only KIND] ...

READ_PICTURES is the build's program of that name, FILE a trained checkpoint. The test set's digits,
each kind another stretch of it, are drawn the way people photograph, scan or draw them. Blank
pictures of each kind must be refused. Exits 1 when a kind stays below nine in ten or a blank one is
read.
"""
import argparse
import gzip
import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image, ImageFilter


def load(folder):
    def read(name, skip):
        with gzip.open(pathlib.Path(folder, name)) as file:
            return numpy.frombuffer(file.read(), numpy.uint8, offset=skip)
    images = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    return images, read("t10k-labels-idx1-ubyte.gz", 8)


def grown(digit, side):
    """The digit's ink, 0 to 1, at side x side pixels."""
    scaled = Image.fromarray(digit).resize((side, side), Image.BICUBIC)
    return numpy.asarray(scaled, float) / 255


def pen(ink, width):
    """Strokes made wider (or, below 0, thinner) by so many pixels on either side, edges crisp."""
    picture = Image.fromarray(numpy.uint8(255 * ink))
    if width:
        rank = ImageFilter.MaxFilter if width > 0 else ImageFilter.MinFilter
        picture = picture.filter(rank(2 * abs(width) + 1))
    sharp = numpy.asarray(picture.filter(ImageFilter.GaussianBlur(1.5)), float)
    return numpy.clip((sharp - 90) / 75, 0, 1)


def placed(ink, height, width, rng, middle=False):
    """The ink somewhere on a larger page."""
    page = numpy.zeros((height, width))
    down, right = height - ink.shape[0], width - ink.shape[1]
    y, x = (down // 2, right // 2) if middle else (rng.integers(down + 1), rng.integers(right + 1))
    page[y:y + ink.shape[0], x:x + ink.shape[1]] = ink
    return page


def drawn(ink, paper, shade):
    return paper + (shade - paper) * ink


def light(height, width, rng, low, high):
    """Light that falls off across a page, and a little towards its corners."""
    angle = rng.uniform(0, 2 * numpy.pi)
    y, x = numpy.mgrid[-1:1:height * 1j, -1:1:width * 1j]
    slope = (numpy.cos(angle) * x + numpy.sin(angle) * y) / 1.42
    return (low + high) / 2 + (high - low) / 2 * slope - 0.1 * (high - low) * (x * x + y * y)


def noisy(picture, rng, deviation):
    return picture + rng.normal(0, deviation, picture.shape)


# Each kind: (ink 28 x 28, 0 to 255; rng) -> (picture, file name's ending).
def grey_28(digit, rng):
    return drawn(grown(digit, 28), rng.uniform(120, 230), rng.uniform(20, 80)), "png"


def grey_29(digit, rng):
    return drawn(grown(digit, 29), rng.uniform(120, 230), rng.uniform(20, 80)), "png"


def noise_28(digit, rng):
    return noisy(drawn(grown(digit, 28), 200, 40), rng, 8), "png"


def inverted(digit, rng):
    return drawn(grown(digit, 200), rng.uniform(20, 90), rng.uniform(170, 250)), "png"


def small_off_centre(digit, rng):
    return 255 * placed(grown(digit, 20), 28, 28, rng), "png"


def scan(digit, rng):
    return noisy(drawn(placed(pen(grown(digit, 300), 0), 700, 500, rng), 245, 40), rng, 2), "png"


def photo(digit, rng):
    page = light(960, 1280, rng, 90, 220)
    ink = placed(pen(grown(digit, 400), 0), 960, 1280, rng)
    return noisy(page * (1 - 0.75 * ink), rng, 4), "jpg"


def shadow(digit, rng):
    page = numpy.full((480, 640), 210.0)
    edge = rng.integers(200, 440) + numpy.arange(480)[:, None] * rng.uniform(-0.3, 0.3)
    page -= 60 / (1 + numpy.exp((numpy.arange(640)[None, :] - edge) / 12))
    return noisy(page * (1 - 0.8 * placed(pen(grown(digit, 300), 0), 480, 640, rng)), rng, 3), "jpg"


def dim(digit, rng):
    return noisy(drawn(placed(grown(digit, 200), 280, 280, rng), 120, 20), rng, 3), "png"


def pencil(digit, rng):
    return noisy(drawn(placed(pen(grown(digit, 300), -3), 480, 480, rng), 225, 165), rng, 3), "png"


def specks(digit, rng):
    picture = drawn(placed(grown(digit, 200), 360, 480, rng), 230, 30)
    for _ in range(rng.integers(1, 6)):
        size = rng.integers(1, 9)
        y, x = rng.integers(360 - size), rng.integers(480 - size)
        picture[y:y + size, x:x + size] = rng.choice([0, 10, 255])
    return picture, "png"


def strip(digit, rng):
    picture = noisy(drawn(placed(grown(digit, 200), 300, 420, rng, True), 230, 30), rng, 2)
    edges = rng.permutation(4)[:rng.integers(1, 3)]
    for edge in edges:
        turned = numpy.rot90(picture, edge)
        turned[:rng.integers(1, 30)] = rng.uniform(0, 20)
    return picture, "png"


def ruled(digit, rng):
    picture = numpy.full((420, 420), 235.0)
    for y in range(rng.integers(10, 60), 420, 60):
        picture[y:y + 2] = 190
    ink = placed(grown(digit, 240), 420, 420, rng)
    return noisy(drawn(ink, picture, 50), rng, 2), "png"


def thin_pen(digit, rng):
    return drawn(placed(pen(grown(digit, 400), -8), 600, 600, rng), 255, 0), "png"


def thick_pen(digit, rng):
    return drawn(placed(pen(grown(digit, 280), 5), 400, 400, rng), 255, 0), "png"


def jpeg(digit, rng):
    return drawn(grown(digit, 280), 255, 0), "jpg"


def ppm(digit, rng):
    return drawn(placed(grown(digit, 200), 300, 300, rng), 230, 40), "ppm"


def transparent(digit, rng):
    ink = placed(grown(digit, 280), 400, 400, rng)
    colour = numpy.full((400, 400, 3), rng.choice([0, 255]))
    return numpy.dstack([colour, 255 * ink]), "png"


KINDS = (grey_28, grey_29, noise_28, inverted, small_off_centre, scan, photo, shadow, dim, pencil,
         specks, strip, ruled, thin_pen, thick_pen, jpeg, ppm, transparent)


def save(picture, path):
    pixels = numpy.uint8(numpy.clip(picture + 0.5, 0, 255))
    Image.fromarray(pixels).save(path, **({"quality": 75} if path.suffix == ".jpg" else {}))


def ask(arguments, paths):
    """The digit in each picture, None where there is no ink."""
    lines = subprocess.run([arguments.reader, arguments.file, *paths], check=True,
                           capture_output=True, text=True).stdout.split()
    return [None if line == "none" else int(line) for line in lines]


def measure(kind, number, arguments, digits, folder):
    images, labels = digits
    wanted, paths = [], []
    for seed in range(arguments.seeds):
        rng = numpy.random.default_rng([number, seed])
        first = (number * arguments.seeds + seed) * arguments.digits
        for i in range(first, first + arguments.digits):
            n = i % len(images)
            picture, ending = kind(images[n], rng)
            paths.append(folder / f"{kind.__name__}_{labels[n]}_{n}_{seed}.{ending}")
            wanted.append(labels[n])
            save(picture, paths[-1])
    got = ask(arguments, paths)
    right = sum(a == b for a, b in zip(got, wanted))
    blanks = []
    for i in range(arguments.blanks):
        picture, ending = kind(numpy.zeros((28, 28), numpy.uint8), rng)
        blanks.append(folder / f"{kind.__name__}_blank_{i}.{ending}")
        save(picture, blanks[-1])
    read = [digit for digit in ask(arguments, blanks) if digit is not None]
    share = right / len(wanted)
    print(f"| {kind.__name__.replace('_', ' ')} | {100 * share:.1f} % | "
          f"{len(read)} of {len(blanks)} |", flush=True)
    if arguments.keep:
        for path, digit, truth in zip(paths, got, wanted):
            if digit != truth:
                path.rename(pathlib.Path(arguments.keep, f"{path.stem}_as_{digit}{path.suffix}"))
    return share >= 0.9 and not read


def main():
    parser = argparse.ArgumentParser()
    for name in ("reader", "file", "mnist"):
        parser.add_argument(name)
    for name, default in (("digits", 100), ("seeds", 1), ("blanks", 5)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--only", action="append")
    parser.add_argument("--keep", help="folder for the pictures that were read wrong")
    arguments = parser.parse_args()
    digits = load(arguments.mnist)
    good = True
    print("| kind | right | blank ones read |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        for number, kind in enumerate(KINDS):
            if not arguments.only or kind.__name__ in arguments.only:
                good &= measure(kind, number, arguments, digits, pathlib.Path(name))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
