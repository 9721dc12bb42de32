#!/usr/bin/env bash
# The page in a real browser, at 400 and 1400 pixels, light and dark: nothing overflows, nothing is
# asked for, the console is silent.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
command -v chromium >/dev/null || { echo "skipped: chromium is not installed"; exit 77; }
for file in first hostile.h5 lost.h5; do
    works report "$runs/$file" --output "$work/page.html"
    "$python" "$(dirname "$0")/browser.py" "$work/page.html" "$work/profile" || fail "the page of $file"
done
finish
