#!/usr/bin/env bash
# Prints the targets of the Makefile: what stands behind `##`.
set -euo pipefail
echo "usage: make [TARGET ...] [QUICK=1] [THREADS=n] [CC=gcc|clang]"
echo
sed -nE 's/^([a-zA-Z_-]+):[^#]*## (.*)$/\1\t\2/p; s/^\$\(.*\): ([a-z]+)-%:.*## [a-z]+-NAME: (.*)$/\1-NAME\t\2/p' "$1" |
    awk -F'\t' '{ printf "  %-14s %s\n", $1, $2 }'
echo
echo "NAME is an experiment or a figure of 'make list'. QUICK=1 builds everything with smaller sizes under build/quick."
