#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The ledger, the comparison and the options of an experiment, from the outside: status, message, and which files changed.
# Speaks TAP; run from the project's root when build/bin/{ledger,compare,boundary-layer} are built.
source tests/support/tap.sh || exit 1
ledger=build/bin/ledger compare=build/bin/compare layer=build/bin/boundary-layer

# has FILE TEXT: whether the text stands in the file, to the letter.
has() { grep -qF -- "$2" "$1"; }

# snapshot FOLDER: names and sums of all files in it.
snapshot() { find "$1" -type f -exec cksum {} + | sort; }

# ---- The ledger

header_listed=id,paper,place,statement,expected,experiment
header_decided=$'id\tverdict\tmethod\tvalue\trelation\tbound\tslack\terror\tevidence'

# decide ID VERDICT [EVIDENCE]: a line of a .claims file.
decide() { printf '%s\t%s\texact\t1\t<=\t2\t1\t0\t%s\n' "$1" "$2" "${3-some evidence}"; }

# Two claims, each decided as it is expected.
good_ledger() {
    rm -rf "$tmp/l"
    mkdir "$tmp/l"
    cat >"$tmp/l/claims.csv" <<-END
	# a comment
	$header_listed
	a/1,first,Table 1,"one, with a comma",holds,exp-a
	b/2,second,Fig. 2,two,amended,exp-b
	END
    { echo "$header_decided"; decide a/1 holds; } >"$tmp/l/exp-a.claims"
    { echo "$header_decided"; decide b/2 amended; } >"$tmp/l/exp-b.claims"
}

check_ledger() { run "$ledger" --check "$tmp/l/claims.csv" "$tmp/l/out" "$tmp"/l/*.claims; }

# wrong WHAT COUNTS TEXT ...: the check fails with these counts and texts on standard output, and writes nothing.
wrong() {
    local what=$1 counts=$2 bad=0 text
    shift 2
    check_ledger
    [ $status = 1 ] && [ "$(tail -n 1 "$tmp/out")" = "ledger: $counts" ] || bad=1
    for text; do has "$tmp/out" "  WRONG: $text" || bad=1; done
    [ "$(grep -c WRONG "$tmp/out")" = $# ] && [ ! -s "$tmp/err" ] && [ ! -e "$tmp/l/out" ] || bad=1
    report $bad "ledger: $what"
}

# refuses STATUS WHAT TEXT ... -- COMMAND ...: one line on standard error with these texts, nothing on standard output.
refuses() {
    local want=$1 what=$2 bad=0 text texts=()
    shift 2
    while [ "$1" != -- ]; do texts+=("$1"); shift; done
    shift
    run "$@"
    [ $status = "$want" ] && [ "$(wc -l <"$tmp/err")" = 1 ] && [ ! -s "$tmp/out" ] || bad=1
    for text in "${texts[@]}"; do has "$tmp/err" "$text" || bad=1; done
    report $bad "$what"
}

good_ledger
check_ledger
[ $status = 0 ] && [ ! -s "$tmp/err" ] && [ "$(tail -n 1 "$tmp/out")" = "ledger: 2 passed, 0 failed" ] &&
    ! has "$tmp/out" WRONG && [ ! -e "$tmp/l/out" ]
report $? "ledger: two good claims pass, nothing is written"

good_ledger; rm "$tmp/l/exp-b.claims"
wrong "undecided claim" "1 passed, 1 failed" "b/2: no experiment decides it (expected: exp-b)"
good_ledger; echo "$header_decided" >"$tmp/l/exp-b.claims"
wrong "experiment without its claim" "1 passed, 1 failed" "b/2: no experiment decides it (expected: exp-b)"
good_ledger; decide c/3 holds >>"$tmp/l/exp-a.claims"
wrong "unlisted claim" "2 passed, 1 failed" "c/3: decided by exp-a but not listed"
good_ledger; { echo "$header_decided"; decide a/1 fails; } >"$tmp/l/exp-a.claims"
wrong "wrong verdict" "1 passed, 1 failed" "a/1: expected «holds», found «fails»"
good_ledger; { echo "$header_decided"; decide a/1 Holds; } >"$tmp/l/exp-a.claims"
wrong "verdicts are compared to the letter" "1 passed, 1 failed" "a/1: expected «holds», found «Holds»"
good_ledger; { echo "$header_decided"; decide a/1 holds ""; } >"$tmp/l/exp-a.claims"
wrong "missing evidence" "1 passed, 1 failed" "a/1: no evidence is given"
good_ledger; echo "a/1,first,Table 1,again,holds,exp-a" >>"$tmp/l/claims.csv"
wrong "claim listed twice" "2 passed, 1 failed" "a/1: the claim is listed twice"
good_ledger; decide a/1 holds >>"$tmp/l/exp-a.claims"
wrong "claim decided twice in one file" "1 passed, 1 failed" "a/1: 2 lines decide it"
good_ledger; decide a/1 holds >>"$tmp/l/exp-b.claims"
wrong "claim decided by two experiments" "1 passed, 1 failed" "a/1: 2 lines decide it"
good_ledger; mv "$tmp/l/exp-a.claims" "$tmp/l/exp-c.claims"
wrong "wrong experiment" "1 passed, 1 failed" "a/1: decided by exp-c, expected from exp-a"
good_ledger; { echo "$header_decided"; decide b/2 holds; decide x/9 holds; } >"$tmp/l/exp-b.claims"
echo "d/4,first,here,four,holds,exp-a" >>"$tmp/l/claims.csv"
wrong "three problems at once" "1 passed, 3 failed" "b/2: expected «amended», found «holds»" \
    "d/4: no experiment decides it" "x/9: decided by exp-b but not listed"

list=$tmp/l/claims.csv
good_ledger; sed -i 's/^id,paper/id,papers/' "$list"
refuses 2 "ledger: malformed header of the list" "$list: expected the column paper, found papers" -- \
    "$ledger" --check "$list" "$tmp/l/out" "$tmp"/l/*.claims
good_ledger; sed -i '3d; 4d; s/,experiment$//' "$list"
refuses 2 "ledger: a column of the list is missing" "$list: expected 6 columns, found 5" -- \
    "$ledger" --check "$list" "$tmp/l/out"
good_ledger; sed -i 's/verdict/verdicts/' "$tmp/l/exp-b.claims"
refuses 2 "ledger: malformed header of an experiment" "exp-b.claims: expected the column verdict, found verdicts" -- \
    "$ledger" --check "$list" "$tmp/l/out" "$tmp"/l/*.claims
good_ledger; printf 'a/9\tholds\n' >>"$tmp/l/exp-b.claims"
refuses 2 "ledger: short line of an experiment" "exp-b.claims:3: expected 9 cells as in the header, found 2" -- \
    "$ledger" --check "$list" "$tmp/l/out" "$tmp"/l/*.claims
good_ledger; echo 'e/5,"open' >>"$list"
refuses 2 "ledger: quote that is never closed" "$list:5: a quote that is never closed" -- \
    "$ledger" --check "$list" "$tmp/l/out" "$tmp"/l/*.claims
good_ledger; : >"$tmp/l/exp-a.claims"
refuses 2 "ledger: empty file of an experiment" "exp-a.claims: expected a header line" -- \
    "$ledger" --check "$list" "$tmp/l/out" "$tmp"/l/*.claims
good_ledger
refuses 4 "ledger: missing list" "cannot read $tmp/l/none.csv" -- \
    "$ledger" --check "$tmp/l/none.csv" "$tmp/l/out" "$tmp"/l/*.claims
refuses 4 "ledger: missing file of an experiment" "cannot read $tmp/l/none.claims" -- \
    "$ledger" --check "$list" "$tmp/l/out" "$tmp/l/exp-a.claims" "$tmp/l/none.claims"
refuses 1 "ledger: no arguments" "usage: ledger" -- "$ledger"
refuses 1 "ledger: no folder" "usage: ledger" -- "$ledger" --check "$list"

good_ledger
echo "c_3,p_1,50 %,x < y & y > z # \$1,untestable,exp-a" >>"$list"
decide c_3 untestable >>"$tmp/l/exp-a.claims"
echo "d/4,first,here,undecided one,fails,exp-d" >>"$list"
run "$ledger" "$list" "$tmp/l/out/deep" "$tmp/l/exp-a.claims" "$tmp/l/exp-b.claims"
printf 'id\tpaper\tplace\texpected\tverdict\tmethod\tslack\texperiment\tevidence
a/1\tfirst\tTable 1\tholds\tholds\texact\t1\texp-a\tsome evidence
b/2\tsecond\tFig. 2\tamended\tamended\texact\t1\texp-b\tsome evidence
c_3\tp_1\t50 %%\tuntestable\tuntestable\texact\t1\texp-a\tsome evidence
d/4\tfirst\there\tfails\t-\t-\t-\t-\t-\n' >"$tmp/want.tsv"
cat >"$tmp/want.tex" <<'END'
% the ledger, from the claims of the experiments
\ledgercounts{4}{1}{1}{0}{1}%
\ledgerrow{a/1}{Table 1}{one, with a comma}{holds}{exact}{exp-a}{1}{\le}{2}%
\ledgerrow{b/2}{Fig. 2}{two}{amended}{exact}{exp-b}{1}{\le}{2}%
\ledgerrow{c_3}{50 \%}{x $<$ y \& y $>$ z \# \$1}{untestable}{exact}{exp-a}{1}{\le}{2}%
\ledgerrow{d/4}{here}{undecided one}{undecided}{}{}{0}{=}{0}%
END
[ $status = 0 ] && [ ! -s "$tmp/err" ] && cmp -s "$tmp/want.tsv" "$tmp/l/out/deep/ledger.tsv"
report $? "ledger: ledger.tsv to the byte"
diff "$tmp/want.tex" "$tmp/l/out/deep/ledger.tex" >"$tmp/err" 2>&1 && [ "$(find "$tmp/l/out" -type f | wc -l)" = 2 ]
report $? "ledger: ledger.tex to the byte, and no other file"
before=$(snapshot "$tmp/l")
refuses 4 "ledger: folder below a file" "claims.csv" "Not a directory" -- \
    "$ledger" "$list" "$list/out" "$tmp/l/exp-a.claims"
[ "$before" = "$(snapshot "$tmp/l")" ]
report $? "ledger: nothing changed then"

# ---- The comparison

# compared STATUS WHAT REFERENCE NEW [SUFFIX] [TEXT]: two texts as files; the one line on standard output.
compared() {
    local want=$1 what=$2 suffix=${5-csv} word=Reproduced bad=0
    printf "$3" >"$tmp/reference.$suffix"
    printf "$4" >"$tmp/new.$suffix"
    run "$compare" "$tmp/reference.$suffix" "$tmp/new.$suffix"
    [ "$want" = 0 ] || word="Changed   "
    [ $status = "$want" ] && [ "$(wc -l <"$tmp/out")" = 1 ] && [ ! -s "$tmp/err" ] || bad=1
    [[ $(<"$tmp/out") == "$word $tmp/new.$suffix"* ]] && has "$tmp/out" "${6-}" || bad=1
    report $bad "compare: $what"
}

compared 0 "the same bytes" 'a,b\n1,x\n' 'a,b\n1,x\n'
compared 0 "comments and line ends do not count" '# one\na,b\n1,x\n' '# other\r\na,b\r\n# two\r\n1,x'
compared 0 "one unit of the last digit, up" 'a\n1.234\n' 'a\n1.235\n'
compared 0 "one unit of the last digit, down, negative" 'a\n-1.234\n' 'a\n-1.235\n'
compared 0 "one unit across a carry" 'a\n0.9999\n' 'a\n1.0000\n'
compared 1 "two units of the last digit" 'a\n1.234\n' 'a\n1.236\n' csv 'line 2, column a: 1.236, the reference has 1.234'
compared 1 "two units, negative" 'a\n-1.234\n' 'a\n-1.232\n'
compared 1 "the sign" 'a\n0.5\n' 'a\n-0.5\n'
compared 0 "one unit around zero" 'a\n0.0\n' 'a\n-0.1\n'
compared 0 "one unit with an exponent" 'a\n1.23e-05\n' 'a\n1.24e-05\n'
compared 1 "two units with an exponent" 'a\n1.23e-05\n' 'a\n1.25e-05\n'
compared 0 "one unit across a power of ten" 'a\n9.99e-05\n' 'a\n1.00e-04\n'
compared 0 "the coarser of two units" 'a\n1.00e-04\n' 'a\n9.91e-05\n'
compared 1 "another exponent" 'a\n1.23e-05\n' 'a\n1.23e-04\n'
compared 1 "two units of a large exponent" 'a\n1.2E+20\n' 'a\n1.4E+20\n'
compared 1 "integers to the letter" 'a\n41\n' 'a\n42\n' csv 'line 2, column a: 42, the reference has 41'
compared 1 "great integers to the letter" 'a\n9007199254740993\n' 'a\n9007199254740992\n'
compared 1 "an integer is no decimal" 'a\n1\n' 'a\n1.0\n'
compared 1 "text to the letter" 'a,b\n1.0,yes\n' 'a,b\n1.0,Yes\n' csv 'line 2, column b: Yes, the reference has yes'
compared 1 "text with a number in it" 'a\n1.5x\n' 'a\n1.6x\n'
compared 1 "not a number" 'a\n1.5\n' 'a\nnan\n'
compared 1 "infinity is no decimal" 'a\n1e5\n' 'a\ninf\n'
compared 1 "the header" 'a,b\n1,2\n' 'a,c\n1,2\n' csv 'line 1, column b: c, the reference has b'
compared 1 "a row less" 'a\n1\n2\n' 'a\n1\n' csv '1 rows of 1 columns, the reference has 2 of 1'
compared 1 "a row more" 'a\n1\n' 'a\n1\n2\n' csv '2 rows of 1 columns, the reference has 1 of 1'
compared 1 "a column more" 'a\n1\n' 'a,b\n1,2\n' csv '1 rows of 2 columns, the reference has 1 of 1'
compared 1 "the line of the file, comments counted" '# c\na\n1\n2\n' '# c\n# d\na\n1\n3\n' csv 'line 5, column a'
compared 1 "the last cell" 'a,b\n1,2\n3,4\n' 'a,b\n1,2\n3,5\n' csv 'line 3, column b'

columns='id\tverdict\tmethod\tvalue\trelation\tbound\tslack\terror\tevidence\n'
claim='c/1\tholds\texact\t1e-16\t<=\t1\t1\t0\tfile\n'
compared 0 "numbers and evidence of claims do not count" "$columns$claim" \
    "$columns"'c/1\tholds\texact\t7e-3\t<=\t9\t5\t4\telsewhere\n' claims
compared 1 "the claim" "$columns$claim" "$columns${claim/c\/1/c/2}" claims 'line 2, column id'
compared 1 "the verdict" "$columns$claim" "$columns${claim/holds/fails}" claims 'line 2, column verdict'
compared 1 "the method" "$columns$claim" "$columns${claim/exact/certified}" claims 'column method'
compared 1 "the relation" "$columns$claim" "$columns${claim/<=/>=}" claims 'column relation'
compared 0 "claims are not quoted" "$columns${claim/file/\"file}" "$columns$claim" claims
compared 1 "a claim more" "$columns$claim" "$columns$claim$claim" claims '2 rows'
compared 1 "a column 'value' of a CSV does count" 'id,value\n1,2\n' 'id,value\n1,3\n'

printf 'a\n1\n' >"$tmp/reference.csv"
printf 'a,b\n1\n' >"$tmp/bad.csv"
refuses 4 "compare: missing file" "cannot read $tmp/none.csv" -- "$compare" "$tmp/reference.csv" "$tmp/none.csv"
refuses 4 "compare: missing reference" "cannot read $tmp/none.csv" -- "$compare" "$tmp/none.csv" "$tmp/reference.csv"
refuses 2 "compare: malformed table" "bad.csv:2:" -- "$compare" "$tmp/reference.csv" "$tmp/bad.csv"
refuses 1 "compare: one argument" "usage: compare" -- "$compare" "$tmp/reference.csv"
refuses 1 "compare: three arguments" "usage: compare" -- "$compare" a b c

# ---- The options of an experiment

# option STATUS WHAT TEXT ARGUMENT ...: one line that begins with the name of the experiment; no file appears or changes.
results=$tmp/results
mkdir "$results"
echo '{"quick": true}' >"$results/boundary-layer.meta.json"
echo old >"$results/boundary-layer.csv"
option() {
    local want=$1 what=$2 text=$3 before after
    shift 3
    before=$(snapshot "$tmp/results"; snapshot build/results 2>/dev/null; snapshot build/quick 2>/dev/null)
    run "$layer" "$@"
    after=$(snapshot "$tmp/results"; snapshot build/results 2>/dev/null; snapshot build/quick 2>/dev/null)
    [ $status = "$want" ] && [ "$(wc -l <"$tmp/err")" = 1 ] && has "$tmp/err" "$text" && [ ! -s "$tmp/out" ] &&
        [[ $(<"$tmp/err") == "boundary-layer: "* ]] && [ "$before" = "$after" ]
    report $? "option: $what"
}

quick=(--quick --out "$results")
option 1 "unknown option" "unknown option --bogus" "${quick[@]}" --bogus
option 1 "unknown option with a value" "unknown option --bogus=3" "${quick[@]}" --bogus=3
option 1 "unknown short option" "unknown option -x" "${quick[@]}" -x
option 1 "unknown short options together" "unknown option -x" "${quick[@]}" -xy
for seed in -1 1.5 "" 18446744073709551616 7x " 7" +7 0x10; do
    option 1 "seed «$seed»" "--seed expects an integer from 0 to 18446744073709551615, found «$seed»" \
        "${quick[@]}" --seed "$seed"
done
for threads in 0 2000 1025 -2 "" two; do
    option 1 "threads «$threads»" "--threads expects an integer from 1 to 1024, found «$threads»" \
        "${quick[@]}" --threads "$threads"
done
for name in seed threads out data; do
    option 1 "--$name without a value" "--$name expects a value" "${quick[@]}" --$name
done
option 1 "extra argument" "unexpected argument more" "${quick[@]}" more
option 1 "extra argument after --" "unexpected argument --quick" "${quick[@]}" -- --quick

echo '{"quick": false}' >"$results/boundary-layer.meta.json"
option 1 "--quick does not overwrite full results" "$results holds full results" "${quick[@]}"
echo '{"quick": true}' >"$results/boundary-layer.meta.json"

option 4 "--out below a file" "Not a directory" --quick --out "$results/boundary-layer.csv/here"
option 4 "--out is a file" "Not a directory" --quick --out "$results/boundary-layer.csv"
option 4 "missing --data" "cannot read $tmp/none/published/table1.csv" "${quick[@]}" --data "$tmp/none"

# published SCRIPT: a copy of the published tables, table 1 changed by sed.
published() {
    rm -rf "$tmp/data"
    mkdir -p "$tmp/data/published"
    cp data/published/*.csv "$tmp/data/published"
    sed -i "$1" "$tmp/data/published/table1.csv"
}
table=$tmp/data/published/table1.csv
published '$d'
option 2 "a row of the published table is missing" "table1.csv: expected 6 rows, found 5" "${quick[@]}" --data "$tmp/data"
published '$p'
option 2 "a row of the published table too many" "table1.csv: expected 6 rows, found 7" "${quick[@]}" --data "$tmp/data"
published '4s/0\.0797/much/'
option 2 "text in a number" "$table:4: expected a number in the column boundary_mass, found «much»" \
    "${quick[@]}" --data "$tmp/data"
published '5s/^[^,]*/nan/'
option 2 "nan in a number" "$table:5: expected a number in the column tau, found «nan»" "${quick[@]}" --data "$tmp/data"
published 's/risk_gap/gap/'
option 2 "a missing column" "$table: expected a column named risk_gap" "${quick[@]}" --data "$tmp/data"
published '6s/,[^,]*$//'
option 2 "a short row" "$table:6: expected 4 cells as in the header, found 3" "${quick[@]}" --data "$tmp/data"
published 'd'
option 2 "an empty table" "$table: expected a header line" "${quick[@]}" --data "$tmp/data"

# A full disk: no file may grow beyond 1 KiB, and the signal for it is ignored.
full_disk() (
    trap '' XFSZ
    ulimit -f 1
    exec "$layer" --quick --out "$results" --threads 1
)
before=$(snapshot "$results")
run full_disk
[ $status = 4 ] && [ "$(wc -l <"$tmp/err")" = 1 ] && has "$tmp/err" "File too large" && [ "$before" = "$(snapshot "$results")" ]
report $? "experiment: a full disk is status 4 and changes no file"

run "$layer" --help
[ $status = 0 ] && [ ! -s "$tmp/err" ] && has "$tmp/out" "usage: boundary-layer"
report $? "option: --help"

# The whole run; seeds up to 2^64 - 1 are good, which a run that must fail later shows quickly.
option 4 "the greatest seed is accepted" "cannot read" "${quick[@]}" --seed 18446744073709551615 --data "$tmp/none"
option 4 "the greatest number of threads is accepted" "cannot read" "${quick[@]}" --threads 1024 --data "$tmp/none"
run "$layer" "${quick[@]}" --threads 2
[ $status = 0 ] && [ ! -s "$tmp/err" ] && [ ! -s "$tmp/out" ] && [ -z "$(find "$results" -name '*.tmp*')" ] &&
    has "$results/boundary-layer.meta.json" '"quick": true' && has "$results/boundary-layer.d" published/table1.csv
report $? "experiment: a quick run is silent and leaves no temporary file"
cp -r "$results" "$tmp/two"
run "$layer" "${quick[@]}" --threads 1
for file in csv checks.csv law.csv curves.csv claims tex rows.tex; do
    cmp "$results/boundary-layer.$file" "$tmp/two/boundary-layer.$file" >>"$tmp/err" 2>&1 || status=1
done
[ $status = 0 ]
report $? "experiment: one thread gives the bytes of two"

finish
