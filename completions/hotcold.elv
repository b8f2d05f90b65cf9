
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
            cand report 'Print where a recording spent its time'
            cand flamegraph 'Draw a recording as a flamegraph'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'hotcold;profile;report'= {
            cand --color 'When to use colour'
            cand --json 'Print JSON'
            cand -q 'Print no notes and no progress; twice: no warnings either'
            cand --quiet 'Print no notes and no progress; twice: no warnings either'
            cand -v 'Tell what is opened, found and skipped'
            cand --verbose 'Tell what is opened, found and skipped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'hotcold;profile;flamegraph'= {
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
            cand report 'Print where a recording spent its time'
            cand flamegraph 'Draw a recording as a flamegraph'
            cand help 'Print this message or the help of the given subcommand(s)'
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
            cand report 'Print where a recording spent its time'
            cand flamegraph 'Draw a recording as a flamegraph'
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
