#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Reports on a reader's own files: make margins, make router, with names and options that mean something to shells, TeX and gnuplot.
# Speaks TAP; run from the project's root when the programs are built. TeX takes some seconds for each.
source tests/support/tap.sh || exit 1
margins() { run env -u DUMP2 -u OPTIONS "$@" pipeline/own.sh margins build/bin/moegeom "$tmp/own"; }
router() { run env -u LAYER -u ACTIVE -u OPTIONS "$@" pipeline/own.sh router build/bin/moegeom "$tmp/own"; }
words() { pdftotext -layout "$tmp/own/$1.pdf" - | tr -s ' \n' ' '; }

# logits SEED LAYERS ROWS EXPERTS: as text, by the generator of Park and Miller.
logits() {
    awk -v s="$1" -v layers="$2" -v rows="$3" -v n="$4" 'BEGIN {
        printf "layer"; for (e = 0; e < n; e++) printf ",e%d", e; print ""
        for (l = 0; l < layers; l++) for (r = 0; r < rows; r++) {
            printf "%d", l
            for (e = 0; e < n; e++) { s = s * 16807 % 2147483647; printf ",%.7f", 4 * s / 2147483647 - 2 }
            print "" } }'
}

# ---- What is missing

run env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory margins ACTIVE=8
[ $status = 2 ] && [ ! -s "$tmp/out" ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q 'make margins DUMP=' "$tmp/err"
report $? "no dump: one line says how to name it"
run env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory margins DUMP=logits.npy
[ $status = 2 ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q 'ACTIVE=' "$tmp/err"
report $? "no number of experts: one line says how to give it"
run env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory router
[ $status = 2 ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q 'make router ROUTER=' "$tmp/err"
report $? "no checkpoint: one line says how to name it"
margins DUMP="$tmp/not there.csv" ACTIVE=2
[ $status = 2 ] && [ ! -e "$tmp/own/margins.pdf" ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q 'not there.csv' "$tmp/err"
report $? "a dump that is not there: its name, and no report"

# ---- Margins

name="$tmp/50% of_my \$x^2 #1 & {~}\\.csv"
logits 1 3 300 8 >"$name"
awk -F, -v OFS=, 'NR > 1 { for (i = 2; i <= NF; i++) $i += 0.05 * sin(NR * i) } 1' "$name" >"$tmp/other.csv"
margins DUMP="$name" DUMP2="$tmp/other.csv" ACTIVE=2 OPTIONS="--cast 'bf16,e5m1,e4m2,int3,int4,int5,int6,fp16' --noise 0.1"
[ $status = 0 ] && [ "$(cat "$tmp/out")" = "$tmp/own/margins.pdf" ] && [ -s "$tmp/own/margins.json" ]
report $? "three layers, two dumps, eight casts: a report"
# The name may be broken over lines, which TeX does without a hyphen.
words margins | tr -d ' ' | grep -qF "50%of_my\$x^2#1&{~}\\.csv"
report $? "it shows a name full of special characters"
changed=$(grep -o '"between_dumps": *{"observed": *[0-9.]*' "$tmp/own/margins.json" | head -n 3 |
    awk -F: '{ s += $NF / 3 } END { r = 100 * s; printf (r >= 9.995 ? "%.1f" : "%.2f"), r }')
words margins | grep -qF "select different experts in $changed"
report $? "it says how many rows differ between the dumps, as the JSON does"
[ "$(words margins | grep -oE 'Layer by layer|What to do about it|the other dump|int6|e4m2' | sort -u | wc -l)" = 5 ]
report $? "all sections and all casts are there"

{ echo layer,a,b,c; for l in 1 2 3; do printf "$l,3,1,0\n$l,1,3,0\n$l,0,3,1\n"; done; } >"$tmp/same.csv"
margins DUMP="$tmp/same.csv" ACTIVE=1
[ $status = 0 ] && [ "$(cat "$tmp/out")" = "$tmp/own/margins.pdf" ]
report $? "the same gap in all rows of all layers"

printf '0,1\n2,3\n1,2\n4,5\n' | sed '1i a,b' >"$tmp/ids.csv"
printf '0,1\n2,4\n1,2\n5,4\n' | sed '1i a,b' >"$tmp/ids2.csv"
margins DUMP="$tmp/ids.csv" DUMP2="$tmp/ids2.csv" ACTIVE=2 OPTIONS=--choices
[ $status = 0 ] && words margins | grep -qF 'select different experts in 25.0' && ! words margins | grep -q 'What is measured'
report $? "numbers of experts: changes alone, nothing about margins"

margins DUMP="$tmp/ids.csv" ACTIVE=2 OPTIONS='--cast bf17x'
[ $status = 1 ] && grep -q bf17x "$tmp/err" && [ -s "$tmp/own/margins.pdf" ]
report $? "an option that is refused: the message, and the report before stays"

# ---- Routers

# numbers NUMBER ...: little-endian 32-bit floats of -2, -1, 0, 1, 2 and 3.
numbers() {
    local -A bytes=([-2]='\0\0\0\300' [-1]='\0\0\200\277' [0]='\0\0\0\0' [1]='\0\0\200\77' [2]='\0\0\0\100' [3]='\0\0\100\100')
    local x
    for x; do printf "${bytes[$x]}"; done
}
# checkpoint NAME: two gates of four experts and three inputs; in the second, experts 1 and 3 are equal.
checkpoint() {
    local gate='"dtype":"F32","shape":[4,3],"data_offsets"'
    local header="{\"model.layers.0.mlp.gate.weight\":{$gate:[0,48]},\"model.layers.1.mlp.gate.weight\":{$gate:[48,96]}}"
    {
        printf "\\$(printf %o ${#header})\0\0\0\0\0\0\0%s" "$header"
        numbers 1 0 0 0 2 0 0 0 3 -1 -1 -2 1 0 2 0 2 1 0 -1 3 0 2 1
    } >"$1"
}
mkdir "$tmp/a_b 100%"
checkpoint "$tmp/a_b 100%/model.safetensors"
router ROUTER="$tmp/a_b 100%" ACTIVE=2
[ $status = 0 ] && words router | tr -d ' ' | grep -qF 'a_b100%' && words router | grep -qF 'to the last bit: 1 (layer 1)'
report $? "a checkpoint: a report that names the layer with doubled experts"
words router | grep -qF 'Layer 0 in detail' && words router | grep -q 'on the plane through p0 , p1 and p2 exactly [0-9]'
report $? "it counts the sets on the plane of the first layer"
numbers 1 0 0 0 2 0 0 0 3 -1 -1 -2 1 0 2 0 2 1 0 -1 3 0 3 1 >"$tmp/weights"
{ head -c $(($(stat -c %s "$tmp/a_b 100%/model.safetensors") - 96)) "$tmp/a_b 100%/model.safetensors"; cat "$tmp/weights"; } >"$tmp/two.safetensors"
router ROUTER="$tmp/two.safetensors" ACTIVE=2
[ $status = 0 ] && words router | grep -qF 'Layer 0 in detail'
report $? "two gates, and no two equal experts"
run env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory router ROUTER="$tmp/\$(shell touch $tmp/run) \$HOME.safetensors"
[ $status = 2 ] && [ ! -e "$tmp/run" ] && grep -qF " \$HOME.safetensors: No such file" "$tmp/err"
report $? "make expands nothing in a name"
router ROUTER="$tmp/a_b 100%" OPTIONS="--seed '1"
[ $status != 0 ] && [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q quote "$tmp/err"
report $? "options with a quote that is not closed: a refusal, and not other options"
router ROUTER="$tmp/a_b 100%" ACTIVE=2 LAYER=1
[ $status = 0 ] && words router | grep -qF 'experts 1 and 3 have identical logits'
report $? "a layer that cannot be drawn: the report says why"
finish
