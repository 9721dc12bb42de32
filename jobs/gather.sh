#!/usr/bin/env bash
# gather.sh DIR: the `result:` lines that sweep.sbatch left in DIR as one table, best first. Tasks
# without a result yet are named on stderr.
set -euo pipefail
export LC_ALL=C # decimal points, and one order of sorting, whatever the user's locale

if [ $# != 1 ] || [ ! -d "$1" ]; then
    echo "usage: gather.sh DIR, the output folder of sweep.sbatch, as runs/sweep-JOBID" >&2
    exit 2
fi

# A row of key=value words per task: its combination, then its result.
rows=''
for out in "$1"/*.out; do
    name=$(basename "$out" .out)
    result=$(grep '^result: ' "$out" | tail -n 1) || true
    if [ "$result" ]; then
        rows+="${name//,/ } ${result#result: }"$'\n'
    elif [ -e "$out" ]; then
        echo "gather.sh: no result yet: $name" >&2
    fi
done
if [ -z "$rows" ]; then
    echo "gather.sh: no result lines in $1" >&2
    exit 1
fi

awk -v columns="val_accuracy val_loss learning_rate batch_size seed epochs steps seconds weights" '
    function row(cells) {
        for (i = 1; i <= n; i++)
            printf i < n ? "%-14s" : "%s\n", cells[name[i]]
    }
    BEGIN {
        n = split(columns, name)
        for (i in name)
            cell[name[i]] = name[i]
        row(cell)
    }
    {
        delete cell
        for (i = 1; i <= NF; i++) {
            equals = index($i, "=")
            cell[substr($i, 1, equals - 1)] = substr($i, equals + 1)
        }
        row(cell)
    }' <(printf %s "$rows") | { read -r header && echo "$header" && sort -k1,1gr -k2,2g; }
