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
for library in openmpi-bin 'libopenmpi[0-9]' 'libhdf5-[0-9]' libopenblas0 libyaml-0-2 libjansson4 \
    libpng16-16; do
    [[ $depends == *$library* ]] || { echo "no dependency on $library: $depends"; exit 1; }
done
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

cmake -S "$tree/tests/install/consumer" -B consumer -D CMAKE_PREFIX_PATH="$root/usr"
cmake --build consumer
"$root/usr/bin/mnist_dist" --data synthetic:600 --epochs 1 --output program </dev/null >result
weights=$(grep -o 'weights=xxh3:[0-9a-f]*' result)
consumer/consumer >consumed
grep -q "109386 parameters after step 19, $weights\$" consumed || {
    echo "another program trains to $(cat consumed) instead of $weights"
    exit 1
}
