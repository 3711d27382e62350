#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# moegeom margins from the outside: numbers of small dumps, formats, outputs, every refusal. Speaks TAP; run from the project's
# root when build/bin/moegeom is built.
source tests/support/tap.sh || exit 1
moegeom=build/bin/moegeom

# margins ARGUMENT ...: moegeom margins with its status, standard output and standard error.
margins() { run "$moegeom" margins "$@"; }

# has TEXT ...: all stand in what was printed.
has() {
    local text
    for text; do grep -qF -- "$text" "$tmp/out" || return 1; done
}

# says TEXT: a note on standard error.
says() { grep -qF -- "note: $1" "$tmp/err"; }

# refuses STATUS WHAT TEXT -- ARGUMENT ...: ends so, says the text in its only line, and prints no result.
refuses() {
    local want=$1 what=$2 text=$3
    shift 4
    margins "$@"
    [ $status = "$want" ] && [ ! -s "$tmp/out" ] && [ "$(grep -vc ' note: ' "$tmp/err")" = 1 ] && grep -qF -- "$text" "$tmp/err"
    report $? "status $want: $what"
}

# octal TYPE: numbers on standard input, as the octal escapes of 32-bit (f4), 16-bit integers (i2) or bytes (u1), little-endian.
octal() {
    awk -v type="$1" '
    function byte(b) { printf "\\0%03o", b }
    function bytes(x, n) { for (; n > 0; n--) { byte(x % 256); x = int(x / 256) } }
    function float(x,   sign, e) {
        if (x == "nan") return 2143289344
        if (x == "inf") return 2139095040
        if (x < 0) { sign = 1; x = -x }
        if (x == 0) return 0
        for (e = 127; x >= 2; e++) x /= 2
        for (; x < 1; e--) x *= 2
        return sign * 2147483648 + e * 8388608 + (x - 1) * 8388608
    }
    { for (i = 1; i <= NF; i++) if (type == "f4") bytes(float($i), 4); else bytes($i, type == "i2" ? 2 : 1) }'
}

# npy FILE TYPE SHAPE: a .npy file of the numbers on standard input.
npy() {
    local head="{'descr': '<$2', 'fortran_order': False, 'shape': ($3), }"
    printf '%b%b' '\0223NUMPY\01\00' "$(printf '%s' $((${#head} + 1)) | octal i2)" >"$1"
    printf '%s\n%b' "$head" "$(octal "$2")" >>"$1"
}

# ---- Numbers that can be told by hand

cd "$(dirname "$0")/.." || exit 1
printf '3,1,0,0\n1,1,0,-1\n0,0.5,2,2.25\n4,0,0,0\n' >"$tmp/four.csv"
margins "$tmp/four.csv" --active 1 --width 0.25,2 --json
[ $status = 0 ] && has '"rows": 4' '"experts": 4' '"active": 1' '"exact_ties": 1' '"gap_quantiles": {"0": 0.0' '"1": 4.0}' \
    '"gap_at_most": {"0.25": {"rate": 0.5, ' '"2": {"rate": 0.75, '
report $? "gaps, ties and shares of four rows"
has '"risky_rows": [{"row": 1, "gap": 0.0, "inside": 0, "outside": 1}, {"row": 2, "gap": 0.25, "inside": 3, "outside": 2}'
report $? "rows at risk, the closest first"
[ "$(wc -l <"$tmp/out")" = 1 ] && has '{"rule": "softmax", "layers": [{"layer": ' '"between_dumps": null' '"notes": ['
report $? "one JSON object on one line"
says '1 rows have an exact tie at rank 1'
report $? "a note of the tie"

# 1 + 2^-10 is 1 in bf16 and not in fp16: a tie, which only the second row's order survives.
printf '1,1.0009765625\n1.0009765625,1\n0,3\n' >"$tmp/round.csv"
margins "$tmp/round.csv" --active 1 --cast bf16,fp16 --noise none --json
[ $status = 0 ] && has '"bf16": {"predicted": ' '"observed": 0.333333333333, ' '"flips": 1, ' '"ties": 2, "moved": 2}' \
    '"fp16": {"predicted": 0.0, "predicted_se": 0.0, "observed": 0.0, ' '"noise": {}'
report $? "flips and ties by rounding"
margins "$tmp/round.csv" --active 1 --cast e8m7,int2,e5m10 --noise none
[ $status = 0 ] && grep -q '^Rounding changes the experts of 33.3 % of rows in e8m7, 33.3 % in int2, 0 % in e5m10$' "$tmp/out"
report $? "formats by their sizes, and the answer first"

# Of one row no error is known, and no density.
printf '0,1,3\n' >"$tmp/one.csv"
margins "$tmp/one.csv" --active 1 --cast fp8-e5m2 --json
[ $status = 0 ] && has '"density_at_zero": null, "density_at_zero_se": null' '"predicted_se": null, "observed": 0.0' '"0.01": {"predicted": '
report $? "one row: no standard errors"

# The first line says by what a layer is the worst, if layers differ.
printf 'layer,a,b\nx,1,1.001\ny,1,3\n' >"$tmp/worst.csv"
margins "$tmp/worst.csv" --active 1 --cast fp32,bf16
[ $status = 0 ] && grep -q '^Rounding changes .* in bf16; layer x is the worst, by predicted flips in ' "$tmp/out"
report $? "the worst layer, and by what"
printf 'layer,a,b\nx,1,3\ny,1,3\n' >"$tmp/even.csv"
margins "$tmp/even.csv" --active 1 --cast bf16
[ $status = 0 ] && grep -q '^Rounding changes the experts of 0 % of rows in bf16$' "$tmp/out"
report $? "no layer is the worst of equals"

# Logits 1.05 times as large: differences that are no independent noise, and nothing changes.
awk 'BEGIN { srand(1); for (i = 0; i < 2000; i++) { for (j = 0; j < 8; j++) { x = 0; for (l = 0; l < 12; l++) x += rand();
    printf "%.9g%s", x - 6, j < 7 ? "," : "\n" } } }' >"$tmp/plain.csv"
awk -F, '{ for (j = 1; j <= NF; j++) printf "%.9g%s", 1.05 * $j, j < NF ? "," : "\n" }' "$tmp/plain.csv" >"$tmp/scaled.csv"
margins "$tmp/plain.csv" "$tmp/scaled.csv" --active 2
[ $status = 0 ] && says 'in 1 of 1 layers the flips between the dumps are more than 4 standard errors from the prediction'
report $? "a note where the difference of two dumps is no noise"

# Two layers of three tokens; the second and the third change, the third in both.
printf 'layer,token,a,b\nx,0,5,0\nx,1,2,0\nx,2,0,2\ny,0,5,0\ny,1,2,0\ny,2,0,2\n' >"$tmp/a.csv"
printf 'layer,token,a,b\nx,0,5,0\nx,1,0,2\nx,2,2,0\ny,0,5,0\ny,1,2,0\ny,2,2,0\n' >"$tmp/b.csv"
margins "$tmp/a.csv" "$tmp/b.csv" --active 1 --cast none --json
[ $status = 0 ] && has '"tokens": {"tokens": 3, "casts": {}, "exact_ties": {"tokens": 0, "rate": 0.0, "layers_per_token": 0.0}, "between_dumps": {"tokens": 2, "rate": 0.666666666667, "layers_per_token": 1.0}}' \
    '"layer": "x"' '"observed": 0.666666666667' '"layer": "y"' '"observed": 0.333333333333' \
    '"layers_at_risk": [{"layer": "x", "measure": "flips between the dumps", "value": 0.666666666667}'
report $? "two dumps: layers, and tokens with a flip in some layer"
margins "$tmp/a.csv" "$tmp/b.csv" --active 1 --cast none
[ $status = 0 ] && grep -q '^The dumps select different experts in 50.0 % of rows, and in some layer for 66.7 % of tokens; layer x is the worst$' "$tmp/out"
report $? "two dumps: the answer first"

# ---- Numbers of experts

printf '0,3\n2,1\n5,4\n' >"$tmp/ids.csv"
printf '3,0\n1,4\n4,5\n' >"$tmp/ids2.csv"
margins "$tmp/ids.csv" "$tmp/ids2.csv" --active 2 --choices
[ $status = 0 ] && has 'in 33.3 % of rows' && says 'numbers of experts tell which rows change, and nothing of margins'
report $? "two dumps of expert numbers: the order in a row does not count"
margins "$tmp/ids.csv" "$tmp/ids2.csv" --active 2 --choices --json --csv "$tmp/ids.out"
[ $status = 0 ] && has '"between_dumps": {"observed": 0.333333333333' '"flips": 1}' '"experts": null' && ! has '"casts": {"bf16' &&
    grep -q '^ids,between_observed,,0.333333333333,' "$tmp/ids.out" && ! grep -q density "$tmp/ids.out"
report $? "two dumps of expert numbers as JSON and CSV: no margins"
refuses 2 "one dump of expert numbers" "numbers of experts support no margins" -- "$tmp/ids.csv" --active 2 --choices
printf '0 3 2 1 5 4' | npy "$tmp/ids.npy" u1 '3, 2'
margins "$tmp/ids.npy" "$tmp/ids2.csv" --active 2 --choices
[ $status = 0 ] && has 'in 33.3 % of rows'
report $? "integers in .npy are expert numbers"
refuses 2 "expert numbers that are not K" "expected the numbers of 3 experts in each row, as --active says, found 2" -- "$tmp/ids.npy" --active 3
printf '9,0,0,5,1\n1,2,3,0,0\n0,1,2,3,4\n' >"$tmp/scores.csv"
printf '0 3 2 1 3 2' | npy "$tmp/chosen.npy" u1 '3, 2'
margins "$tmp/scores.csv" "$tmp/chosen.npy" --active 2 --json
[ $status = 0 ] && has '"between_dumps": {"observed": 0.333333333333' '"noise": null' '"z": null'
report $? "scores, and what another engine selected"
refuses 2 "expert numbers before scores" "expected the dump of scores first" -- "$tmp/chosen.npy" "$tmp/scores.csv" --active 2
printf '0 3 2 1 3 7' | npy "$tmp/chosen.npy" u1 '3, 2'
refuses 2 "the number of no expert" "row 2 (from 0): expected numbers of experts from 0 to 4, as in the first, found 7" -- "$tmp/scores.csv" "$tmp/chosen.npy" --active 2

# ---- Rules

# sigmoid(0) = .5, sigmoid(1) = .731, sigmoid(-1) = .269: the bias of .5 lifts the last expert over the others.
printf '1,0,-1\n1,0,-9\n' >"$tmp/rule.csv"
printf '0,0,0.5\n' >"$tmp/bias.csv"
margins "$tmp/rule.csv" --active 1 --rule sigmoid-bias --bias "$tmp/bias.csv" --json --cast bf16
[ $status = 0 ] && has '"rule": "sigmoid-bias"' '"inside": 2, "outside": 0' '"gap": 0.037882842' '"inside": 0, "outside": 2' '"gap": 0.230935' '"bits": null' '"first_order": null'
report $? "sigmoid and bias"
printf '0\n0\n0.5\n' >"$tmp/bias2.csv"
margins "$tmp/rule.csv" --active 1 --rule sigmoid-bias --bias "$tmp/bias2.csv" --json --cast bf16
[ $status = 0 ] && has '"inside": 2, "outside": 0'
report $? "the bias as a column"
printf 'layer,a,b,c\n0,1,0,-1\n1,1,0,-1\n' >"$tmp/rule2.csv"
printf '0,0,0.5\n0,0,0\n' >"$tmp/bias3.csv"
margins "$tmp/rule2.csv" --active 1 --rule sigmoid-bias --bias "$tmp/bias3.csv" --json --cast none
[ $status = 0 ] && has '"inside": 2, "outside": 0' '"inside": 0, "outside": 1'
report $? "a bias for each layer"
margins "$tmp/rule.csv" --active 1 --rule sqrtsoftplus-bias --bias "$tmp/bias.csv" --cast none
[ $status = 0 ] && has 'the largest sqrt(softplus(logit)) + bias'
report $? "sqrt of softplus and bias"
# The best group is the second, of the expert with 5; of it 5 and 0 are selected, and not the 4 of the first.
printf '4,3,5,0\n' >"$tmp/group.csv"
margins "$tmp/group.csv" --active 1 --rule grouped --groups 2 --kept 1 --json --cast none
[ $status = 0 ] && has '"gap": 1.0' '"inside_group": 1, "outside_group": 0'
report $? "groups: the best expert of each"
margins "$tmp/group.csv" --active 1 --rule topk-softmax --json
[ $status = 0 ] && has '"inside": 2, "outside": 0'
margins "$tmp/group.csv" --active 1 --rule top1-sigmoid --json
[ $status = 0 ] && has '"inside": 2, "outside": 0'
report $? "other names of the largest logits"
printf '0,0,0,0\n' >"$tmp/bias4.csv"
margins "$tmp/group.csv" --active 1 --rule grouped-sigmoid-bias --bias "$tmp/bias4.csv" --groups 2 --kept 1 --json --cast none
[ $status = 0 ] && has '"gap": 0.0294396632155' '"inside": 0, "outside": 1'
report $? "groups: the sum of the two best"

refuses 1 "a hash" "--rule hash: a hash of the token selects and does not look at scores" -- "$tmp/four.csv" --active 1 --rule hash
refuses 1 "an unknown rule" "--rule expects softmax, " -- "$tmp/four.csv" --active 1 --rule best
refuses 1 "a rule without its bias" "--rule sigmoid-bias expects --bias FILE" -- "$tmp/four.csv" --active 1 --rule sigmoid-bias
refuses 1 "a bias without its rule" "--rule softmax takes no --bias" -- "$tmp/four.csv" --active 1 --bias "$tmp/bias.csv"
refuses 1 "groups without their number" "--rule grouped expects --groups G and --kept M" -- "$tmp/four.csv" --active 1 --rule grouped --groups 2
refuses 1 "a number of groups without groups" "takes neither --groups nor --kept" -- "$tmp/four.csv" --active 1 --groups 2
refuses 1 "more groups kept than there are" "--kept expects at most the 2 groups, found 3" -- "$tmp/four.csv" --active 1 --rule grouped --groups 2 --kept 3
refuses 1 "a rule of one expert with two" "--rule top1-sigmoid selects one expert: expected --active 1, found 2" -- "$tmp/four.csv" --active 2 --rule top1-sigmoid
refuses 2 "groups that do not divide the experts" "expected groups of equal size, found 4 experts in 3 groups" -- "$tmp/four.csv" --active 1 --rule grouped --groups 3 --kept 1
refuses 2 "groups of one expert where two count" "expected at least two experts in a group, found one" -- \
    "$tmp/four.csv" --active 1 --rule grouped-sigmoid-bias --bias "$tmp/bias4.csv" --groups 4 --kept 1
refuses 2 "too few experts in the groups kept" "expected at least 3 experts in the groups kept, found 2" -- "$tmp/four.csv" --active 3 --rule grouped --groups 2 --kept 1
refuses 2 "a bias of another length" "bias.csv: expected 4 numbers, one for each expert, or 1 rows of them, one for each layer, found 1 rows of 3" -- \
    "$tmp/four.csv" --active 1 --rule sigmoid-bias --bias "$tmp/bias.csv"
printf '0,0,x,0\n0,0,0,0\n' >"$tmp/bias5.csv"
refuses 2 "a bias that is no number" "bias5.csv" -- "$tmp/four.csv" --active 1 --rule sigmoid-bias --bias "$tmp/bias5.csv"
refuses 2 "a missing bias" "none.csv" -- "$tmp/four.csv" --active 1 --rule sigmoid-bias --bias "$tmp/none.csv"

# ---- Formats

# random ROWS COLUMNS SEED: multiples of 1/64, about normal.
random() {
    awk -v rows="$1" -v columns="$2" -v seed="$3" 'BEGIN {
        for (r = 0; r < rows; r++)
            for (c = 0; c < columns; c++) {
                for (sum = i = 0; i < 4; i++) { seed = (seed * 16807) % 2147483647; sum += seed % 128 }
                printf "%.6f%s", (sum - 254) / 64, c < columns - 1 ? " " : "\n"
            }
    }'
}
random 1200 8 7 >"$tmp/random"
npy "$tmp/random.npy" f4 '2, 600, 8' <"$tmp/random"
awk 'BEGIN { print "layer,token,e0,e1,e2,e3,e4,e5,e6,e7" } { gsub(" ", ","); print int((NR - 1) / 600) "," (NR - 1) % 600 "," $0 }' "$tmp/random" >"$tmp/random.csv"
mkdir "$tmp/folder"
head -n 600 "$tmp/random" | npy "$tmp/folder/0.npy" f4 '600, 8'
tail -n 600 "$tmp/random" | tr ' ' ',' >"$tmp/folder/1.csv"
head='{"layers.0.logits": {"dtype": "F32", "shape": [600, 8], "data_offsets": [0, 19200]}, "layers.1.logits": {"dtype": "F32", "shape": [600, 8], "data_offsets": [19200, 38400]}}'
{
    printf '%b' "$(printf '%s 0 0 0' ${#head} | octal i2)"
    printf '%s%b' "$head" "$(octal f4 <"$tmp/random")"
} >"$tmp/random.safetensors"
# Names of layers differ.
plain() { sed -E 's/"layer": "[^"]*"/"layer": ""/g' "$tmp/out"; }
margins "$tmp/random.npy" --active 2 --json
[ $status = 0 ] && has '"rows": 600' '"experts": 8'
report $? ".npy of two layers"
want=$(plain)
for dump in random.csv folder random.safetensors; do
    margins "$tmp/$dump" --active 2 --json
    [ $status = 0 ] && [ "$(plain)" = "$want" ]
    report $? "the same numbers from $dump"
done
margins "$tmp/random.safetensors:layers.1.logits" --active 2 --json
[ $status = 0 ] && has '"layer": "layers.1.logits"' && ! has '"layers.0.logits"' 
report $? "one tensor of several"
margins "$tmp/random.npy" --active 2 --json --threads 3
[ "$(plain)" = "$want" ]
report $? "the same numbers from three threads"
# The same numbers with a column more in the second layer, and a row less: no tokens.
tail -n 599 "$tmp/random" | sed 's/$/ -9/; s/ /,/g' >"$tmp/folder/1.csv"
margins "$tmp/folder" --active 2 --json
[ $status = 0 ] && has '"rows": 600, "experts": 8' '"rows": 599, "experts": 9' '"tokens": null' && says 'layers have different numbers of rows'
report $? "layers of different sizes: no tokens"
margins "$tmp/folder" --active 2
[ $status = 0 ] && has '2 layers of different numbers of rows, 2 of 8 to 9 experts selected: the largest logits'
report $? "layers of different sizes as text"

# Probabilities: the same gaps as from the logits 0, 1, 2, up to the digits written.
printf '0.09003057317,0.24472847105,0.66524095577\n0.66524095577,0.09003057317,0.24472847105\n' >"$tmp/prob.csv"
margins "$tmp/prob.csv" --active 1 --json --cast none
[ $status = 0 ] && grep -qE '"gap": (1\.0000000|0\.9999999)' "$tmp/out" && says "the rows of $tmp/prob.csv sum to 1: taken for probabilities, and their logarithms for logits"
report $? "probabilities"
margins "$tmp/prob.csv" --active 1 --json --cast none --scores logits
[ $status = 0 ] && has '"gap": 0.42051' && ! grep -q probabilities "$tmp/err"
report $? "probabilities, said to be logits"
refuses 2 "probabilities under a sigmoid" "expected logits for the rule sigmoid-bias, found probabilities" -- "$tmp/prob.csv" --active 1 --rule sigmoid-bias --bias "$tmp/bias.csv"
refuses 2 "logits, said to be probabilities" "row 0 (from 0, of 4)" -- "$tmp/four.csv" --active 1 --scores probabilities

# ---- Outputs

margins "$tmp/random.npy" --active 2 --csv "$tmp/out.csv" --cast bf16,int4 --noise 0.1 --width 0.5
[ $status = 0 ] && [ "$(head -n 1 "$tmp/out.csv")" = layer,quantity,parameter,value,error ] &&
    [ "$(grep -c '^0,gap_quantile,' "$tmp/out.csv")" = 9 ] && grep -qE '^1,cast_observed,int4,[0-9.e-]+,[0-9.e-]+$' "$tmp/out.csv" &&
    grep -qE '^1,noise_predicted,0.1,[0-9.e-]+,[0-9.e-]+$' "$tmp/out.csv" && grep -qE '^,tokens_with_flip,int4,[0-9.]+,$' "$tmp/out.csv" &&
    [ "$(awk -F, 'NF != 5' "$tmp/out.csv" | wc -l)" = 0 ]
report $? "CSV: five columns"
[ "$(awk 'length > 100' "$tmp/out" | wc -l)" -le 1 ]
report $? "text: lines of 100 characters, but for the answer"
if command -v gnuplot >"$tmp/gnuplot"; then
    margins "$tmp/random.npy" --active 2 --plot "$tmp/p.svg"
    [ $status = 0 ] && grep -q '<svg' "$tmp/p.svg" && grep -q '</svg>' "$tmp/p.svg" && grep -q 'fp8-e5m2' "$tmp/p.svg"
    report $? "a picture as .svg"
    margins "$tmp/random.npy" "$tmp/random.csv" --active 2 --plot "$tmp/p.pdf" --json
    [ $status = 0 ] && [ "$(head -c 4 "$tmp/p.pdf")" = %PDF ] && [ "$(head -c 1 "$tmp/out")" = '{' ]
    report $? "a picture as .pdf, and JSON"
    margins "$tmp/ids.csv" "$tmp/ids2.csv" --active 2 --choices --plot "$tmp/p.svg" --cast none
    [ $status = 0 ] && grep -q 'two dumps' "$tmp/p.svg"
    report $? "a picture of expert numbers"
    margins "$tmp/four.csv" --active 1 --cast none --noise none --plot "$tmp/q.svg"
    [ $status = 0 ] && grep -q '</svg>' "$tmp/q.svg"
    report $? "a picture of gaps alone"
    printf '1,1\n2,2\n' >"$tmp/ties.csv"
    margins "$tmp/ties.csv" --active 1 --plot "$tmp/q.svg"
    [ $status = 0 ] && grep -q '</svg>' "$tmp/q.svg"
    report $? "a picture of nothing but ties"
    margins "$tmp/one.csv" --active 1 --plot "$tmp/q.svg"
    [ $status = 0 ] && grep -q '</svg>' "$tmp/q.svg"
    report $? "a picture of one row"
    run bash -c "moegeom=\$PWD/$moegeom; cd $tmp && \$moegeom margins four.csv --active 1 --plot '|touch touched;.svg'"
    [ $status = 0 ] && [ ! -e "$tmp/touched" ] && grep -q '</svg>' "$tmp/|touch touched;.svg"
    report $? "a picture whose name is no command to gnuplot"
fi
# More than a pipe holds, for a shell that ends without reading it.
awk 'BEGIN { print "layer,a,b"; for (l = 0; l < 800; l++) for (r = 1; r <= 25; r++) printf "%d,%d,0\n", l, r }' >"$tmp/curves.csv"
mkdir "$tmp/none"
run env PATH="$tmp/none" "$moegeom" margins "$tmp/curves.csv" --active 1 --plot "$tmp/r.svg"
[ $status = 4 ] && grep -q 'is the package gnuplot-nox installed' "$tmp/err" && [ ! -e "$tmp/r.svg" ]
report $? "no gnuplot: a message"
mkdir "$tmp/files"
for i in {1..150}; do cp "$tmp/round.csv" "$tmp/files/$i.csv"; done
run bash -c "ulimit -Sn 100; $moegeom margins $tmp/files --active 1 --json"
[ $status = 0 ] && has '"layer": "1"' '"layer": "150"'
report $? "more files than a process may have open at first"
printf 'x' >"$tmp/file"
refuses 4 "a table below a file" "cannot" -- "$tmp/four.csv" --active 1 --csv "$tmp/file/out.csv"
refuses 4 "a picture below a file" "could not draw $tmp/file/out.svg" -- "$tmp/four.csv" --active 1 --plot "$tmp/file/out.svg"
refuses 1 "a picture of another kind" "--plot expects a name that ends in .svg or .pdf" -- "$tmp/four.csv" --active 1 --plot "$tmp/out.png"
run bash -c "$moegeom margins $tmp/four.csv --active 1 >/dev/full"
[ $status = 4 ] && grep -q 'cannot write to standard output' "$tmp/err"
report $? "status 4: a full disk"
[ -z "$(find "$tmp" -name '*.tmp')" ]
report $? "no file is left half-written"

# ---- Memory

# All zeros, and so all ties; the file takes no room on most disks.
head="{'descr': '<f4', 'fortran_order': False, 'shape': (2097152, 64), }"
printf '%b%b%s\n' '\0223NUMPY\01\00' "$(printf '%s' $((${#head} + 1)) | octal i2)" "$head" >"$tmp/zeros.npy"
if truncate -s $((10 + ${#head} + 1 + 536870912)) "$tmp/zeros.npy" 2>"$tmp/err"; then
    run bash -c "ulimit -v 393216; OMP_STACKSIZE=1M exec $moegeom margins $tmp/zeros.npy --active 8 --cast none --noise none --threads 2 --json"
    [ $status = 0 ] && has '"rows": 2097152' '"exact_ties": 2097152'
    report $? "512 MiB in 384 MiB of addresses"
fi
truncate -s 10000 "$tmp/zeros.npy"
refuses 2 "a file that is cut short" "zeros.npy" -- "$tmp/zeros.npy" --active 8

# ---- Bad input

refuses 2 "a missing file" "none.npy" -- "$tmp/none.npy" --active 1
printf '0,0,.6,.4\n.7,0,0,.3\n0,.5,.5,0\n' >"$tmp/weights.csv"
refuses 2 "weights in place of scores" "expected the scores of all experts, found rows of which all but 2 numbers are equal" -- "$tmp/weights.csv" --active 2
refuses 2 "fewer experts than K + 1" "expected scores of at least 5 experts, one more than are selected, found 4" -- "$tmp/four.csv" --active 4
printf '1 2 3 4 5 nan' | npy "$tmp/bad.npy" f4 '3, 2'
refuses 2 "NaN" "row 2 (from 0, of 3), column 1 (from 0): expected a finite number, found NaN" -- "$tmp/bad.npy" --active 1
printf '1 2 inf 4 5 6' | npy "$tmp/bad.npy" f4 '3, 2'
refuses 2 "an infinity" "row 1 (from 0, of 3), column 0 (from 0): expected a finite number" -- "$tmp/bad.npy" --active 1
printf '1,2\n1,nan\n' >"$tmp/bad.csv"
refuses 2 "NaN in a text" "bad.csv" -- "$tmp/bad.csv" --active 1
printf '1,2\n1,2,3\n' >"$tmp/bad.csv"
refuses 2 "ragged rows" "bad.csv" -- "$tmp/bad.csv" --active 1
: >"$tmp/bad.csv"
refuses 2 "an empty file" "bad.csv" -- "$tmp/bad.csv" --active 1
printf '1 2 3 4' | npy "$tmp/bad.npy" f4 '3, 2'
refuses 2 "a file shorter than its shape" "bad.npy" -- "$tmp/bad.npy" --active 1
printf '\100\0\0\0\0\0\0\0{"a": ' >"$tmp/bad.safetensors"
refuses 2 "a broken header" "bad.safetensors" -- "$tmp/bad.safetensors" --active 1
refuses 2 "no such tensor" "random.safetensors" -- "$tmp/random.safetensors:layers.7.logits" --active 1
refuses 2 "another number of layers" "b.csv: expected 1 layers, as in $tmp/four.csv, found 2" -- "$tmp/four.csv" "$tmp/b.csv" --active 1
refuses 2 "another number of rows" "round.csv: layer «round»: expected 4 rows, as in $tmp/four.csv, found 3" -- "$tmp/four.csv" "$tmp/round.csv" --active 1
printf '1,0\n1,0\n1,0\n1,0\n' >"$tmp/two.csv"
refuses 2 "another number of experts" "two.csv: layer «two»: expected 4 experts, as in $tmp/four.csv, found 2" -- "$tmp/four.csv" "$tmp/two.csv" --active 1
printf '1 2 3 nan' | npy "$tmp/bad.npy" f4 '2, 2'
printf '1,2\n3,4\n' >"$tmp/good.csv"
refuses 2 "NaN in the second dump" "bad.npy: layer " -- "$tmp/good.csv" "$tmp/bad.npy" --active 1

# A name with a line end, a quote, a comma and a byte that is no UTF-8.
printf 'layer,a,b\n"x\033[1m,""\377",1,4\n"x\033[1m,""\377",3,4\n' >"$tmp/name.csv"
margins "$tmp/name.csv" --active 1 --json --cast none --csv "$tmp/name.out"
[ $status = 0 ] && has '"layer": "x\\x1B[1m,\"\\xFF"' && grep -qF '"x\x1B[1m,""\xFF",rows,,2,' "$tmp/name.out"
report $? "a strange name of a layer as JSON and CSV"
margins "$tmp/name.csv" --active 1 --cast none
[ $status = 0 ] && has 'x\x1B[1m,"' && ! grep -q '[^ -~]' "$tmp/out"
report $? "a strange name of a layer as text"

# ---- Usage

margins --help
[ $status = 0 ] && has 'Usage: moegeom margins DUMP [DUMP2] --active K' '--risky M' && [ "$(awk 'length > 120' "$tmp/out" | wc -l)" = 0 ] && [ ! -s "$tmp/err" ]
report $? "--help"
cp "$tmp/four.csv" "$tmp/own.csv"
ln -s own.csv "$tmp/link.csv"
refuses 1 "an output that is the dump" "expected another file to write than the input $tmp/link.csv" -- "$tmp/link.csv" --active 1 --csv "$tmp/own.csv"
cmp -s "$tmp/own.csv" "$tmp/four.csv"
report $? "the dump is left as it was"
refuses 1 "an output that is the second dump" "than the input $tmp/own.csv" -- "$tmp/four.csv" "$tmp/own.csv" --active 1 --csv "$tmp/own.csv"
refuses 1 "two outputs of one name" "found $tmp/o.svg twice" -- "$tmp/four.csv" --active 1 --csv "$tmp/o.svg" --plot "$tmp/o.svg"
refuses 1 "an output without a name" "expected the name of a file to write" -- "$tmp/four.csv" --active 1 --csv ''
npy "$tmp/long.npy" f2 '4294967296, 2' </dev/null
truncate -s +17179869184 "$tmp/long.npy"
refuses 3 "more rows than are counted" "at most 4294967295 fit, found 4294967296: split the dump" -- "$tmp/long.npy" --active 1
rm "$tmp/long.npy"
refuses 1 "no dump" "expected a dump of router logits" -- --active 1
refuses 1 "three dumps" "expected one dump or two, found «c» after them" -- a b c --active 1
refuses 1 "no K" "expected --active K" -- "$tmp/four.csv"
refuses 1 "K of zero" "--active expects an integer from 1" -- "$tmp/four.csv" --active 0
refuses 1 "an unknown format" "found «bf17»" -- "$tmp/four.csv" --active 1 --cast bf16,bf17
refuses 1 "a format twice" "--cast has bf16 twice" -- "$tmp/four.csv" --active 1 --cast bf16,int4,bf16
refuses 1 "an empty format" "--cast expects" -- "$tmp/four.csv" --active 1 --cast bf16,
refuses 1 "too many formats" "--cast expects at most 16 entries" -- "$tmp/four.csv" --active 1 --cast int2,int3,int4,int5,int6,int7,int8,int9,int10,int11,int12,int13,int14,int15,int16,int17,int18
refuses 1 "noise of zero" "--noise expects a number from 1e-30" -- "$tmp/four.csv" --active 1 --noise 0
refuses 1 "a negative width" "--width expects a number from 0" -- "$tmp/four.csv" --active 1 --width -1
refuses 1 "a width twice" "--width has 1 twice" -- "$tmp/four.csv" --active 1 --width 1,1
refuses 1 "a target that no bits are counted for" "--target expects a number from 1e-12 to 0.1, found «0.5»" -- "$tmp/four.csv" --active 1 --target 0.5
refuses 1 "a target of zero" "--target expects a number" -- "$tmp/four.csv" --active 1 --target 0
refuses 1 "too many risks" "--risky expects an integer from 0 to 64" -- "$tmp/four.csv" --active 1 --risky 65
refuses 1 "an unknown kind of scores" "--scores expects logits or probabilities, found «x»" -- "$tmp/four.csv" --active 1 --scores x
refuses 1 "no threads" "--threads expects" -- "$tmp/four.csv" --active 1 --threads 0
refuses 1 "an option twice" "--json is given twice" -- "$tmp/four.csv" --active 1 --json --json
refuses 1 "an unknown option" "unknown option" -- "$tmp/four.csv" --active 1 --jason
margins "$tmp/four.csv" --active 1 --risky 0
[ $status = 0 ] && ! has 'Rows closest'
report $? "--risky 0 lists none"
margins "$tmp/random.npy" --active 2 --target 0.05 --json
[ $status = 0 ] && has '"bits": {"target": 0.05, "floating": '
report $? "--target"
# What explains the changes between two dumps: 200 rows, of which the second dump is the first in bf16, but for one row.
awk 'BEGIN { srand(3); for (r = 0; r < 400; r++) { s = ""; for (e = 0; e < 8; e++) s = s (e ? "," : "") rand(); print s } }' >"$tmp/fine.csv"
awk -F, -v OFS=, '{ for (i = 1; i <= NF; i++) { e = 1; while ($i < e / 2) e /= 2; u = e / 32; $i = int($i / u + .5) * u } if (NR == 7) $2 = 2; print }' "$tmp/fine.csv" >"$tmp/coarse.csv"
margins "$tmp/fine.csv" "$tmp/coarse.csv" --active 2 --cast e8m4,fp16 --noise none
changed=$(sed -nE 's/^Of the ([0-9]+) rows that change.*/\1/p' "$tmp/out")
[ "$status" = 0 ] && [ "${changed:-0}" -gt 3 ] && grep -qF "$((changed - 1)) by e8m4, 0 by fp16." "$tmp/out"
report $? "a cast explains the changes of the rows that it rounds, and no others"
tac "$tmp/fine.csv" >"$tmp/turned.csv"
margins "$tmp/fine.csv" "$tmp/turned.csv" --active 2 --cast none --noise none
grep -qF 'are these the same tokens in the same order' "$tmp/err"
report $? "rows in another order are asked about"

finish
