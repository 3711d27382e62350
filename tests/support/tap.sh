# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the tests of programs share; sourced by them from the project's root: a scratch folder $tmp, lines of TAP, commands
# with their status and output.
set -uo pipefail
export LC_ALL=C
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
count=0 failed=0 status=0 command=

# report GOOD WHAT: one line of TAP; on a failure what was run and what it said.
report() {
    count=$((count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        printf '# status %s of: %s\n' "$status" "$command"
        head -n 20 "$tmp/out" | cut -c 1-300 | sed 's/^/# out: /'
        head -n 20 "$tmp/err" | cut -c 1-300 | sed 's/^/# err: /'
        failed=$((failed + 1))
    fi
}

# run COMMAND ...: status, standard output and standard error.
run() {
    command=$(printf '%q ' "$@")
    "$@" >"$tmp/out" 2>"$tmp/err"
    status=$?
}

# finish: the plan, and the status of the whole.
finish() {
    echo "1..$count"
    [ "$failed" = 0 ]
}
