#!/usr/bin/env bash
# Draws one figure: figure.sh NAME RESULTS OUT. Writes OUT/NAME.pdf and OUT/NAME.tex, both or none; without the folder that NAME
# may begin with.
set -euo pipefail
script=$1 name=${1##*/} results=$(realpath "$2") out=$3
export TZ=UTC LC_ALL=C.UTF-8
root=$(realpath "$(dirname "$0")/..")
mkdir -p "$out"
scratch=$(mktemp -d "$out/.$name.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# gnuplot ends with status 0 although a file is missing or a column has no number: whatever it says is an error.
if ! (cd "$scratch" && gnuplot -e "name='$name'; results='$results'; style='$root/figures/style.gp'" \
    "$root/figures/$script.gp") 2>"$scratch/messages" || [ -s "$scratch/messages" ]; then
    sed "s|^|figures/$script.gp: |" "$scratch/messages" >&2
    exit 1
fi

# cairo writes the time of day into the PDF and has no switch against it: put a fixed date of the same length there.
date=20000101000000Z
LC_ALL=C sed -i -E "s/(\/CreationDate \(D:)[0-9]{14}Z\)/\1$date)/" "$scratch/$name.pdf"
LC_ALL=C grep -aqF "/CreationDate (D:$date)" "$scratch/$name.pdf" ||
    { echo "figures/$script.gp: cannot fix the date in the PDF" >&2; exit 1; }
mv "$scratch/$name.pdf" "$out/$name.pdf"
mv "$scratch/$name.tex" "$out/$name.tex"
