#!/usr/bin/env bash
# other_machine.sh TREE BUILD DIGESTS: what DIGESTS prints here, built anew for arm64 and run by qemu.
set -euo pipefail
tree=$1 build=$2 here=$3
# shellcheck source=tests/support/work.sh
. "$tree/tests/support/work.sh"
compiler=aarch64-linux-gnu-gcc machine=qemu-aarch64-static
for tool in $compiler $machine; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done

# Headers that are the same on every machine, apart from those of this one's C library.
mkdir "$work/include"
cp -r /usr/include/Random123 "$work/include"
cp /usr/include/xxh*.h "$work/include"

mapfile -t sources < <(find "$tree/src/base" "$tree/src/model" "$tree/src/nn" -name '*.c')
$compiler -static -O3 -std=c11 -D_GNU_SOURCE -DXXH_INLINE_ALL -DMD_KERNEL_SET=baseline \
    -ffp-contract=off -fno-math-errno -fno-trapping-math \
    -I "$tree/include" -I "$build/include" -I "$tree/src/nn" -I "$tree/tests/support" -I "$work/include" \
    "$tree"/tests/nn/digests.c "$tree"/tests/support/{specs,images}.c "${sources[@]}" -lm -o "$work/digests"
"$here" >"$work/here"
$machine "$work/digests" >"$work/there"
cat "$work/there"
[ "$(wc -l <"$work/there")" -ge 8 ]
diff "$work/here" "$work/there"
