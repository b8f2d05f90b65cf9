
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
            [CompletionResult]::new('cache', 'cache', [CompletionResultType]::ParameterValue, 'Look into caches and remove what has gone cold')
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
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Write a recording in another format')
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
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Print a table every TIME while the program runs, and save that much')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Append the tables of --every to a file')
            [CompletionResult]::new('--backend', '--backend', [CompletionResultType]::ParameterName, 'What to record with: auto, perf or ptrace')
            [CompletionResult]::new('--native-frames', '--native-frames', [CompletionResultType]::ParameterName, 'Functions of an interpreter to show: all, merged or none')
            [CompletionResult]::new('--flamegraph', '--flamegraph', [CompletionResultType]::ParameterName, 'Draw a flamegraph, too')
            [CompletionResult]::new('--table-to', '--table-to', [CompletionResultType]::ParameterName, 'Print the table to a file')
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
            [CompletionResult]::new('--only-project', '--only-project', [CompletionResultType]::ParameterName, 'Show only functions of the program''s own tree')
            [CompletionResult]::new('--no-imports', '--no-imports', [CompletionResultType]::ParameterName, 'Leave out the time that imports take')
            [CompletionResult]::new('--show-imports', '--show-imports', [CompletionResultType]::ParameterName, 'Show the functions that imports consist of')
            [CompletionResult]::new('--gil', '--gil', [CompletionResultType]::ParameterName, 'Count only samples of threads that hold their interpreter''s lock')
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
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Print a table every TIME while the program runs, and save that much')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Append the tables of --every to a file')
            [CompletionResult]::new('--backend', '--backend', [CompletionResultType]::ParameterName, 'What to record with: auto, perf or ptrace')
            [CompletionResult]::new('--native-frames', '--native-frames', [CompletionResultType]::ParameterName, 'Functions of an interpreter to show: all, merged or none')
            [CompletionResult]::new('--flamegraph', '--flamegraph', [CompletionResultType]::ParameterName, 'Draw a flamegraph, too')
            [CompletionResult]::new('--table-to', '--table-to', [CompletionResultType]::ParameterName, 'Print the table to a file')
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
            [CompletionResult]::new('--only-project', '--only-project', [CompletionResultType]::ParameterName, 'Show only functions of the program''s own tree')
            [CompletionResult]::new('--no-imports', '--no-imports', [CompletionResultType]::ParameterName, 'Leave out the time that imports take')
            [CompletionResult]::new('--show-imports', '--show-imports', [CompletionResultType]::ParameterName, 'Show the functions that imports consist of')
            [CompletionResult]::new('--gil', '--gil', [CompletionResultType]::ParameterName, 'Count only samples of threads that hold their interpreter''s lock')
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
            [CompletionResult]::new('--only-project', '--only-project', [CompletionResultType]::ParameterName, 'Show only functions of the program''s own tree')
            [CompletionResult]::new('--no-imports', '--no-imports', [CompletionResultType]::ParameterName, 'Leave out the time that imports take')
            [CompletionResult]::new('--show-imports', '--show-imports', [CompletionResultType]::ParameterName, 'Show the functions that imports consist of')
            [CompletionResult]::new('--gil', '--gil', [CompletionResultType]::ParameterName, 'Count only samples of threads that hold their interpreter''s lock')
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
            [CompletionResult]::new('--only-project', '--only-project', [CompletionResultType]::ParameterName, 'Show only functions of the program''s own tree')
            [CompletionResult]::new('--no-imports', '--no-imports', [CompletionResultType]::ParameterName, 'Leave out the time that imports take')
            [CompletionResult]::new('--show-imports', '--show-imports', [CompletionResultType]::ParameterName, 'Show the functions that imports consist of')
            [CompletionResult]::new('--gil', '--gil', [CompletionResultType]::ParameterName, 'Count only samples of threads that hold their interpreter''s lock')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;profile;convert' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File to write; `-` for standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File to write; `-` for standard output')
            [CompletionResult]::new('--input-format', '--input-format', [CompletionResultType]::ParameterName, 'Format of IN [default: what its content tells]')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Format of IN [default: what its content tells]')
            [CompletionResult]::new('--output-format', '--output-format', [CompletionResultType]::ParameterName, 'Format of OUT [default: what its ending tells]')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Format of OUT [default: what its ending tells]')
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
        'hotcold;profile;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program and print where it spends its time')
            [CompletionResult]::new('attach', 'attach', [CompletionResultType]::ParameterValue, 'Record a program that is running already')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Print where a recording spent its time')
            [CompletionResult]::new('flamegraph', 'flamegraph', [CompletionResultType]::ParameterValue, 'Draw a recording as a flamegraph')
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Write a recording in another format')
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
        'hotcold;profile;help;convert' {
            break
        }
        'hotcold;profile;help;help' {
            break
        }
        'hotcold;cache' {
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the entries of a cache')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one entry and its value')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Tell what fills a cache')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look for damage, and repair it')
            [CompletionResult]::new('expire', 'expire', [CompletionResultType]::ParameterValue, 'Remove what has expired')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove entries by rule')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove the entries that are named')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove every entry and keep the cache usable')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Watch a cache at work')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'hotcold;cache;list' {
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order by size, age, used, expires or key instead of as stored')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N entries')
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Only those stored longer ago than D, such as 30d or 1h 30m')
            [CompletionResult]::new('--unused-for', '--unused-for', [CompletionResultType]::ParameterName, 'Only those not used for D; the cache must record it')
            [CompletionResult]::new('--larger-than', '--larger-than', [CompletionResultType]::ParameterName, 'Only those with more bytes than S, such as 500MB or 1GiB')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Only those with this tag; several mean any of them')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Only those whose key matches the pattern with * and ?')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Only those whose group (function, prefix) matches the pattern')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Show the value''s type and file too')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Show the value''s type and file too')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Only those that have expired')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;cache;show' {
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Id of the entry, the first column of `cache list`')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File for --raw, replaced as a whole; `-` for standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File for --raw, replaced as a whole; `-` for standard output')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--full', '--full', [CompletionResultType]::ParameterName, 'Show up to four million characters of the value instead of two thousand')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Write the stored bytes of the value to the file that -o names')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;cache;stats' {
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Add up by tag, group or type of the value')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
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
        'hotcold;cache;check' {
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Leave files alone that are younger than D: they may be just being written')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait for a locked cache at most D, with --fix')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--deep', '--deep', [CompletionResultType]::ParameterName, 'Read all keys and values too, and compare every index with its table')
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Repair what can be repaired without losing anything')
            [CompletionResult]::new('--audit', '--audit', [CompletionResultType]::ParameterName, 'List the pickles that would import or call something when Python reads them')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;cache;expire' {
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Spare what was stored less than D ago')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait at most D for a cache that is locked')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--vacuum', '--vacuum', [CompletionResultType]::ParameterName, 'Give free space inside the database back to the file system')
            [CompletionResult]::new('--fast', '--fast', [CompletionResultType]::ParameterName, 'Do not slow down for other users of the cache')
            [CompletionResult]::new('--polite', '--polite', [CompletionResultType]::ParameterName, 'Slow down even if no other user is seen, such as one in a container')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;cache;prune' {
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Only those stored longer ago than D, such as 30d or 1h 30m')
            [CompletionResult]::new('--unused-for', '--unused-for', [CompletionResultType]::ParameterName, 'Only those not used for D; the cache must record it')
            [CompletionResult]::new('--larger-than', '--larger-than', [CompletionResultType]::ParameterName, 'Only those with more bytes than S, such as 500MB or 1GiB')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Only those with this tag; several mean any of them')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Only those whose key matches the pattern with * and ?')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Only those whose group (function, prefix) matches the pattern')
            [CompletionResult]::new('--max-size', '--max-size', [CompletionResultType]::ParameterName, 'Remove more until the cache counts at most S, such as 500MB or 1GiB')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Remove more until at most N entries are left')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Who goes first for a limit: policy, used, stored or hits')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Spare what was stored less than D ago')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait at most D for a cache that is locked')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Only those that have expired')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--vacuum', '--vacuum', [CompletionResultType]::ParameterName, 'Give free space inside the database back to the file system')
            [CompletionResult]::new('--fast', '--fast', [CompletionResultType]::ParameterName, 'Do not slow down for other users of the cache')
            [CompletionResult]::new('--polite', '--polite', [CompletionResultType]::ParameterName, 'Slow down even if no other user is seen, such as one in a container')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;cache;rm' {
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'An entry by the id that `list` shows')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Spare what was stored less than D ago')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait at most D for a cache that is locked')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--vacuum', '--vacuum', [CompletionResultType]::ParameterName, 'Give free space inside the database back to the file system')
            [CompletionResult]::new('--fast', '--fast', [CompletionResultType]::ParameterName, 'Do not slow down for other users of the cache')
            [CompletionResult]::new('--polite', '--polite', [CompletionResultType]::ParameterName, 'Slow down even if no other user is seen, such as one in a container')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;cache;clear' {
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Spare what was stored less than D ago')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait at most D for a cache that is locked')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--vacuum', '--vacuum', [CompletionResultType]::ParameterName, 'Give free space inside the database back to the file system')
            [CompletionResult]::new('--fast', '--fast', [CompletionResultType]::ParameterName, 'Do not slow down for other users of the cache')
            [CompletionResult]::new('--polite', '--polite', [CompletionResultType]::ParameterName, 'Slow down even if no other user is seen, such as one in a container')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;cache;watch' {
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Look every D')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'End after N looks')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
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
        'hotcold;cache;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the entries of a cache')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one entry and its value')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Tell what fills a cache')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look for damage, and repair it')
            [CompletionResult]::new('expire', 'expire', [CompletionResultType]::ParameterValue, 'Remove what has expired')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove entries by rule')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove the entries that are named')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove every entry and keep the cache usable')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Watch a cache at work')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'hotcold;cache;help;list' {
            break
        }
        'hotcold;cache;help;show' {
            break
        }
        'hotcold;cache;help;stats' {
            break
        }
        'hotcold;cache;help;check' {
            break
        }
        'hotcold;cache;help;expire' {
            break
        }
        'hotcold;cache;help;prune' {
            break
        }
        'hotcold;cache;help;rm' {
            break
        }
        'hotcold;cache;help;clear' {
            break
        }
        'hotcold;cache;help;watch' {
            break
        }
        'hotcold;cache;help;help' {
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
            [CompletionResult]::new('cache', 'cache', [CompletionResultType]::ParameterValue, 'Look into caches and remove what has gone cold')
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
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Write a recording in another format')
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
        'hotcold;help;profile;convert' {
            break
        }
        'hotcold;help;cache' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the entries of a cache')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one entry and its value')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Tell what fills a cache')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look for damage, and repair it')
            [CompletionResult]::new('expire', 'expire', [CompletionResultType]::ParameterValue, 'Remove what has expired')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove entries by rule')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove the entries that are named')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove every entry and keep the cache usable')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Watch a cache at work')
            break
        }
        'hotcold;help;cache;list' {
            break
        }
        'hotcold;help;cache;show' {
            break
        }
        'hotcold;help;cache;stats' {
            break
        }
        'hotcold;help;cache;check' {
            break
        }
        'hotcold;help;cache;expire' {
            break
        }
        'hotcold;help;cache;prune' {
            break
        }
        'hotcold;help;cache;rm' {
            break
        }
        'hotcold;help;cache;clear' {
            break
        }
        'hotcold;help;cache;watch' {
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
