
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
            cand flamegraph 'Draw a recording as a flamegraph'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;profile;run'= {
            cand -o 'File to save the recording to'
            cand --output 'File to save the recording to'
            cand -r 'Samples per second of CPU time'
            cand --rate 'Samples per second of CPU time'
            cand -d 'Stop recording after this long, for example 10s or 2m'
            cand --duration 'Stop recording after this long, for example 10s or 2m'
            cand --native-frames 'What to show of an interpreter''s own functions'
            cand --flamegraph 'Draw a flamegraph, too'
            cand --table-to 'Print the table to a file instead of standard error'
            cand --sort 'Order by tottime, cumtime, ncalls, samples or name'
            cand --by 'Group by function, line, module, thread or process'
            cand --limit 'Show at most N rows; 0 for all [default: 20]'
            cand --min-percent 'Leave out rows below P % of the total [default: 0, with --tree 1]'
            cand --filter 'Keep rows whose function, file or module matches'
            cand --color 'When to use colour'
            cand --no-save 'Do not save the recording'
            cand --system-wide 'Watch all processors instead of the program''s threads (root)'
            cand --wait-children 'Go on recording children that outlive the program'
            cand --tree 'Print the call tree'
            cand --inlines 'Show inlined functions below the function they were inlined into'
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
            cand --native-frames 'What to show of an interpreter''s own functions'
            cand --flamegraph 'Draw a flamegraph, too'
            cand --table-to 'Print the table to a file instead of standard error'
            cand --sort 'Order by tottime, cumtime, ncalls, samples or name'
            cand --by 'Group by function, line, module, thread or process'
            cand --limit 'Show at most N rows; 0 for all [default: 20]'
            cand --min-percent 'Leave out rows below P % of the total [default: 0, with --tree 1]'
            cand --filter 'Keep rows whose function, file or module matches'
            cand --color 'When to use colour'
            cand --no-save 'Do not save the recording'
            cand --system-wide 'Watch all processors instead of the program''s threads (root)'
            cand --wait-children 'Go on recording children that outlive the program'
            cand --tree 'Print the call tree'
            cand --inlines 'Show inlined functions below the function they were inlined into'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;report'= {
            cand --sort 'Order by tottime, cumtime, ncalls, samples or name'
            cand --by 'Group by function, line, module, thread or process'
            cand --limit 'Show at most N rows; 0 for all [default: 20]'
            cand --min-percent 'Leave out rows below P % of the total [default: 0, with --tree 1]'
            cand --filter 'Keep rows whose function, file or module matches'
            cand --color 'When to use colour'
            cand --tree 'Print the call tree'
            cand --inlines 'Show inlined functions below the function they were inlined into'
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
            cand --color 'When to use colour'
            cand --inverted 'Put the innermost functions on top and their callers below'
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
            cand flamegraph 'Draw a recording as a flamegraph'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;profile;help;run'= {
        }
        &'hotcold;profile;help;attach'= {
        }
        &'hotcold;profile;help;report'= {
        }
        &'hotcold;profile;help;flamegraph'= {
        }
        &'hotcold;profile;help;help'= {
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
            cand doctor 'Tell what can be profiled here, what cannot, and the command that changes it'
            cand completions 'Print a shell completion script'
            cand man 'Write the manual pages'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;help;profile'= {
            cand run 'Run a program and print where it spends its time'
            cand attach 'Record a program that is running already'
            cand report 'Print where a recording spent its time'
            cand flamegraph 'Draw a recording as a flamegraph'
        }
        &'hotcold;help;profile;run'= {
        }
        &'hotcold;help;profile;attach'= {
        }
        &'hotcold;help;profile;report'= {
        }
        &'hotcold;help;profile;flamegraph'= {
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
