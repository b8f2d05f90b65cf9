# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_hotcold_global_optspecs
    string join \n json q/quiet v/verbose color= h/help V/version
end

function __fish_hotcold_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_hotcold_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_hotcold_using_subcommand
    set -l cmd (__fish_hotcold_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c hotcold -n "__fish_hotcold_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_needs_command" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_needs_command" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_needs_command" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_needs_command" -s V -l version -d 'Print version'
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "profile" -d 'Record and read CPU profiles'
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "doctor" -d 'Tell what can be profiled here, what cannot, and the command that changes it'
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "completions" -d 'Print a shell completion script'
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "man" -d 'Write the manual pages'
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -f -a "run" -d 'Run a program and print where it spends its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -f -a "attach" -d 'Record a program that is running already'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -f -a "report" -d 'Print where a recording spent its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -f -a "flamegraph" -d 'Draw a recording as a flamegraph'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report flamegraph help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s o -l output -d 'File to save the recording to' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s r -l rate -d 'Samples per second of CPU time' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s d -l duration -d 'Stop recording after this long, for example 10s or 2m' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l native-frames -d 'What to show of an interpreter\'s own functions' -r -f -a "all\t'Everything'
merged\t'Python functions and the native ones that they call'
none\t'Python functions alone'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l flamegraph -d 'Draw a flamegraph, too' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l table-to -d 'Print the table to a file instead of standard error' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l sort -d 'Order by tottime, cumtime, ncalls, samples or name' -r -f -a "tottime\t''
cumtime\t''
ncalls\t''
samples\t''
name\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l by -d 'Group by function, line, module, thread or process' -r -f -a "function\t''
line\t''
module\t''
thread\t''
process\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l limit -d 'Show at most N rows; 0 for all [default: 20]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l min-percent -d 'Leave out rows below P % of the total [default: 0, with --tree 1]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l filter -d 'Keep rows whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l no-save -d 'Do not save the recording'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l system-wide -d 'Watch all processors instead of the program\'s threads (root)'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l wait-children -d 'Go on recording children that outlive the program'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l tree -d 'Print the call tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l inlines -d 'Show inlined functions below the function they were inlined into'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s p -l pid -d 'Process to record, with its threads and children' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s o -l output -d 'File to save the recording to' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s r -l rate -d 'Samples per second of CPU time' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s d -l duration -d 'Stop recording after this long, for example 10s or 2m' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l native-frames -d 'What to show of an interpreter\'s own functions' -r -f -a "all\t'Everything'
merged\t'Python functions and the native ones that they call'
none\t'Python functions alone'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l flamegraph -d 'Draw a flamegraph, too' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l table-to -d 'Print the table to a file instead of standard error' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l sort -d 'Order by tottime, cumtime, ncalls, samples or name' -r -f -a "tottime\t''
cumtime\t''
ncalls\t''
samples\t''
name\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l by -d 'Group by function, line, module, thread or process' -r -f -a "function\t''
line\t''
module\t''
thread\t''
process\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l limit -d 'Show at most N rows; 0 for all [default: 20]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l min-percent -d 'Leave out rows below P % of the total [default: 0, with --tree 1]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l filter -d 'Keep rows whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l no-save -d 'Do not save the recording'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l system-wide -d 'Watch all processors instead of the program\'s threads (root)'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l wait-children -d 'Go on recording children that outlive the program'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l tree -d 'Print the call tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l inlines -d 'Show inlined functions below the function they were inlined into'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l sort -d 'Order by tottime, cumtime, ncalls, samples or name' -r -f -a "tottime\t''
cumtime\t''
ncalls\t''
samples\t''
name\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l by -d 'Group by function, line, module, thread or process' -r -f -a "function\t''
line\t''
module\t''
thread\t''
process\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l limit -d 'Show at most N rows; 0 for all [default: 20]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l min-percent -d 'Leave out rows below P % of the total [default: 0, with --tree 1]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l filter -d 'Keep rows whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l tree -d 'Print the call tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l inlines -d 'Show inlined functions below the function they were inlined into'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -s o -l output -d 'Write the picture to SVG; `-` for standard output' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l title -d 'Title of the picture instead of the recorded command' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l filter -d 'Draw only stacks with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l inverted -d 'Put the innermost functions on top and their callers below'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run a program and print where it spends its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "attach" -d 'Record a program that is running already'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "report" -d 'Print where a recording spent its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "flamegraph" -d 'Draw a recording as a flamegraph'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hotcold -n "__fish_hotcold_using_subcommand doctor" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand doctor" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand doctor" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand doctor" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand completions" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand completions" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand completions" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand man" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand man" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand man" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile doctor completions man help" -f -a "profile" -d 'Record and read CPU profiles'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile doctor completions man help" -f -a "doctor" -d 'Tell what can be profiled here, what cannot, and the command that changes it'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile doctor completions man help" -f -a "completions" -d 'Print a shell completion script'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile doctor completions man help" -f -a "man" -d 'Write the manual pages'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile doctor completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "run" -d 'Run a program and print where it spends its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "attach" -d 'Record a program that is running already'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "report" -d 'Print where a recording spent its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "flamegraph" -d 'Draw a recording as a flamegraph'
