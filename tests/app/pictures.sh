#!/usr/bin/env bash
# Every picture in every format: whole, of its kind, not blank; and nothing left behind on failure.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
command -v gnuplot >/dev/null || exit 77
here=$(dirname "$0")

# is_picture FILE: by its first bytes, its last ones, and what is in it.
is_picture() {
    case $1 in
    *.png) "$python" "$here/png_colours.py" "$1" 3 || fail "$1 is no picture" ;;
    *.pdf) [[ $(head -c 5 "$1") == %PDF- && $(tail -c 8 "$1") == *EOF* ]] || fail "$1 is no PDF" ;;
    *.svg) "$python" -c 'import sys, xml.dom.minidom as x; d = x.parse(sys.argv[1]).documentElement
assert d.tagName == "svg" and len(d.getElementsByTagName("*")) > 20' "$1" || fail "$1 is no SVG" ;;
    esac
}

kinds=$("$binary" plot --kind . 2>&1 | sed -n 's/.*: one of \(.*\) is needed$/\1/p')
[ "$kinds" ] || fail "no kind of picture"
cat >"$work/filters.yaml" <<END
model: [{layer: conv2d, filters: 6, kernel_size: 5, activation: relu}, {layer: flatten},
        {layer: dense, units: 10, activation: softmax}]
END
works train --quiet --config "$work/filters.yaml" --data synthetic:200 --epochs 1 --output "$work/filters"
for kind in ${kinds//,/}; do
    case $kind in mae | predicted | residuals) continue ;; esac # of numbers: options.answers draws them
    run=$runs/first
    [ "$kind" != features ] || run=$work/filters
    for format in png svg pdf; do
        works plot "$run" --kind "$kind" --plot "$work/$kind.$format"
        is_picture "$work/$kind.$format"
    done
done
# values FILE.svg: how many there are in the image inside it.
values() {
    "$python" -c 'import base64, re, sys, zlib
png = base64.b64decode(re.search("base64,([A-Za-z0-9+/=\\s]+)", open(sys.argv[1]).read())[1])
at = png.index(b"IDAT")
print(len(set(zlib.decompress(png[at + 4:at + 4 + int.from_bytes(png[at - 4:at], "big")]))))' "$1"
}
works plot "$work/filters" --kind features --index 3 --plot "$work/third.svg"
cmp -s "$work/third.svg" "$work/features.svg" && fail "--index names no image"
[ "$(values "$work/third.svg")" -gt 20 ] || fail "the maps of image 3 are blank"
works plot "$work/filters" --kind weights --plot "$work/filters.png"
is_picture "$work/filters.png"
works inspect "$work/filters"
[ "$(wc -L <"$out")" -le 80 ] || fail "inspect is wider than a terminal"
refuses 2 "no layer of this model makes feature maps" plot "$runs/first" --kind features --plot x.png
refuses 2 "--index 1000000: " plot "$work/filters" --kind features --index 1000000 --plot x.png
refuses 2 "--index is for a picture of one image" plot "$runs/first" --index 3 --plot x.png
works show --data synthetic:60 --index 2 --split test --plot "$work/show.png"
is_picture "$work/show.png"
works predict "$runs/first" --index 2 --plot "$work/predict.svg"
is_picture "$work/predict.svg"

# A file name is a title, and cannot become a command of gnuplot's.
name="a'; system 'touch pwned"
cp -r "$runs/first" "$work/$name"
cd "$work" || exit 1
works plot "$name" --plot quoted.svg
is_picture quoted.svg
[ -e pwned ] && fail "a file name was run"
grep -q "touch pwned" quoted.svg || fail "the title lacks the file's name"

# A gnuplot that fails half way, and none at all: the picture that was there stays.
mkdir bin
printf '#!/bin/sh\nhead -c 100 /dev/zero\necho "line 0: bad day" >&2\nexit 3\n' >bin/gnuplot
chmod +x bin/gnuplot
cp curves.png old.png
PATH=$work/bin:$PATH refuses 1 "gnuplot failed: line 0: bad day" plot "$runs/first" --plot old.png
rm bin/gnuplot
for tool in timeout grep wc ssh; do # Open MPI looks for ssh, too
    ln -s "$(command -v $tool || command -v true)" bin/$tool
done
PATH=$work/bin refuses 1 "apt-get install gnuplot-nox" plot "$runs/first" --plot old.png
cmp -s curves.png old.png || fail "a failed plot touches the old picture"
[ -z "$(find . -name '*.png.*' -o -name '*.svg.*' -o -name '*.pdf.*')" ] ||
    fail "temporary files stay: $(ls)"
finish
