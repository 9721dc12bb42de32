#!/usr/bin/env bash
# data/fetch_mnist.sh against a web server on this machine. Whether the real files arrive can only
# be tested where MNIST_DIR names them; everything that must fail is tested anywhere.
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
fetch=$tree/data/fetch_mnist.sh
# shellcheck source=tests/support/work.sh
. "$tree/tests/support/work.sh"
real=${MNIST_DIR:-}
unset MNIST_DIR MNIST_MIRRORS
failures=0 server=
trap 'if [ -n "$server" ]; then kill "$server"; fi; rm -rf "$work"' EXIT

# expect EXIT WORDS COMMAND...: the exit code, and words somewhere in what is said.
expect() {
    local wanted=$1 words=$2 got said
    shift 2
    said=$("$@" 2>&1)
    got=$?
    if [ "$got" != "$wanted" ] || [[ $said != *"$words"* ]]; then
        echo "FAILED: exit $got instead of $wanted, or no '$words': $*"
        echo "        $said"
        failures=$((failures + 1))
    fi
}

# expect_files COUNT FOLDER: also that nothing half-done stays behind.
expect_files() {
    local got
    got=$(find "$2" -type f | wc -l)
    if [ "$got" != "$1" ]; then
        echo "FAILED: $got files instead of $1 in $2"
        failures=$((failures + 1))
    fi
}

start_server() {
    mkdir "$work/bad" "$work/broken"
    for name in {train,t10k}-{images-idx3,labels-idx1}-ubyte; do
        echo "not MNIST" | gzip >"$work/bad/$name.gz"
        printf '\037\213\010 cut short' >"$work/broken/$name.gz"
    done
    if [ -n "$real" ]; then
        ln -s "$(cd "$real" && pwd)" "$work/real"
    fi
    python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$work" >"$work/log" 2>&1 &
    server=$!
    for _ in {1..100}; do
        port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$work/log")
        [ -n "$port" ] && return
        sleep 0.1
    done
    echo "FAILED: the web server does not start"
    exit 1
}

start_server
web=http://127.0.0.1:$port
expect 0 "MNIST_MIRRORS" "$fetch" --help
expect 2 "no option --fast" "$fetch" --fast
expect 2 "one folder" "$fetch" a b
expect 1 "cannot write into" "$fetch" "$work/log/folder"
expect 1 "no right train-images-idx3-ubyte" env MNIST_DIR="$work" "$fetch" "$work/out"
expect 1 "--data synthetic" env MNIST_DIR="$work" "$fetch" "$work/out"
expect 1 "SHA-256 is not that of MNIST" env MNIST_DIR="$work/bad" "$fetch" "$work/out"
expect 1 "404" env MNIST_MIRRORS="$web/none" "$fetch" "$work/out"
expect 1 "SHA-256 is not that of MNIST" env MNIST_MIRRORS="$web/bad" "$fetch" "$work/out"
expect 1 "broken gzip" env MNIST_MIRRORS="$web/broken" "$fetch" "$work/out"
expect 1 "broken gzip" env MNIST_MIRRORS="$web/bad $web/broken" "$fetch" "$work/out"
expect_files 0 "$work/out"

if [ -z "$real" ]; then
    echo "skipped: the real files (MNIST_DIR is not set)"
    exit $((failures > 0))
fi
expect 0 "four files" env MNIST_DIR="$real" "$fetch" "$work/out"
expect_files 4 "$work/out"
expect 0 "four files" env MNIST_MIRRORS=http://127.0.0.1:9 "$fetch" "$work/out"
echo "damage" >>"$work/out/t10k-labels-idx1-ubyte"
expect 1 "could not get t10k-labels-idx1-ubyte" \
    env MNIST_MIRRORS=http://127.0.0.1:9 "$fetch" "$work/out"
expect 0 "four files" env MNIST_MIRRORS="$web/none $web/bad $web/real/" "$fetch" "$work/out"
expect_files 4 "$work/out"
mkdir "$work/plain"
mv "$work/out/train-images-idx3-ubyte" "$work/plain/train-images.idx3-ubyte"
expect 1 "could not get train-labels" env MNIST_DIR="$work/plain" "$fetch" "$work/again"
expect_files 1 "$work/again"
exit $((failures > 0))
