#!/usr/bin/env bash
# Builds the report twice, in two folders whose paths differ in length and with different -j, and compares the PDFs:
# reproduce.sh MAKE.
set -euo pipefail
make=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
first=$scratch/a second=$scratch/a-much-longer/path/with/more/folders
pipeline/copy.sh "$first"
pipeline/copy.sh "$second"
build() { # FOLDER JOBS THREADS
    echo "reproduce: building in $1 with -j$2, $3 threads"
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL "$make" -C "$1" -j"$2" THREADS="$3" all >"$1.log" 2>&1 ||
        { tail -n 20 "$1.log" >&2; exit 1; }
}
build "$first" 1 1
build "$second" 4 3
if cmp "$first/build/report.pdf" "$second/build/report.pdf"; then
    echo "reproduce: the two reports are identical, $(stat -c %s "$first/build/report.pdf") bytes, sha256" \
        "$(sha256sum <"$first/build/report.pdf" | cut -c1-16)..."
else
    echo "reproduce: the two reports differ" >&2
    exit 1
fi
