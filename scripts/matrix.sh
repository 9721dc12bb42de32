#!/usr/bin/env bash
# Every system that is promised, as a newcomer finds it: a clean Debian by debootstrap, this tree, and
# the README's two commands. Prints a table at the end, and which tests failed and which skipped in
# each row; logs stay in build/matrix. A row that is emulated runs scripts/check.sh --emulated.
#
#   scripts/matrix.sh                       every row: hours
#   scripts/matrix.sh --quickstart          scripts/quickstart.sh only, without scripts/check.sh
#   scripts/matrix.sh debian13 arm64        these rows
#   scripts/matrix.sh --list                the rows there are
#
# Needs root, debootstrap, a network, 5 GB a row while it runs, and for arm64 qemu-user-static.
# With MNIST_DIR set the real MNIST found there is used. DEBIAN_MIRROR names another mirror.
# Exit: 0 all green with one digest, 1 not so, 2 wrong use, 77 cannot run here.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# name           suite    arch  what a user of that system installed before, and what CC is
rows='debian12       bookworm amd64 -                 gcc
debian13       trixie   amd64 -                 gcc
debian13-mpich trixie   amd64 mpich,libmpich-dev gcc
debian12-clang bookworm amd64 clang             clang
arm64          bookworm arm64 -                 gcc'

# Short runs: the arithmetic is the same as in a long one, and arm64 is emulated. Quickstart's has to end
# an epoch, since it reads best.h5 afterwards.
quickstart=(--epochs 1) digest=(--set train.max_steps=200)
# And the installed program has to do the main job.
install_package='export DEBIAN_FRONTEND=noninteractive
    apt-get -q -y install --no-install-recommends dpkg-dev file && (cd build/release && cpack -G DEB -B /tmp/deb) &&
    apt-get -q -y install --no-install-recommends /tmp/deb/mnist-dist_*.deb &&
    cd /tmp && /usr/bin/mnist_dist --quiet --data synthetic:600 --epochs 1'

# cannot WORDS
cannot() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 77
}

# inside COMMAND: in the row's system, as a newcomer's shell would have it.
inside() {
    chroot "$system" env -i HOME=/root USER=root TERM=dumb CC="$compiler" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${MNIST_DIR:+MNIST_DIR=/mnist} bash -c "cd /root/mnist_dist && $1" </dev/null
}

# Unmounted before it is removed: /dev and /proc are this machine's own. A straggler of a test may hold them.
remove_system() {
    local point
    for point in dev/shm dev/pts dev sys proc; do
        ! mountpoint -q "$system/$point" || umount --lazy "$system/$point" || return
    done
    rm -rf --one-file-system "$system"
}

# A clean system with this tree, without what was built in it.
make_system() {
    remove_system && mkdir -p "$system" &&
        debootstrap --variant=minbase --arch="$arch" "$suite" "$system" \
            "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" &&
        cp -L /etc/resolv.conf "$system/etc/resolv.conf" &&
        printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$(hostname)" >"$system/etc/hosts" &&
        mount -t proc proc "$system/proc" && mount --bind /dev "$system/dev" &&
        mount -t sysfs -o ro sysfs "$system/sys" &&
        mount -t devpts devpts "$system/dev/pts" && mount -t tmpfs tmpfs "$system/dev/shm" &&
        mkdir "$system/root/mnist_dist" && copy_tree &&
        { [ -z "${MNIST_DIR:-}" ] || cp -rL "$MNIST_DIR" "$system/mnist"; } &&
        inside "apt-get -q update" &&
        { [ "$before" = - ] || inside "DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
            --no-install-recommends ${before//,/ }"; }
}

copy_tree() {
    tar -C "$top" --exclude=./build --exclude=./runs --exclude=./data/mnist --exclude=./.git -cf - . |
        tar -C "$system/root/mnist_dist" --no-same-owner -xf -
}

# measure COMMAND: its last line, or a dash.
measure() {
    inside "$1" 2>>"$log" | tail -n 1 | grep . || echo -
}

# listed WORDS: the tests that ctest names at its end after WORDS.
listed() {
    sed -n "/^The following tests $1:/,/^\$/s/^[[:blank:]]*[0-9]* - \([^ ]*\) .*/ \1/p" "$log" | tr -d '\n'
}

# run_row: leaves the row's line of the table in build/matrix/NAME.row.
run_row() {
    local result=FAILED check=- weights=- versions=- selftest=- emulated=''
    [ "$arch" = "$(dpkg --print-architecture)" ] || emulated=--emulated
    say "$name: installing $suite $arch"
    if [ "$emulated" ] && ! [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
        result='needs qemu-user-static'
    elif ! make_system >>"$log" 2>&1; then
        result='no system'
    elif say "$name: scripts/quickstart.sh" && inside "scripts/quickstart.sh ${quickstart[*]}" >>"$log" 2>&1; then
        result=ok
        versions=$(measure "build/release/bin/mnist_dist --version | sed -n 's/^MPI *//p; s/^kernels */kernels /p' |
            paste -sd, | sed 's/,/, /'")
        weights=$(measure "build/release/bin/mnist_dist --quiet --reducer exchange --output runs/digest \
            ${digest[*]} ${MNIST_DIR:+--data /mnist} | grep -o 'weights=[^ ]*' | cut -d= -f2")
        say "$name: the Debian package, installed" && inside "$install_package" >>"$log" 2>&1 &&
            selftest=$(measure "cd /tmp && /usr/bin/mnist_dist selftest | cut -d: -f1")
        if [ ! "$quick" ]; then
            say "$name: scripts/check.sh $emulated"
            inside "scripts/check.sh $emulated" >>"$log" 2>&1 || true
            check=$(grep -oE '[0-9]+ tests failed out of [0-9]+' "$log" | tail -n 1 | grep . || echo FAILED)
        fi
    fi
    printf '| %s | %s | %s | %s | %s | %s |\n' "$name" "$versions" "$result" "$check" "$selftest" "$weights" >"$logs/$name.row"
    printf '%s: failed:%s; skipped:%s\n' "$name" "$(listed FAILED)" "$(listed 'did not run')" >"$logs/$name.tests"
    [ "$keep" ] || remove_system
}

quick='' keep='' chosen=()
for option; do
    case $option in
    --quickstart) quick=yes ;;
    --keep) keep=yes ;; # the systems, for a look at what failed
    --list) echo "$rows" && exit ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" && exit ;;
    *)
        grep -q "^$option " <<<"$rows" || { echo "$0: no row $option; --list names them" >&2; exit 2; }
        chosen+=("$option")
        ;;
    esac
done
[ "$(id -u)" = 0 ] || cannot "needs root, for chroot and mount"
install_packages "${matrix_packages[@]}" || cannot "needs debootstrap: apt-get install debootstrap"
# What is mounted here must not appear in the machine's own /dev.
[ "${MATRIX_MOUNTS:-}" ] ||
    MATRIX_MOUNTS=own exec unshare --mount --propagation private "$0" "$@"
[ -z "${MNIST_DIR:-}" ] || MNIST_DIR=$(cd "$MNIST_DIR" && pwd)
logs=$top/build/matrix
mkdir -p "$logs"

done_rows=() done_tests=()
while read -r name suite arch before compiler; do
    [ ${#chosen[@]} = 0 ] || [[ " ${chosen[*]} " == *" $name "* ]] || continue
    system=$logs/$name log=$logs/$name.log
    : >"$log"
    run_row </dev/null
    done_rows+=("$logs/$name.row") done_tests+=("$logs/$name.tests")
done <<<"$rows"

say "The table of $(date -u +%F), logs in $logs"
printf '| system | MPI, kernels | quickstart | check | selftest | digest |\n| --- | --- | --- | --- | --- | --- |\n'
cat "${done_rows[@]}" && echo && cat "${done_tests[@]}"
! grep -vqE '\| ok \| (-|0 tests failed out of [0-9]+) \| PASS \| xxh3' "${done_rows[@]}" &&
    [ "$(grep -oh 'xxh3:[0-9a-f]*' "${done_rows[@]}" | sort -u | wc -l)" = 1 ]
