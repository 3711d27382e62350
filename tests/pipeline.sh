#!/usr/bin/env bash
# The build itself, as TAP: interruptions, a full disk, bad requests, staleness, threads. Works on copies of the project
# in a scratch folder with quick sizes; takes a minute or two.
set -uo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
count=0
report() { # STATUS WHAT
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}
expect() { # WHAT COMMAND...: the command must succeed
    local what=$1
    shift
    if "$@" >"$scratch/output" 2>&1; then report 0 "$what"; else
        report 1 "$what"
        sed 's/^/# /' "$scratch/output"
    fi
}

pipeline/copy.sh "$scratch/one"
pipeline/copy.sh "$scratch/two"
# A make of its own: nothing of the calling make, a fixed commit, quick sizes.
quick_make() { # FOLDER ARGUMENTS...
    local folder=$1
    shift
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL MOEGEOM_COMMIT=test SOURCE_DATE_EPOCH=1790000000 \
        make --no-print-directory -C "$folder" QUICK=1 "$@"
}

# ---- An undisturbed build, and one that is killed again and again ----
expect "undisturbed quick build" quick_make "$scratch/one" -j2 all

killed=0
for delay in 0.5 1 2 3 4 5; do
    setsid bash -c "$(declare -f quick_make); quick_make '$scratch/two' -j2 all" >/dev/null 2>&1 &
    group=$!
    sleep "$delay"
    if kill -9 -- -"$group" 2>/dev/null; then killed=$((killed + 1)); fi
    wait "$group" 2>/dev/null
done
report $((killed < 1)) "killed $killed builds of 6 with kill -9"
# A shell that runs no terminal lets its background jobs ignore the signal of Ctrl-C: undo that.
setsid env --default-signal=INT bash -c "$(declare -f quick_make); quick_make '$scratch/two' all" >/dev/null 2>&1 &
group=$!
sleep 0.7
kill -INT -- -"$group" 2>/dev/null
wait "$group" 2>/dev/null
expect "make again after the interruptions" quick_make "$scratch/two" -j2 all
same_results() {
    local status=0 file
    for file in $(cd "$scratch/one/build/quick" && find . -name '*.csv' -o -name '*.tex' -o -name '*.claims' -o -name '*.pdf' -o -name '*.tsv'); do
        cmp "$scratch/one/build/quick/$file" "$scratch/two/build/quick/$file" || status=1
    done
    return $status
}
expect "the same bytes as the undisturbed build" same_results

# ---- Nothing to do, and only what is needed ----
expect "nothing to do after a build" quick_make "$scratch/one" -q all
touch "$scratch/one/figures/geometry-sweep.gp"
plan=$(quick_make "$scratch/one" -n V=1 all 2>/dev/null)
expect "a touched figure script redraws one figure" test "$(grep -c '^pipeline/figure.sh' <<<"$plan")" = 1
expect "and runs no experiment" test "$(grep -c -- '--out' <<<"$plan")" = 0
expect "and typesets the report" grep -q '^pipeline/typeset.sh report' <<<"$plan"
expect "status names the file" grep -q 'because figures/geometry-sweep.gp is newer' <(quick_make "$scratch/one" status)
touch "$scratch/one/figures/style.gp"
expect "a touched style redraws every figure" test \
    "$(quick_make "$scratch/one" -n V=1 all 2>/dev/null | grep -c '^pipeline/figure.sh')" = "$(ls figures/*.gp | grep -vc style)"
sed -i 's/0.0317/0.0318/' "$scratch/one/data/published/table1.csv"
plan=$(quick_make "$scratch/one" -n V=1 all 2>/dev/null)
expect "changed data rerun the experiment that read them" grep -q 'build/bin/boundary-layer ' <<<"$plan"
readers=$(grep -l published/table1.csv "$scratch"/one/build/quick/results/*.d | wc -l)
expect "and no experiment that did not" test "$(grep -c -- '--out' <<<"$plan")" = "$readers"
rm "$scratch/one/data/published/table1.csv"
quick_make "$scratch/one" all >"$scratch/missing" 2>&1
status=$?
expect "missing data are an error" test $status -ne 0
expect "that names the file" grep -q 'boundary-layer: cannot read data/published/table1.csv' "$scratch/missing"
expect "and leaves the old results" cmp "$scratch/one/build/quick/results/boundary-layer.csv" \
    "$scratch/two/build/quick/results/boundary-layer.csv"

# ---- Bad requests ----
one_line() { # STATUS PATTERN COMMAND...
    local wanted=$1 pattern=$2
    shift 2
    # Through a pipe, so that a limit on the size of files does not silence the message.
    "$@" 2>&1 >/dev/null | cat >"$scratch/err"
    local status=${PIPESTATUS[0]}
    cat "$scratch/err"
    [ $status -eq "$wanted" ] && [ "$(grep -vc '^make.*\*\*\*' "$scratch/err")" -eq 1 ] && grep -q "$pattern" "$scratch/err"
}
expect "an unknown target is one clear line" one_line 2 "no target and no file «reprot»" quick_make "$scratch/two" reprot
expect "an unknown figure is one clear line" one_line 2 "no target and no file «fig-nothing»" quick_make "$scratch/two" fig-nothing
bin=$scratch/two/build/bin
experiments=$(basename -s .c experiments/*/*.c)
for experiment in $experiments; do
    expect "$experiment: an unknown option" one_line 1 "unknown option --nonsense" "$bin/$experiment" --nonsense
    expect "$experiment: a bad seed" one_line 1 "expects an integer" "$bin/$experiment" --seed 1.5
    expect "$experiment: a folder that cannot be written" one_line 4 "cannot" "$bin/$experiment" --quick --out /dev/null/results
    # A limit on the size of files answers a write as a full disk does.
    expect "$experiment: a full disk" one_line 4 "cannot write" \
        bash -c "trap '' XFSZ; ulimit -f 0; exec $bin/$experiment --quick --out '$scratch/full'"
    expect "$experiment: nothing is left of it" test -z "$(ls "$scratch/full" 2>/dev/null)"
done

# ---- The number of threads changes no byte ----
for threads in 1 2 7; do
    for experiment in $experiments; do
        "$bin/$experiment" --quick --threads $threads --out "$scratch/threads$threads" || echo "# $experiment failed"
    done
    rm -f "$scratch/threads$threads"/*.meta.json "$scratch/threads$threads"/*.d
done
expect "1 and 2 threads give the same bytes" diff -r "$scratch/threads1" "$scratch/threads2"
expect "1 and 7 threads give the same bytes" diff -r "$scratch/threads1" "$scratch/threads7"

# ---- Figures that would come out empty ----
printf '# broken\nplot results."/nothing.csv" using 1:2\n' >"$scratch/two/figures/zaslavsky.broken.gp"
expect "a figure without data is an error" bash -c "! (cd '$scratch/two' && pipeline/figure.sh zaslavsky.broken build/quick/results '$scratch/drawn')"
expect "and leaves nothing" test -z "$(ls "$scratch/drawn" 2>/dev/null)"

echo "1..$count"
