# Completion of neap's command line for fish. tests/interp/completions_test.cpp compares it with the help texts.

# The command on the line, or "script", or nothing before both.
function __neap_command
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case -e -l
                set skip 1
            case - --
                echo script
                return
            case '-*'
            case test repl init doc
                echo $word
                return
            case '*'
                echo script
                return
        end
    end
    echo none
end

function __neap_is
    test (__neap_command) = $argv[1]
end

# Scripts, and directories on the way to more.
function __neap_files
    __fish_complete_suffix $argv[1]
end

complete -c neap -n 'not __neap_is script' -f
complete -c neap -n '__neap_is none' -a test -d 'run the tests'
complete -c neap -n '__neap_is none' -a repl -d 'open the prompt'
complete -c neap -n '__neap_is none' -a init -d 'prepare a directory for editors'
complete -c neap -n '__neap_is none' -a doc -d 'show documentation'
complete -c neap -n '__neap_is none' -k -a '(__neap_files .lua)'
complete -c neap -n '__neap_is none' -s e -x -d 'execute a string'
complete -c neap -n '__neap_is none' -s l -x -d 'require a library into a global'
complete -c neap -n '__neap_is none' -s i -d 'open the prompt after the script'
complete -c neap -n '__neap_is none' -s v -d 'show version information'
complete -c neap -n '__neap_is none' -s E -d 'ignore environment variables'
complete -c neap -n '__neap_is none' -s W -d 'turn warnings on'
complete -c neap -n '__neap_is none' -s h -l help -d 'show the options'
complete -c neap -n '__neap_is none' -l version -d 'show version information and exit'
complete -c neap -n '__neap_is none' -l debug -d 'warn of what blocks, is not awaited or not closed'
complete -c neap -n '__neap_is none' -l sandbox -d 'run a script that is not trusted'
complete -c neap -n '__neap_is none' -l allow-read -d 'let the script read files'
complete -c neap -n '__neap_is none' -l allow-write -d 'let the script write files'
complete -c neap -n '__neap_is none' -l allow-net -d 'let the script use the network'
complete -c neap -n '__neap_is none' -l allow-run -d 'let the script run programs'
complete -c neap -n '__neap_is none' -l allow-env -d 'let the script read environment variables'
complete -c neap -n '__neap_is none' -l allow-thread -d 'let the script start threads'
complete -c neap -n '__neap_is none' -l allow-signal -d 'let the script handle signals'
complete -c neap -n '__neap_is none' -l allow-native -d 'let the script load C modules'
complete -c neap -n '__neap_is none' -l limit-memory -d 'limit its memory'
complete -c neap -n '__neap_is none' -l limit-step -d 'limit the CPU time between waits'
complete -c neap -n '__neap_is none' -l limit-wall -d 'limit the time that it runs'
complete -c neap -n '__neap_is none' -l limit-tasks -d 'limit its tasks'
complete -c neap -n '__neap_is none' -l limit-handles -d 'limit what it has open'

complete -c neap -n '__neap_is test' -k -a '(__neap_files _test.lua)'
complete -c neap -n '__neap_is test' -l filter -x -d 'run the tests whose full name has the text'
complete -c neap -n '__neap_is test' -l list -d 'show the tests, run none'
complete -c neap -n '__neap_is test' -l shuffle -d 'run them in a random order'
complete -c neap -n '__neap_is test' -l repeat -x -d 'run each test so many times, until it fails'
complete -c neap -n '__neap_is test' -l jobs -x -d 'run the files in so many processes at once'
complete -c neap -n '__neap_is test' -l timeout -x -d 'seconds of real time that a test may take'
complete -c neap -n '__neap_is test' -l bail -d 'end with the first failure'
complete -c neap -n '__neap_is test' -l fail-fast -d 'end with the first failure'
complete -c neap -n '__neap_is test' -l reporter -x -a 'spec tap junit' -d 'how the report looks'
complete -c neap -n '__neap_is test' -l output -r -F -d 'write the report to the file'
complete -c neap -n '__neap_is test' -l seed -x -d 'seed of math.random and of the order of tasks'
complete -c neap -n '__neap_is test' -l cancel-at -x -d 'cancel the task that waits at this suspension'
complete -c neap -n '__neap_is test' -s h -l help -d 'show the options'

complete -c neap -n '__neap_is init' -a '(__fish_complete_directories)'
complete -c neap -n '__neap_is init' -l copy -d 'write the stubs into the directory'
complete -c neap -n '__neap_is init' -l force -d 'replace a .luarc.json that is there already'
complete -c neap -n '__neap_is init' -s h -l help -d 'show the options'

complete -c neap -n '__neap_is doc' -s s -l search -d 'names and pages that have the words'
complete -c neap -n '__neap_is doc' -l markdown -d 'print the Markdown'
complete -c neap -n '__neap_is doc' -l write -r -F -d 'write the reference into the directory'
complete -c neap -n '__neap_is doc' -l no-pager -d 'print directly'
complete -c neap -n '__neap_is doc' -s h -l help -d 'show the options'
