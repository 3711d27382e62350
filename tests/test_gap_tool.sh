#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# moegeom gap from the outside: numbers of parameters and dumps, status, messages. Speaks TAP; run from the project's root
# when build/bin/moegeom is built.
source tests/support/tap.sh || exit 1
moegeom=build/bin/moegeom

# gap ARGUMENT ...: moegeom gap with its status, standard output and standard error.
gap() { run "$moegeom" gap "$@"; }

# value NAME: what stands behind the name, in text or in JSON (the first of that name).
value() {
    if grep -q '^{' "$tmp/out"; then
        sed -E "s/.*[{ ]\"$1\": (\{\"value\": )?\"?([^\",}]*).*/\2/; q" "$tmp/out"
    else
        awk -v name="$1" '$1 == name { print $2; exit }' "$tmp/out"
    fi
}

# near VALUE WANTED TOLERANCE: whether a number is near another.
near() { awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { d = a - b; exit !(a ~ /^[-0-9]/ && (d < 0 ? -d : d) <= t) }'; }

# refuses STATUS WHAT TEXT -- ARGUMENT ...: ends so, says the text in its only line, and prints no result.
refuses() {
    local want=$1 what=$2 text=$3
    shift 4
    gap "$@"
    [ $status = "$want" ] && [ ! -s "$tmp/out" ] && [ "$(grep -vc ' note: ' "$tmp/err")" = 1 ] && grep -qF -- "$text" "$tmp/err"
    report $? "status $want: $what"
}

# ---- Parameters: numbers known by other means

# (2 ln 2 - 1) phi(0) tau for b = 0, c = 1; at tau = 1e-6 the gap is that up to 1e-13.
gap --slope 1 --tangent 1 --tau 1e-6
[ $status = 0 ] && near "$(value law)" 1.541092e-07 1e-12 && near "$(value exact)" 1.541092e-07 1e-12 &&
    near "$(value proven)" 1.541092e-07 1e-12 && [ ! -s "$tmp/err" ]
report $? "a Gaussian layer: law, exact gap and proven bound"
# The gate is 1/2 everywhere: E[D^2] / 4.
gap --slope 2 --along 1 --tangent 3 --offset -0.7 --tau 1e9 --json
[ $status = 0 ] && near "$(value exact)" 1 1e-8 && [ "$(wc -l <"$tmp/out")" = 1 ]
report $? "a Gaussian layer, hot: a quarter of the mean square"
gap --slope 2 --along 1 --tangent 3 --offset 1.5 --gap 0.01 --json
tau=$(value exact) proven=$(value proven) law=$(value law)
gap --slope 2 --along 1 --tangent 3 --offset 1.5 --tau "$tau" --json
near "$(value exact)" 0.01 1e-12
report $? "the exact temperature gives the tolerance back"
gap --slope 2 --along 1 --tangent 3 --offset 1.5 --tau "$proven" --json
awk -v a="$(value exact)" 'BEGIN { exit !(a > 0.005 && a <= 0.01) }' && near "$law" "$tau" "0.002"
report $? "the proven temperature keeps it, and the law is near"
gap --slope 1 --tangent 1 --gap 1 --json
[ $status = 0 ] && [ "$(value exact)" = unlimited ] && [ "$(value error)" = null ]
report $? "a tolerance that nothing exceeds: unlimited"
gap --slope 1 --along 1 --gap 0.001
[ $status = 0 ] && [ "$(value law)" = unlimited ] && near "$(value exact)" 0.23 0.03
report $? "a jump that vanishes at the interface has no first-order law"
# For alpha = 1: 8 * 63, 4 (ln 64 + 1 - 1/64) and 4 (ln 64 - 1 + 1/64).
gap --experts 64 --alpha 1 --constant 1 --bound-outputs 1 --bound-targets 1 --tau 1
[ $status = 0 ] && near "$(value paper)" 504 1e-9 && near "$(value sharp)" 20.5730 1e-4 && near "$(value realisable)" 12.698 1e-3
report $? "the uniform bounds of 64 experts"
[ "$(cut -d ' ' -f 1 "$tmp/out" | tr '\n' ' ')" = "sharp realisable paper " ] && grep -qE '^sharp .* bound of \|L_tau - L_0\|' "$tmp/out"
report $? "the first line is the least bound of |L_tau - L_0|"
gap --experts 64 --alpha 1 --constant 1 --bound-outputs 1 --gap 0.1
[ "$(cut -d ' ' -f 1 "$tmp/out" | tr '\n' ' ')" = "sharp realisable paper " ] && [ "$(grep -c '  *tau by the .*bound of ' "$tmp/out")" = 3 ] &&
    grep -qF 'tau by the least bound of |L_tau - L_0| for every such router' "$tmp/out"
report $? "with --gap the lines speak of temperatures"
# Targets of 0 and two experts: 4 J_1 = 2.
gap --experts 2 --alpha 1 --constant 1 --bound-outputs 1 --bound-targets 0 --tau 1 --json
[ $status = 0 ] && near "$(value paper)" 4 1e-9 && near "$(value sharp)" 2 1e-11 && near "$(value realisable)" 0.772588722240 1e-11
report $? "bounds for targets of 0"
# The temperatures of a tolerance, put back.
for name in paper sharp realisable; do
    gap --experts 7 --alpha 0.7 --constant 3 --bound-outputs 2 --bound-targets 5 --gap 0.01 --json
    tau=$(value $name)
    gap --experts 7 --alpha 0.7 --constant 3 --bound-outputs 2 --bound-targets 5 --tau "$tau" --json
    near "$(value $name)" 0.01 1e-13
    report $? "the temperature of the bound «$name» gives the tolerance back"
done
# 4 (1 + 3) Gamma(3) tau^2 = 0.02 for tau^2 = 0.000625.
gap --experts 2 --alpha 2 --constant 1 --bound-outputs 1 --bound-targets 3 --gap 0.02
[ $status = 0 ] && near "$(value paper)" 0.025 1e-12
report $? "the temperature of Theorem 4.5 for alpha = 2"
gap --slope 2 --tangent 1 --bound-outputs 1 --tau 1
[ $status = 0 ] && near "$(value paper)" 3.19154 1e-5
report $? "the uniform bounds beside a Gaussian layer"

# ---- Dumps

# Four rows by hand: h_0 = 1, 3, 0, 2; at tau = 1 the second gate is 1/(1 + e), 1/(1 + e^2), 1/(1 + e^4), 1/2.
printf '1,0\n0,2\n4,0\n1,1\n' >"$tmp/logits.csv"
printf 'first,second\n1,0\n-1,3\n0,0\n2,0\n' >"$tmp/outputs.csv"
printf '1\n3\n0\n1\n' >"$tmp/targets.csv"
dump=(--logits "$tmp/logits.csv" --outputs "$tmp/outputs.csv")
gap "${dump[@]}" --json
[ $status = 0 ] && near "$(value observed)" 0.3249197 1e-6 && grep -qF '"rows": 4, "experts": 2, "dimension": 1, "ties": 1' "$tmp/out" &&
    [ "$(value tau)" = 1 ]
report $? "a dump of four rows, tau = 1 by default"
gap "${dump[@]}" --targets "$tmp/targets.csv"
# The tie's row: |1 - 1|^2 - |1 - 2|^2 = -1.
[ $status = 0 ] && near "$(head -n 1 "$tmp/out" | cut -d ' ' -f 1)" -0.1750803 1e-6 && grep -q '^L_tau - L_0:' "$tmp/out"
report $? "with targets: the risk, first"
gap "${dump[@]}" --gap 0.1
[ $status = 0 ] && [ "$(value observed)" = 0 ] && grep -q 'note: no temperature is cold enough: exact ties alone make a gap of 0.25' "$tmp/err"
report $? "ties that no temperature cures are said"
gap "${dump[@]}" --gap 0.26 --json
tau=$(value observed)
gap "${dump[@]}" --tau "$tau" --json
near "$(value observed)" 0.26 1e-5
report $? "the temperature of a dump gives the tolerance back"

awk 'BEGIN { for (i = 0; i < 3; i++) { p = (i + 1) / 5; printf "%.17g,%.17g\n", p, 1 - p } }' >"$tmp/p.csv"
awk 'BEGIN { for (i = 0; i < 3; i++) { p = (i + 1) / 5; printf "%.17g,%.17g\n", log(p), log(1 - p) } }' >"$tmp/log.csv"
printf '1,2\n3,4\n5,7\n' >"$tmp/f.csv"
gap --logits "$tmp/p.csv" --outputs "$tmp/f.csv" --tau 0.7
cp "$tmp/out" "$tmp/first"
[ $status = 0 ] && grep -q 'note: the rows of .*p.csv sum to 1: taken for probabilities, and their logarithms for logits' "$tmp/err"
report $? "probabilities are noted"
gap --logits "$tmp/log.csv" --outputs "$tmp/f.csv" --tau 0.7
[ $status = 0 ] && ! grep -q probabilities "$tmp/err" && cmp -s "$tmp/out" "$tmp/first"
report $? "and their logarithms give the same"
awk 'BEGIN { for (i = 0; i < 20; i++) { p = (i + 1) / 25; printf "%.17g,%.17g\n", p, (i == 7 ? 1.5 : 1) - p; print "1,2" > "'"$tmp/f20.csv"'" } }' >"$tmp/p20.csv"
gap --logits "$tmp/p20.csv" --outputs "$tmp/f20.csv"
grep -qF "note: 19 of 20 rows of $tmp/p20.csv sum to 1, but row 7 (from 0) does not: taken for logits" "$tmp/err"
report $? "probabilities with one row that does not sum to 1 are noted"

# A Gaussian layer of 20,000 rows by awk: slope 2, offset 0.3, jump 0.4 s + 0.9 t; against the exact gap within 4 errors.
awk -v out="$tmp" 'BEGIN { srand(7); for (i = 0; i < 20000; i++) {
    r = sqrt(-2 * log(1 - rand())); a = 6.283185307179586 * rand(); s = r * cos(a); t = r * sin(a);
    d = 0.4 * s + 0.9 * t; l = 2 * (s - 0.3); printf "%.17g,%.17g\n", l / 2, -l / 2 >out "/gl.csv"
    printf "%.17g,%.17g\n", d / 2, -d / 2 >out "/gf.csv"; printf "%.17g\n", (l >= 0 ? d : -d) / 2 >out "/gy.csv" } }'
gap --slope 2 --offset 0.3 --along 0.4 --tangent 0.81 --tau 0.1 --json
exact=$(value exact)
gap --logits "$tmp/gl.csv" --outputs "$tmp/gf.csv" --targets "$tmp/gy.csv" --tau 0.1 --json
error=$(sed -E 's/.*"risk": \{"observed": \{"value": [^,]*, "error": ([^}]*)\}.*/\1/' "$tmp/out")
[ $status = 0 ] && near "$(value observed)" "$exact" "$(awk -v e="$error" 'BEGIN { print 4 * e }')" &&
    awk -v e="$error" -v x="$exact" 'BEGIN { exit !(e > 0 && e < 0.2 * x) }'
report $? "a Gaussian dump: observed within 4 errors of the exact gap"
z=$(grep -oE '"z": [^,]*' "$tmp/out" | cut -d ' ' -f 2 | tr '\n' ' ')
[ "$(wc -w <<<"$z")" = 2 ] && awk -v z="$z" 'BEGIN { n = split(z, a, " "); for (i = 1; i <= n; i++) if (a[i] > 4 || a[i] < -4) exit 1 }'
report $? "a Gaussian dump: observed and predicted agree, z below 4"

# The same rows: the law with 0.02 of exact ties, and what a law with targets says, against the definition.
gap --logits "$tmp/gl.csv" --outputs "$tmp/gf.csv" --targets "$tmp/gy.csv" --gap 0.01 --json
[ $status = 0 ] && [ "$(value answer)" = observed ] && [ "$(value carrying_rows | cut -d . -f 1)" -ge 100 ] && ! grep -q observed "$tmp/err" &&
    awk -v t="$(value observed)" -v e="$(value error)" 'BEGIN { exit !(e > 0.01 * t && e < 0.2 * t) }'
report $? "enough rows: what is observed answers, without a note on it"
awk -F , 'NR % 50 == 0 { print "0,0"; next } { print }' "$tmp/gl.csv" >"$tmp/tied.csv"
gap --logits "$tmp/tied.csv" --outputs "$tmp/gf.csv" --tau 0.02 --json
slope=$(sed -E 's/.*"slope": \{"value": ([^,]*),.*/\1/' "$tmp/out")
ties=$(sed -E 's/.*"square": .*"ties": ([^,]*),.*/\1/' "$tmp/out")
gap --logits "$tmp/tied.csv" --outputs "$tmp/gf.csv" --gap 0.01 --json
near "$(value law)" "$(awk -v t="$ties" -v s="$slope" 'BEGIN { print (0.01 - t) / s }')" 1e-6 && awk -v t="$ties" 'BEGIN { exit !(t > 0.003) }'
report $? "exact ties leave the law the rest of the tolerance"
# Targets that the losers meet: ties lower the risk, and so does the law (T' < 0, slope < 0).
awk -F , '{ print ($1 > $2 || $1 == $2 ? -1 : 1) * 3 }' "$tmp/tied.csv" >"$tmp/away.csv"
awk 'BEGIN { for (i = 0; i < 20000; i++) print "0.5,-0.5" }' >"$tmp/half.csv"
gap --logits "$tmp/tied.csv" --outputs "$tmp/half.csv" --targets "$tmp/away.csv" --tau 0.02 --json
slope=$(sed -E 's/.*"risk": .*"slope": \{"value": ([^,]*),.*/\1/' "$tmp/out") ties=$(sed -E 's/.*"risk": .*"ties": ([^,]*),.*/\1/' "$tmp/out")
gap --logits "$tmp/tied.csv" --outputs "$tmp/half.csv" --targets "$tmp/away.csv" --gap 0.1 --json
awk -v t="$ties" -v s="$slope" 'BEGIN { exit !(t < -0.05 && s < -1) }' &&
    near "$(value law)" "$(awk -v t="$ties" -v s="$slope" 'BEGIN { print (0.1 + t) / -s }')" 1e-6 &&
    near "$(value law)" "$(value observed)" 0.003
report $? "a risk that falls: the law's temperature is that of -0.1"
# Only the rows with a tie are pulled away: T' < 0, slope > 0, and the law starts at T' and has the way up to the tolerance.
awk -F , '{ print ($1 == $2 ? -3 : ($1 > $2 ? 0.5 : -0.5)) }' "$tmp/tied.csv" >"$tmp/up.csv"
gap --logits "$tmp/tied.csv" --outputs "$tmp/half.csv" --targets "$tmp/up.csv" --tau 0.02 --json
slope=$(sed -E 's/.*"risk": .*"slope": \{"value": ([^,]*),.*/\1/' "$tmp/out") ties=$(sed -E 's/.*"risk": .*"ties": ([^,]*),.*/\1/' "$tmp/out")
gap --logits "$tmp/tied.csv" --outputs "$tmp/half.csv" --targets "$tmp/up.csv" --gap 0.0655 --json
awk -v t="$ties" -v s="$slope" 'BEGIN { exit !(t < -0.05 && s > 0.05) }' &&
    near "$(value law)" "$(awk -v t="$ties" -v s="$slope" 'BEGIN { print (0.0655 - t) / s }')" 1e-5 && near "$(value law)" "$(value observed)" 1
report $? "ties that lower the risk and a law that raises it"

# ---- Few rows near ties

# 2000 rows of the same layer, for a tolerance that about one row near a tie carries.
for name in l f y; do head -n 2000 "$tmp/g$name.csv" >"$tmp/s$name.csv"; done
few=(--logits "$tmp/sl.csv" --outputs "$tmp/sf.csv")
gap --slope 2 --offset 0.3 --along 0.4 --tangent 0.81 --gap 1e-5 --json
exact=$(value exact)
gap "${few[@]}" --gap 1e-5
[ $status = 0 ] && [ "$(head -n 1 "$tmp/out" | cut -d ' ' -f 1)" = law ] && near "$(value law)" "$exact" "$(awk -v x="$exact" 'BEGIN { print x / 2 }')" &&
    grep -qE '^observed .* of this sample only ' "$tmp/out" && grep -qE '^error  *undefined ' "$tmp/out" && grep -qE '^bound .* in this sample only' "$tmp/out"
report $? "too few rows near ties: the first line is the law's, and right"
grep -qE 'note: the observed temperature is carried by [0-9.]+ of the rows near ties, fewer than 30: it is of this sample only, and the first line is that of the law; about [0-9.e+]+ rows would do' "$tmp/err" &&
    grep -qE 'note: the bound is carried by [0-9.]+ of the rows near ties, fewer than 30: .*rows would do' "$tmp/err"
report $? "and a note says how many would be needed"
gap "${few[@]}" --gap 1e-5 --json
[ "$(value answer)" = law ] && [ "$(value error)" = null ] && near "$(value carrying_rows)" 10 20 && near "$(value bound_rows)" 10 20
report $? "and so does the JSON object"
gap "${few[@]}" --tau 1e-4
[ $status = 0 ] && head -n 1 "$tmp/out" | grep -q 'of this sample only: too few rows near ties carry it' &&
    grep -qE 'no z \(too few rows near ties: [0-9.]+\)' "$tmp/out" && ! grep -q 'z =' "$tmp/out" && grep -q 'the observed gap is carried by' "$tmp/err"
report $? "a cold temperature: no z"
gap "${few[@]}" --tau 1e-4 --json
[ "$(value z)" = null ] && grep -qE '"carrying_rows": [0-9.]+' "$tmp/out" && grep -qF '"z_note": "too few rows near ties: ' "$tmp/out"
report $? "and none in the JSON object, which has the number of rows"
gap "${few[@]}" --tau 5
[ $status = 0 ] && grep -qF 'no z (beyond the window of the law)' "$tmp/out" && [ ! -s "$tmp/err" ]
report $? "a warm temperature: no z, either"
gap "${few[@]}" --tau 5 --json
[ "$(value z)" = null ] && grep -qF '"z_note": "beyond the window of the law"' "$tmp/out"
report $? "and none in the JSON object"

# ---- What is not a number, or has no limit

for what in "--tau 1" "--gap 0.01" "--tau 1e-9" "--gap 100"; do
    good=0
    for files in "1 1,0 2,3" "1 0,0 1,3" "3 1,0 0.5,0.5" "3 0,0 0.5,0.5"; do
        read -r rows logits outputs <<<"$files"
        yes "$logits" | head -n "$rows" >"$tmp/el.csv"
        yes "$outputs" | head -n "$rows" >"$tmp/ef.csv"
        for form in "" --json; do
            # shellcheck disable=SC2086 # words of their own
            gap --logits "$tmp/el.csv" --outputs "$tmp/ef.csv" $what $form
            [ $status = 0 ] && ! grep -qiE '(^|[^a-z])-?(nan|inf)' "$tmp/out" "$tmp/err" && [ -s "$tmp/out" ] || good=1
        done
    done
    report $good "one row, ties alone, equal outputs: $what has no nan and no inf"
done
gap --logits "$tmp/el.csv" --outputs "$tmp/ef.csv" --gap 0.01
[ "$(value observed)" = unlimited ] && [ "$(value law)" = unlimited ] && [ ! -s "$tmp/err" ]
report $? "equal outputs: no limit, and no note"

# ---- Tables of pandas

{ echo 0,1 && cat "$tmp/logits.csv"; } >"$tmp/named.csv"
awk 'BEGIN { print ",e0,e1" } { print NR - 1 "," $0 }' <(tail -n +2 "$tmp/outputs.csv") >"$tmp/indexed.csv"
awk 'BEGIN { print ",y" } { print NR - 1 "," $0 }' "$tmp/targets.csv" >"$tmp/yindexed.csv"
gap "${dump[@]}" --targets "$tmp/targets.csv"
cp "$tmp/out" "$tmp/first"
gap --logits "$tmp/named.csv" --outputs "$tmp/indexed.csv" --targets "$tmp/yindexed.csv"
[ $status = 0 ] && cmp -s "$tmp/out" "$tmp/first" && grep -qF "note: $tmp/named.csv: its first line, 0,1,2,..., is taken for a header" "$tmp/err" &&
    [ "$(grep -c 'csv: its first line is taken for a header, and its first column, which has no name, for an index' "$tmp/err")" = 2 ]
report $? "headers of numbers and index columns are left out, with a note"

# ---- Refusals

refuses 1 "nothing is asked" "expected a dump (--logits, --outputs), a Gaussian layer" --
refuses 1 "several ways at once" "found several" -- --logits a --outputs b --slope 1 --tangent 1
refuses 1 "--tau and --gap" "expected --tau or --gap, found both" -- "${dump[@]}" --tau 1 --gap 1
refuses 1 "neither" "expected --tau T or --gap G" -- --slope 1 --tangent 1
refuses 1 "half a dump" "expected --logits and --outputs" -- --logits "$tmp/logits.csv"
refuses 1 "half a layer" "expected --slope, and --tangent or --along" -- --slope 1 --tau 1
refuses 1 "half a class" "expected all of --experts, --alpha, --constant and --bound-outputs" -- --experts 3 --tau 1
refuses 1 "bounds of a dump" "go without a dump" -- "${dump[@]}" --bound-outputs 1
refuses 1 "no number" "--tau expects a positive number, found «cold»" -- "${dump[@]}" --tau cold
refuses 1 "temperature 0" "--tau expects a positive number, found «0»" -- "${dump[@]}" --tau 0
refuses 1 "infinite temperature" "--tau expects a positive number, found «inf»" -- "${dump[@]}" --tau inf
refuses 1 "offset too far" "--offset expects a number from -8 to 8, found «9»" -- --slope 1 --tangent 1 --tau 1 --offset 9
refuses 1 "an argument" "expected options alone, found «x»" -- "${dump[@]}" x
refuses 1 "an option twice" "--gap is given twice" -- "${dump[@]}" --gap 1 --gap=2
refuses 1 "an option twice, shortened" "--outputs is given twice" -- "${dump[@]}" --out x
[ $status = 1 ] && gap --json --gap 1 --experts 2 --alpha 1 --constant 1 --bound-outputs 1 && [ $status = 0 ]
report $? "options in any order, each once"
refuses 1 "an unknown option" "unknown option --temperature" -- --temperature 1

printf '1,0\n0,2\n4,0\n' >"$tmp/short.csv"
refuses 2 "another number of rows" "$tmp/short.csv: expected 4 rows, as in $tmp/logits.csv, found 3" -- --logits "$tmp/logits.csv" --outputs "$tmp/short.csv"
printf '1,0,1\n0,2,1\n4,0,1\n1,1,1\n' >"$tmp/wide.csv"
refuses 2 "another number of experts" "$tmp/wide.csv: expected the shape (rows, experts) or (rows, experts, dim) with 2 experts, found (4, 3)" -- \
    --logits "$tmp/logits.csv" --outputs "$tmp/wide.csv"
cp "$tmp/logits.csv" "$tmp/f2.csv"
refuses 2 "targets of another dimension" "$tmp/f2.csv: expected targets of dimension 1, as the outputs', found the shape (4, 2)" -- \
    "${dump[@]}" --targets "$tmp/f2.csv"
printf '1,0\n0,nan\n' >"$tmp/nan.csv"
refuses 2 "NaN" "$tmp/nan.csv:2: row 1 (from 0): expected a finite number, found «nan»" -- --logits "$tmp/nan.csv" --outputs "$tmp/outputs.csv"
refuses 2 "ragged rows" "$tmp/ragged.csv:3: row 1 (from 0): expected 2 cells, found 1" -- \
    --logits "$(printf 'a,b\n1,0\n0\n' >"$tmp/ragged.csv" && echo "$tmp/ragged.csv")" --outputs "$tmp/outputs.csv"
refuses 2 "no file" "cannot read $tmp/none.npy: No such file or directory" -- --logits "$tmp/none.npy" --outputs "$tmp/outputs.csv"
printf '\x93NUMPY\x01\x00\x30\x00%s' "{'descr': '|O', 'fortran_order': False, 'shape': " >"$tmp/objects.npy"
refuses 2 "objects" "$tmp/objects.npy: byte 20: expected a type of binary floating point" -- --logits "$tmp/objects.npy" --outputs "$tmp/outputs.csv"
printf '1e200,0\n0,2\n4,0\n1,1\n' >"$tmp/huge.csv"
refuses 2 "outputs whose powers overflow" "$tmp/huge.csv: row 0 (from 0): expected numbers of at most 1e+70 in absolute value, found 1e+200" -- \
    --logits "$tmp/logits.csv" --outputs "$tmp/huge.csv"
printf '1\n3\n-1e200\n1\n' >"$tmp/hugey.csv"
refuses 2 "targets whose powers overflow" "$tmp/hugey.csv: row 2 (from 0): expected numbers of at most 1e+70 in absolute value, found -1e+200" -- \
    "${dump[@]}" --targets "$tmp/hugey.csv"
printf 'PK\003\004x' >"$tmp/x.npz"
refuses 2 "a .npz" "$tmp/x.npz: format not read: expected .npy, .safetensors or CSV text, found a zip archive" -- --logits "$tmp/x.npz" --outputs "$tmp/outputs.csv"

gap --help
[ $status = 0 ] && grep -q -- '--outputs FILE' "$tmp/out" && grep -q 'dimension of the inputs does not enter' "$tmp/out" &&
    [ "$(grep -c '  Example: moegeom gap ' "$tmp/out")" = 3 ] && grep -q 'not the winner alone' "$tmp/out" && grep -q 'top-1' "$tmp/out" &&
    grep -q 'comes from a scan' "$tmp/out" && [ ! -s "$tmp/err" ]
report $? "--help"
command="$moegeom --help"
"$moegeom" --help >"$tmp/out" 2>"$tmp/err"
grep -q '^  gap  ' "$tmp/out"
report $? "moegeom --help lists it"
command="$moegeom gap >/dev/full"
"$moegeom" gap "${dump[@]}" >/dev/full 2>"$tmp/err"
status=$?
[ $status = 4 ] && grep -q 'cannot write to standard output' "$tmp/err"
report $? "status 4: the disk is full"

finish
