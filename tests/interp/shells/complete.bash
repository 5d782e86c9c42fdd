# complete.bash COMPLETIONS WORD...: what bash offers for the last word, a line each.
source "$1"
shift
complete -p neap >/dev/null || exit 1
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_neap
printf '%s\n' "${COMPREPLY[@]}"
