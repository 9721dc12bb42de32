#!/usr/bin/env bash
# Builds with warnings as errors and tests.
#
#   scripts/check.sh              the quick tests: minutes
#   scripts/check.sh --long       also the long ones, sanitizers, valgrind and fuzzing: hours
#   scripts/check.sh --coverage   the quick tests, and how many lines of src/ they run: 85 % or fail
#   scripts/check.sh --emulated   on an emulated processor: only the quick tests of the parts that compute,
#                                 train and send messages, on top of quickstart's build, in ten times the time
#
# Missing Debian packages are installed. With MNIST_DIR set, tests use the real MNIST found there.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

long='' coverage='' preset=ci settings=() only=()
for option; do
    case $option in
    --long) long=yes ;;
    --coverage) coverage=yes ;;
    --emulated)
        preset=release settings=(-D MD_TESTS=ON -D MD_PATIENCE=10)
        only=(-R '^(base|nn|model|comm|train)\.')
        ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" && exit ;;
    *) die "unknown option $option; there are --long, --coverage and --emulated" ;;
    esac
done
cd "$top"
if [ -n "${MNIST_DIR:-}" ]; then
    MNIST_DIR=$(cd "$MNIST_DIR" && pwd) || die "MNIST_DIR=$MNIST_DIR: no such folder"
    export MNIST_DIR
fi
open_log check
jobs=$(nproc)

# build PRESET: configured and built in build/PRESET.
build() {
    step "Configuring $1 in build/$1" cmake --preset "$1" "${settings[@]}"
    step "Building $1" cmake --build --preset "$1" -j "$jobs"
}

# run_tests PRESET CTEST-OPTION...: six for two cores, as much of a test's time is waiting: for
# mpirun to start, for a rank that was stopped to be missed. A test's PROCESSORS are its ranks.
run_tests() {
    say "Testing $1"
    ctest --preset "$1" -j $((3 * jobs)) "${@:2}" </dev/null
}

install_packages "${build_packages[@]}" libcunit1-dev python3 || exit 1
[ ${#only[@]} != 0 ] || install_packages "${check_packages[@]}" || say "Going on: the tests that need them will skip"

if [ "$coverage" ]; then
    build coverage
    find build/coverage -name '*.gcda' -delete
    run_tests coverage -L quick
    say "Line coverage of src/"
    gcovr --root . --filter src/ --print-summary --fail-under-line 85 build/coverage
    exit
fi

build "$preset"
run_tests "$preset" -L quick "${only[@]}"
if [ "$long" ]; then
    install_packages "${matrix_packages[@]}" || say "Going on: arm64 is left out"
    run_tests ci -L long
    build asan
    run_tests asan -L quick
    build fuzz
    run_tests fuzz
fi
