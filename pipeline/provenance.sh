#!/usr/bin/env bash
# Writes versions of the tools and the table of times as LaTeX: provenance.sh TIMES.csv CC TARGET.
set -euo pipefail
times=$1 cc=$2 target=$3
mkdir -p "$(dirname "$target")"
package() { dpkg-query -W -f='${Version}' "$1" 2>/dev/null || echo unknown; }
{
    echo "\\newcommand{\\versionrows}{%"
    row() { printf '%s & \\texttt{%s}\\\\\n' "$1" "$(sed 's/[_~#&%]/\\&/g; s/\\~/\\string~/g' <<<"$2")"; }
    row "C compiler" "$($cc --version | head -n 1)"
    row "GNU Make" "$(make --version | head -n 1)"
    row "gnuplot" "$(gnuplot --version)"
    row "pdf\\TeX" "$(pdftex --version | head -n 1)"
    for library in libgsl-dev libopenblas-dev libgmp-dev libflint-dev libflint-arb-dev librandom123-dev libjansson-dev \
        libcsv-dev; do
        row "$library" "$(package $library)"
    done
    echo "}"
    echo "\\newcommand{\\timerows}{%"
    grep -v '^#' "$times" | tail -n +2 | awk -F, '{ printf "\\texttt{%s} & %s & %s\\\\\n", $1, $2, $3 }'
    echo "}"
    grep -v '^#' "$times" | tail -n +2 | head -n 1 |
        awk -F, '{ printf "\\newcommand{\\timemachine}{%s, %s cores}\n", $5, $4 }'
} >"$target.tmp"
mv "$target.tmp" "$target"
