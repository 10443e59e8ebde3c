# zsh -f matches.zsh FOLDER: for each line of its input what zsh offers at its end, one a line, and then `.`. FOLDER has the
# completions. Works in the current folder.
zmodload zsh/zpty
# The shell runs on a terminal of its own. Each match is also written to a file; the line is thrown away behind it.
cat >rc <<'RC'
PS1= PS2=
autoload -Uz compinit
compinit -u -D
compadd() {
    local -a found
    # With these options it fills arrays and adds nothing.
    if [[ " ${argv[1,(i)(-|--)]} " != *\ -[OAD]\ * ]]; then
        builtin compadd -A found "$@"
        (( $#found )) && print -rl -- $found >>matches
    fi
    builtin compadd "$@"
}
end_of_line() { : >ended; zle kill-whole-line }
zle -N end_of_line
bindkey '^T' complete-word '^G' end_of_line
: >ended
RC
until_ended() {
    local output
    while [[ ! -e ended ]]; do zpty -r -t shell output || sleep 0.01; done
    rm -f ended
}
rm -f matches ended
zpty shell zsh -f -i
zpty -w shell "fpath=(${(q)1} \$fpath); source ./rc"
until_ended
while IFS= read -r line; do
    zpty -w -n shell $line$'\x14\x07'
    until_ended
    cat matches 2>/dev/null
    print .
    rm -f matches
done
zpty -d shell
