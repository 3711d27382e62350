#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The program moegeom from the outside: numbers, status, messages, and which files changed.
# Speaks TAP; run from the project's root when build/bin/moegeom is built.
source tests/support/tap.sh || exit 1
moegeom=build/bin/moegeom data=data/instances

# has FILE TEXT: whether the text stands in the file, to the letter.
has() { grep -qF -- "$2" "$1"; }

first_line() { head -n 1 "$1"; }

# instance NAME LINE ...: a file of these lines.
instance() {
    local name=$1
    shift
    printf '%s\n' "$@" >"$tmp/$name"
}

# refuses STATUS WHAT TEXT -- ARGUMENT ...: moegeom ends so, says the text in the last line, and prints no result.
refuses() {
    local want=$1 what=$2 text=$3
    shift 4
    run "$moegeom" "$@"
    [ $status = "$want" ] && [ ! -s "$tmp/out" ] && tail -n 1 "$tmp/err" >"$tmp/last" && has "$tmp/last" "$text" &&
        has "$tmp/last" "moegeom"
    report $? "status $want: $what"
}

# ---- Numbers

while IFS=, read -r file regions _; do
    case $file in file | '') continue ;; esac
    run "$moegeom" count "$data/$file"
    [ $status = 0 ] && [ "$(first_line "$tmp/out")" = "$regions" ]
    report $? "count: $file has $regions regions"
    run "$moegeom" count "$data/$file" --json
    [ $status = 0 ] && [ "$(wc -l <"$tmp/out")" = 1 ] &&
        grep -qxE '\{"regions": "'"$regions"'", "sha256": "[0-9a-f]{64}", "methods": \[(\{"name": "[a-z]+", "regions": "'"$regions"'", "levels": \[("[0-9]+"(, )?)*\]\}(, )?)+\]\}' "$tmp/out"
    report $? "count --json: $file"
    run "$moegeom" verify "$data/$file" "data/certificates/$file.json"
    [ $status = 0 ] && has "data/certificates/$file.json" "\"regions\": \"$regions\""
    report $? "the kept certificate of $file says $regions and passes"
    [ "$regions" -le 200000 ] || continue
    run "$moegeom" list "$data/$file"
    [ $status = 0 ] && [ "$(wc -l <"$tmp/out")" = "$regions" ] && [ "$(sort -u "$tmp/out" | wc -l)" = "$regions" ]
    report $? "list: $file, $regions different lines"
done <$data/expected.csv

small=$data/layer_N5_k2_H2_d3.moe arrangement=$data/generic_n10_d5.arr
for method in f v both; do
    run "$moegeom" count "$small" --method $method
    [ $status = 0 ] && [ "$(first_line "$tmp/out")" = 65 ]
    report $? "count --method $method of a layer"
done
for method in tree list both; do
    run "$moegeom" count "$arrangement" --method $method
    [ $status = 0 ] && [ "$(first_line "$tmp/out")" = 638 ]
    report $? "count --method $method of an arrangement"
done
run "$moegeom" count - <"$arrangement"
[ $status = 0 ] && [ "$(first_line "$tmp/out")" = 638 ]
report $? "count reads standard input"
run "$moegeom" count "$small" --coalitions
[ $status = 0 ] && [ "$(grep -E '^[0-9]+,[0-9]+ [0-9]+$' "$tmp/out" | awk '{ sum += $2 } END { print sum }')" = 65 ]
report $? "count --coalitions: they add up"

run bash -c "set -o pipefail; $moegeom list $data/layer_N16_k4_H5_d5.moe | head -n 1"
[ $status = 141 ] && [ "$(wc -l <"$tmp/out")" = 1 ] && [ ! -s "$tmp/err" ]
report $? "list | head -n 1 ends quietly, by the closed pipe"
run "$moegeom" list "$small" --limit 7
[ $status = 0 ] && [ "$(wc -l <"$tmp/out")" = 7 ]
report $? "list --limit"

instance corner.arr "arrangement 3 2" "1 0 0" "0 1 0" "0 0 5"
run "$moegeom" list "$tmp/corner.arr"
[ $status = 0 ] && [ "$(cut -d ' ' -f 1 "$tmp/out" | tr '\n' ' ')" = "++0 +-0 -+0 --0 " ] &&
    awk '{ x = substr($1, 1, 1) == "+" ? $2 > 0 : $2 < 0; y = substr($1, 2, 1) == "+" ? $3 > 0 : $3 < 0 }
         !(x && y) { bad = 1 } END { exit bad }' "$tmp/out"
report $? "list: order, dead row and points of a quadrant"

# ---- Any number of threads, certificates

for file in $data/generic_n20_d5.arr $data/layer_N5_k2_H2_d3.moe; do
    same=0
    for threads in 1 2 3; do
        run "$moegeom" count "$file" --method both --threads $threads --certificate "$tmp/certificate.$threads"
        [ $status = 0 ] && cp "$tmp/out" "$tmp/out.$threads" || same=1
        cmp -s "$tmp/out.1" "$tmp/out.$threads" && cmp -s "$tmp/certificate.1" "$tmp/certificate.$threads" || same=1
    done
    report $same "the same bytes for 1, 2, 3 threads, the certificate's too: ${file##*/}"
    run "$moegeom" verify "$file" "$tmp/certificate.1"
    [ $status = 0 ] && grep -q '^ok' "$tmp/out" && ! grep -qv '^ok' "$tmp/out"
    report $? "verify passes: ${file##*/}"
    # Each of the changes on its own: the number, a sign, a coordinate, a level.
    for change in 's/"regions": "\([0-9]*\)"/"regions": "1\1"/' '0,/"signs": "+/s//"signs": "-/' \
        '0,/"signs": "-/s//"signs": "+/' 's/"levels": \[/&"1",/' 's/"sha256": "./"sha256": "g/' '0,/"total": "/s//&9/'; do
        sed "$change" "$tmp/certificate.1" >"$tmp/tampered"
        cmp -s "$tmp/certificate.1" "$tmp/tampered" && continue
        run "$moegeom" verify "$file" "$tmp/tampered"
        [ $status = 2 ] # as a check that fails, or as no certificate at all
        report $? "verify fails after $change: ${file##*/}"
    done
done
run "$moegeom" verify $data/generic_n10_d5.arr "$tmp/certificate.1"
[ $status = 2 ] && has "$tmp/out" "FAIL the SHA-256"
report $? "verify fails: the certificate of another instance"

instance degenerate.arr "arrangement 6 2" "1 0 0" "0 1 0" "1 1 0" "1 -1 0" "1 0 1" "2 0 4"
run "$moegeom" count "$tmp/degenerate.arr" --certificate "$tmp/certificate"
[ $status = 0 ] && [ "$(first_line "$tmp/out")" = 16 ] && ! has "$tmp/certificate" '"count": "0"'
report $? "count: parallel and concurrent lines, by hand: 16, zero events in the certificate"
run "$moegeom" verify "$tmp/degenerate.arr" "$tmp/certificate"
[ $status = 0 ]
report $? "verify passes with zero events"

# ---- Planes and lines

instance three.txt "0 0 0" "1 0 0" "0 1/2 0"
instance two.txt "0 0 0" "1 2 3"
instance on-a-line.txt "0 0 0" "1 1 1" "2 2 2"
for points in three two; do
    run "$moegeom" slice "$small" --plane "$tmp/$points.txt" --output "$tmp/slice.moe"
    [ $status = 0 ] && [ ! -s "$tmp/out" ]
    report $? "slice --output, $points points"
    run "$moegeom" slice "$small" --plane "$tmp/$points.txt"
    [ $status = 0 ] && cmp -s "$tmp/out" "$tmp/slice.moe"
    report $? "slice prints the same, $points points"
    run "$moegeom" count "$tmp/slice.moe"
    [ $status = 0 ] && cp "$tmp/out" "$tmp/sliced"
    run "$moegeom" count "$small" --plane "$tmp/$points.txt" --certificate "$tmp/certificate"
    [ $status = 0 ] && cmp -s "$tmp/out" "$tmp/sliced"
    report $? "count --plane is the count of the slice, $points points"
    run "$moegeom" list "$small" --plane "$tmp/$points.txt"
    [ $status = 0 ] && [ "$(wc -l <"$tmp/out")" = "$(first_line "$tmp/sliced")" ]
    report $? "list --plane is as long, $points points"
    run "$moegeom" verify "$small" "$tmp/certificate" --plane "$tmp/$points.txt"
    [ $status = 0 ]
    report $? "verify --plane, $points points"
    run "$moegeom" verify "$small" "$tmp/certificate"
    [ $status = 2 ] && has "$tmp/out" "FAIL the shape"
    report $? "verify fails without the plane, $points points"
done
refuses 2 "three points on a line" "not on a line" -- count "$small" --plane "$tmp/on-a-line.txt"
if command -v gnuplot >"$tmp/which"; then
    run "$moegeom" slice "$small" --plane "$tmp/three.txt" --draw "$tmp/picture.svg"
    [ $status = 0 ] && head -c 5 "$tmp/picture.svg" | grep -q '<?xml' && has "$tmp/picture.svg" "</svg>"
    report $? "slice --draw: .svg"
    run "$moegeom" slice "$small" --plane "$tmp/three.txt" --draw "$tmp/picture.pdf"
    [ $status = 0 ] && [ "$(head -c 5 "$tmp/picture.pdf")" = %PDF- ]
    report $? "slice --draw: .pdf"
    [ "$(find "$tmp" -name 'picture*' | wc -l)" = 2 ]
    report $? "slice --draw leaves no other file"
fi
refuses 1 "slice --draw of another kind" ".svg or .pdf" -- \
    slice "$small" --plane "$tmp/three.txt" --draw "$tmp/picture.png"
refuses 2 "slice --draw of a line" "expected three points" -- \
    slice "$small" --plane "$tmp/two.txt" --draw "$tmp/line.svg"

# ---- reach and bound

# In one dimension, logits -x, 0 + 1/2 and x: 1 comes second near 0 only, 0 and 2 are never the first two.
instance reach.moe "moe 3 2 0 1" "-2 0" "0 1" "2 0"
run "$moegeom" reach "$tmp/reach.moe" --points --proofs
[ $status = 0 ] && [ "$(tail -n 1 "$tmp/out")" = "2 reachable of 3" ] && grep -qE '^reachable 0,1 -' "$tmp/out" &&
    grep -qE '^reachable 1,2 [0-9]' "$tmp/out" && has "$tmp/out" "unreachable 0,2 1/2 1 1/2"
report $? "reach --points --proofs, by hand"
run "$moegeom" reach "$tmp/reach.moe"
[ $status = 0 ] && [ "$(cat "$tmp/out")" = "2 reachable of 3" ]
report $? "reach: the number alone"
# N = 4, k = 2, H = 2, d = 2: Phi(2, 2) = 4; 4 Phi(2, 2) = 16; 6 Phi(4, 2) = 66; Phi(8 + 6, 2) = 106; 8 + t(4, 2, 1) = 12;
# 6 + 24 + 5 * 4 + 4 = 54.
run "$moegeom" bound --experts 4 --active 2 --width 2 --dim 2
[ $status = 0 ] && grep -qE '^dense +4$' "$tmp/out" && grep -qE '^top1 +16$' "$tmp/out" && grep -qE '^topk +66$' "$tmp/out" &&
    grep -qE '^arrangement +106$' "$tmp/out" && grep -qE '^line +12$' "$tmp/out" &&
    grep -qE '^U\* +54$' "$tmp/out"
report $? "bound: numbers by hand"
cp "$tmp/out" "$tmp/bounds"
run "$moegeom" bound $data/layer_N4_k2_H2_d2.moe
[ $status = 0 ] && cmp -s "$tmp/out" "$tmp/bounds"
report $? "bound: the shape of a file"

# ---- Refusals

refuses 3 "--max-work is too small" "--max-work 100" -- count $data/generic_n20_d5.arr --max-work 100
refuses 3 "--max-work, a layer" "--max-work 100" -- count "$small" --max-work 100
refuses 1 "unknown command" "expected a command" -- cuont "$small"
refuses 1 "unknown option" "--colour" -- count "$small" --colour
refuses 1 "option without its value" "expects a value" -- count "$small" --method
refuses 1 "bad method" "found «w»" -- count "$small" --method w
refuses 1 "method of an arrangement for a layer" "expects an arrangement" -- count "$small" --method tree
refuses 1 "method of a layer for an arrangement" "expects a layer" -- count "$arrangement" --method v
refuses 1 "--coalitions of an arrangement" "expects a layer" -- count "$arrangement" --coalitions
refuses 1 "no threads" "--threads expects" -- count "$small" --threads 0
refuses 1 "threads that are no number" "--threads expects" -- count "$small" --threads 2x
refuses 1 "work that is no number" "--max-work expects" -- count "$small" --max-work nan
for name in count list slice reach verify bound; do
    run "$moegeom" $name
    [ $status = 1 ] && [ ! -s "$tmp/out" ] && has "$tmp/err" "expected"
    report $? "status 1: $name without a file"
    run "$moegeom" $name --help
    [ $status = 0 ] && has "$tmp/out" "Usage: moegeom $name" && [ ! -s "$tmp/err" ]
    report $? "$name --help"
done
refuses 1 "two files" "expected one argument" -- count "$small" "$arrangement"

refuses 2 "missing file" "$tmp/none" -- count "$tmp/none"
refuses 2 "a directory" "$tmp" -- count "$tmp"
instance empty
: >"$tmp/empty"
refuses 2 "an empty file" "$tmp/empty" -- count "$tmp/empty"
instance bad "arrangment 1 1" "1 1"
refuses 2 "bad header" "$tmp/bad:1" -- count "$tmp/bad"
instance bad "arrangement 3 1" "1 1" "2 1"
refuses 2 "too few rows" "$tmp/bad" -- count "$tmp/bad"
instance bad "arrangement 1 1" "1 1" "2 1"
refuses 2 "too many rows" "$tmp/bad:3" -- count "$tmp/bad"
instance bad "arrangement 2 1" "1 1" "nan 1"
refuses 2 "NaN" "$tmp/bad:3" -- count "$tmp/bad"
instance bad "arrangement 2 1" "1 1" "1 -inf"
refuses 2 "infinity" "$tmp/bad:3" -- count "$tmp/bad"
instance bad "arrangement 2 1" "1 1" "1 1/0"
refuses 2 "division by zero" "$tmp/bad:3" -- count "$tmp/bad"
instance bad "moe 2 3 1 1" "1 1" "1 2" "1 3" "1 4"
refuses 2 "k > N" "$tmp/bad:1" -- count "$tmp/bad"
head -c 4096 "$moegeom" >"$tmp/binary"
refuses 2 "a binary file" "$tmp/binary:1" -- count "$tmp/binary"
instance points "0 0 0" "1 1"
refuses 2 "points of another dimension" "$tmp/points" -- count "$small" --plane "$tmp/points"
refuses 2 "reach of an arrangement" "expected a layer" -- reach "$arrangement"

instance twins.moe "moe 4 2 1 1" "1 1" "2 2" "3 1" "2 2" "1 1" "1 2" "1 3" "1 4"
for name in count list reach; do
    refuses 2 "$name names twins" "experts 1 and 3 have identical logits" -- $name "$tmp/twins.moe"
done
instance dead.moe "moe 2 1 2 1" "1 0" "-1 0" "0 5" "1 -3" "0 0" "1 3"
run "$moegeom" count "$tmp/dead.moe"
[ $status = 0 ] && [ "$(first_line "$tmp/out")" = 4 ] && has "$tmp/err" "2 of 4 units are dead"
report $? "dead units are noted"

for arguments in "count $small" "count $small --json" "list $small" "reach $small" "bound $small" "slice $small --plane $tmp/three.txt"; do
    run bash -c "$moegeom $arguments >/dev/full"
    [ $status = 4 ] && has "$tmp/err" "standard output"
    report $? "status 4: $arguments, on a full disk"
done

# ---- Files appear whole or not at all

mkfifo "$tmp/pipe"
run "$moegeom" count "$arrangement" --certificate "$tmp/pipe"
[ $status = 4 ] && [ -p "$tmp/pipe" ] && [ ! -s "$tmp/out" ] && has "$tmp/err" "no regular file"
report $? "what is no regular file is not replaced by a certificate"

# A limit of one kilobyte for files stands for a full disk.
echo before >"$tmp/kept"
run bash -c "trap '' XFSZ; ulimit -f 1; $moegeom count $arrangement --certificate $tmp/kept 2>&1 | cat >&2; exit \${PIPESTATUS[0]}"
[ $status = 4 ] && [ "$(cat "$tmp/kept")" = before ] && [ "$(find "$tmp" -name 'kept*' | wc -l)" = 1 ]
report $? "a certificate that does not fit changes nothing"
refuses 4 "certificate in a folder that is a file" "$tmp/kept" -- count "$arrangement" --certificate "$tmp/kept/certificate"

# ---- Checkpoints

# On the moment curve, in general position: Phi(200, 5) regions.
awk 'BEGIN { print "arrangement 200 5"; for (t = 1; t <= 200; t++) printf "1 %.0f %.0f %.0f %.0f %.0f\n", t, t^2, t^3, t^4, t^5 }' >"$tmp/long.arr"
command="count $tmp/long.arr --checkpoint, killed" status=
"$moegeom" count "$tmp/long.arr" --threads 1 --checkpoint "$tmp/checkpoint" >"$tmp/out" 2>"$tmp/err" &
process=$!
for ((wait = 0; wait < 600; wait++)); do
    [ ! -e "$tmp/checkpoint" ] && kill -0 $process 2>>"$tmp/err" || break
    sleep 0.05
done
kill -9 $process 2>>"$tmp/err"
wait $process 2>>"$tmp/err"
status=$?
if [ $status = 0 ]; then
    count=$((count + 1))
    echo "ok $count - count --checkpoint, killed # SKIP the count ended before its first checkpoint"
else
    [ $status = 137 ] && [ -s "$tmp/checkpoint" ] && [ ! -s "$tmp/out" ]
    report $? "a killed count leaves a checkpoint"
    refuses 2 "the checkpoint of another input" "expected a checkpoint of this computation" -- \
        count "$arrangement" --checkpoint "$tmp/checkpoint"
    run "$moegeom" count "$tmp/long.arr" --checkpoint "$tmp/checkpoint"
    [ $status = 0 ] && [ "$(first_line "$tmp/out")" = 2601668491 ] && has "$tmp/err" "parts were known" &&
        [ ! -e "$tmp/checkpoint" ]
    report $? "the next one goes on from there to the right number, and removes it"
fi
cp "$arrangement" "$tmp/precious"
refuses 2 "a checkpoint that is another file" "left as it is" -- count "$arrangement" --checkpoint "$tmp/precious"
cmp -s "$arrangement" "$tmp/precious"
report $? "that file is as it was"

finish
