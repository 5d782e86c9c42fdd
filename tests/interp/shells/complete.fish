# complete.fish COMPLETIONS LINE: what fish offers at the line's end, a line each, without the descriptions.
source $argv[1]
complete -C $argv[2] | string replace -r '\t.*' ''
exit 0 # `string` fails where it had nothing to replace
