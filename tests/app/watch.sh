#!/usr/bin/env bash
# Following a run from outside: before it begins, while it writes, when it ends, and when it is
# killed; and that what it publishes is always whole.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
trap 'kill -9 $run $watch 2>/dev/null; rm -rf "$work"' EXIT
run='' watch=''

# start FOLDER EPOCHS: a run of half a second an epoch, in the background.
start() {
    "$binary" train --data synthetic:300 --epochs "$2" --output "$work/$1" --inject slow@0:1 \
        "${@:3}" >"$work/$1.out" 2>"$work/$1.err" </dev/null &
    run=$!
}

# follow COMMAND...: in the background; `followed` waits for its end.
follow() {
    timeout 60 "$@" >"$work/seen" 2>"$work/said" </dev/null &
    watch=$!
}

# when COMMAND...: waits until it succeeds.
when() {
    for _ in $(seq 600); do
        "$@" && return
        sleep 0.1
    done
    fail "never happened: $*"
}

# under_way FOLDER: waits for its run's first step.
under_way() {
    when grep -qsE '^step=[1-9]' "$work/$1/status"
}

works watch "$work/none" --once
says "no run yet"
[ -e "$work/none" ] && fail "watch makes the folder it looks at"
refuses 2 "not a folder" watch "$runs/first/last.h5"

# From before the beginning to the end: the epochs as the run itself reports them.
follow "$binary" watch "$work/whole"
when grep -q "waiting for a run in $work/whole" "$work/said"
start whole 5
wait "$run" || fail "the run: $(cat "$work/whole.err")"
wait "$watch" || fail "watch ends with $?: $(cat "$work/said")"
[ "$(wc -l <"$work/said")" = 1 ] || fail "more than one line of waiting: $(cat "$work/said")"
diff <(grep '^epoch ' "$work/whole.err") <(grep '^epoch ' "$work/seen") || fail "not the run's epochs"
[ "$(tail -n 1 "$work/seen")" = "finished after step 50" ] || fail "the end: $(tail -n 1 "$work/seen")"
grep -q '^state=finished$' "$work/whole/status" || fail "not finished: $(cat "$work/whole/status")"
grep -q $'\033' "$work/seen" && fail "escapes in a file"
works watch "$work/whole" --once
says "finished"
says "step 50/50"
says "Accuracy"
says "Loss"
fits 80

# Another run that starts there leaves this status until it takes its place.
exec 7<"$work/whole/.lock"
flock 7
works watch "$work/whole" --once
says "starting"
exec 7<&-

# At work: what it publishes is whole whenever it is read.
start parts 200
under_way parts
for _ in $(seq 100); do
    mapfile -t lines <"$work/parts/status"
    [[ ${#lines[@]} = 15 && ${lines[0]} == state=running && ${lines[14]} == updated=*Z ]] ||
        fail "a status that is not whole: ${lines[*]}"
    sleep 0.01
done
works watch "$work/parts" --once
fits 80
says "$work/parts  running"
says "/200  step "
says "ETA"
says "images/s"

# Nobody reads any more: there is nothing to stay for, though the run goes on.
mkfifo "$work/pipe"
# shellcheck disable=SC2094
exec 9<>"$work/pipe" 8>"$work/pipe" 9>&-
timeout 60 "$binary" watch "$work/parts" >&8 2>"$err" || fail "watch without a reader ends with $?"
[ -s "$err" ] && fail "watch without a reader says: $(cat "$err")"
kill -0 "$run" || fail "the run ended before its watcher"
exec 8>&-

# Stopped on request, resumed, and killed.
kill -TERM "$run"
wait "$run"
works watch "$work/parts"
says "go on with: mnist_dist --resume --output $work/parts"
rm "$work/parts/status"
start parts 200 --resume
under_way parts
works watch "$work/parts" --once
says "running"
kill -9 "$run"
wait "$run" 2>"$err"
refuses 1 "gone without a word" watch "$work/parts"
works watch "$work/parts" --once
says "gone without a word"

# A run that fails says so; one from before there was a status is judged by its files.
"$binary" train --data synthetic:300 --output "$work/nan" --inject nan@0:3 >"$out" 2>"$err"
refuses 1 "failed after step 2" watch "$work/nan"
cp -r "$runs/first" "$work/old"
rm -f "$work/old/status"
works watch "$work/old"
says "finished after step 57"
printf 'state=finished\033[31m\nhost=%s\nstep=x\n=\nnonsense\n' "$(head -c 5000 /dev/zero | tr '\0' a)" \
    >"$work/old/status"
works watch "$work/old" --once
grep -q $'\033' "$out" && fail "escapes from the status file"
fits 80

mkdir "$work/slow"
cp "$runs/slow.h5" "$work/slow/last.h5"
works watch "$work/slow" --once
says "slowest rank: 1 of 2 took 3.00 s to compute epoch 3, 50 % more than the median"
works watch "$work/slow"
says "slow rank: 1 of 2 took 3.00 s"
cp "$runs/flipped.h5" "$work/slow/last.h5"
refuses 4 "$work/slow/last.h5" watch "$work/slow"

# On a terminal: a page that is drawn anew, left with Ctrl-C while the run goes on.
command -v script >/dev/null || finish
start page 200
under_way page
NO_COLOR=1 script -qec \
    "stty columns 80 rows 24; $(printf '%q ' timeout --foreground -s INT 8 "$binary" watch "$work/page")" "$work/typescript" >/dev/null </dev/null
kill -0 "$run" || fail "the run ended with its watcher"
[ "$(grep -c $'\033\[H\033\[J' "$work/typescript")" -gt 1 ] || fail "the page is not drawn anew"
grep -q $'\033\[[0-9;]*m' "$work/typescript" && fail "colours although NO_COLOR is set"
sed '/^Script /d; s/\x1b\[?*[0-9;]*[a-zA-Z]//g; s/\r//' "$work/typescript" >"$out"
says "Ctrl-C leaves, the run goes on"
says "/200  step "
fits 80

# To its end, which stays on the terminal.
kill -TERM "$run"
wait "$run"
script -qec "$(printf '%q ' timeout 60 "$binary" watch "$work/page")" "$work/typescript" >/dev/null </dev/null
grep -q 'go on with: mnist_dist --resume' "$work/typescript" || fail "the end: $(tail -n 3 "$work/typescript")"
finish
