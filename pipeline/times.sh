#!/usr/bin/env bash
# Runs every experiment at full size and collects wall time and memory: times.sh TABLE EXPERIMENT ... The table is kept
# in data/ and printed by the report, so that the report's bytes do not depend on the speed of the machine.
set -euo pipefail
table=$1
shift
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
field() { sed -nE "s/.*\"$2\": \"?([^\",]*)\"?,?/\1/p" "$1" | head -1; }
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1 | tr -d ',')
{
    echo "# wall time and peak memory of each experiment at its full size, measured by make times"
    echo "experiment,wall_seconds,peak_memory_mib,cores,processor"
    for experiment in "$@"; do
        "build/bin/$experiment" --out "$results"
        meta=$results/$experiment.meta.json
        awk -v e="$experiment" -v w="$(field "$meta" wall_seconds)" -v m="$(field "$meta" peak_memory_kib)" \
            -v n="$(nproc)" -v c="$cpu" 'BEGIN { printf "%s,%.2f,%.0f,%d,%s\n", e, w, m / 1024, n, c }'
    done
} >"$table.tmp"
mv "$table.tmp" "$table"
cat "$table"
