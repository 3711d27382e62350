#!/usr/bin/env bash
# Installs the Debian packages of packages.txt that are missing, in one call; says what is missing where it cannot.
set -euo pipefail
list=$(dirname "$0")/packages.txt
mapfile -t wanted < <(grep -v '^#' "$list")

if ! command -v dpkg-query >/dev/null; then
    printf 'deps: this is not a Debian system; please install what these Debian packages hold:\n' >&2
    printf '  %s\n' "${wanted[@]}" >&2
    exit 1
fi
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^installed //p') || true
mapfile -t missing < <(printf '%s\n' "${wanted[@]}" | grep -vxF "$installed" || true)
if [ ${#missing[@]} -eq 0 ]; then
    echo "deps: all ${#wanted[@]} packages are there"
    exit 0
fi

echo "deps: missing ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
if ! command -v apt-get >/dev/null || { [ ${#as_root[@]} -gt 0 ] && ! command -v sudo >/dev/null; }; then
    printf 'deps: apt-get or the right to use it is missing; please have these packages installed:\n' >&2
    printf '  %s\n' "${missing[@]}" >&2
    exit 1
fi
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}
# The package lists may be absent or old on a new machine: then refresh them and try once more.
install || { "${as_root[@]}" apt-get update && install; }
