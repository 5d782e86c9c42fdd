# complete.zsh FOLDER LINE: what zsh offers at the line's end, a line each. FOLDER has the completion file. Completion needs
# an interactive shell on a terminal: one is started on a pseudo terminal, and Tab is typed there.
# With compstate[list] empty nothing is listed on the screen, which would ask first when there is much.
zmodload zsh/zpty
zpty shell zsh -f -i
# What is offered is written out by `compadd`, which every completion ends in, between marks.
zpty -w shell "PS1= PROMPT_EOL_MARK= TERM=dumb; unsetopt zle_bracketed_paste; fpath=(${(q)1} \$fpath)
autoload -Uz compinit; compinit -u -D
compadd() {
  [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd \"\$@\"; return }
  local -a found
  builtin compadd -A found \"\$@\"
  (( \$#found )) && print -rl -- \$'\\x01'\$^found\$'\\x02' && print -r --
  builtin compadd \"\$@\"
}
offer() { comppostfuncs=(exit); print -r -- ready; compstate[list]=; _main_complete; print -r -- \$'\\x03'; exit }
zle -C offer list-choices offer
bindkey '^I' offer
print -r -- \$'\\x04'"
zpty -r shell line $'*\x04*'
zpty -n -w shell "$2"$'\t'
zpty -r shell output $'*\x03*'
for word in ${(f)output}; do
  [[ $word == *$'\x01'*$'\x02'* ]] && print -r -- ${${word#*$'\x01'}%$'\x02'*}
done
zpty -d shell
