#!/usr/bin/env bash
# Makes the results of an experiment the reference of `make verify`: bless.sh NAME RESULTS BLESSED.
set -euo pipefail
name=$1 results=$2 blessed=$3
mkdir -p "$blessed"
for file in "$results/$name.csv" "$results/$name".*.csv "$results/$name.claims"; do
    case $file in *.checks.csv | *'*'*) continue ;; esac
    cp "$file" "$blessed/.new" && mv "$blessed/.new" "$blessed/$(basename "$file")"
    echo "blessed $blessed/$(basename "$file")"
done
