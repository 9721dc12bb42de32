#!/usr/bin/env bash
# predict --image: the same answer in every format, however a camera was held; one message and nothing
# else when a file is no good; what was made of a picture can be looked at.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"

"$python" - "$work" <<'END' || fail "the pictures could not be made"
import pathlib, sys
from PIL import Image, ImageDraw
work = pathlib.Path(sys.argv[1])
upright = Image.new("RGB", (300, 400), (225, 225, 225))
ImageDraw.Draw(upright).line([(90, 100), (210, 100), (150, 300)], (30, 30, 60), 24)
for ending in ("png", "ppm", "bmp", "webp", "tif"):
    upright.save(work / f"seven.{ending}", **({"lossless": True} if ending == "webp" else {}))
upright.convert("L").save(work / "seven_grey.pgm")
upright.convert("CMYK").save(work / "seven_cmyk.jpg", quality=95)
upright.save(work / "lzw.tif", compression="tiff_lzw")
back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4} # EXIF's orientation: what undoes it, in PIL
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    held = upright if orientation == 1 else upright.transpose(back[orientation])
    held.save(work / f"held_{orientation}.jpg", quality=95, exif=exif)
upright.rotate(180).save(work / "upside_down.jpg", quality=95)
Image.new("L", (300, 400), 200).save(work / "blank.jpg")
for name in ("seven.png", "held_1.jpg", "seven.bmp", "seven.ppm", "seven.webp"):
    whole = (work / name).read_bytes()
    (work / ("cut_" + name)).write_bytes(whole[:len(whole) // 2])
Image.new("L", (30, 20), 7).save(work / "other_size.png")
END

# answer PICTURE: the digit, and its probability in hundredths.
answer() {
    works predict "$runs/first" --image "$work/$1"
    [ ! -s "$err" ] || fail "$command: $(cat "$err")"
    awk 'NR == 1 { digit = $NF } $1 == digit && NR > 1 { printf "%d %.2f\n", digit, $2 }' "$out"
}

upright=$(answer seven.png)
for picture in seven.ppm seven.bmp seven.webp seven.tif lzw.tif seven_grey.pgm seven_cmyk.jpg \
    held_{1..8}.jpg; do
    given=$(answer "$picture")
    awk -v a="$upright" -v b="$given" 'BEGIN {
        split(a, x); split(b, y)
        exit !(x[1] == y[1] && x[2] - y[2] < 0.1 && y[2] - x[2] < 0.1)
    }' || fail "$picture is '$given', but upright in PNG '$upright'"
done
[ "$(answer upside_down.jpg)" != "$upright" ] || fail "no picture here depends on how it is held"

for picture in png jpg bmp ppm webp; do
    name=$(basename "$work"/cut_*."$picture")
    refuses 3 "$name: is not a sound" predict "$runs/first" --image "$work/$name"
    [ "$(wc -l <"$err")" = 1 ] || fail "$command: says more than one line: $(cat "$err")"
done
refuses 3 "no ink found" predict "$runs/first" --image "$work/blank.jpg"
refuses 3 "is no picture that is understood" predict "$runs/first" --image "$0"
refuses 3 "is 20 x 30 pixels, but --as-is needs the model's 28 x 28" \
    predict "$runs/first" --image "$work/other_size.png" --as-is

# A training image in a file, plain or with --as-is, is that image.
"$python" - "$runs/first" "$work" "$binary" <<'END' || fail "a training image in a file"
import subprocess, sys
import numpy
from PIL import Image
run, work, binary = sys.argv[1:]
def ask(*more):
    done = subprocess.run([binary, "predict", run, *more], capture_output=True, text=True, check=True)
    return done.stdout.split("\n", 1)[1]
black = numpy.zeros((28, 28), numpy.uint8)
black[4:24, 12:15] = 255
Image.fromarray(black).save(work + "/frame.png")
assert ask("--image", work + "/frame.png") == ask("--image", work + "/frame.png", "--as-is")
Image.fromarray(200 - black // 2).save(work + "/paper.png")
assert ask("--image", work + "/paper.png") != ask("--image", work + "/paper.png", "--as-is")
END
command -v gnuplot >/dev/null || finish
works predict "$runs/first" --image "$work/held_6.jpg" --plot "$work/made.png"
"$python" "$(dirname "$0")/png_colours.py" "$work/made.png" 3 || fail "nothing to look at"
finish
