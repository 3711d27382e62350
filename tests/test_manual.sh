#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual page and the installed program: every option of every command is in both the page and --help, and in no other.
source tests/support/tap.sh || exit 1
page=src/cli/moegeom.1 program=build/bin/moegeom

# options_of_help COMMAND: sorted names, of the usage and of the lines that explain an option; options_of_page COMMAND: of the page.
options_of_help() {
    "$program" "$1" --help | awk '/^$/ { explained = 1 } !explained || /^ +--/' | grep -oE -- '--[a-z][a-z-]*' | sort -u
}
options_of_page() {
    awk -v command="$1" '/^\.S[SH] / { inside = $2 == "moegeom" && $3 == command } inside && /^\.(BI|B|BR) \\-\\-/ { print $2 }' "$page" |
        sed 's/\\-/-/g' | sort -u
}

commands=$("$program" --help | awk '/^  [a-z]/ { print $1 }')
[ -n "$commands" ]
report $? "the program lists its commands"
for c in $commands; do
    options_of_help "$c" >"$tmp/help"
    options_of_page "$c" >"$tmp/page"
    command="diff of --help and the manual on $c"
    diff "$tmp/help" "$tmp/page" >"$tmp/out" 2>"$tmp/err"
    status=$?
    report $status "$c: the manual has the options of --help"
done

if command -v groff >/dev/null; then
    run groff -man -ww -z -Tascii "$page"
    [ "$status" = 0 ] && [ ! -s "$tmp/err" ]
    report $? "the manual is typeset without a warning"
fi

run env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory install PREFIX=/opt/moe DESTDIR="$tmp/stage"
[ "$status" = 0 ] && [ -x "$tmp/stage/opt/moe/bin/moegeom" ] && [ -f "$tmp/stage/opt/moe/share/man/man1/moegeom.1" ]
report $? "make install puts program and manual below DESTDIR and PREFIX"
run env -C "$tmp" "$tmp/stage/opt/moe/bin/moegeom" bound --experts 4 --active 2 --width 2 --dim 2
[ "$status" = 0 ] && [ -s "$tmp/out" ]
report $? "the installed program works from another folder"
finish
