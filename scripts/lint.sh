#!/usr/bin/env bash
# Reads the code for what a compiler does not say.
#
#   scripts/lint.sh           everything; configures build/ci for the compile commands
#   scripts/lint.sh --quick   formatting and the rules for files: seconds, no build
#
# Formatting is judged by one version of clang-format, Debian 12's: each has rules of its own. With
# --quick, exit 77 says that it is not installed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

max_file=500 max_function=60 formatter=14
status=0

# failed TITLE: one check found something, the others still run.
failed() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    status=1
}

# The braces of a function stand in the first column (.clang-format), which makes them countable.
check_lengths() {
    awk -v max_file=$max_file -v max_function=$max_function '
        FNR == 1 { start = 0 }
        FNR == max_file + 1 { print FILENAME ": more than " max_file " lines"; bad = 1 }
        /^{/ { start = FNR }
        /^}/ && start {
            if (FNR - start + 1 > max_function) {
                print FILENAME ":" start ": a function of " FNR - start + 1 " lines"; bad = 1
            }
            start = 0
        }
        END { exit bad }' "${sources[@]}"
}

check_promises() {
    ! grep -rnIE 'TOD[O]|FIXM[E]' CMakeLists.txt cmake "${folders[@]}" >&2
}

# A comma for the decimal point makes other numbers of them.
check_locale() {
    local scripts
    mapfile -t scripts < <(grep -rlIE '^#!.*bash$|^# shellcheck shell=bash' "${folders[@]}" |
        xargs grep -lE '^[^#]*(^|[^-._a-zA-Z])(sort|awk|gnuplot|printf .*%[-+0-9.]*[efg])($|[^-._a-zA-Z])')
    ! grep . < <(grep -LE '^export LC_ALL=C|/(lib|work|judge|job)\.sh"$' "${scripts[@]}") >&2
}

has_formatter() {
    [[ $(clang-format --version 2>/dev/null) == *"version $formatter."* ]] && return
    say "formatting is not judged: no clang-format $formatter"
    return 1
}

check_files() {
    if has_formatter; then
        clang-format --dry-run -Werror "${sources[@]}" || failed "run clang-format -i on these files"
    fi
    check_lengths || failed "too long to read"
    check_promises || failed "unfinished business"
    check_locale || failed "computes, sorts or draws numbers, but does not export LC_ALL=C"
}

# The product only: tests break rules on purpose, and CUnit's asserts are opaque to these tools. Those
# of the product tell the analyzer what holds.
check_code() {
    step "Configuring build/ci" cmake --preset ci
    say "clang-tidy"
    run-clang-tidy -p build/ci -quiet -extra-arg=-UNDEBUG -j "$(nproc)" "$top/(src|bench)/.*" >>"$log" 2>&1 ||
        { grep -E 'warning:|error:' "$log" | sort -u; failed "clang-tidy"; }
    say "cppcheck"
    cppcheck --project=build/ci/compile_commands.json --enable=warning,performance,portability \
        --inline-suppr --suppress=missingIncludeSystem -i tests --error-exitcode=1 --quiet \
        -D H5E_BEGIN_TRY= -D H5E_END_TRY= -j "$(nproc)" ||
        failed "cppcheck"
}

check_scripts() {
    say "shellcheck"
    grep -rlIE '^#!.*(bash|/sh)$' .ci "${folders[@]}" | xargs shellcheck -x || failed "shellcheck"
}

cd "$top"
mapfile -t folders < <(ls -d src include bench tests scripts jobs configs data/*.* 2>/dev/null)
mapfile -t sources < <(find "${folders[@]}" -name '*.[ch]' | sort)
if [ "${1:-}" = --quick ]; then
    check_files
    [ $status = 0 ] && ! has_formatter >/dev/null && exit 77
    exit $status
fi
open_log lint
install_packages "${build_packages[@]}" "${check_packages[@]}"
say "Formatting and file rules"
check_files
check_code
check_scripts
[ $status = 0 ] && say "Clean"
exit $status
