#!/usr/bin/env bash
# Lists experiments, figures and claims with one line each.
set -euo pipefail
echo "experiments (make exp-NAME)"
for source in experiments/*/*.c; do
    # A long brief is several literals in a row.
    brief=$(tr '\n' ' ' <"$source" | sed -E 's/" +"//g' | sed -nE 's/.*\.brief = +"([^"]*)".*/\1/p')
    printf '  %-26s %s\n' "$(basename "$source" .c)" "$brief"
done
echo "figures (make fig-NAME)"
for script in figures/*.gp; do
    name=$(basename "$script" .gp)
    if [ "$name" != style ]; then printf '  %-26s %s\n' "$name" "$(sed -n '1s/^# *//p' "$script")"; fi
done
echo "claims (data/claims.csv; decided by make check)"
# Statements may be quoted and hold commas: id, then the rest between paper and expected verdict.
grep -v '^#' data/claims.csv | tail -n +2 |
    sed -E 's/^([^,]*),[^,]*,("[^"]*"|[^,]*),("([^"]*)"|([^,]*)),([^,]*),([^,]*)$/\1\t\6\t\4\5/' |
    awk -F'\t' '{ printf "  %-26s %-10s %s\n", $1, $2, $3 }'
