#!/bin/bash
# units.sh PROGRAM SOURCES: systemd finds nothing to complain about in the units, and little that they are exposed to.
set -euo pipefail
command -v systemd-analyze >/dev/null || { echo "skipped: there is no systemd-analyze"; exit 77; }
program=$1 sources=$2/src/package/systemd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for unit in "$sources"/*.service "$sources"/*.timer; do
    # Its manual is not installed yet.
    sed -e "s|@CMAKE_INSTALL_FULL_BINDIR@/unipile|$program|" -e "/^@hardening@/{r $sources/hardening
d}" -e '/^Documentation=/d' "$unit" >"$work/${unit##*/}"
done
cd "$work"
said=$(systemd-analyze verify ./*.service ./*.timer 2>&1) || { echo "$said"; exit 1; }
[ -z "$said" ] || { echo "$said"; exit 1; }
for unit in *.service; do
    systemd-analyze security --offline=true --threshold=15 "./$unit" >said || { tail -n 3 said; exit 1; }
done
