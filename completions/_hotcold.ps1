
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'hotcold' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'hotcold'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'hotcold' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('profile', 'profile', [CompletionResultType]::ParameterValue, 'Record and read CPU profiles')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Tell what can be profiled here, what cannot, and the command that changes it')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Write the manual pages')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'hotcold;profile' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program and print where it spends its time')
            [CompletionResult]::new('attach', 'attach', [CompletionResultType]::ParameterValue, 'Record a program that is running already')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Print where a recording spent its time')
            [CompletionResult]::new('flamegraph', 'flamegraph', [CompletionResultType]::ParameterValue, 'Draw a recording as a flamegraph')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'hotcold;profile;run' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File to save the recording to')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File to save the recording to')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Samples per second of CPU time')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Samples per second of CPU time')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Stop recording after this long, for example 10s or 2m')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Stop recording after this long, for example 10s or 2m')
            [CompletionResult]::new('--native-frames', '--native-frames', [CompletionResultType]::ParameterName, 'What to show of an interpreter''s own functions')
            [CompletionResult]::new('--flamegraph', '--flamegraph', [CompletionResultType]::ParameterName, 'Draw a flamegraph, too')
            [CompletionResult]::new('--table-to', '--table-to', [CompletionResultType]::ParameterName, 'Print the table to a file instead of standard error')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order by tottime, cumtime, ncalls, samples or name')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Group by function, line, module, thread or process')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N rows; 0 for all [default: 20]')
            [CompletionResult]::new('--min-percent', '--min-percent', [CompletionResultType]::ParameterName, 'Leave out rows below P % of the total [default: 0, with --tree 1]')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Keep rows whose function, file or module matches')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--no-save', '--no-save', [CompletionResultType]::ParameterName, 'Do not save the recording')
            [CompletionResult]::new('--system-wide', '--system-wide', [CompletionResultType]::ParameterName, 'Watch all processors instead of the program''s threads (root)')
            [CompletionResult]::new('--wait-children', '--wait-children', [CompletionResultType]::ParameterName, 'Go on recording children that outlive the program')
            [CompletionResult]::new('--tree', '--tree', [CompletionResultType]::ParameterName, 'Print the call tree')
            [CompletionResult]::new('--inlines', '--inlines', [CompletionResultType]::ParameterName, 'Show inlined functions below the function they were inlined into')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;profile;attach' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Process to record, with its threads and children')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'Process to record, with its threads and children')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File to save the recording to')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File to save the recording to')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Samples per second of CPU time')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Samples per second of CPU time')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Stop recording after this long, for example 10s or 2m')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Stop recording after this long, for example 10s or 2m')
            [CompletionResult]::new('--native-frames', '--native-frames', [CompletionResultType]::ParameterName, 'What to show of an interpreter''s own functions')
            [CompletionResult]::new('--flamegraph', '--flamegraph', [CompletionResultType]::ParameterName, 'Draw a flamegraph, too')
            [CompletionResult]::new('--table-to', '--table-to', [CompletionResultType]::ParameterName, 'Print the table to a file instead of standard error')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order by tottime, cumtime, ncalls, samples or name')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Group by function, line, module, thread or process')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N rows; 0 for all [default: 20]')
            [CompletionResult]::new('--min-percent', '--min-percent', [CompletionResultType]::ParameterName, 'Leave out rows below P % of the total [default: 0, with --tree 1]')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Keep rows whose function, file or module matches')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--no-save', '--no-save', [CompletionResultType]::ParameterName, 'Do not save the recording')
            [CompletionResult]::new('--system-wide', '--system-wide', [CompletionResultType]::ParameterName, 'Watch all processors instead of the program''s threads (root)')
            [CompletionResult]::new('--wait-children', '--wait-children', [CompletionResultType]::ParameterName, 'Go on recording children that outlive the program')
            [CompletionResult]::new('--tree', '--tree', [CompletionResultType]::ParameterName, 'Print the call tree')
            [CompletionResult]::new('--inlines', '--inlines', [CompletionResultType]::ParameterName, 'Show inlined functions below the function they were inlined into')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;profile;report' {
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order by tottime, cumtime, ncalls, samples or name')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Group by function, line, module, thread or process')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N rows; 0 for all [default: 20]')
            [CompletionResult]::new('--min-percent', '--min-percent', [CompletionResultType]::ParameterName, 'Leave out rows below P % of the total [default: 0, with --tree 1]')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Keep rows whose function, file or module matches')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--tree', '--tree', [CompletionResultType]::ParameterName, 'Print the call tree')
            [CompletionResult]::new('--inlines', '--inlines', [CompletionResultType]::ParameterName, 'Show inlined functions below the function they were inlined into')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;profile;flamegraph' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the picture to SVG; `-` for standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the picture to SVG; `-` for standard output')
            [CompletionResult]::new('--title', '--title', [CompletionResultType]::ParameterName, 'Title of the picture instead of the recorded command')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Draw only stacks with a frame whose function, file or module matches')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--inverted', '--inverted', [CompletionResultType]::ParameterName, 'Put the innermost functions on top and their callers below')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;profile;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program and print where it spends its time')
            [CompletionResult]::new('attach', 'attach', [CompletionResultType]::ParameterValue, 'Record a program that is running already')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Print where a recording spent its time')
            [CompletionResult]::new('flamegraph', 'flamegraph', [CompletionResultType]::ParameterValue, 'Draw a recording as a flamegraph')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'hotcold;profile;help;run' {
            break
        }
        'hotcold;profile;help;attach' {
            break
        }
        'hotcold;profile;help;report' {
            break
        }
        'hotcold;profile;help;flamegraph' {
            break
        }
        'hotcold;profile;help;help' {
            break
        }
        'hotcold;doctor' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;help' {
            [CompletionResult]::new('profile', 'profile', [CompletionResultType]::ParameterValue, 'Record and read CPU profiles')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Tell what can be profiled here, what cannot, and the command that changes it')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Write the manual pages')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'hotcold;help;profile' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program and print where it spends its time')
            [CompletionResult]::new('attach', 'attach', [CompletionResultType]::ParameterValue, 'Record a program that is running already')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Print where a recording spent its time')
            [CompletionResult]::new('flamegraph', 'flamegraph', [CompletionResultType]::ParameterValue, 'Draw a recording as a flamegraph')
            break
        }
        'hotcold;help;profile;run' {
            break
        }
        'hotcold;help;profile;attach' {
            break
        }
        'hotcold;help;profile;report' {
            break
        }
        'hotcold;help;profile;flamegraph' {
            break
        }
        'hotcold;help;doctor' {
            break
        }
        'hotcold;help;completions' {
            break
        }
        'hotcold;help;man' {
            break
        }
        'hotcold;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
