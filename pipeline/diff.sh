#!/usr/bin/env bash
# Shows how the results of an experiment differ from the reference: diff.sh NAME RESULTS BLESSED.
set -uo pipefail
name=$1 results=$2 blessed=$3
status=0
for file in "$results/$name.csv" "$results/$name".*.csv "$results/$name.claims"; do
    case $file in *.checks.csv | *'*'*) continue ;; esac
    diff -u "$blessed/$(basename "$file")" "$file" || status=1
done
if [ $status -eq 0 ]; then echo "$name: no difference to $blessed"; fi
exit $status
