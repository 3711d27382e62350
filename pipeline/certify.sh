#!/usr/bin/env bash
# Writes a certificate for every instance with a known count: certify.sh MOEGEOM INSTANCES CERTIFICATES. The count must be
# the one that INSTANCES/expected.csv gives, and the certificate must pass; what is there already is kept otherwise.
set -euo pipefail
moegeom=$1 instances=$2 certificates=$3
mkdir -p "$certificates"
scratch=$(mktemp -d "$certificates/.new.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
while IFS=, read -r file regions _; do
    case $file in file | '' | '#'*) continue ;; esac
    "$moegeom" count "$instances/$file" --certificate "$scratch/json" >"$scratch/count" 2>/dev/null
    found=$(head -n 1 "$scratch/count")
    [ "$found" = "$regions" ] || { echo "$instances/$file: expected $regions regions, found $found" >&2; exit 1; }
    "$moegeom" verify "$instances/$file" "$scratch/json" >/dev/null
    mv "$scratch/json" "$certificates/$file.json"
done <"$instances/expected.csv"
echo "$(find "$certificates" -name '*.json' | wc -l) certificates in $certificates"
