#!/bin/bash
# manual.sh PROGRAM SHARE: each command has a page without a fault, which names every option and every exit code.
set -u
command -v mandoc >/dev/null || { echo "skipped: there is no mandoc"; exit 77; }
program=$1 pages=$2/man/man1
failed=0
complain() { echo "$*"; failed=1; }
commands=$("$program" --help | sed -n '/^Subcommands:/I,/^$/s/^  \([a-z]*\) .*/\1/p')
[ -n "$commands" ] || complain "there are no commands"
for command in '' $commands; do
    page=$pages/unipile${command:+-$command}.1
    # It looks for other pages in the system; whether they are here is asked below.
    mandoc -T lint "$page" | grep -v 'referenced manual not found: Xr unipile' && failed=1
    while read -r other; do
        [ -f "$pages/$other.1" ] || complain "$page refers to $other"
    done < <(sed -n 's/^\.Xr \([^ ]*\) 1.*/\1/p' "$page")
    text=$(mandoc -T ascii "$page" | sed 's/.\x08//g')
    # shellcheck disable=SC2086
    for word in $("$program" $command --help | sed -n 's/^  \(-h,\)\{0,1\}\(--[a-z-]*\).*/\2/p') 130; do
        grep -q -e "^ *\(-h, \)\?$word\b" <<<"$text" || complain "$page lacks $word"
    done
done
exit $failed
