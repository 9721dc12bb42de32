#!/usr/bin/env bash
# Gets the four files of MNIST, plain, into a folder (default: mnist next to this script; of the
# installed one: data/mnist in the current folder, where mnist_dist looks):
#
#   data/fetch_mnist.sh [DEST]
#
# from the folder MNIST_DIR if that is set (plain or .gz), else from the public mirrors with curl;
# MNIST_MIRRORS names others, separated by blanks. The SHA-256 of every file is checked after
# decompression; files that are there and right are left alone.
# Exit: 0 all there, 1 something could not be had, 2 wrong use.
set -euo pipefail

mirrors=${MNIST_MIRRORS:-https://ossci-datasets.s3.amazonaws.com/mnist \
https://storage.googleapis.com/cvdf-datasets/mnist}

declare -A sha256=(
    [train-images-idx3-ubyte]=ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
    [train-labels-idx1-ubyte]=65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
    [t10k-images-idx3-ubyte]=0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
    [t10k-labels-idx1-ubyte]=ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
)

# Why the file at hand could not be had so far, for the one message at the end.
reasons=

die() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    exit "${2:-1}"
}

# because TEXT: notes a reason, and fails.
because() {
    reasons+=${reasons:+; }$1
    return 1
}

# is_good FILE NAME
is_good() {
    [ -r "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "${sha256[$2]}" ]
}

# install_file FILE NAME ORIGIN: puts FILE, inflated if it is gzip, into the folder if its bytes
# are right.
install_file() {
    if ! gzip -cdf <"$1" >"$part" 2>/dev/null; then
        because "$3: broken gzip, or no space left in $dest"
    elif ! is_good "$part" "$2"; then
        because "$3: its SHA-256 is not that of MNIST"
    else
        mv -f "$part" "$dest/$2"
    fi
}

# from_folder NAME: the names are those the program itself looks for.
from_folder() {
    local dotted=${1/-idx/.idx} name
    for name in "$1" "$dotted" "$1.gz" "$dotted.gz"; do
        if [ -r "$MNIST_DIR/$name" ] &&
            install_file "$MNIST_DIR/$name" "$1" "$MNIST_DIR/$name"; then
            return
        fi
    done
    because "no right $1, plain or .gz, in MNIST_DIR=$MNIST_DIR"
}

# from_mirrors NAME
from_mirrors() {
    local mirror url words
    if ! command -v curl >/dev/null; then
        because "curl is not installed"
        return
    fi
    for mirror in $mirrors; do
        url=${mirror%/}/$1.gz
        if ! words=$(curl -fsSL --retry 2 --connect-timeout 15 --max-time 900 \
            --max-filesize 100000000 -o "$download" "$url" 2>&1); then
            because "$url: ${words##*$'\n'}"
        elif install_file "$download" "$1" "$url"; then
            return
        fi
    done
    return 1
}

case ${1:-} in
-h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0" && exit ;;
-*) die "there is no option $1; use: data/fetch_mnist.sh [DEST]" 2 ;;
esac
[ $# -le 1 ] || die "one folder at most; use: data/fetch_mnist.sh [DEST]" 2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -e "$here/../CMakeLists.txt" ] || here=data # no source tree
dest=${1:-$here/mnist}
part=$dest/.fetch_mnist.$$.part
download=$dest/.fetch_mnist.$$.download
if ! mkdir -p "$dest" 2>/dev/null || [ ! -w "$dest" ]; then
    die "cannot write into $dest; give another folder"
fi
trap 'rm -f "$part" "$download"; rmdir "$dest" 2>/dev/null || true' EXIT # rmdir: when still empty

for name in {train,t10k}-{images-idx3,labels-idx1}-ubyte; do
    is_good "$dest/$name" "$name" && continue
    reasons=
    if [ -n "${MNIST_DIR:-}" ]; then from_folder "$name"; else from_mirrors "$name"; fi ||
        die "could not get $name ($reasons); set MNIST_DIR to a folder with the MNIST files, or \
train on drawn digits with --data synthetic"
done
echo "MNIST is in $dest: four files, SHA-256 right"
