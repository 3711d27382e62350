#!/usr/bin/env bash
# Recomputes every experiment into a scratch folder and compares its tables and claims with data/blessed:
# verify.sh EXPERIMENT ... Never touches build/results or data/blessed. Status 1 when anything changed.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
reproduced=0 changed=0
for experiment in "$@"; do
    "build/bin/$experiment" --out "$scratch"
    found=0
    for reference in "data/blessed/$experiment".csv "data/blessed/$experiment".*.csv "data/blessed/$experiment.claims"; do
        [ -e "$reference" ] || continue
        found=1
        new=$scratch/$(basename "$reference")
        if line=$(build/bin/compare "$reference" "$new" 2>&1); then
            reproduced=$((reproduced + 1))
        else
            changed=$((changed + 1))
        fi
        echo "${line/"$scratch/"/}"
    done
    if [ $found -eq 0 ]; then
        echo "Changed    $experiment: data/blessed has no reference; 'make bless-$experiment' makes one"
        changed=$((changed + 1))
    fi
done
echo "$reproduced reproduced, $changed changed"
[ $changed -eq 0 ]
