#!/usr/bin/env bash
# run_readme.sh PROGRAM: every command of jobs/README.md, and its output where that is shown.
# shellcheck source=tests/slurm/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"

mkdir tree
cp -r "$jobs" tree/jobs
mv tree/jobs/README.md tree
MNIST_DIR=unused "$here/../readme/run.py" tree "$(dirname "$MNIST_DIST")" slurm
