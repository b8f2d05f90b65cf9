
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
            [CompletionResult]::new('annotate', 'annotate', [CompletionResultType]::ParameterValue, 'Print source lines with the time of each')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Tell what has changed between recordings')
            [CompletionResult]::new('flamegraph', 'flamegraph', [CompletionResultType]::ParameterValue, 'Draw a recording as a flamegraph')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Put recordings together')
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Write a recording in another format')
            [CompletionResult]::new('top', 'top', [CompletionResultType]::ParameterValue, 'Watch a program at work: where its time goes now, and since the start')
            [CompletionResult]::new('dump', 'dump', [CompletionResultType]::ParameterValue, 'Print the stacks of all threads of a process, now and once')
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
            [CompletionResult]::new('--native-frames', '--native-frames', [CompletionResultType]::ParameterName, 'Interpreter''s functions: all, merged or none')
            [CompletionResult]::new('--flamegraph', '--flamegraph', [CompletionResultType]::ParameterName, 'Draw a flamegraph, too')
            [CompletionResult]::new('--table-to', '--table-to', [CompletionResultType]::ParameterName, 'Print the table to a file')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order by time, tottime, cumtime, wait, ncalls, samples or name')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Group by function, line, module, thread or process')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N rows; 0 for all [default: 20]')
            [CompletionResult]::new('--min-percent', '--min-percent', [CompletionResultType]::ParameterName, 'Leave out rows below P % of the total [default: 0, with --tree 1]')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Keep rows whose function, file or module matches')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--exact', '--exact', [CompletionResultType]::ParameterName, 'Count the calls of Python programs exactly, instead of sampling')
            [CompletionResult]::new('--no-save', '--no-save', [CompletionResultType]::ParameterName, 'Do not save the recording')
            [CompletionResult]::new('--system-wide', '--system-wide', [CompletionResultType]::ParameterName, 'Watch all processors instead of the program''s threads (root)')
            [CompletionResult]::new('--wall', '--wall', [CompletionResultType]::ParameterName, 'Record waiting, too: for locks, I/O, time, children')
            [CompletionResult]::new('--wait-children', '--wait-children', [CompletionResultType]::ParameterName, 'Go on recording children that outlive the program')
            [CompletionResult]::new('--tree', '--tree', [CompletionResultType]::ParameterName, 'Print the call tree')
            [CompletionResult]::new('--inlines', '--inlines', [CompletionResultType]::ParameterName, 'Show inlined functions below the function they were inlined into')
            [CompletionResult]::new('--idle', '--idle', [CompletionResultType]::ParameterName, 'Show each thread that only waits for work, instead of one row for all of them')
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
            [CompletionResult]::new('--native-frames', '--native-frames', [CompletionResultType]::ParameterName, 'Interpreter''s functions: all, merged or none')
            [CompletionResult]::new('--flamegraph', '--flamegraph', [CompletionResultType]::ParameterName, 'Draw a flamegraph, too')
            [CompletionResult]::new('--table-to', '--table-to', [CompletionResultType]::ParameterName, 'Print the table to a file')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order by time, tottime, cumtime, wait, ncalls, samples or name')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Group by function, line, module, thread or process')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N rows; 0 for all [default: 20]')
            [CompletionResult]::new('--min-percent', '--min-percent', [CompletionResultType]::ParameterName, 'Leave out rows below P % of the total [default: 0, with --tree 1]')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Keep rows whose function, file or module matches')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--no-save', '--no-save', [CompletionResultType]::ParameterName, 'Do not save the recording')
            [CompletionResult]::new('--system-wide', '--system-wide', [CompletionResultType]::ParameterName, 'Watch all processors instead of the program''s threads (root)')
            [CompletionResult]::new('--wall', '--wall', [CompletionResultType]::ParameterName, 'Record waiting, too: for locks, I/O, time, children')
            [CompletionResult]::new('--wait-children', '--wait-children', [CompletionResultType]::ParameterName, 'Go on recording children that outlive the program')
            [CompletionResult]::new('--tree', '--tree', [CompletionResultType]::ParameterName, 'Print the call tree')
            [CompletionResult]::new('--inlines', '--inlines', [CompletionResultType]::ParameterName, 'Show inlined functions below the function they were inlined into')
            [CompletionResult]::new('--idle', '--idle', [CompletionResultType]::ParameterName, 'Show each thread that only waits for work, instead of one row for all of them')
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
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order by time, tottime, cumtime, wait, ncalls, samples or name')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Group by function, line, module, thread or process')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N rows; 0 for all [default: 20]')
            [CompletionResult]::new('--min-percent', '--min-percent', [CompletionResultType]::ParameterName, 'Leave out rows below P % of the total [default: 0, with --tree 1]')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Keep rows whose function, file or module matches')
            [CompletionResult]::new('--callers', '--callers', [CompletionResultType]::ParameterName, 'Print who called FUNCTION, with the time in it for each caller')
            [CompletionResult]::new('--callees', '--callees', [CompletionResultType]::ParameterName, 'Print what FUNCTION called, with the time of each')
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Write a page for browsers instead: table, flamegraph, source lines')
            [CompletionResult]::new('--source-dir', '--source-dir', [CompletionResultType]::ParameterName, 'Look for sources below NEW where they were below OLD; with DIR alone, anywhere below it')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was sampled before T, such as 10s (after the start)')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Leave out what was sampled at T or later')
            [CompletionResult]::new('--thread', '--thread', [CompletionResultType]::ParameterName, 'Only threads whose name matches, or with this id')
            [CompletionResult]::new('--process', '--process', [CompletionResultType]::ParameterName, 'Only processes whose name matches, or with this id')
            [CompletionResult]::new('--focus', '--focus', [CompletionResultType]::ParameterName, 'Only samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Leave out samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'Which event or value to read of a file that has several, such as cycles or alloc_space')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--tree', '--tree', [CompletionResultType]::ParameterName, 'Print the call tree')
            [CompletionResult]::new('--inlines', '--inlines', [CompletionResultType]::ParameterName, 'Show inlined functions below the function they were inlined into')
            [CompletionResult]::new('--idle', '--idle', [CompletionResultType]::ParameterName, 'Show each thread that only waits for work, instead of one row for all of them')
            [CompletionResult]::new('--only-project', '--only-project', [CompletionResultType]::ParameterName, 'Show only functions of the program''s own tree')
            [CompletionResult]::new('--no-imports', '--no-imports', [CompletionResultType]::ParameterName, 'Leave out the time that imports take')
            [CompletionResult]::new('--show-imports', '--show-imports', [CompletionResultType]::ParameterName, 'Show the functions that imports consist of')
            [CompletionResult]::new('--gil', '--gil', [CompletionResultType]::ParameterName, 'Count only samples of threads that hold their interpreter''s lock')
            [CompletionResult]::new('--inverted', '--inverted', [CompletionResultType]::ParameterName, 'Turn the call tree around: callers stand below what they call')
            [CompletionResult]::new('--no-fold', '--no-fold', [CompletionResultType]::ParameterName, 'Give each call a line, also where one call has all the time of another')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes and no progress; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell what is opened, found and skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'hotcold;profile;annotate' {
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Show N lines around each line with time [default: whole functions; of files 3]')
            [CompletionResult]::new('--source-dir', '--source-dir', [CompletionResultType]::ParameterName, 'Look for sources below NEW where they were below OLD; with DIR alone, anywhere below it')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N functions of one name; 0 for all')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was sampled before T, such as 10s (after the start)')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Leave out what was sampled at T or later')
            [CompletionResult]::new('--thread', '--thread', [CompletionResultType]::ParameterName, 'Only threads whose name matches, or with this id')
            [CompletionResult]::new('--process', '--process', [CompletionResultType]::ParameterName, 'Only processes whose name matches, or with this id')
            [CompletionResult]::new('--focus', '--focus', [CompletionResultType]::ParameterName, 'Only samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Leave out samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'Which event or value to read of a file that has several, such as cycles or alloc_space')
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
        'hotcold;profile;diff' {
            [CompletionResult]::new('--old', '--old', [CompletionResultType]::ParameterName, 'Recordings to compare with, instead of OLD')
            [CompletionResult]::new('--new', '--new', [CompletionResultType]::ParameterName, 'Recordings to compare, instead of NEW')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Compare functions, lines or modules')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N rows; 0 for all [default: 20]')
            [CompletionResult]::new('--min-percent', '--min-percent', [CompletionResultType]::ParameterName, 'Leave out changes below P % of the old total')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Keep rows whose function, file or module matches')
            [CompletionResult]::new('--flamegraph', '--flamegraph', [CompletionResultType]::ParameterName, 'Draw a differential flamegraph')
            [CompletionResult]::new('--fail-above', '--fail-above', [CompletionResultType]::ParameterName, 'Exit with code 3 when the total or any row grew by more than P %')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was sampled before T, such as 10s (after the start)')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Leave out what was sampled at T or later')
            [CompletionResult]::new('--thread', '--thread', [CompletionResultType]::ParameterName, 'Only threads whose name matches, or with this id')
            [CompletionResult]::new('--process', '--process', [CompletionResultType]::ParameterName, 'Only processes whose name matches, or with this id')
            [CompletionResult]::new('--focus', '--focus', [CompletionResultType]::ParameterName, 'Only samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Leave out samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'Which event or value to read of a file that has several, such as cycles or alloc_space')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--cumtime', '--cumtime', [CompletionResultType]::ParameterName, 'Compare cumtime instead of tottime')
            [CompletionResult]::new('--normalize', '--normalize', [CompletionResultType]::ParameterName, 'Compare shares: scale the old side so that its total is the new one''s')
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
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was sampled before T, such as 10s (after the start)')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Leave out what was sampled at T or later')
            [CompletionResult]::new('--thread', '--thread', [CompletionResultType]::ParameterName, 'Only threads whose name matches, or with this id')
            [CompletionResult]::new('--process', '--process', [CompletionResultType]::ParameterName, 'Only processes whose name matches, or with this id')
            [CompletionResult]::new('--focus', '--focus', [CompletionResultType]::ParameterName, 'Only samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Leave out samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'Which event or value to read of a file that has several, such as cycles or alloc_space')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--inverted', '--inverted', [CompletionResultType]::ParameterName, 'Put the innermost functions on top and their callers below')
            [CompletionResult]::new('--idle', '--idle', [CompletionResultType]::ParameterName, 'Draw what idle threads wait for, too')
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
        'hotcold;profile;merge' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Save the merged recording to FILE; `-` for standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Save the merged recording to FILE; `-` for standard output')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was sampled before T, such as 10s (after the start)')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Leave out what was sampled at T or later')
            [CompletionResult]::new('--thread', '--thread', [CompletionResultType]::ParameterName, 'Only threads whose name matches, or with this id')
            [CompletionResult]::new('--process', '--process', [CompletionResultType]::ParameterName, 'Only processes whose name matches, or with this id')
            [CompletionResult]::new('--focus', '--focus', [CompletionResultType]::ParameterName, 'Only samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Leave out samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'Which event or value to read of a file that has several, such as cycles or alloc_space')
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
        'hotcold;profile;convert' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File to write; `-` for standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File to write; `-` for standard output')
            [CompletionResult]::new('--input-format', '--input-format', [CompletionResultType]::ParameterName, 'Format of IN [default: what its content tells]')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Format of IN [default: what its content tells]')
            [CompletionResult]::new('--output-format', '--output-format', [CompletionResultType]::ParameterName, 'Format of OUT [default: what its ending tells; pprof to standard output]')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Format of OUT [default: what its ending tells; pprof to standard output]')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Write only stacks with a frame whose function, file or module matches')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Leave out what was sampled before T, such as 10s (after the start)')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Leave out what was sampled at T or later')
            [CompletionResult]::new('--thread', '--thread', [CompletionResultType]::ParameterName, 'Only threads whose name matches, or with this id')
            [CompletionResult]::new('--process', '--process', [CompletionResultType]::ParameterName, 'Only processes whose name matches, or with this id')
            [CompletionResult]::new('--focus', '--focus', [CompletionResultType]::ParameterName, 'Only samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Leave out samples with a frame whose function, file or module matches')
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'Which event or value to read of a file that has several, such as cycles or alloc_space')
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
        'hotcold;profile;top' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Process to watch, with its threads and children')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'Process to watch, with its threads and children')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Look every D')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'Length of the last seconds')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'End the view after this long; a program that was started goes on')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'End the view after this long; a program that was started goes on')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'End after N tables')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Rows of a table that is printed; 0 for all')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File that the key o saves to')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File that the key o saves to')
            [CompletionResult]::new('--program-output', '--program-output', [CompletionResultType]::ParameterName, 'Append to a file what the program would write to the terminal')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Samples per second of CPU time')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Samples per second of CPU time')
            [CompletionResult]::new('--backend', '--backend', [CompletionResultType]::ParameterName, 'What to record with: auto, perf or ptrace')
            [CompletionResult]::new('--native-frames', '--native-frames', [CompletionResultType]::ParameterName, 'Interpreter''s functions at first: all, merged or none')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--wall', '--wall', [CompletionResultType]::ParameterName, 'Record waiting, too: for locks, I/O, time, children')
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
        'hotcold;profile;dump' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Process to look at')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'Process to look at')
            [CompletionResult]::new('--native-frames', '--native-frames', [CompletionResultType]::ParameterName, 'Functions of an interpreter to show: all, merged or none')
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
            [CompletionResult]::new('annotate', 'annotate', [CompletionResultType]::ParameterValue, 'Print source lines with the time of each')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Tell what has changed between recordings')
            [CompletionResult]::new('flamegraph', 'flamegraph', [CompletionResultType]::ParameterValue, 'Draw a recording as a flamegraph')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Put recordings together')
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Write a recording in another format')
            [CompletionResult]::new('top', 'top', [CompletionResultType]::ParameterValue, 'Watch a program at work: where its time goes now, and since the start')
            [CompletionResult]::new('dump', 'dump', [CompletionResultType]::ParameterValue, 'Print the stacks of all threads of a process, now and once')
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
        'hotcold;profile;help;annotate' {
            break
        }
        'hotcold;profile;help;diff' {
            break
        }
        'hotcold;profile;help;flamegraph' {
            break
        }
        'hotcold;profile;help;merge' {
            break
        }
        'hotcold;profile;help;convert' {
            break
        }
        'hotcold;profile;help;top' {
            break
        }
        'hotcold;profile;help;dump' {
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
            [CompletionResult]::new('scan', 'scan', [CompletionResultType]::ParameterValue, 'Find caches, and tell how big and how stale they are')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Tell what fills a cache, and how to shrink it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the entries of a cache')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one entry and its value')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look for damage, and repair it')
            [CompletionResult]::new('expire', 'expire', [CompletionResultType]::ParameterValue, 'Remove what has expired')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove entries by rule')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove the entries that are named')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove every entry and keep the cache usable')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Watch a cache at work')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'hotcold;cache;scan' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N caches')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Show what proves each cache too')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Show what proves each cache too')
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
            [CompletionResult]::new('--app', '--app', [CompletionResultType]::ParameterName, 'A source file of the app that uses the cache: names entries by function, and tells which are left over')
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
        'hotcold;cache;list' {
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Order by size, age, used, expires or key instead of as stored')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Show at most N entries')
            [CompletionResult]::new('--app', '--app', [CompletionResultType]::ParameterName, 'A source file of the app that uses the cache: names entries by function, and tells which are left over')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'With --expired: `unsure` adds what is left over by all appearance')
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Only those stored longer ago than D, such as 30d or 1h 30m')
            [CompletionResult]::new('--unused-for', '--unused-for', [CompletionResultType]::ParameterName, 'Only those not used for D; the cache must record it')
            [CompletionResult]::new('--larger-than', '--larger-than', [CompletionResultType]::ParameterName, 'Only those with more bytes than S, such as 500MB or 1GiB')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Only those with this tag; several mean any of them')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Only those whose key matches the pattern with * and ?')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Only those whose group matches the pattern; `stats --by group` shows them')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Show the value''s type and file too')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Show the value''s type and file too')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Only those that have expired or are left over')
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
            [CompletionResult]::new('--app', '--app', [CompletionResultType]::ParameterName, 'A source file of the app that uses the cache: names entries by function, and tells which are left over')
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
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Remove more: `unsure` is what is left over by all appearance')
            [CompletionResult]::new('--app', '--app', [CompletionResultType]::ParameterName, 'A source file of the app that uses the cache: names entries by function, and tells which are left over')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Spare what was stored less than D ago [default: what is safe for that kind of cache]')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait at most D for a cache that is locked')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--vacuum', '--vacuum', [CompletionResultType]::ParameterName, 'Give free space inside the database back to the file system')
            [CompletionResult]::new('--only-copies', '--only-copies', [CompletionResultType]::ParameterName, 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at')
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
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'Instead of DIR and rules: a TOML file with the rules for many caches')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'With --expired: `unsure` adds what is left over by all appearance')
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Only those stored longer ago than D, such as 30d or 1h 30m')
            [CompletionResult]::new('--unused-for', '--unused-for', [CompletionResultType]::ParameterName, 'Only those not used for D; the cache must record it')
            [CompletionResult]::new('--larger-than', '--larger-than', [CompletionResultType]::ParameterName, 'Only those with more bytes than S, such as 500MB or 1GiB')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Only those with this tag; several mean any of them')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Only those whose key matches the pattern with * and ?')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Only those whose group matches the pattern; `stats --by group` shows them')
            [CompletionResult]::new('--max-size', '--max-size', [CompletionResultType]::ParameterName, 'Remove more until the cache counts at most S, such as 500MB or 1GiB')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Remove more until at most N entries are left')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Who goes first for a limit: policy, used, stored or hits')
            [CompletionResult]::new('--app', '--app', [CompletionResultType]::ParameterName, 'A source file of the app that uses the cache: names entries by function, and tells which are left over')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Spare what was stored less than D ago [default: what is safe for that kind of cache]')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait at most D for a cache that is locked')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Only those that have expired or are left over')
            [CompletionResult]::new('--adopt', '--adopt', [CompletionResultType]::ParameterName, 'Treat DIR as a cache from now on, though it is not known as one: writes a marker file into it')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--vacuum', '--vacuum', [CompletionResultType]::ParameterName, 'Give free space inside the database back to the file system')
            [CompletionResult]::new('--only-copies', '--only-copies', [CompletionResultType]::ParameterName, 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at')
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
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Spare what was stored less than D ago [default: what is safe for that kind of cache]')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait at most D for a cache that is locked')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--vacuum', '--vacuum', [CompletionResultType]::ParameterName, 'Give free space inside the database back to the file system')
            [CompletionResult]::new('--only-copies', '--only-copies', [CompletionResultType]::ParameterName, 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at')
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
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'Spare what was stored less than D ago [default: what is safe for that kind of cache]')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'Wait at most D for a cache that is locked')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'The moment that counts as now, for tests: RFC 3339, or seconds since 1970')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only tell what would be removed; with -v or --json every entry')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--vacuum', '--vacuum', [CompletionResultType]::ParameterName, 'Give free space inside the database back to the file system')
            [CompletionResult]::new('--only-copies', '--only-copies', [CompletionResultType]::ParameterName, 'Remove also what may exist nowhere else, such as objects of Git LFS that nothing points at')
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
            [CompletionResult]::new('scan', 'scan', [CompletionResultType]::ParameterValue, 'Find caches, and tell how big and how stale they are')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Tell what fills a cache, and how to shrink it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the entries of a cache')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one entry and its value')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look for damage, and repair it')
            [CompletionResult]::new('expire', 'expire', [CompletionResultType]::ParameterValue, 'Remove what has expired')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove entries by rule')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove the entries that are named')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove every entry and keep the cache usable')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Watch a cache at work')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'hotcold;cache;help;scan' {
            break
        }
        'hotcold;cache;help;stats' {
            break
        }
        'hotcold;cache;help;list' {
            break
        }
        'hotcold;cache;help;show' {
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
            [CompletionResult]::new('annotate', 'annotate', [CompletionResultType]::ParameterValue, 'Print source lines with the time of each')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Tell what has changed between recordings')
            [CompletionResult]::new('flamegraph', 'flamegraph', [CompletionResultType]::ParameterValue, 'Draw a recording as a flamegraph')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Put recordings together')
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Write a recording in another format')
            [CompletionResult]::new('top', 'top', [CompletionResultType]::ParameterValue, 'Watch a program at work: where its time goes now, and since the start')
            [CompletionResult]::new('dump', 'dump', [CompletionResultType]::ParameterValue, 'Print the stacks of all threads of a process, now and once')
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
        'hotcold;help;profile;annotate' {
            break
        }
        'hotcold;help;profile;diff' {
            break
        }
        'hotcold;help;profile;flamegraph' {
            break
        }
        'hotcold;help;profile;merge' {
            break
        }
        'hotcold;help;profile;convert' {
            break
        }
        'hotcold;help;profile;top' {
            break
        }
        'hotcold;help;profile;dump' {
            break
        }
        'hotcold;help;cache' {
            [CompletionResult]::new('scan', 'scan', [CompletionResultType]::ParameterValue, 'Find caches, and tell how big and how stale they are')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Tell what fills a cache, and how to shrink it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the entries of a cache')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one entry and its value')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look for damage, and repair it')
            [CompletionResult]::new('expire', 'expire', [CompletionResultType]::ParameterValue, 'Remove what has expired')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove entries by rule')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove the entries that are named')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove every entry and keep the cache usable')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Watch a cache at work')
            break
        }
        'hotcold;help;cache;scan' {
            break
        }
        'hotcold;help;cache;stats' {
            break
        }
        'hotcold;help;cache;list' {
            break
        }
        'hotcold;help;cache;show' {
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
