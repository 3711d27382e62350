#!/usr/bin/env bash
# A report on the reader's own files: own.sh margins|router PROGRAM FOLDER, with DUMP, DUMP2, ROUTER, LAYER, ACTIVE and OPTIONS from the
# environment, where they may hold anything. Writes FOLDER/KIND.pdf and KIND.json; what they are made of stays in FOLDER/KIND.
set -euo pipefail
kind=$1 program=$2 out=$3/$1
tools=$(dirname "$program")
results=$out/results drawn=$out/figures

# Words as in a shell, quotes and backslashes included, but nothing is run or expanded.
options=()
if [ -n "${OPTIONS:-}" ]; then
    words=$(xargs -n 1 printf '%s\n' <<<"$OPTIONS") # fails at a quote that is not closed
    mapfile -t options <<<"$words"
fi
if [ -n "${ACTIVE:-}" ]; then options+=(--active "$ACTIVE"); fi

rm -rf "$out"
mkdir -p "$results" "$drawn"

draw() {
    local figure
    while read -r figure; do pipeline/figure.sh "own/$figure" "$results" "$drawn"; done
}

margins() {
    local dumps=("$DUMP")
    if [ -n "${DUMP2:-}" ]; then dumps+=("$DUMP2"); fi
    "$program" margins "${options[@]}" --json -- "${dumps[@]}" >"$out/result.json"
    "$tools/own_margins" "$out/result.json" "$DUMP" "${DUMP2:-}" "$results"
    "$tools/own_points" "$out/result.json" "$results" | draw
}

# All gates, and one layer in detail: LAYER, or that of the options, or the first. The report is made without the details where they are
# refused, and says why.
router() {
    local detail=$out/detail.json message='' chosen=()
    if [ -n "${LAYER:-}" ]; then chosen=(--layer "$LAYER"); fi
    "$program" router "${options[@]}" --json -- "$ROUTER" >"$out/result.json"
    if [ ${#chosen[@]} -eq 0 ] && ! grep -q -- --layer <<<"${options[*]}"; then
        layer=$(grep -oE '"layer": *[0-9]+' "$out/result.json" | head -n 1 || true)
        if [ -n "$layer" ]; then chosen=(--layer "${layer##*[: ]}"); fi
    fi
    if ! "$program" router "${options[@]}" "${chosen[@]}" --json --draw "$drawn/picture.pdf" -- "$ROUTER" \
        >"$detail" 2>"$out/message"; then
        message=$(tail -n 1 "$out/message")
    fi
    "$tools/own_router" "$out/result.json" "$detail" "$ROUTER" "$message" "$results" | draw
}

"$kind"
# A figure without anything to draw is not there, and the text asks.
for figure in gaps flips causes gates; do
    printf '\\def\\Own%sDrawn{%d}\n' "${figure^}" "$([ -e "$drawn/$figure.tex" ] && echo 1 || echo 0)"
done >>"$results/own.tex"
printf '\\def\\OwnPicture{%d}\n' "$([ -e "$drawn/picture.pdf" ] && echo 1 || echo 0)" >>"$results/own.tex"
pipeline/typeset.sh "own-$kind" - "$out" "$out.pdf"
mv "$out/result.json" "$out.json"
echo "$out.pdf"
