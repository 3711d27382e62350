#!/usr/bin/env bash
# Shows the results of one experiment on the terminal: show.sh NAME RESULTS.
set -euo pipefail
name=$1 results=$2
for table in "$results/$name.csv" "$results/$name".*.csv; do
    case $table in *.checks.csv | *'*'*) continue ;; esac
    echo "== $table"
    sed -n 's/^# //p' "$table"
    awk '!/^#/ && n++ < 13' "$table" | column -s, -t
    rows=$(($(grep -vc '^#' "$table") - 1))
    if [ "$rows" -gt 12 ]; then echo "... $rows rows"; fi
done
echo "== $results/$name.claims"
cut -f1-7 "$results/$name.claims" | column -s$'\t' -t
