#!/usr/bin/env bash
# Runs the ledger's check and the tests: check.sh LEDGER CLAIMS OUT TEST ...; LEDGER is - for the tests alone.
# A TEST is the name of a program in build/bin that speaks TAP, or a script tests/NAME.sh that does. Ends with one line
# "N passed, N failed", and with status 1 when anything failed.
set -uo pipefail
ledger=$1 claims=$2 out=$3
shift 3
passed=0 failed=0

if [ "$ledger" != - ]; then
    report=$("$ledger" --check "$claims" "$out" "$out"/results/*.claims)
    status=$?
    printf '%s\n\n' "$report"
    counts=$(sed -nE 's/^ledger: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' <<<"$report")
    read -r p f <<<"${counts:-0 1}"
    if [ $status -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f))
fi

# Programs run side by side, one for each core; scripts build whole trees and run one after another.
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
run_test() { # TEST LOG
    case $1 in
    *.sh) "$1" >"$2" 2>&1 ;;
    *) CMOCKA_MESSAGE_OUTPUT=TAP "build/bin/$1" >"$2" 2>&1 ;;
    esac
    echo $? >"$2.status"
}
running=0
for test in "$@"; do
    case $test in *.sh) continue ;; esac
    if [ $running -ge "$(nproc)" ]; then wait -n; running=$((running - 1)); fi
    run_test "$test" "$logs/$test" &
    running=$((running + 1))
done
wait

for test in "$@"; do
    log=$logs/${test##*/}
    case $test in *.sh) run_test "$test" "$log" ;; esac
    status=$(<"$log.status")
    p=$(grep -cE '^ok ' "$log") f=$(grep -cE '^not ok ' "$log")
    # A test program that dies has said nothing of the case it died in.
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ "$p" -eq 0 ] && [ "$f" -eq 0 ]; then f=1; echo "nothing was tested" >>"$log"; fi
    if [ "$f" -gt 0 ]; then cat "$log"; fi
    printf '%-40s %4d passed, %d failed\n' "$(basename "$test")" "$p" "$f"
    passed=$((passed + p)) failed=$((failed + f))
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
