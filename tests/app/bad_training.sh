#!/usr/bin/env bash
# Training on what is no good: the exit code, one message, and nothing left behind, at any rank count.
# shellcheck source=tests/app/judge.sh
. "$(dirname "$0")/judge.sh"
"$python" "$(dirname "$0")/bad_data.py" "$work/data" || exit 1
cd "$work/data" || exit 1

# fails CODE WORDS OPTION...: refused, and no file but the lock in the output folder.
fails() {
    local left
    rm -rf out
    refuses "$1" "$2" train --quiet --epochs 1 --output out "${@:3}"
    left=$(find out -type f ! -name .lock 2>/dev/null)
    [ -z "$left" ] || fail "$command: leaves $left"
}

fails 3 "nowhere: no such folder" --data nowhere
fails 3 "is not an IDX file of images: it starts with 0x74686973" --data text
fails 3 "is truncated: it ends after 0 bytes" --data empty
fails 3 "is truncated: its header claims 78416 bytes" --data truncated
fails 3 "has trailing bytes" --data trailing
fails 3 "magic/train-labels-idx1-ubyte: is not an IDX file of labels" --data magic
fails 3 "its header claims more bytes than memory can have" --data overflow
fails 3 "is truncated: its header claims 784000016 bytes" --data exceeds
fails 3 "holds 100 images, but" --data count
fails 3 "test images are 14 x 14 pixels" --data shape
fails 3 "there are no training images" --data none
fails 3 "there is no t10k-labels-idx1-ubyte here" --data missing
fails 3 "is truncated: it ends after" --data torn_gzip
fails 3 "broken_gzip/train-images-idx3-ubyte.gz: " --data broken_gzip
fails 3 "more than 31 compressed bytes can hold" --data bomb
fails 3 "is not a regular file" --data folder
fails 2 "10 units but label has 11 classes; set its units to 11" --data label
fails 3 "is not a folder" --data label/train-labels-idx1-ubyte

fails 2 "bad.yaml: good.yaml was given before" --data good --config good.yaml --config bad.yaml

# Rehearsals that would not take place.
fails 2 "--inject kill@$ranks:5: there are ranks 0 to $((ranks - 1)) only" --data good --inject "kill@$ranks:5"
fails 2 "--inject kill@0:99: the run ends after step 4" --data good --inject kill@0:99
fails 2 "--inject stop@0:2: kill@0:1 was given before" --data good --inject kill@0:1 --inject stop@0:2
[ "$ranks" = 1 ] ||
    fails 2 "--inject nan@2:2: the rank has no samples in this step's batch of 1" --data good \
        --batch-size 1 --inject nan@2:2

# A folder that may not be listed, as somebody whom the system does not trust with everything.
if [ "$(id -u)" != 0 ]; then
    cp -r good closed && chmod 000 closed
    fails 3 "closed" --data closed
    chmod 700 closed
fi

# config WORDS TEXT: a configuration file with this text is refused; the file and line are named.
config() {
    printf '%b' "$2" >bad.yaml
    fails 2 "$1" --data good --config bad.yaml
    [ ! -e out ] || fail "$command: makes the output folder"
}
config 'bad.yaml:2: train.batch_sise is not a key; did you mean train.batch_size?' \
    'train:\n  batch_sise: 3\n'
config "bad.yaml:2: train.epochs must be a whole number, not 'three'" 'train:\n  epochs: three\n'
config 'bad.yaml:3: train.batch_size is 0; it must be in [1, 1000000000]' 'train:\n\n  batch_size: 0\n'
config 'bad.yaml:1: model: there are no layers' 'model: []\n'
config "bad.yaml:3: layer must be flatten, dense, dropout, conv2d, max_pool2d or average_pool2d, not 'dance'" \
    'model:\n  - {layer: flatten}\n  - {layer: dance, units: 10}\n'
config 'bad.yaml:2: not valid YAML' 'train: {epochs: 3\nmodel: [\n'
fails 2 "nothing.yaml cannot be opened" --data good --config nothing.yaml
fails 2 "optimizer.learning_rate is -1; it must be above 0" --data good --learning-rate -1
fails 2 "data.source is empty" --data ""
printf 'model:\n  - {layer: flatten}\n  - {layer: dense, units: 7, activation: softmax}\n' >seven.yaml
fails 2 "7 units but good has 10 classes; set its units to 10" --data good --config seven.yaml

refuses 1 "cannot be written: Not a directory" train --data good --output good/t10k-labels-idx1-ubyte
refuses 1 "cannot be made: Not a directory" train --data good --output good/t10k-labels-idx1-ubyte/run

# resumes CODE WORDS FILE OPTION...: a folder in which only FILE is left of a run.
resumes() {
    rm -rf run && mkdir run && cp "$3" run/last.h5
    refuses "$1" "$2" train --quiet --resume --output run "${@:4}"
}
resumes 4 "'run/last.h5'" "$runs/truncated.h5"
resumes 4 "damaged: its bytes are not those that were saved" "$runs/flipped.h5"
resumes 4 "'run/last.h5'" "$runs/text.h5"
resumes 4 "'run/last.h5' is empty" "$runs/empty.h5"
if "$python" -c 'import h5py, numpy' 2>/dev/null; then
    cp "$runs/first/last.h5" newer.h5
    "$python" -c 'import h5py, numpy
with h5py.File("newer.h5", "r+") as file:
    file.attrs.modify("schema_version", numpy.int32(99))'
    resumes 4 "schema version 99" newer.h5
fi
resumes 2 "model: layer 2 is" "$runs/first/last.h5" --config seven.yaml
resumes 2 "train.seed is 43, but the run to resume has 42" "$runs/first/last.h5" --seed 43
resumes 2 "holds other data than the run was started with" "$runs/first/last.h5" --data good

# More ranks than images in a batch, or in the set: a warning, and the run goes on.
warns() {
    local words=$1
    shift
    rm -rf out
    works train --quiet --epochs 1 --output out "$@"
    if [ "$ranks" -gt 1 ]; then
        grep -q "^mnist_dist: warning: .*$words" "$err" || fail "$command: no warning: $(cat "$err")"
    fi
    grep -q '^result: ' "$out" || fail "$command: no result"
}
warns "$ranks ranks share a batch of 2" --data good --batch-size 2
warns "$ranks ranks share a batch of 2" --data good --batch-size 2 --reducer exchange
warns "$ranks ranks share 2 training images" --data synthetic:2
finish
