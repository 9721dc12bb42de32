# Runs the program as a user would and judges exit code, messages and output. Sourced by the tests,
# which are called as: SCRIPT BINARY RUNS [RANKS]. RUNS holds what make_runs.sh made.
# shellcheck shell=bash
set -u
# shellcheck source=tests/support/work.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/work.sh"
export binary=$1 runs=$2 ranks=${3:-1} python=${PYTHON:-python3} mpirun=${MPIRUN:-mpirun}
# Open MPI's own files: in /tmp, programs that start and end at the same time trip over each other.
export TMPDIR=$work
out=$work/out err=$work/err
failures=0

# fail WORDS: one thing is wrong; the others are still looked at.
fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# run ARGUMENT...: the exit code; a hang is one of 124.
run() {
    command="mnist_dist $* (at $ranks ranks)"
    if [ "$ranks" = 1 ]; then
        timeout 60 "$binary" "$@" >"$out" 2>"$err" </dev/null
    else
        timeout 60 "$mpirun" -np "$ranks" "$binary" "$@" >"$out" 2>"$err" </dev/null
    fi
}

# works ARGUMENT...: exit code 0.
works() {
    run "$@" || fail "$command: exit code $?: $(cat "$err")"
}

# refuses CODE WORDS ARGUMENT...: the exit code, and one message of one rank with these words.
refuses() {
    local wanted=$1 words=$2 code messages
    shift 2
    run "$@"
    code=$?
    [ $code = "$wanted" ] || fail "$command: exit code $code instead of $wanted: $(cat "$err")"
    messages=$(grep '^mnist_dist: ' "$err" | grep -v '^mnist_dist: warning: ')
    [[ $messages == *"$words"* ]] || fail "$command: says '$messages' instead of '$words'"
    [ "$(wc -l <<<"$messages")" = 1 ] || fail "$command: more than one message: $messages"
}

# says WORDS: they stand in what the last run wrote to standard output.
says() {
    grep -qF -- "$1" "$out" || fail "$command: '$1' is missing from: $(cat "$out")"
}

# fits WIDTH: no line of the last output is wider, counted in characters.
fits() {
    local widest
    widest=$(LC_ALL=C.UTF-8 wc -L <"$out")
    [ "$widest" -le "$1" ] || fail "$command: a line of $widest columns"
}

finish() {
    [ $failures = 0 ]
    exit
}
