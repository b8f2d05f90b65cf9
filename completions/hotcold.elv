
use builtin;
use str;

set edit:completion:arg-completer[hotcold] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'hotcold'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'hotcold'= {
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand profile 'Record and read CPU profiles'
            cand cache 'Look into caches and remove what has gone cold'
            cand doctor 'Tell what can be profiled here, what cannot, and the command that changes it'
            cand completions 'Print a shell completion script'
            cand man 'Write the manual pages'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;profile'= {
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand run 'Run a program and print where it spends its time'
            cand attach 'Record a program that is running already'
            cand report 'Print where a recording spent its time'
            cand annotate 'Print source lines with the time of each'
            cand diff 'Tell what has changed between recordings'
            cand flamegraph 'Draw a recording as a flamegraph'
            cand merge 'Put recordings together'
            cand convert 'Write a recording in another format'
            cand top 'Watch a program at work: where its time goes now, and since the start'
            cand dump 'Print the stacks of all threads of a process, now and once'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;profile;run'= {
            cand -o 'File to save the recording to'
            cand --output 'File to save the recording to'
            cand -r 'Samples per second of CPU time'
            cand --rate 'Samples per second of CPU time'
            cand -d 'Stop recording after this long, for example 10s or 2m'
            cand --duration 'Stop recording after this long, for example 10s or 2m'
            cand --every 'Print a table every TIME while the program runs, and save that much'
            cand --log 'Append the tables of --every to a file'
            cand --backend 'What to record with: auto, perf or ptrace'
            cand --native-frames 'Interpreter''s functions: all, merged or none'
            cand --flamegraph 'Draw a flamegraph, too'
            cand --table-to 'Print the table to a file'
            cand --sort 'Order by time, tottime, cumtime, wait, ncalls, samples or name'
            cand --by 'Group by function, line, module, thread or process'
            cand --limit 'Show at most N rows; 0 for all [default: 20]'
            cand --min-percent 'Leave out rows below P % of the total [default: 0, with --tree 1]'
            cand --filter 'Keep rows whose function, file or module matches'
            cand --color 'When to use colour'
            cand --exact 'Count the calls of Python programs exactly, instead of sampling'
            cand --no-save 'Do not save the recording'
            cand --system-wide 'Watch all processors instead of the program''s threads (root)'
            cand --wall 'Record waiting, too: for locks, I/O, time, children'
            cand --wait-children 'Go on recording children that outlive the program'
            cand --tree 'Print the call tree'
            cand --inlines 'Show inlined functions below the function they were inlined into'
            cand --idle 'Show each thread that only waits for work, instead of one row for all of them'
            cand --only-project 'Show only functions of the program''s own tree'
            cand --no-imports 'Leave out the time that imports take'
            cand --show-imports 'Show the functions that imports consist of'
            cand --gil 'Count only samples of threads that hold their interpreter''s lock'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;attach'= {
            cand -p 'Process to record, with its threads and children'
            cand --pid 'Process to record, with its threads and children'
            cand -o 'File to save the recording to'
            cand --output 'File to save the recording to'
            cand -r 'Samples per second of CPU time'
            cand --rate 'Samples per second of CPU time'
            cand -d 'Stop recording after this long, for example 10s or 2m'
            cand --duration 'Stop recording after this long, for example 10s or 2m'
            cand --every 'Print a table every TIME while the program runs, and save that much'
            cand --log 'Append the tables of --every to a file'
            cand --backend 'What to record with: auto, perf or ptrace'
            cand --native-frames 'Interpreter''s functions: all, merged or none'
            cand --flamegraph 'Draw a flamegraph, too'
            cand --table-to 'Print the table to a file'
            cand --sort 'Order by time, tottime, cumtime, wait, ncalls, samples or name'
            cand --by 'Group by function, line, module, thread or process'
            cand --limit 'Show at most N rows; 0 for all [default: 20]'
            cand --min-percent 'Leave out rows below P % of the total [default: 0, with --tree 1]'
            cand --filter 'Keep rows whose function, file or module matches'
            cand --color 'When to use colour'
            cand --no-save 'Do not save the recording'
            cand --system-wide 'Watch all processors instead of the program''s threads (root)'
            cand --wall 'Record waiting, too: for locks, I/O, time, children'
            cand --wait-children 'Go on recording children that outlive the program'
            cand --tree 'Print the call tree'
            cand --inlines 'Show inlined functions below the function they were inlined into'
            cand --idle 'Show each thread that only waits for work, instead of one row for all of them'
            cand --only-project 'Show only functions of the program''s own tree'
            cand --no-imports 'Leave out the time that imports take'
            cand --show-imports 'Show the functions that imports consist of'
            cand --gil 'Count only samples of threads that hold their interpreter''s lock'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;report'= {
            cand --sort 'Order by time, tottime, cumtime, wait, ncalls, samples or name'
            cand --by 'Group by function, line, module, thread or process'
            cand --limit 'Show at most N rows; 0 for all [default: 20]'
            cand --min-percent 'Leave out rows below P % of the total [default: 0, with --tree 1]'
            cand --filter 'Keep rows whose function, file or module matches'
            cand --callers 'Print who called FUNCTION, with the time in it for each caller'
            cand --callees 'Print what FUNCTION called, with the time of each'
            cand --html 'Write a page for browsers instead: table, flamegraph, source lines'
            cand --source-dir 'Look for sources below NEW where they were below OLD; with DIR alone, anywhere below it'
            cand --since 'Leave out what was sampled before T, such as 10s (after the start)'
            cand --until 'Leave out what was sampled at T or later'
            cand --thread 'Only threads whose name matches, or with this id'
            cand --process 'Only processes whose name matches, or with this id'
            cand --focus 'Only samples with a frame whose function, file or module matches'
            cand --ignore 'Leave out samples with a frame whose function, file or module matches'
            cand --event 'Which event or value to read of a file that has several, such as cycles or alloc_space'
            cand --color 'When to use colour'
            cand --tree 'Print the call tree'
            cand --inlines 'Show inlined functions below the function they were inlined into'
            cand --idle 'Show each thread that only waits for work, instead of one row for all of them'
            cand --only-project 'Show only functions of the program''s own tree'
            cand --no-imports 'Leave out the time that imports take'
            cand --show-imports 'Show the functions that imports consist of'
            cand --gil 'Count only samples of threads that hold their interpreter''s lock'
            cand --inverted 'Turn the call tree around: callers stand below what they call'
            cand --no-fold 'Give each call a line, also where one call has all the time of another'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;annotate'= {
            cand --context 'Show N lines around each line with time [default: whole functions; of files 3]'
            cand --source-dir 'Look for sources below NEW where they were below OLD; with DIR alone, anywhere below it'
            cand --limit 'Show at most N functions of one name; 0 for all'
            cand --since 'Leave out what was sampled before T, such as 10s (after the start)'
            cand --until 'Leave out what was sampled at T or later'
            cand --thread 'Only threads whose name matches, or with this id'
            cand --process 'Only processes whose name matches, or with this id'
            cand --focus 'Only samples with a frame whose function, file or module matches'
            cand --ignore 'Leave out samples with a frame whose function, file or module matches'
            cand --event 'Which event or value to read of a file that has several, such as cycles or alloc_space'
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;diff'= {
            cand --old 'Recordings to compare with, instead of OLD'
            cand --new 'Recordings to compare, instead of NEW'
            cand --by 'Compare functions, lines or modules'
            cand --limit 'Show at most N rows; 0 for all [default: 20]'
            cand --min-percent 'Leave out changes below P % of the old total'
            cand --filter 'Keep rows whose function, file or module matches'
            cand --flamegraph 'Draw a differential flamegraph'
            cand --fail-above 'Exit with code 3 when the total or any row grew by more than P %'
            cand --since 'Leave out what was sampled before T, such as 10s (after the start)'
            cand --until 'Leave out what was sampled at T or later'
            cand --thread 'Only threads whose name matches, or with this id'
            cand --process 'Only processes whose name matches, or with this id'
            cand --focus 'Only samples with a frame whose function, file or module matches'
            cand --ignore 'Leave out samples with a frame whose function, file or module matches'
            cand --event 'Which event or value to read of a file that has several, such as cycles or alloc_space'
            cand --color 'When to use colour'
            cand --cumtime 'Compare cumtime instead of tottime'
            cand --normalize 'Compare shares: scale the old side so that its total is the new one''s'
            cand --only-project 'Show only functions of the program''s own tree'
            cand --no-imports 'Leave out the time that imports take'
            cand --show-imports 'Show the functions that imports consist of'
            cand --gil 'Count only samples of threads that hold their interpreter''s lock'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;flamegraph'= {
            cand -o 'Write the picture to SVG; `-` for standard output'
            cand --output 'Write the picture to SVG; `-` for standard output'
            cand --title 'Title of the picture instead of the recorded command'
            cand --filter 'Draw only stacks with a frame whose function, file or module matches'
            cand --since 'Leave out what was sampled before T, such as 10s (after the start)'
            cand --until 'Leave out what was sampled at T or later'
            cand --thread 'Only threads whose name matches, or with this id'
            cand --process 'Only processes whose name matches, or with this id'
            cand --focus 'Only samples with a frame whose function, file or module matches'
            cand --ignore 'Leave out samples with a frame whose function, file or module matches'
            cand --event 'Which event or value to read of a file that has several, such as cycles or alloc_space'
            cand --color 'When to use colour'
            cand --inverted 'Put the innermost functions on top and their callers below'
            cand --idle 'Draw what idle threads wait for, too'
            cand --only-project 'Show only functions of the program''s own tree'
            cand --no-imports 'Leave out the time that imports take'
            cand --show-imports 'Show the functions that imports consist of'
            cand --gil 'Count only samples of threads that hold their interpreter''s lock'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;merge'= {
            cand -o 'Save the merged recording to FILE; `-` for standard output'
            cand --output 'Save the merged recording to FILE; `-` for standard output'
            cand --since 'Leave out what was sampled before T, such as 10s (after the start)'
            cand --until 'Leave out what was sampled at T or later'
            cand --thread 'Only threads whose name matches, or with this id'
            cand --process 'Only processes whose name matches, or with this id'
            cand --focus 'Only samples with a frame whose function, file or module matches'
            cand --ignore 'Leave out samples with a frame whose function, file or module matches'
            cand --event 'Which event or value to read of a file that has several, such as cycles or alloc_space'
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;convert'= {
            cand -o 'File to write; `-` for standard output'
            cand --output 'File to write; `-` for standard output'
            cand --input-format 'Format of IN [default: what its content tells]'
            cand --from 'Format of IN [default: what its content tells]'
            cand --output-format 'Format of OUT [default: what its ending tells; pprof to standard output]'
            cand --to 'Format of OUT [default: what its ending tells; pprof to standard output]'
            cand --filter 'Write only stacks with a frame whose function, file or module matches'
            cand --since 'Leave out what was sampled before T, such as 10s (after the start)'
            cand --until 'Leave out what was sampled at T or later'
            cand --thread 'Only threads whose name matches, or with this id'
            cand --process 'Only processes whose name matches, or with this id'
            cand --focus 'Only samples with a frame whose function, file or module matches'
            cand --ignore 'Leave out samples with a frame whose function, file or module matches'
            cand --event 'Which event or value to read of a file that has several, such as cycles or alloc_space'
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;top'= {
            cand -p 'Process to watch, with its threads and children'
            cand --pid 'Process to watch, with its threads and children'
            cand --interval 'Look every D'
            cand --window 'Length of the last seconds'
            cand -d 'End the view after this long; a program that was started goes on'
            cand --duration 'End the view after this long; a program that was started goes on'
            cand --count 'End after N tables'
            cand --limit 'Rows of a table that is printed; 0 for all'
            cand -o 'File that the key o saves to'
            cand --output 'File that the key o saves to'
            cand --program-output 'Append to a file what the program would write to the terminal'
            cand -r 'Samples per second of CPU time'
            cand --rate 'Samples per second of CPU time'
            cand --backend 'What to record with: auto, perf or ptrace'
            cand --native-frames 'Interpreter''s functions at first: all, merged or none'
            cand --color 'When to use colour'
            cand --wall 'Record waiting, too: for locks, I/O, time, children'
            cand --only-project 'Show only functions of the program''s own tree'
            cand --no-imports 'Leave out the time that imports take'
            cand --show-imports 'Show the functions that imports consist of'
            cand --gil 'Count only samples of threads that hold their interpreter''s lock'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;dump'= {
            cand -p 'Process to look at'
            cand --pid 'Process to look at'
            cand --native-frames 'Functions of an interpreter to show: all, merged or none'
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;help'= {
            cand run 'Run a program and print where it spends its time'
            cand attach 'Record a program that is running already'
            cand report 'Print where a recording spent its time'
            cand annotate 'Print source lines with the time of each'
            cand diff 'Tell what has changed between recordings'
            cand flamegraph 'Draw a recording as a flamegraph'
            cand merge 'Put recordings together'
            cand convert 'Write a recording in another format'
            cand top 'Watch a program at work: where its time goes now, and since the start'
            cand dump 'Print the stacks of all threads of a process, now and once'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;profile;help;run'= {
        }
        &'hotcold;profile;help;attach'= {
        }
        &'hotcold;profile;help;report'= {
        }
        &'hotcold;profile;help;annotate'= {
        }
        &'hotcold;profile;help;diff'= {
        }
        &'hotcold;profile;help;flamegraph'= {
        }
        &'hotcold;profile;help;merge'= {
        }
        &'hotcold;profile;help;convert'= {
        }
        &'hotcold;profile;help;top'= {
        }
        &'hotcold;profile;help;dump'= {
        }
        &'hotcold;profile;help;help'= {
        }
        &'hotcold;cache'= {
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand scan 'Find caches, and tell how big and how stale they are'
            cand stats 'Tell what fills a cache, and how to shrink it'
            cand list 'List the entries of a cache'
            cand show 'Show one entry and its value'
            cand check 'Look for damage, and repair it'
            cand expire 'Remove what has expired'
            cand prune 'Remove entries by rule'
            cand rm 'Remove the entries that are named'
            cand clear 'Remove every entry and keep the cache usable'
            cand watch 'Watch a cache at work'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;cache;scan'= {
            cand --limit 'Show at most N caches'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand -l 'Show what proves each cache too'
            cand --long 'Show what proves each cache too'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;stats'= {
            cand --by 'Add up by tag, group or type of the value'
            cand --app 'A source file of the app that uses the cache: names entries by function, and tells which are left over'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;list'= {
            cand --sort 'Order by size, age, used, expires or key instead of as stored'
            cand --limit 'Show at most N entries'
            cand --app 'A source file of the app that uses the cache: names entries by function, and tells which are left over'
            cand --include 'With --expired: `unsure` adds what is left over by all appearance'
            cand --older-than 'Only those stored longer ago than D, such as 30d or 1h 30m'
            cand --unused-for 'Only those not used for D; the cache must record it'
            cand --larger-than 'Only those with more bytes than S, such as 500MB or 1GiB'
            cand --tag 'Only those with this tag; several mean any of them'
            cand --key 'Only those whose key matches the pattern with * and ?'
            cand --group 'Only those whose group matches the pattern; `stats --by group` shows them'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand -l 'Show the value''s type and file too'
            cand --long 'Show the value''s type and file too'
            cand --expired 'Only those that have expired or are left over'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;show'= {
            cand --id 'Id of the entry, the first column of `cache list`'
            cand -o 'File for --raw, replaced as a whole; `-` for standard output'
            cand --output 'File for --raw, replaced as a whole; `-` for standard output'
            cand --app 'A source file of the app that uses the cache: names entries by function, and tells which are left over'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand --full 'Show up to four million characters of the value instead of two thousand'
            cand --raw 'Write the stored bytes of the value to the file that -o names'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;check'= {
            cand --grace 'Leave files alone that are younger than D: they may be just being written'
            cand --lock-timeout 'Wait for a locked cache at most D, with --fix'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand --deep 'Read all keys and values too, and compare every index with its table'
            cand --fix 'Repair what can be repaired without losing anything'
            cand --audit 'List the pickles that would import or call something when Python reads them'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;expire'= {
            cand --include 'Remove more: `unsure` is what is left over by all appearance'
            cand --app 'A source file of the app that uses the cache: names entries by function, and tells which are left over'
            cand --grace 'Spare what was stored less than D ago [default: what is safe for that kind of cache]'
            cand --lock-timeout 'Wait at most D for a cache that is locked'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand -n 'Only tell what would be removed; with -v or --json every entry'
            cand --dry-run 'Only tell what would be removed; with -v or --json every entry'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand --vacuum 'Give free space inside the database back to the file system'
            cand --only-copies 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at'
            cand --fast 'Do not slow down for other users of the cache'
            cand --polite 'Slow down even if no other user is seen, such as one in a container'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;prune'= {
            cand --policy 'Instead of DIR and rules: a TOML file with the rules for many caches'
            cand --include 'With --expired: `unsure` adds what is left over by all appearance'
            cand --older-than 'Only those stored longer ago than D, such as 30d or 1h 30m'
            cand --unused-for 'Only those not used for D; the cache must record it'
            cand --larger-than 'Only those with more bytes than S, such as 500MB or 1GiB'
            cand --tag 'Only those with this tag; several mean any of them'
            cand --key 'Only those whose key matches the pattern with * and ?'
            cand --group 'Only those whose group matches the pattern; `stats --by group` shows them'
            cand --max-size 'Remove more until the cache counts at most S, such as 500MB or 1GiB'
            cand --max-entries 'Remove more until at most N entries are left'
            cand --by 'Who goes first for a limit: policy, used, stored or hits'
            cand --app 'A source file of the app that uses the cache: names entries by function, and tells which are left over'
            cand --grace 'Spare what was stored less than D ago [default: what is safe for that kind of cache]'
            cand --lock-timeout 'Wait at most D for a cache that is locked'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand --expired 'Only those that have expired or are left over'
            cand --adopt 'Treat DIR as a cache from now on, though it is not known as one: writes a marker file into it'
            cand -n 'Only tell what would be removed; with -v or --json every entry'
            cand --dry-run 'Only tell what would be removed; with -v or --json every entry'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand --vacuum 'Give free space inside the database back to the file system'
            cand --only-copies 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at'
            cand --fast 'Do not slow down for other users of the cache'
            cand --polite 'Slow down even if no other user is seen, such as one in a container'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;rm'= {
            cand --id 'An entry by the id that `list` shows'
            cand --grace 'Spare what was stored less than D ago [default: what is safe for that kind of cache]'
            cand --lock-timeout 'Wait at most D for a cache that is locked'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand -n 'Only tell what would be removed; with -v or --json every entry'
            cand --dry-run 'Only tell what would be removed; with -v or --json every entry'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand --vacuum 'Give free space inside the database back to the file system'
            cand --only-copies 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at'
            cand --fast 'Do not slow down for other users of the cache'
            cand --polite 'Slow down even if no other user is seen, such as one in a container'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;clear'= {
            cand --grace 'Spare what was stored less than D ago [default: what is safe for that kind of cache]'
            cand --lock-timeout 'Wait at most D for a cache that is locked'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand -n 'Only tell what would be removed; with -v or --json every entry'
            cand --dry-run 'Only tell what would be removed; with -v or --json every entry'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand --vacuum 'Give free space inside the database back to the file system'
            cand --only-copies 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at'
            cand --fast 'Do not slow down for other users of the cache'
            cand --polite 'Slow down even if no other user is seen, such as one in a container'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;watch'= {
            cand --interval 'Look every D'
            cand --count 'End after N looks'
            cand --now 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970'
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;cache;help'= {
            cand scan 'Find caches, and tell how big and how stale they are'
            cand stats 'Tell what fills a cache, and how to shrink it'
            cand list 'List the entries of a cache'
            cand show 'Show one entry and its value'
            cand check 'Look for damage, and repair it'
            cand expire 'Remove what has expired'
            cand prune 'Remove entries by rule'
            cand rm 'Remove the entries that are named'
            cand clear 'Remove every entry and keep the cache usable'
            cand watch 'Watch a cache at work'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;cache;help;scan'= {
        }
        &'hotcold;cache;help;stats'= {
        }
        &'hotcold;cache;help;list'= {
        }
        &'hotcold;cache;help;show'= {
        }
        &'hotcold;cache;help;check'= {
        }
        &'hotcold;cache;help;expire'= {
        }
        &'hotcold;cache;help;prune'= {
        }
        &'hotcold;cache;help;rm'= {
        }
        &'hotcold;cache;help;clear'= {
        }
        &'hotcold;cache;help;watch'= {
        }
        &'hotcold;cache;help;help'= {
        }
        &'hotcold;doctor'= {
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;completions'= {
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;man'= {
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;help'= {
            cand profile 'Record and read CPU profiles'
            cand cache 'Look into caches and remove what has gone cold'
            cand doctor 'Tell what can be profiled here, what cannot, and the command that changes it'
            cand completions 'Print a shell completion script'
            cand man 'Write the manual pages'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;help;profile'= {
            cand run 'Run a program and print where it spends its time'
            cand attach 'Record a program that is running already'
            cand report 'Print where a recording spent its time'
            cand annotate 'Print source lines with the time of each'
            cand diff 'Tell what has changed between recordings'
            cand flamegraph 'Draw a recording as a flamegraph'
            cand merge 'Put recordings together'
            cand convert 'Write a recording in another format'
            cand top 'Watch a program at work: where its time goes now, and since the start'
            cand dump 'Print the stacks of all threads of a process, now and once'
        }
        &'hotcold;help;profile;run'= {
        }
        &'hotcold;help;profile;attach'= {
        }
        &'hotcold;help;profile;report'= {
        }
        &'hotcold;help;profile;annotate'= {
        }
        &'hotcold;help;profile;diff'= {
        }
        &'hotcold;help;profile;flamegraph'= {
        }
        &'hotcold;help;profile;merge'= {
        }
        &'hotcold;help;profile;convert'= {
        }
        &'hotcold;help;profile;top'= {
        }
        &'hotcold;help;profile;dump'= {
        }
        &'hotcold;help;cache'= {
            cand scan 'Find caches, and tell how big and how stale they are'
            cand stats 'Tell what fills a cache, and how to shrink it'
            cand list 'List the entries of a cache'
            cand show 'Show one entry and its value'
            cand check 'Look for damage, and repair it'
            cand expire 'Remove what has expired'
            cand prune 'Remove entries by rule'
            cand rm 'Remove the entries that are named'
            cand clear 'Remove every entry and keep the cache usable'
            cand watch 'Watch a cache at work'
        }
        &'hotcold;help;cache;scan'= {
        }
        &'hotcold;help;cache;stats'= {
        }
        &'hotcold;help;cache;list'= {
        }
        &'hotcold;help;cache;show'= {
        }
        &'hotcold;help;cache;check'= {
        }
        &'hotcold;help;cache;expire'= {
        }
        &'hotcold;help;cache;prune'= {
        }
        &'hotcold;help;cache;rm'= {
        }
        &'hotcold;help;cache;clear'= {
        }
        &'hotcold;help;cache;watch'= {
        }
        &'hotcold;help;doctor'= {
        }
        &'hotcold;help;completions'= {
        }
        &'hotcold;help;man'= {
        }
        &'hotcold;help;help'= {
        }
    ]
    $completions[$command]
}
