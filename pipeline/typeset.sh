#!/usr/bin/env bash
# Typesets the report or one figure: typeset.sh report - OUT TARGET, typeset.sh figure NAME OUT TARGET.
# Always in a fresh folder, so that nothing of an interrupted run is read; checks the log before the PDF gets its name.
set -euo pipefail
kind=$1 name=$2 out=$3 target=$4
scratch=$(mktemp -d)
export max_print_line=1000 # TeX breaks the lines of its log otherwise, in the middle of what is searched below
trap 'rm -rf "$scratch"' EXIT

# Two macros tell the document what to read and where.
printf '\\def\\outfolder{%s}\\def\\thefigurename{%s}\\def\\thecommit{%s}\n' "$out" "$name" \
    "${MOEGEOM_COMMIT:-unknown}" >"$scratch/job.tex"
TEXINPUTS=".:paper:$scratch:" latexmk -pdf -silent -interaction=nonstopmode -halt-on-error -file-line-error \
    -outdir="$scratch" -jobname="$kind" "paper/$kind.tex" >"$scratch/messages" 2>&1 || {
    grep -hE '^(!|[^ ]+\.(tex|sty):[0-9]+:|LaTeX Error)' "$scratch/messages" "$scratch/$kind.log" | head -20 >&2
    echo "typeset: paper/$kind.tex does not compile" >&2
    exit 1
}

log=$scratch/$kind.log
# What is not fit to be the report is kept beside it, so that the fault can be looked at.
fail() {
    mkdir -p "$(dirname "$target")"
    cp "$scratch/$kind.pdf" "${target%.pdf}.rejected.pdf"
    echo "typeset: $1; see ${target%.pdf}.rejected.pdf" >&2
    exit 1
}
if grep -E 'LaTeX Warning: (Reference|Citation|Label).*(undefined|multiply)|There were undefined' "$log" >&2; then fail "undefined or doubled references"; fi
if grep -E 'Missing character|Font shape .* undefined' "$log" >&2; then fail "a character or a font is missing"; fi
# TeX cannot hide the small ones, and nobody sees them: 2 pt is where an overfull box begins to show.
if awk '/^Overfull/ { gsub(/[()]/, " "); for (i = 1; i < NF; i++) if ($(i + 1) == "too" && $i + 0 > 2) { print; bad = 1 } }
        END { exit !bad }' "$log" >&2; then fail "overfull boxes above 2 pt"; fi
fonts=$(pdffonts "$scratch/$kind.pdf" | tail -n +3)
if grep -q 'Type 3' <<<"$fonts"; then fail "a Type 3 font is used"; fi
if awk '{ if ($(NF - 4) != "yes") bad = 1 } END { exit !bad }' <<<"$fonts"; then fail "a font is not embedded"; fi

mkdir -p "$(dirname "$target")"
cp "$scratch/$kind.pdf" "$target.tmp"
mv "$target.tmp" "$target"
rm -f "${target%.pdf}.rejected.pdf"
