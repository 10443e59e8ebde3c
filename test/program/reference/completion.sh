#!/bin/bash
# completion.sh SHELL PROGRAM SHARE: what a shell offers behind `unipile …`: each command, each option of each command as
# --help has them, fixed values, and names of files where they belong.
set -u
here=$(realpath "$(dirname "$0")")
shell=$1 program=$2 share=$3
command -v "$shell" >/dev/null || { echo "skipped: there is no $shell"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
touch jobs.csv
failed=0

# offered WORD...: what the shell offers for the last word, one a line.
offered_bash() {
    bash --norc -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _unipile; printf "%s\n" "${COMPREPLY[@]}"' \
        - "$share/bash-completion/completions/unipile" "$@"
}
offered_fish() {
    HOME=$work fish --no-config -c 'source $argv[1]; complete -C "$argv[2]"' "$share/fish/vendor_completions.d/unipile.fish" "$*" |
        cut -f 1
}
offered_zsh() {
    echo "$*" >&4
    while IFS= read -r match <&3 && [ "$match" != . ]; do echo "$match"; done
}
if [ "$shell" = zsh ]; then
    coproc matches { HOME=$work zsh -f "$here/matches.zsh" "$share/zsh/site-functions"; }
    exec 3<&"${matches[0]}" 4>&"${matches[1]}" {matches[1]}>&-
fi
expect() { # expect SORTED-WORDS WORD...
    local wanted=$1 got
    shift
    got=$("offered_$shell" "$@" | sed 's/=$//; s/ $//' | sort -u | tr '\n' ' ')
    [ "${got% }" = "$wanted" ] || { echo "for '$*' $shell offers '${got% }', not '$wanted'"; failed=1; }
}
sorted() { sort -u | tr '\n' ' ' | sed 's/ $//'; }

commands=$("$program" --help | sed -n '/^Subcommands:/I,/^$/s/^  \([a-z]*\) .*/\1/p')
[ -n "$commands" ] || { echo "there are no commands"; failed=1; }
expect "$(sorted <<<"$commands")" unipile ''
expect posts unipile po
for command in $commands; do
    expect "$("$program" "$command" --help | sed -n 's/^  \(-h,\)\{0,1\}\(--[a-z-]*\).*/\2/p' | sorted)" unipile "$command" --
done
expect "json text" unipile posts --summary ''
expect json unipile posts x --account a --summary j
expect "fail wait" unipile harvest jobs.csv --parked ''
expect jobs.csv unipile harvest jo
expect jobs.csv unipile harvest --store jo
expect '' unipile posts --account jo
expect export unipile help exp
case $shell in
bash) expect json unipile posts --summary = j ;;
zsh) expect json unipile posts --summary=j ;;
fish) expect --summary=json unipile posts --summary=j ;;
esac
exec 4>&-
wait
exit $failed
