# Completion of neap's command line for bash. tests/interp/completions_test.cpp compares it with the help texts.

# Offers those of the words that begin with what is typed.
_neap_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# Offers the files that match the pattern, and directories on the way to more; without a pattern all.
_neap_files() {
  local found
  mapfile -t found < <(compgen -f ${1:+-X "!$1"} -- "$cur"; [[ -z $1 ]] || compgen -d -- "$cur")
  COMPREPLY+=("${found[@]}")
  compopt -o filenames 2>/dev/null
}

# The command, or "script" behind one, or nothing before both; `first` is its index.
_neap_command() {
  for ((first = 1; first < COMP_CWORD; first++)); do
    case ${COMP_WORDS[first]} in
      -e | -l) ((first++)) ;;
      - | --) command=script; return ;;
      -*) ;;
      test | repl | init | doc) command=${COMP_WORDS[first]}; return ;;
      *) command=script; return ;;
    esac
  done
}

_neap_options() {
  case $previous in
    -e) return ;;
    -l) _neap_files '*.lua'; return ;;
    --sandbox) _neap_words 'none pure process'; return ;;
    --allow-read | --allow-write | --allow-native) _neap_files; return ;;
    --allow-net | --allow-run | --allow-env | --limit-*) return ;;
  esac
  case $cur in
    -*) _neap_words '-e -l -i -v -E -W -- - -h --help --version --debug
        --sandbox --allow-read --allow-write --allow-net --allow-run --allow-env --allow-thread --allow-signal --allow-native
        --limit-memory --limit-step --limit-wall --limit-tasks --limit-handles' ;;
    *)
      _neap_words 'test repl init doc'
      _neap_files '*.lua'
      ;;
  esac
}

_neap_test() {
  case $previous in
    --reporter) _neap_words 'spec tap junit'; return ;;
    --output) _neap_files; return ;;
    --filter | --repeat | --jobs | --timeout | --seed | --cancel-at) return ;;
  esac
  case $cur in
    -*) _neap_words '--filter --list --shuffle --repeat --jobs --timeout --bail --fail-fast --reporter --output
        --seed --cancel-at -h --help' ;;
    *) _neap_files '*_test.lua' ;;
  esac
}

_neap_doc() {
  case $previous in
    --write) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); compopt -o filenames 2>/dev/null; return ;;
  esac
  case $cur in
    -*) _neap_words '-s --search --markdown --write --no-pager -h --help' ;;
  esac
}

_neap_init() {
  case $cur in
    -*) _neap_words '--copy --force -h --help' ;;
    *) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); compopt -o filenames 2>/dev/null ;;
  esac
}

_neap() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command='' first
  COMPREPLY=()
  # `--name=value` is three words.
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  _neap_command
  case $command in
    '') _neap_options ;;
    test) _neap_test ;;
    init) _neap_init ;;
    doc) _neap_doc ;;
    script) _neap_files ;;
  esac
}

complete -F _neap neap
