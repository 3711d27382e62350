#!/usr/bin/env bash
# Says what `make all` and `make check` would make again, and because of which file: status.sh MAKE OUT.
set -euo pipefail
make=$1 out=$2
quick=$([ "$out" = build/quick ] && echo QUICK=1 || true)
# make itself knows best: a dry run that explains each decision.
plan=$("$make" --dry-run --debug=b --no-print-directory $quick all "$out/ledger.tsv" 2>&1) || { printf '%s\n' "$plan" | tail -n 3 >&2; exit 1; }
reasons=$(sed -nE \
    -e "s/^ *Prerequisite '([^']*)' is newer than target '([^']*)'\.$/\2\t\1 is newer/p" \
    -e "s/^ *File '([^']*)' does not exist\.$/\1\tit is missing/p" <<<"$plan" |
    grep -vE '^(all|check|FORCE)\b' || true)
if [ -z "$reasons" ]; then
    echo "everything is up to date"
    exit 0
fi
# What is only made again because something before it is: named after the causes, without reasons of its own.
awk -F'\t' '!seen[$1]++ { printf "stale: %-44s because %s\n", $1, $2 }' <<<"$reasons"
again=$(sed -nE "s/^ *Must remake target '([^']*)'\.$/\1/p" <<<"$plan" | grep -vE '^(all|check)$' | sort -u |
    comm -23 - <(cut -f1 <<<"$reasons" | sort -u))
if [ -n "$again" ]; then
    echo "and what follows from these:"
    sed 's/^/  /' <<<"$again"
fi
