#!/usr/bin/env bash
# A short life of one rank under valgrind: train, resume, and the commands that read the result.
#   valgrind.sh BINARY
set -euo pipefail
binary=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/support/work.sh
. "$here/support/work.sh"
cd "$work"

# Stacks have to reach down to the caller that valgrind.supp names.
checked() {
    echo "mnist_dist $*"
    valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=99 \
        --num-callers=60 --suppressions="$here/valgrind.supp" "$binary" "$@" </dev/null
}

checked train --data synthetic:300 --output run --epochs 1 --quiet
checked train --data synthetic:300 --output run --epochs 2 --resume --quiet
checked evaluate run/last.h5
checked predict run/last.h5 --index 0
checked predict run/last.h5 --output all.csv
checked plot run/last.h5
checked inspect run/last.h5
checked verify run/last.h5
checked diff run/last.h5 run/last.prev.h5 || [ $? = 1 ]
