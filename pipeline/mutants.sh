#!/usr/bin/env bash
# Breaks the project on purpose, one mutant of tests/mutants/ at a time, and sees that `make check` notices:
# mutants.sh MAKE. A mutant is a patch whose first lines say what it breaks and what must fail:
#   # breaks: the minus sign in the gap's exponent
#   # fails: WRONG: soft/table-1     (a regular expression that the failing check must print)
set -uo pipefail
make=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
pipeline/copy.sh "$scratch/clean"
# Objects of a finished build save time; make decides what the mutant makes stale.
if [ -d build/obj ]; then mkdir -p "$scratch/clean/build"; cp -a build/obj build/bin build/libmoegeom.a build/flags "$scratch/clean/build/" 2>/dev/null; fi
# Copies are new files: what was built is newer only if it is touched after them.
find "$scratch/clean/build" -type f -exec touch {} + 2>/dev/null

run_check() { # FOLDER LOG
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL MOEGEOM_TEST_MULTIPLIER=0.2 "$make" -j"$(nproc)" -C "$1" QUICK=1 MOEGEOM_COMMIT=mutant claims-and-units >"$2" 2>&1
}

if ! run_check "$scratch/clean" "$scratch/log"; then
    tail -n 20 "$scratch/log"
    echo "mutants: the checks fail without any mutant" >&2
    exit 1
fi

caught=0 missed=0
for mutant in tests/mutants/*.patch; do
    what=$(sed -n 's/^# breaks: //p' "$mutant") wanted=$(sed -n 's/^# fails: //p' "$mutant")
    cp -a "$scratch/clean" "$scratch/mutant"
    if ! patch -s -p1 -d "$scratch/mutant" <"$mutant" >"$scratch/log" 2>&1; then
        verdict="MISSED: the patch does not apply"
    elif run_check "$scratch/mutant" "$scratch/log"; then
        verdict="MISSED: every check passed"
    elif grep -qE "$wanted" "$scratch/log"; then
        verdict="caught: $(grep -oEm1 "$wanted" "$scratch/log")"
    else
        verdict="MISSED: «$wanted» was not printed"
        tail -n 15 "$scratch/log"
    fi
    case $verdict in caught*) caught=$((caught + 1)) ;; *) missed=$((missed + 1)) ;; esac
    printf '%-60s %s\n' "$what" "$verdict"
    rm -rf "$scratch/mutant"
done
echo "mutants: $caught caught, $missed missed"
[ $missed -eq 0 ]
