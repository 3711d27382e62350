#!/usr/bin/env bash
# Copies the project as it stands (tracked and new files, without build/) into a folder: copy.sh FOLDER.
set -euo pipefail
mkdir -p "$1"
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard | xargs -0 -I{} sh -c '[ ! -e "$1" ] || printf "%s\0" "$1"' _ {}
else
    find . -path ./build -prune -o -type f -print0
fi | tar -c --null -T - | tar -x -C "$1"
