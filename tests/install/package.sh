#!/usr/bin/env bash
# Makes the Debian package, unpacks it, trains with the binary inside, and builds another program
# with the libraries inside, which trains to the same weights.
#   package.sh TREE BUILD_FOLDER
set -euo pipefail
command -v dpkg-shlibdeps >/dev/null || { echo "skipped: no dpkg-dev"; exit 77; }
tree=$1 build=$2
# shellcheck source=tests/support/work.sh
. "$tree/tests/support/work.sh"

(cd "$build" && cpack -G DEB -B "$work")
package=$(echo "$work"/mnist-dist_*.deb)
depends=$(dpkg-deb -f "$package" Depends)
for library in '@(openmpi-bin|mpich)' 'lib@(openmpi|mpich)[0-9]' 'libhdf5-[0-9]' libyaml-0-2 libjansson4 \
    liblept 'libexif[0-9]'; do
    # shellcheck disable=SC2053
    [[ $depends == *$library* ]] || { echo "no dependency on $library: $depends"; exit 1; }
done
# What the build itself wanted, a program that links the libraries wants too.
suggests=$(dpkg-deb -f "$package" Suggests)
grep -oE '^(find_package|pkg_check_modules)\([A-Za-z0-9]+' "$tree/cmake/Dependencies.cmake" | cut -d'(' -f2 |
    sort -u >"$work/needed"
declare -A packages=([MPI]='mpich|openmpi' [HDF5]=hdf5 [ZLIB]=zlib1g [LEPTONICA]=leptonica [EXIF]=exif [OpenSSL]=ssl
    [PkgConfig]=pkg-config [YAML]=yaml [JANSSON]=jansson [ZIP]=zip [XXHASH]=xxhash [Threads]=cmake)
while read -r library; do
    [[ $suggests =~ ${packages[$library]:?is new to this test} ]] ||
        { echo "Suggests lacks what brings $library: $suggests"; exit 1; }
done <"$work/needed"
root=$work/root
dpkg-deb -x "$package" "$root"
for file in share/man/man1/mnist_dist.1 share/mnist_dist/configs/mnist.yaml \
    share/mnist_dist/jobs/mnist.sbatch share/mnist_dist/data/fetch_mnist.sh \
    share/bash-completion/completions/mnist_dist; do
    [ -s "$root/usr/$file" ] || { echo "the package lacks $file"; exit 1; }
done

cd "$work"
mpirun -np 2 "$root/usr/bin/mnist_dist" --config "$root/usr/share/mnist_dist/configs/mnist.yaml" \
    --data synthetic:600 --epochs 1 </dev/null | tee result
grep -q '^result: epochs=1 ' result

# MNIST goes where the program looks. A file in the place of the folder tells where that is.
mkdir data
touch data/mnist
said=$("$root/usr/share/mnist_dist/data/fetch_mnist.sh" 2>&1) && exit 1
[[ $said == *"cannot write into data/mnist;"* ]] || { echo "fetch_mnist.sh: $said"; exit 1; }

cmake -S "$tree/tests/install/consumer" -B consumer -D CMAKE_PREFIX_PATH="$root/usr"
cmake --build consumer
"$root/usr/bin/mnist_dist" --data synthetic:600 --epochs 1 --output program </dev/null >result
weights=$(grep -o 'weights=xxh3:[0-9a-f]*' result)
consumer/consumer >consumed
grep -q "109386 parameters after step 19, $weights\$" consumed || {
    echo "another program trains to $(cat consumed) instead of $weights"
    exit 1
}
