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
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "cache" -d 'Look into caches and remove what has gone cold'
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "doctor" -d 'Tell what can be profiled here, what cannot, and the command that changes it'
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "completions" -d 'Print a shell completion script'
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "man" -d 'Write the manual pages'
complete -c hotcold -n "__fish_hotcold_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "run" -d 'Run a program and print where it spends its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "attach" -d 'Record a program that is running already'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "report" -d 'Print where a recording spent its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "annotate" -d 'Print source lines with the time of each'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "diff" -d 'Tell what has changed between recordings'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "flamegraph" -d 'Draw a recording as a flamegraph'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "merge" -d 'Put recordings together'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "convert" -d 'Write a recording in another format'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "top" -d 'Watch a program at work: where its time goes now, and since the start'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "dump" -d 'Print the stacks of all threads of a process, now and once'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and not __fish_seen_subcommand_from run attach report annotate diff flamegraph merge convert top dump help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s o -l output -d 'File to save the recording to' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s r -l rate -d 'Samples per second of CPU time' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s d -l duration -d 'Stop recording after this long, for example 10s or 2m' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l every -d 'Print a table every TIME while the program runs, and save that much' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l log -d 'Append the tables of --every to a file' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l backend -d 'What to record with: auto, perf or ptrace' -r -f -a "auto\t'The best that works'
perf\t'Perf events'
ptrace\t'Stopping each running thread for a moment'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l native-frames -d 'Interpreter\'s functions: all, merged or none' -r -f -a "all\t'Everything'
merged\t'Python functions and the native ones that they call'
none\t'Python functions alone'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l flamegraph -d 'Draw a flamegraph, too' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l table-to -d 'Print the table to a file' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l sort -d 'Order by time, tottime, cumtime, wait, ncalls, samples or name' -r -f -a "time\t''
tottime\t''
cumtime\t''
wait\t''
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
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l exact -d 'Count the calls of Python programs exactly, instead of sampling'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l no-save -d 'Do not save the recording'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l system-wide -d 'Watch all processors instead of the program\'s threads (root)'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l wall -d 'Record waiting, too: for locks, I/O, time, children'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l wait-children -d 'Go on recording children that outlive the program'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l tree -d 'Print the call tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l inlines -d 'Show inlined functions below the function they were inlined into'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l idle -d 'Show each thread that only waits for work, instead of one row for all of them'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l only-project -d 'Show only functions of the program\'s own tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l no-imports -d 'Leave out the time that imports take'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l show-imports -d 'Show the functions that imports consist of'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l gil -d 'Count only samples of threads that hold their interpreter\'s lock'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s p -l pid -d 'Process to record, with its threads and children' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s o -l output -d 'File to save the recording to' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s r -l rate -d 'Samples per second of CPU time' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s d -l duration -d 'Stop recording after this long, for example 10s or 2m' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l every -d 'Print a table every TIME while the program runs, and save that much' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l log -d 'Append the tables of --every to a file' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l backend -d 'What to record with: auto, perf or ptrace' -r -f -a "auto\t'The best that works'
perf\t'Perf events'
ptrace\t'Stopping each running thread for a moment'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l native-frames -d 'Interpreter\'s functions: all, merged or none' -r -f -a "all\t'Everything'
merged\t'Python functions and the native ones that they call'
none\t'Python functions alone'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l flamegraph -d 'Draw a flamegraph, too' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l table-to -d 'Print the table to a file' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l sort -d 'Order by time, tottime, cumtime, wait, ncalls, samples or name' -r -f -a "time\t''
tottime\t''
cumtime\t''
wait\t''
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
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l wall -d 'Record waiting, too: for locks, I/O, time, children'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l wait-children -d 'Go on recording children that outlive the program'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l tree -d 'Print the call tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l inlines -d 'Show inlined functions below the function they were inlined into'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l idle -d 'Show each thread that only waits for work, instead of one row for all of them'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l only-project -d 'Show only functions of the program\'s own tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l no-imports -d 'Leave out the time that imports take'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l show-imports -d 'Show the functions that imports consist of'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l gil -d 'Count only samples of threads that hold their interpreter\'s lock'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l sort -d 'Order by time, tottime, cumtime, wait, ncalls, samples or name' -r -f -a "time\t''
tottime\t''
cumtime\t''
wait\t''
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
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l callers -d 'Print who called FUNCTION, with the time in it for each caller' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l callees -d 'Print what FUNCTION called, with the time of each' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l html -d 'Write a page for browsers instead: table, flamegraph, source lines' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l source-dir -d 'Look for sources below NEW where they were below OLD; with DIR alone, anywhere below it' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l since -d 'Leave out what was sampled before T, such as 10s (after the start)' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l until -d 'Leave out what was sampled at T or later' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l thread -d 'Only threads whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l process -d 'Only processes whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l focus -d 'Only samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l ignore -d 'Leave out samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l event -d 'Which event or value to read of a file that has several, such as cycles or alloc_space' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l tree -d 'Print the call tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l inlines -d 'Show inlined functions below the function they were inlined into'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l idle -d 'Show each thread that only waits for work, instead of one row for all of them'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l only-project -d 'Show only functions of the program\'s own tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l no-imports -d 'Leave out the time that imports take'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l show-imports -d 'Show the functions that imports consist of'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l gil -d 'Count only samples of threads that hold their interpreter\'s lock'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l inverted -d 'Turn the call tree around: callers stand below what they call'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l no-fold -d 'Give each call a line, also where one call has all the time of another'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l context -d 'Show N lines around each line with time [default: whole functions; of files 3]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l source-dir -d 'Look for sources below NEW where they were below OLD; with DIR alone, anywhere below it' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l limit -d 'Show at most N functions of one name; 0 for all' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l since -d 'Leave out what was sampled before T, such as 10s (after the start)' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l until -d 'Leave out what was sampled at T or later' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l thread -d 'Only threads whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l process -d 'Only processes whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l focus -d 'Only samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l ignore -d 'Leave out samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l event -d 'Which event or value to read of a file that has several, such as cycles or alloc_space' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from annotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l old -d 'Recordings to compare with, instead of OLD' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l new -d 'Recordings to compare, instead of NEW' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l by -d 'Compare functions, lines or modules' -r -f -a "function\t''
line\t''
module\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l limit -d 'Show at most N rows; 0 for all [default: 20]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l min-percent -d 'Leave out changes below P % of the old total' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l filter -d 'Keep rows whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l flamegraph -d 'Draw a differential flamegraph' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l fail-above -d 'Exit with code 3 when the total or any row grew by more than P %' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l since -d 'Leave out what was sampled before T, such as 10s (after the start)' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l until -d 'Leave out what was sampled at T or later' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l thread -d 'Only threads whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l process -d 'Only processes whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l focus -d 'Only samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l ignore -d 'Leave out samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l event -d 'Which event or value to read of a file that has several, such as cycles or alloc_space' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l cumtime -d 'Compare cumtime instead of tottime'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l normalize -d 'Compare shares: scale the old side so that its total is the new one\'s'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l only-project -d 'Show only functions of the program\'s own tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l no-imports -d 'Leave out the time that imports take'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l show-imports -d 'Show the functions that imports consist of'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l gil -d 'Count only samples of threads that hold their interpreter\'s lock'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -s o -l output -d 'Write the picture to SVG; `-` for standard output' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l title -d 'Title of the picture instead of the recorded command' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l filter -d 'Draw only stacks with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l since -d 'Leave out what was sampled before T, such as 10s (after the start)' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l until -d 'Leave out what was sampled at T or later' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l thread -d 'Only threads whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l process -d 'Only processes whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l focus -d 'Only samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l ignore -d 'Leave out samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l event -d 'Which event or value to read of a file that has several, such as cycles or alloc_space' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l inverted -d 'Put the innermost functions on top and their callers below'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l idle -d 'Draw what idle threads wait for, too'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l only-project -d 'Show only functions of the program\'s own tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l no-imports -d 'Leave out the time that imports take'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l show-imports -d 'Show the functions that imports consist of'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l gil -d 'Count only samples of threads that hold their interpreter\'s lock'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from flamegraph" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -s o -l output -d 'Save the merged recording to FILE; `-` for standard output' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -l since -d 'Leave out what was sampled before T, such as 10s (after the start)' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -l until -d 'Leave out what was sampled at T or later' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -l thread -d 'Only threads whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -l process -d 'Only processes whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -l focus -d 'Only samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -l ignore -d 'Leave out samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -l event -d 'Which event or value to read of a file that has several, such as cycles or alloc_space' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -s o -l output -d 'File to write; `-` for standard output' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l input-format -l from -d 'Format of IN [default: what its content tells]' -r -f -a "perf-data\t''
pprof\t''
pstats\t''
perf-script\t''
speedscope\t''
firefox\t''
callgrind\t''
folded\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l output-format -l to -d 'Format of OUT [default: what its ending tells; pprof to standard output]' -r -f -a "pprof\t''
pstats\t''
speedscope\t''
firefox\t''
callgrind\t''
folded\t''
json\t''
csv\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l filter -d 'Write only stacks with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l since -d 'Leave out what was sampled before T, such as 10s (after the start)' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l until -d 'Leave out what was sampled at T or later' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l thread -d 'Only threads whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l process -d 'Only processes whose name matches, or with this id' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l focus -d 'Only samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l ignore -d 'Leave out samples with a frame whose function, file or module matches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l event -d 'Which event or value to read of a file that has several, such as cycles or alloc_space' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from convert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -s p -l pid -d 'Process to watch, with its threads and children' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l interval -d 'Look every D' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l window -d 'Length of the last seconds' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -s d -l duration -d 'End the view after this long; a program that was started goes on' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l count -d 'End after N tables' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l limit -d 'Rows of a table that is printed; 0 for all' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -s o -l output -d 'File that the key o saves to' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l program-output -d 'Append to a file what the program would write to the terminal' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -s r -l rate -d 'Samples per second of CPU time' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l backend -d 'What to record with: auto, perf or ptrace' -r -f -a "auto\t'The best that works'
perf\t'Perf events'
ptrace\t'Stopping each running thread for a moment'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l native-frames -d 'Interpreter\'s functions at first: all, merged or none' -r -f -a "all\t'Everything'
merged\t'Python functions and the native ones that they call'
none\t'Python functions alone'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l wall -d 'Record waiting, too: for locks, I/O, time, children'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l only-project -d 'Show only functions of the program\'s own tree'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l no-imports -d 'Leave out the time that imports take'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l show-imports -d 'Show the functions that imports consist of'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l gil -d 'Count only samples of threads that hold their interpreter\'s lock'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from top" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from dump" -s p -l pid -d 'Process to look at' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from dump" -l native-frames -d 'Functions of an interpreter to show: all, merged or none' -r -f -a "all\t'Everything'
merged\t'Python functions and the native ones that they call'
none\t'Python functions alone'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from dump" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from dump" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from dump" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from dump" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from dump" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run a program and print where it spends its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "attach" -d 'Record a program that is running already'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "report" -d 'Print where a recording spent its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "annotate" -d 'Print source lines with the time of each'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "diff" -d 'Tell what has changed between recordings'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "flamegraph" -d 'Draw a recording as a flamegraph'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Put recordings together'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "convert" -d 'Write a recording in another format'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "top" -d 'Watch a program at work: where its time goes now, and since the start'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "dump" -d 'Print the stacks of all threads of a process, now and once'
complete -c hotcold -n "__fish_hotcold_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "scan" -d 'Find caches, and tell how big and how stale they are'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "stats" -d 'Tell what fills a cache, and how to shrink it'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "list" -d 'List the entries of a cache'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "show" -d 'Show one entry and its value'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "check" -d 'Look for damage, and repair it'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "expire" -d 'Remove what has expired'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "prune" -d 'Remove entries by rule'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "rm" -d 'Remove the entries that are named'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "clear" -d 'Remove every entry and keep the cache usable'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "watch" -d 'Watch a cache at work'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and not __fish_seen_subcommand_from scan stats list show check expire prune rm clear watch help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from scan" -l limit -d 'Show at most N caches' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from scan" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from scan" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from scan" -s l -l long -d 'Show what proves each cache too'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from scan" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from scan" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from scan" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from stats" -l by -d 'Add up by tag, group or type of the value' -r -f -a "tag\t''
group\t''
type\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from stats" -l app -d 'A source file of the app that uses the cache: names entries by function, and tells which are left over' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from stats" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from stats" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from stats" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from stats" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from stats" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l sort -d 'Order by size, age, used, expires or key instead of as stored' -r -f -a "size\t''
age\t''
used\t''
expires\t''
key\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l limit -d 'Show at most N entries' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l app -d 'A source file of the app that uses the cache: names entries by function, and tells which are left over' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l include -d 'With --expired: `unsure` adds what is left over by all appearance' -r -f -a "unsure\t'What is so by all appearance'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l older-than -d 'Only those stored longer ago than D, such as 30d or 1h 30m' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l unused-for -d 'Only those not used for D; the cache must record it' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l larger-than -d 'Only those with more bytes than S, such as 500MB or 1GiB' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l tag -d 'Only those with this tag; several mean any of them' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l key -d 'Only those whose key matches the pattern with * and ?' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l group -d 'Only those whose group matches the pattern; `stats --by group` shows them' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -s l -l long -d 'Show the value\'s type and file too'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l expired -d 'Only those that have expired or are left over'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -l id -d 'Id of the entry, the first column of `cache list`' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -s o -l output -d 'File for --raw, replaced as a whole; `-` for standard output' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -l app -d 'A source file of the app that uses the cache: names entries by function, and tells which are left over' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -l full -d 'Show up to four million characters of the value instead of two thousand'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -l raw -d 'Write the stored bytes of the value to the file that -o names'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -l grace -d 'Leave files alone that are younger than D: they may be just being written' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -l lock-timeout -d 'Wait for a locked cache at most D, with --fix' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -l deep -d 'Read all keys and values too, and compare every index with its table'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -l fix -d 'Repair what can be repaired without losing anything'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -l audit -d 'List the pickles that would import or call something when Python reads them'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l include -d 'Remove more: `unsure` is what is left over by all appearance' -r -f -a "unsure\t'What is so by all appearance'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l app -d 'A source file of the app that uses the cache: names entries by function, and tells which are left over' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l grace -d 'Spare what was stored less than D ago [default: what is safe for that kind of cache]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l lock-timeout -d 'Wait at most D for a cache that is locked' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -s n -l dry-run -d 'Only tell what would be removed; with -v or --json every entry'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -s y -l yes -d 'Do not ask'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l vacuum -d 'Give free space inside the database back to the file system'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l only-copies -d 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l fast -d 'Do not slow down for other users of the cache'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l polite -d 'Slow down even if no other user is seen, such as one in a container'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from expire" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l policy -d 'Instead of DIR and rules: a TOML file with the rules for many caches' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l include -d 'With --expired: `unsure` adds what is left over by all appearance' -r -f -a "unsure\t'What is so by all appearance'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l older-than -d 'Only those stored longer ago than D, such as 30d or 1h 30m' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l unused-for -d 'Only those not used for D; the cache must record it' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l larger-than -d 'Only those with more bytes than S, such as 500MB or 1GiB' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l tag -d 'Only those with this tag; several mean any of them' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l key -d 'Only those whose key matches the pattern with * and ?' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l group -d 'Only those whose group matches the pattern; `stats --by group` shows them' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l max-size -d 'Remove more until the cache counts at most S, such as 500MB or 1GiB' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l max-entries -d 'Remove more until at most N entries are left' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l by -d 'Who goes first for a limit: policy, used, stored or hits' -r -f -a "policy\t''
used\t''
stored\t''
hits\t''"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l app -d 'A source file of the app that uses the cache: names entries by function, and tells which are left over' -r -F
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l grace -d 'Spare what was stored less than D ago [default: what is safe for that kind of cache]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l lock-timeout -d 'Wait at most D for a cache that is locked' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l expired -d 'Only those that have expired or are left over'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l adopt -d 'Treat DIR as a cache from now on, though it is not known as one: writes a marker file into it'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -s n -l dry-run -d 'Only tell what would be removed; with -v or --json every entry'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -s y -l yes -d 'Do not ask'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l vacuum -d 'Give free space inside the database back to the file system'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l only-copies -d 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l fast -d 'Do not slow down for other users of the cache'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l polite -d 'Slow down even if no other user is seen, such as one in a container'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l id -d 'An entry by the id that `list` shows' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l grace -d 'Spare what was stored less than D ago [default: what is safe for that kind of cache]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l lock-timeout -d 'Wait at most D for a cache that is locked' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -s n -l dry-run -d 'Only tell what would be removed; with -v or --json every entry'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Do not ask'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l vacuum -d 'Give free space inside the database back to the file system'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l only-copies -d 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l fast -d 'Do not slow down for other users of the cache'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l polite -d 'Slow down even if no other user is seen, such as one in a container'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -l grace -d 'Spare what was stored less than D ago [default: what is safe for that kind of cache]' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -l lock-timeout -d 'Wait at most D for a cache that is locked' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -s n -l dry-run -d 'Only tell what would be removed; with -v or --json every entry'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -s y -l yes -d 'Do not ask'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -l vacuum -d 'Give free space inside the database back to the file system'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -l only-copies -d 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -l fast -d 'Do not slow down for other users of the cache'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -l polite -d 'Slow down even if no other user is seen, such as one in a container'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from watch" -l interval -d 'Look every D' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from watch" -l count -d 'End after N looks' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from watch" -l now -d 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970' -r
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from watch" -l color -d 'When to use colour' -r -f -a "auto\t'On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow'
always\t'Always'
never\t'Never'"
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from watch" -l json -d 'Print JSON'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'Print no notes and no progress; twice: no warnings either'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from watch" -s v -l verbose -d 'Tell what is opened, found and skipped'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "scan" -d 'Find caches, and tell how big and how stale they are'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "stats" -d 'Tell what fills a cache, and how to shrink it'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the entries of a cache'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one entry and its value'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "check" -d 'Look for damage, and repair it'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "expire" -d 'Remove what has expired'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove entries by rule'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "rm" -d 'Remove the entries that are named'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "clear" -d 'Remove every entry and keep the cache usable'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Watch a cache at work'
complete -c hotcold -n "__fish_hotcold_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile cache doctor completions man help" -f -a "profile" -d 'Record and read CPU profiles'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile cache doctor completions man help" -f -a "cache" -d 'Look into caches and remove what has gone cold'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile cache doctor completions man help" -f -a "doctor" -d 'Tell what can be profiled here, what cannot, and the command that changes it'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile cache doctor completions man help" -f -a "completions" -d 'Print a shell completion script'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile cache doctor completions man help" -f -a "man" -d 'Write the manual pages'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and not __fish_seen_subcommand_from profile cache doctor completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "run" -d 'Run a program and print where it spends its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "attach" -d 'Record a program that is running already'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "report" -d 'Print where a recording spent its time'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "annotate" -d 'Print source lines with the time of each'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "diff" -d 'Tell what has changed between recordings'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "flamegraph" -d 'Draw a recording as a flamegraph'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "merge" -d 'Put recordings together'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "convert" -d 'Write a recording in another format'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "top" -d 'Watch a program at work: where its time goes now, and since the start'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "dump" -d 'Print the stacks of all threads of a process, now and once'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "scan" -d 'Find caches, and tell how big and how stale they are'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "stats" -d 'Tell what fills a cache, and how to shrink it'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "list" -d 'List the entries of a cache'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "show" -d 'Show one entry and its value'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "check" -d 'Look for damage, and repair it'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "expire" -d 'Remove what has expired'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "prune" -d 'Remove entries by rule'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "rm" -d 'Remove the entries that are named'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "clear" -d 'Remove every entry and keep the cache usable'
complete -c hotcold -n "__fish_hotcold_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "watch" -d 'Watch a cache at work'
