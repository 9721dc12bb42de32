#!/usr/bin/env bash
# Standard streams that are closed, full or unread, and a limit on the size of files: what is lost is
# said, and nothing else is lost.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
cd "$work" || exit 1
train=(train --data synthetic:600 --epochs 2)

# A pipe without a reader: descriptor 8.
mkfifo pipe
# shellcheck disable=SC2094
exec 9<>pipe 8>pipe 9>&-
exec 3>&1

# ends CODE ARGUMENT...: the exit code, with the streams as the caller has made them.
ends() {
    local code wanted=$1
    command="mnist_dist ${*:2}"
    timeout 60 "$binary" "${@:2}"
    code=$?
    [ $code = "$wanted" ] || fail "$command: exit code $code instead of $wanted" >&3
}

# says_once WORDS: one message in $err, with these words.
says_once() {
    [[ $(grep -c '^mnist_dist: ' "$err") = 1 && $(cat "$err") == *"$1"* ]] ||
        fail "$command: says '$(cat "$err")' instead of '$1'"
}

# whole FOLDER: its run came to its end.
whole() {
    timeout 60 "$binary" train --resume --output "$1" --quiet >again 2>"$err" ||
        fail "resuming $1: exit code $?: $(cat "$err")"
    grep -q '^result: epochs=2 ' again || fail "$1: the run is not complete"
}

# Nobody reads the progress: training goes on.
ends 0 "${train[@]}" --output unheard 2>&8 >"$out"
says "result: epochs=2"
# Nobody reads the result: the run is saved, and the loss is said.
ends 1 "${train[@]}" --output lost --quiet >&8 2>"$err"
says_once "standard output cannot be written: Broken pipe"
whole lost
ends 1 "${train[@]}" --output full --quiet >/dev/full 2>"$err"
says_once "standard output cannot be written: No space left on device"
whole full

# Who leaves a command early has seen enough.
for arguments in --help "inspect $runs/first" "evaluate $runs/first" "predict $runs/first --output -"; do
    # shellcheck disable=SC2086
    ends 0 $arguments >&8 2>"$err"
    [ -s "$err" ] && fail "$command without a reader says: $(cat "$err")"
done
ends 1 prove --ranks 1 --output proof --data synthetic:60 --set train.batch_size=6 >&8 2>"$err"
says_once "nothing is proven"
[ "$(find proof -mindepth 1 -maxdepth 1 | wc -l)" = 1 ] || fail "$command: goes on without a reader"
ends 1 inspect "$runs/first" >/dev/full 2>"$err"
says_once "standard output cannot be written"

# Closed from the start: no file takes the place of a stream.
ends 0 "${train[@]}" --output deaf >"$out" 2>"$err" <&-
says "result: epochs=2"
ends 0 "${train[@]}" --output mute >"$out" 2>&-
says "result: epochs=2"
ends 1 "${train[@]}" --output closed --quiet 2>"$err" >&-
says_once "standard output cannot be written"
whole closed
ends 1 "${train[@]}" --output nothing <&- >&- 2>&-
whole nothing

# No file may hold a checkpoint: every save fails, as on a full disk. (MPICH's UCX does not start so.)
limited() {
    (
        ulimit -f 200
        timeout 60 "$binary" "${train[@]}" --output limited --quiet >"$out" 2>"$err"
        echo $? >code
    )
    [ "$(cat code)" = 1 ] || fail "with a limit on file sizes: exit code $(cat code)"
    grep -q '^mnist_dist: .*File too large; raise the limit on the size of files (ulimit -f)' "$err" ||
        fail "with a limit on file sizes: $(cat "$err")"
    left=$(find limited -name '.saving*' -o -name '*.h5')
    [ -z "$left" ] || fail "with a limit on file sizes: leaves $left"
}
"$binary" --version | grep -q MPICH || limited

# A status that cannot be put in place is said once, and its temporary goes.
mkdir -p held/status
ends 0 "${train[@]}" --output held --quiet >"$out" 2>"$err"
says_once "warning: held/status cannot be written"
[ -e held/.saving.status ] && fail "the status leaves its temporary"

# Programs started from here get these signals as usual. A gnuplot that complains of what is ignored:
mkdir bin
cat >bin/gnuplot <<'END'
#!/bin/sh
mask=$(sed -n 's/^SigIgn:[[:space:]]*/0x/p' /proc/$$/status)
pipe=0x1000 file_size=0x1000000
echo "ignored: $((mask & (pipe | file_size)))" >&2
exit 1
END
chmod +x bin/gnuplot
PATH=$work/bin:$PATH refuses 1 "ignored: 0" plot "$runs/first" --plot curves.png
finish
