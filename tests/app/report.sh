#!/usr/bin/env bash
# The page of a run: well-formed, alone, complete, and safe whatever stands in the file.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
here=$(dirname "$0")
page=$work/page.html

# shows WORDS: they stand in the visible text of the page just made.
shows() {
    "$python" "$here/page.py" "$page" >"$work/text" || fail "$command: not a sound page"
    grep -qF -- "$1" "$work/text" || fail "$command: the page lacks '$1': $(cat "$work/text")"
}

works report "$runs/first" --output "$page"
says "$page"
for fact in "$(grep -o 'xxh3:[0-9a-f]*' "$runs/first.result")" "Parameters109386" "3of 3" \
    "Accuracy" "Loss" "best 0." "synthetic:600" "layer: dense, units: 128, activation: relu" \
    "mnist_dist train --quiet --data synthetic:600" "784 → 128" "reducer: allreduce" "step 55" \
    "100 test images right" "Wrongest digits" "Epoch 3, in seconds" "Complete."; do
    shows "$fact"
done
# Each test image is counted once, and the diagonal is what the page says is right.
"$python" - "$page" <<'END' || fail "the confusion matrix"
import re, sys
page = open(sys.argv[1], encoding="utf-8").read()
cells = re.findall(r'<td class="(right|wrong|none)[^>]*>(\d+)</td>', page)
assert len(cells) == 100 and sum(int(n) for _, n in cells) == 100, cells
right = sum(int(n) for kind, n in cells if kind == "right")
assert "%d of 100 test images right" % right in page, right
assert page.count('<figcaption><span class="bad">says') == 100 - right
END

works report "$runs/first" --output -
cmp -s "$out" "$page" || fail "standard output and the file differ"
cp -r "$runs/first" "$work/run"
works report "$work/run"
says "$work/run/report.html"
[ -s "$work/run/report.html" ] || fail "no page beside the checkpoint"
cd "$work/run" || exit 1
works report best.h5
[ "$(cat "$out")" = report.html ] || fail "says '$(cat "$out")' where report.html was meant"
cd "$work" || exit 1

works report "$runs/slow.h5" --output "$page"
shows "Slow rank: 1 of 2 took 3.00 s to compute epoch 3, 50 % more than the median"
works report "$runs/stopped.h5" --output "$page"
shows "Not complete: saved after epoch 3"

works report "$runs/lost.h5" --output "$page"
shows "left out, for want of data: no/such/place"
grep -q "Confusion matrix</h3>" "$page" && fail "a confusion matrix without data"
grep -q "name the data with --data" "$err" || fail "no word about the data: $(cat "$err")"
works report "$runs/lost.h5" --output "$page" --data synthetic:600
shows "Wrongest digits"
cp "$page" "$work/before"
refuses 3 "no/such" report "$runs/lost.h5" --output "$page" --data no/such
cmp -s "$page" "$work/before" || fail "a failed report touches the old page"

# Markup in the file and in its name is text on the page.
name="$work/<i>'\"&.h5"
cp "$runs/hostile.h5" "$name"
works report "$name" --output "$page"
shows "<script>alert(1)</script> --output \"a' b\" &amp; �"
shows "\"><img src=x onerror=alert(1)> storage"
shows "<i>'\"&.h5"

refuses 4 "missing.h5" report "$runs/missing.h5"
refuses 4 "flipped.h5" report "$runs/flipped.h5" --output "$page"
refuses 1 "none/x.html cannot be written" report "$runs/first" --output "$work/none/x.html"
[ -z "$(find "$work" -name '*.html.*')" ] || fail "temporary files stay"
finish
