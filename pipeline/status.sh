#!/usr/bin/env bash
# Says what `make all` and `make check` would make again, and because of which file: status.sh MAKE OUT.
set -euo pipefail
make=$1 out=$2
quick=$([ "$out" = build/quick ] && echo QUICK=1 || true)
# make itself knows best: a dry run that explains each decision.
plan=$("$make" --dry-run --debug=b --no-print-directory $quick all "$out/ledger.tsv" 2>&1) || {
    tail -n 3 <<<"$plan" >&2
    exit 1
}
remade=$(sed -nE "s/^ *Must remake target '([^']*)'\.$/\1/p" <<<"$plan" | grep -vxE 'all|check' | sort -u || true)
if [ -z "$remade" ]; then
    echo "everything is up to date"
    exit 0
fi
# The causes: targets that are missing, or older than a file that is not itself made again. The rest follows from them.
causes=$(sed -nE \
    -e "s/^ *Prerequisite '([^']*)' is newer than target '([^']*)'\.$/\2\t\1/p" \
    -e "s/^ *File '([^']*)' does not exist\.$/\1\t-/p" <<<"$plan" |
    awk -F'\t' 'NR == FNR { remade[$1]; next } ($1 in remade) && !($2 in remade)' <(printf '%s\n' "$remade") - | sort -u)
awk -F'\t' '{ printf "stale: %-44s %s\n", $1, $2 == "-" ? "because it is missing" : "because " $2 " is newer" }' <<<"$causes"
follows=$(comm -23 <(printf '%s\n' "$remade") <(cut -f1 <<<"$causes" | sort -u))
if [ -n "$follows" ]; then
    echo "and what follows from these:"
    sed 's/^/  /' <<<"$follows"
fi
