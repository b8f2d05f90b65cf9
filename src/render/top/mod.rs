//! A recording that goes on: a screen that is drawn again and again, or a table now and then.

mod state;

use std::{
    io::{self, Write},
    time::Duration,
};

use state::Mode;
pub use state::{Key, State, Wish};

use super::{
    Style,
    table::{Cells, HOT, Weight, grid, place_cells},
    text::{command, one_line, percent, seconds, shorten_right},
};
use crate::{
    profile::{
        aggregate::{
            By, GilShares, IDLE, Subject, Totals,
            live::{LiveRow, LiveSort, LiveTable, Spent, live, sort_live},
            recent_gil_shares,
        },
        model::{Profile, Recording},
        symbolize::NativeFrames,
    },
    units,
};

/// What is known at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The recording so far; its time bucket [`RECENT`](crate::profile::interval::RECENT) holds the last seconds.
    pub profile: &'a Profile,
    /// The last seconds' own duration and counts.
    pub window: &'a Recording,
    /// The program's process id.
    pub pid: u32,
    /// Threads that the program has now.
    pub threads: usize,
}

/// Screens lower than this have neither the facts nor the keys.
const LOW: usize = 10;
/// Columns below which times since the start are left out, and below which only the first number is shown.
const NARROW: u16 = 56;
const NARROWEST: u16 = 36;

/// Rows that fit a screen of `rows` rows.
pub fn page(rows: usize) -> usize {
    if rows < LOW { rows.saturating_sub(2) } else { rows.saturating_sub(6) }
}

/// How many rows there are in all.
pub fn row_count(look: &Look<'_>, state: &State) -> usize {
    table(look, state).rows.len()
}

/// The lines of a screen of at most `rows` rows and the style's width; `None` for the look before anything was recorded.
pub fn screen(look: Option<&Look<'_>>, state: &State, rows: usize, style: Style) -> Vec<String> {
    let width = usize::from(style.width.unwrap_or(80));
    let plain = Style { colour: false, ..style };
    let mut lines: Vec<(String, Weight)> = match look {
        None => vec![("recording; the first samples are to come".to_owned(), Weight::Plain)],
        Some(_) if state.mode == Mode::Help => help().map(|line| (line.to_owned(), Weight::Plain)).collect(),
        Some(look) => rows_and_facts(look, state, rows, plain),
    };
    let footer = one_line(&footer(state), style).into_owned();
    let has_footer = rows >= LOW || state.mode != Mode::Rows || !state.message.is_empty();
    lines.truncate(rows.saturating_sub(usize::from(has_footer)));
    if has_footer && rows > 0 {
        lines.resize(rows - 1, (String::new(), Weight::Plain));
        lines.push((footer, Weight::Dim));
    }
    let draw = |(text, weight): (String, Weight)| {
        let text = shorten_right(text.trim_end(), width, plain);
        match weight {
            Weight::Plain => text,
            Weight::Hot => style.bold(&text),
            Weight::Dim => style.dim(&text),
        }
    };
    lines.into_iter().map(draw).collect()
}

/// Writes the facts and at most `limit` rows.
///
/// # Errors
/// Those of the writer.
pub fn text(
    w: &mut dyn Write,
    look: &Look<'_>,
    state: &State,
    limit: Option<usize>,
    style: Style,
) -> io::Result<()> {
    for line in facts(look, state, style) {
        writeln!(w, "{}", one_line(&line, style))?;
    }
    let mut table = table(look, state);
    let left_out = table.rows.len().saturating_sub(limit.unwrap_or(usize::MAX));
    table.rows.truncate(limit.unwrap_or(usize::MAX));
    let (numbers, names, lines) = cells(&table, look, state, style);
    grid(w, &numbers, &names, lines, style)?;
    if left_out > 0 {
        let rows = units::plural(left_out as u64, "row", "rows");
        writeln!(w, "{}", style.dim(&format!("{rows} left out; --limit 0 shows all")))?;
    }
    writeln!(w)
}

fn table<'p>(look: &Look<'p>, state: &State) -> LiveTable<'p> {
    let mut table = live(look.profile, state.by, state.spent);
    if !state.filter.is_empty() {
        let wanted = state.filter.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        table.rows.retain(|row| match row.subject {
            Subject::Place(place) => has(place.name) || has(place.file) || has(place.module),
            Subject::Thread { name, process, .. } => has(name) || has(process),
            Subject::Process { name, .. } => has(name),
        });
    }
    sort_live(&mut table.rows, state.sort, state.reversed);
    table
}

fn rows_and_facts(look: &Look<'_>, state: &State, rows: usize, style: Style) -> Vec<(String, Weight)> {
    let mut table = table(look, state);
    let page = page(rows);
    // There may be fewer of them than when the user scrolled.
    let scrolled = state.scrolled.min(table.rows.len().saturating_sub(1));
    table.rows.drain(..scrolled);
    table.rows.truncate(page);
    let (numbers, names, lines) = cells(&table, look, state, style);
    let weights: Vec<Weight> = lines.iter().map(|(_, weight)| *weight).collect();
    let mut text = Vec::new();
    // A vector takes all.
    let _ = grid(&mut text, &numbers, &names, lines, style);
    let text = String::from_utf8_lossy(&text).into_owned();
    let kept = if rows < LOW { 1 } else { usize::MAX };
    let facts = facts(look, state, style).into_iter().take(kept);
    let facts = facts.enumerate().map(|(i, fact)| (fact, if i == 0 { Weight::Hot } else { Weight::Plain }));
    let drawn = text.lines().map(str::to_owned).zip([Weight::Dim].into_iter().chain(weights));
    facts.chain(drawn).collect()
}

/// What is recorded, in four lines.
fn facts(look: &Look<'_>, state: &State, style: Style) -> Vec<String> {
    let recording = &look.profile.recording;
    let time = |ns: u64| units::duration(Duration::from_nanos(ns));
    let command = command(&recording.command);
    let paused = if state.paused { ", paused" } else { "" };
    let what = format!(
        "pid {} for {}{paused}  {}",
        look.pid,
        units::duration(Duration::from_nanos(recording.duration_ns)),
        one_line(&command, style)
    );
    let window_ns = look.window.duration_ns;
    let cpu = (look.window.user_cpu_ns.zip(look.window.system_cpu_ns))
        .map_or_else(|| "-".to_owned(), |(user, system)| percent(part(user + system, window_ns)));
    let mut used = format!("cpu {cpu}, {}", units::plural(look.threads as u64, "thread", "threads"));
    if let Some(GilShares { held, waiting }) = recent_gil_shares(look.profile) {
        used.push_str(&format!(", GIL held {}, waited for {}", percent(held), percent(waiting)));
    }
    let reason = &recording.backend_reason;
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    let recorded = format!(
        "{}{reason}, {} Hz, {}, {} lost",
        recording.backend,
        units::count(recording.rate_hz),
        units::plural(Totals::of(look.profile).samples, "sample", "samples"),
        units::count(recording.lost_samples)
    );
    let mut shown = format!("the last {} of {}", time(window_ns), described(state));
    if state.native_frames != NativeFrames::Merged {
        let all = state.native_frames == NativeFrames::All;
        shown.push_str(if all { ", all native frames" } else { ", no native frames" });
    }
    if !state.filter.is_empty() && state.mode != Mode::Filter {
        shown.push_str(&format!(", with `{}`", one_line(&state.filter, style)));
    }
    vec![what, used, recorded, shown]
}

fn described(state: &State) -> String {
    let time = if state.spent == Spent::Cpu { "CPU time" } else { "waiting" };
    let by = match state.by {
        By::Function => "functions",
        By::Line => "lines",
        By::Module => "modules",
        By::Thread => "threads",
        By::Process => "processes",
    };
    let place = LiveSort::ALL.iter().position(|&sort| sort == state.sort).unwrap_or(0);
    let titles = titles(state);
    let reversed = if state.reversed { " upwards" } else { "" };
    format!("{time} by {by}, sorted by {}{reversed}", titles.get(place).unwrap_or(&"name"))
}

/// Titles of the columns in the order of [`LiveSort::ALL`]; of threads some are the same.
fn titles(state: &State) -> [&'static str; 5] {
    match (state.by, state.spent) {
        (By::Thread | By::Process, Spent::Cpu) => ["cpu%", "cpu%", "cpu", "cpu", "name"],
        (By::Thread | By::Process, Spent::Waiting) => ["wait%", "wait%", "wait", "wait", "name"],
        (_, Spent::Cpu) => ["self%", "cum%", "tottime", "cumtime", "name"],
        (_, Spent::Waiting) => ["self%", "cum%", "wait", "cumwait", "name"],
    }
}

type Columns = (Vec<&'static str>, Vec<&'static str>, Vec<Cells>);

/// Titles of the columns with numbers and of those with names, and the lines.
fn cells(table: &LiveTable<'_>, look: &Look<'_>, state: &State, style: Style) -> Columns {
    let numbers = match style.width {
        Some(..NARROWEST) => 1,
        Some(..NARROW) => 2,
        _ => 4,
    };
    let titles = titles(state);
    if matches!(state.by, By::Thread | By::Process) {
        let numbers = if numbers < 4 { 1 } else { 2 };
        let lines = table.rows.iter().map(|row| thread_cells(row, look, numbers, style)).collect();
        return ([titles[0], titles[2]][..numbers].to_vec(), vec!["thread", "tid", "process"], lines);
    }
    let line = |row: &LiveRow<'_>| {
        let idle = row.subject.name() == IDLE;
        let share = |ns: u64| if idle { "-".to_owned() } else { percent(part(ns, table.recent_ns)) };
        let mut cells = vec![
            share(row.recent.self_ns),
            share(row.recent.total_ns),
            seconds(row.whole.self_ns),
            seconds(row.whole.total_ns),
        ];
        cells.truncate(numbers);
        if let Subject::Place(place) = row.subject {
            cells.extend(place_cells(place, "", style).into_iter().take(2));
        }
        let hot = !idle && part(row.recent.self_ns, table.recent_ns) >= HOT;
        (cells, if hot { Weight::Hot } else { Weight::Plain })
    };
    (titles[..numbers].to_vec(), vec!["function", "file:line"], table.rows.iter().map(line).collect())
}

fn thread_cells(row: &LiveRow<'_>, look: &Look<'_>, numbers: usize, style: Style) -> Cells {
    let share = part(row.recent.self_ns, look.window.duration_ns);
    let mut cells = vec![percent(share), seconds(row.whole.self_ns)];
    cells.truncate(numbers);
    if let Subject::Thread { name, tid, process, .. } = row.subject {
        let tid = if tid == 0 { "-".to_owned() } else { tid.to_string() };
        cells.extend([one_line(name, style).into_owned(), tid, one_line(process, style).into_owned()]);
    }
    (cells, if share >= HOT { Weight::Hot } else { Weight::Plain })
}

fn part(ns: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { ns as f64 / of as f64 }
}

fn footer(state: &State) -> String {
    match state.mode {
        Mode::Filter => format!("/{}_  Return keeps it, Esc shows all", state.filter.escape_debug()),
        Mode::Help => "any key closes the help".to_owned(),
        Mode::End if state.asked_to_end => "kill the program (SIGKILL)? y or n".to_owned(),
        Mode::End => "end the program (SIGTERM)? y or n".to_owned(),
        Mode::Rows if !state.message.is_empty() => state.message.clone(),
        Mode::Rows => {
            "q quit  ? help  f l t functions, lines, threads  s sort  / filter  p pause  o save".to_owned()
        }
    }
}

fn help() -> impl Iterator<Item = &'static str> {
    "\
f        functions: share of the last seconds, time since the start
l        source lines
t        threads
c  w     time on a processor, or waiting (with --wall)
n        interpreter's functions: merged, none, all
s  S     order by the next column, the one before
1 to 5   order by self%, cum%, tottime, cumtime, name
r        the other way around
/        show what has a text in its name, file or module; Esc ends it
p space  pause the view; recording goes on
o        save the recording so far
arrows   scroll, also j k, PgUp PgDn, Home End
q        quit; a program that top has started is asked to end
Ctrl-C   quit, or what the program makes of it
Ctrl-Z   suspend"
        .lines()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{aggregate::sketch::recorded, interval::RECENT};

    const STYLE: Style = Style { width: Some(80), colour: false, escape: true, unicode: true };

    fn profile() -> Profile {
        let recording = Recording {
            command: vec!["./app".to_owned(), "a\u{1b}b".to_owned()],
            backend: "perf".to_owned(),
            rate_hz: 997,
            duration_ns: 72_500_000_000,
            ..Recording::default()
        };
        let mut p = recorded("main@a.c:3;old@a.c:9 600\nmain@a.c:4;new\u{1b}[2J@b.c:5 300", recording);
        p.samples[1].bucket = RECENT;
        p
    }

    fn drawn(state: &State, rows: usize, style: Style) -> Vec<String> {
        let window = Recording {
            duration_ns: 10_000_000_000,
            user_cpu_ns: Some(290_000_000),
            system_cpu_ns: Some(10_000_000),
            ..Recording::default()
        };
        let p = profile();
        screen(Some(&Look { profile: &p, window: &window, pid: 47, threads: 2 }), state, rows, style)
    }

    fn state() -> State {
        State::new(false, false, NativeFrames::Merged)
    }

    #[test]
    fn a_screen_has_facts_rows_and_keys() {
        let lines = drawn(&state(), 12, STYLE);
        assert_eq!(lines.len(), 12);
        assert!(lines[0].starts_with("pid 47 for ") && lines[0].contains(r"\u{1b}"), "{lines:?}");
        assert_eq!(lines[1], "cpu 3.0%, 2 threads");
        assert_eq!(lines[2], "perf, 997 Hz, 900 samples, 0 lost");
        assert_eq!(lines[3], "the last 10.00 s of CPU time by functions, sorted by self%");
        let words: Vec<&str> = lines[4].split_whitespace().collect();
        assert_eq!(words, ["self%", "cum%", "tottime", "cumtime", "function", "file:line"]);
        let words: Vec<&str> = lines[5].split_whitespace().take(4).collect();
        assert_eq!(words, ["100.0%", "100.0%", "0.300s", "0.300s"]);
        assert!(lines[11].starts_with("q quit"), "{lines:?}");
        let threads = drawn(&State { by: By::Thread, ..state() }, 11, STYLE);
        let words: Vec<&str> = threads[5].split_whitespace().collect();
        assert_eq!(words, ["3.0%", "0.900s", "app", "100", "app"]);
    }

    #[test]
    fn every_size_fits() {
        let states = [
            state(),
            State { by: By::Thread, ..state() },
            State { by: By::Line, scrolled: 50, ..state() },
            State { mode: Mode::Help, ..state() },
            State { mode: Mode::Filter, filter: "x\u{1b}".to_owned(), ..state() },
            State { message: "m".repeat(300), ..state() },
        ];
        for state in &states {
            for rows in 0..30 {
                for columns in [0, 1, 5, 20, 35, 36, 56, 80, 200] {
                    let lines = drawn(state, rows, Style { width: Some(columns), ..STYLE });
                    assert!(lines.len() <= rows, "{rows} rows: {lines:?}");
                    for line in &lines {
                        let width = super::super::text::width(line);
                        assert!(width <= usize::from(columns).max(1), "{columns}: {line}");
                        assert!(!line.contains('\u{1b}'), "{line:?}");
                    }
                }
            }
        }
        assert_eq!(screen(None, &state(), 3, STYLE).len(), 1);
    }

    #[test]
    fn rows_are_filtered_sorted_and_scrolled() {
        let first = |state: &State| drawn(state, 20, STYLE)[5].clone();
        assert!(first(&state()).contains("new"), "{}", first(&state()));
        assert!(first(&State { sort: LiveSort::WholeSelf, ..state() }).contains("old"));
        assert!(first(&State { sort: LiveSort::WholeTotal, ..state() }).contains("main"));
        assert!(first(&State { filter: "OL".to_owned(), ..state() }).contains("old"));
        assert!(first(&State { scrolled: 1, ..state() }).contains("main"));
    }

    #[test]
    fn a_pipe_gets_names_in_full() {
        let p = profile();
        let look = Look { profile: &p, window: &p.recording, pid: 47, threads: 1 };
        let mut out = Vec::new();
        text(&mut out, &look, &state(), Some(2), Style { width: None, escape: false, ..STYLE }).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("new\u{1b}[2J") && text.contains("b.c"), "{text:?}");
        assert!(text.ends_with("1 row left out; --limit 0 shows all\n\n"), "{text:?}");
    }
}
