# shellcheck shell=bash
# What the scripts share: the Debian packages, steps that keep their output in a log, and what
# Open MPI needs as root or with fewer cores than ranks.

# Decimal points, and one order of sorting, whatever the user's locale.
export LC_ALL=C.UTF-8

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Enough to build and run; names that Debian 12 and 13 share. An MPI that is there is left alone.
# shellcheck disable=SC2034
build_packages=(
    gcc libc6-dev cmake ninja-build pkg-config
    libhdf5-dev libyaml-dev librandom123-dev libxxhash-dev
    libjansson-dev libssl-dev libzip-dev libcsv-dev libleptonica-dev libexif-dev zlib1g-dev)
command -v mpicc >/dev/null && command -v mpirun >/dev/null ||
    build_packages+=(libopenmpi-dev openmpi-bin)

# What draws curves and fetches MNIST: a run goes without.
# shellcheck disable=SC2034
nice_packages=(gnuplot-nox curl ca-certificates gzip)

# What the tests and scripts/lint.sh call on top. A test that wants Debian's python3-torch, too
# large to install for it alone, skips without.
# shellcheck disable=SC2034
check_packages=(
    libcunit1-dev "${nice_packages[@]}"
    python3 python3-h5py python3-numpy python3-pil hdf5-tools file
    gdb valgrind gcovr clang llvm libclang-rt-dev
    clang-format clang-tidy cppcheck shellcheck mandoc
    slurm-wlm munge bash-completion dpkg-dev git
    locales)

# What scripts/matrix.sh makes its systems with, and nn.other_machine builds with.
# shellcheck disable=SC2034
matrix_packages=(debootstrap qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross)

# The log of the script at work; each sets its own.
log=/dev/null

say() {
    printf '== %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# open_log NAME: build/NAME.log, empty, for the steps that follow.
open_log() {
    mkdir -p "$top/build"
    log=$top/build/$1.log
    : >"$log"
}

# step TITLE COMMAND...: runs COMMAND with its output in the log, whose end is shown if it fails.
step() {
    say "$1"
    shift
    "$@" </dev/null >>"$log" 2>&1 && return
    tail -n 40 "$log" >&2
    die "failed: $* (the whole log: $log)"
}

# missing_packages NAME...: those not installed, one a line.
missing_packages() {
    local name
    for name; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
            echo "$name"
    done
}

# Runs apt-get as root, through sudo where the caller is not.
as_root_apt_get() {
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

# install_packages NAME...: installs what is missing and touches nothing when all is there. A name
# that this release does not know sinks only itself. Fails, with words, when some stay missing.
# Elsewhere than on Debian the build itself will tell.
install_packages() {
    local missing known
    command -v dpkg-query >/dev/null || return 0
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "Installing ${#missing[@]} packages: ${missing[*]}"
    as_root_apt_get update </dev/null >>"$log" 2>&1 || true
    mapfile -t known < <(apt-cache madison "${missing[@]}" 2>/dev/null | awk '{ print $1 }' | sort -u)
    [ "${#known[@]}" = 0 ] ||
        as_root_apt_get install --no-install-recommends "${known[@]}" </dev/null >>"$log" 2>&1 || true
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    tail -n 15 "$log" >&2
    printf '%s\n' "$(basename "$0"): could not install: ${missing[*]}" \
        "Install them by hand with network access, as root:" \
        "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    return 1
}

# use_mpi RANKS: lets `mpirun -np RANKS` start here. Open MPI refuses root unless told, and more
# ranks than cores unless told; waiting ranks then have to yield the core to those who compute.
# Containers often forbid its way of copying between processes in one go, and Open MPI 5 warns of
# IPv6 without a route.
use_mpi() {
    export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_reachable=weighted
    if [ "$(id -u)" = 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
    if [ "$(nproc)" -lt "$1" ]; then
        export OMPI_MCA_mpi_yield_when_idle=1
        export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
        export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe # as Open MPI 5 wants it
        export PRTE_MCA_hwloc_default_binding_policy=none
    fi
}
