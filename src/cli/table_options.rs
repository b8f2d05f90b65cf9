//! The flags that choose what a profile's table shows; shared by `run`, `attach` and `report`.

use std::{borrow::Cow, io::Write};

use clap::ValueEnum;
use regex::Regex;

use super::{Streams, view_options::ViewArgs};
use crate::{
    profile::{
        Error,
        aggregate::{
            self, CallTree, Selection, Table,
            edges::{self, Direction, Edges},
        },
        calls::{CallGraph, Calls},
        model::Profile,
        view,
    },
    render::{
        self, Style, calls,
        checkpoint::{self, Facts},
        header, json, table, tree,
    },
};

/// Rows of a table unless the user says otherwise: what fits a screen. JSON has all.
const ROWS: usize = 20;
/// Per cent of the total below which a call tree leaves calls out unless the user says otherwise.
const TREE_PERCENT: f64 = 1.0;

#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Table options")]
pub(super) struct TableArgs {
    /// Order by time, tottime, cumtime, wait, ncalls, samples or name
    ///
    /// Numbers go from high to low, names from a to z. `time` is tottime, and where waiting was recorded wait is added. `ncalls` needs an
    /// exact recording. A call tree is always ordered by cumtime. HOTCOLD_SORT sets it.
    #[arg(
        long,
        value_name = "COLUMN",
        default_value = "time",
        hide_possible_values = true,
        env = "HOTCOLD_SORT",
        hide_env = true
    )]
    sort: Sort,
    /// Group by function, line, module, thread or process
    ///
    /// A function's tottime includes what was inlined into it; a line is counted where the innermost frame stands, inlined or not.
    #[arg(long, value_name = "WHAT", default_value = "function", hide_possible_values = true)]
    by: By,
    /// Show at most N rows; 0 for all [default: 20]
    ///
    /// JSON shows all rows and a call tree all calls unless a limit is given; a call tree keeps the N calls with the most time.
    /// HOTCOLD_LIMIT sets it.
    #[arg(long, value_name = "N", env = "HOTCOLD_LIMIT", hide_env = true)]
    limit: Option<usize>,
    /// Leave out rows below P % of the total [default: 0, with --tree 1]
    ///
    /// This is the share of tottime; of cumtime when sorted by it and in a call tree.
    #[arg(long, value_name = "P", value_parser = percent)]
    min_percent: Option<f64>,
    /// Keep rows whose function, file or module matches
    ///
    /// The totals and shares stay those of the whole recording. A call tree keeps the stacks that contain a match.
    #[arg(long, value_name = "REGEX", value_parser = regex)]
    filter: Option<Regex>,
    /// Print the call tree
    #[arg(long, conflicts_with = "by")]
    tree: bool,
    /// Show inlined functions below the function they were inlined into
    #[arg(long, conflicts_with = "by", hide_short_help = true)]
    inlines: bool,
    /// Show each thread that only waits for work, instead of one row for all of them
    ///
    /// In recordings with waiting, two or more threads that have waited in one and the same place nearly all the time are one
    /// row, `[idle threads]`.
    #[arg(long, hide_short_help = true)]
    idle: bool,
    #[command(flatten)]
    part: ViewArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sort {
    Time,
    Tottime,
    Cumtime,
    Wait,
    Ncalls,
    Samples,
    Name,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    Function,
    Line,
    Module,
    Thread,
    Process,
}

/// What a table shows, with every default filled in.
#[derive(Clone, Debug)]
pub(super) struct TableOptions {
    selection: Selection,
    part: view::View,
    view: View,
    json: bool,
}

/// In which form a recording is shown.
#[derive(Clone, Debug)]
pub(super) enum View {
    /// Rows.
    Rows,
    /// The call tree, calls with a single call on one line with it where `fold` is set.
    Tree { inverted: bool, fold: bool },
    /// Callers or callees of the functions of this name, or both.
    Edges(Vec<(Direction, String)>),
}

impl TableOptions {
    /// Which rows to show.
    pub(super) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Which frames and samples of a profile to show.
    pub(super) fn part(&self) -> view::View {
        self.part
    }

    /// The same in another form.
    pub(super) fn with(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// Refuses what only stacks tell.
    fn require_functions(&self) -> Result<(), Error> {
        let view::View { imports, only_project, gil } = self.part;
        let part = only_project || gil || imports == view::Imports::LeftOut;
        let tree = matches!(self.view, View::Tree { .. });
        if tree || part || self.selection.by != aggregate::By::Function {
            return Err(Error::OnlyFunctions);
        }
        if self.selection.sort == aggregate::Sort::Samples { Err(Error::NoSamplesCounted) } else { Ok(()) }
    }

    /// JSON with all functions.
    pub(super) fn json_of_all() -> Self {
        let selection = Selection::default();
        // Whoever shows a profile has chosen the part of it already.
        let part = view::View { imports: view::Imports::Shown, ..view::View::default() };
        Self { selection, part, view: View::Rows, json: true }
    }

    /// Whether JSON was asked for.
    pub(super) fn json(&self) -> bool {
        self.json
    }
}

impl TableArgs {
    /// The options; `json` says whether JSON was asked for, which has no default limit.
    pub(super) fn options(&self, json: bool) -> TableOptions {
        let limit = match self.limit {
            Some(0) => None,
            None if json || self.tree => None,
            limit => limit.or(Some(ROWS)),
        };
        let least = if self.tree { TREE_PERCENT } else { 0.0 };
        let selection = Selection {
            by: self.by.into(),
            sort: self.sort.into(),
            limit,
            min_share: self.min_percent.unwrap_or(least) / 100.0,
            filter: self.filter.clone(),
            inlines: self.inlines,
            idle: self.idle,
        };
        let view = if self.tree { View::Tree { inverted: false, fold: true } } else { View::Rows };
        TableOptions { selection, part: self.part.view(), view, json }
    }

    /// Whether a call tree was asked for.
    pub(super) fn tree(&self) -> bool {
        self.tree
    }

    /// Refuses what recordings of calls do not tell.
    pub(super) fn check_calls(&self) -> anyhow::Result<()> {
        Ok(self.options(false).require_functions()?)
    }
}

/// Writes the quality block and the table or tree that the options choose, or the same as JSON.
///
/// # Errors
/// [`Error::NoCalls`], and those of the writer.
pub(super) fn print(
    w: &mut dyn Write,
    profile: &Profile,
    options: &TableOptions,
    style: Style,
) -> anyhow::Result<()> {
    let profile = &*options.part.of(profile);
    let timed = timed(profile, options);
    let shown = Shown::of(&timed, options)?;
    if options.json {
        return Ok(json::write(w, &shown.report(profile, options))?);
    }
    shown.write(w, profile, style)
}

/// The profile as a call tree takes it: where waiting was recorded, that is time like any other.
fn timed<'p>(profile: &'p Profile, options: &TableOptions) -> Cow<'p, Profile> {
    if matches!(options.view, View::Tree { .. }) && profile.recording.waiting {
        Cow::Owned(aggregate::wall(profile, options.selection.idle))
    } else {
        Cow::Borrowed(profile)
    }
}

/// The same for a recording of calls.
///
/// # Errors
/// [`Error::OnlyFunctions`] for what only stacks tell, [`Error::NoSamplesCounted`], and those of the writer.
pub(super) fn print_calls(
    w: &mut dyn Write,
    graph: &CallGraph,
    options: &TableOptions,
    style: Style,
) -> anyhow::Result<()> {
    options.require_functions()?;
    if let View::Edges(asked) = &options.view {
        return print_call_edges(w, graph, asked, options.json, style);
    }
    let table = aggregate::traced_rows(graph, &options.selection)?;
    if options.json {
        return Ok(json::write(w, &json::calls(graph, &table))?);
    }
    calls::header(w, graph, style)?;
    writeln!(w)?;
    Ok(calls::table(w, &table, graph.counted, style)?)
}

fn print_call_edges(
    w: &mut dyn Write,
    graph: &CallGraph,
    asked: &[(Direction, String)],
    json: bool,
    style: Style,
) -> anyhow::Result<()> {
    let edges = |(direction, name): &(Direction, String)| aggregate::traced_edges(graph, name, *direction);
    let all: Vec<_> = asked.iter().map(edges).collect::<Result<_, _>>()?;
    if json {
        return Ok(json::write(w, &json::call_edges(graph, &all))?);
    }
    calls::header(w, graph, style)?;
    for edges in &all {
        writeln!(w)?;
        calls::edges(w, edges, graph.counted, style)?;
    }
    Ok(())
}

/// Writes both tables of a checkpoint, or one line of JSON.
///
/// # Errors
/// [`Error::NoCalls`], and those of the writer.
pub(super) fn print_checkpoint(
    w: &mut dyn Write,
    interval: &Profile,
    whole: &Profile,
    facts: Facts,
    options: &TableOptions,
    style: Style,
) -> anyhow::Result<()> {
    let (interval, whole) = (&*options.part.of(interval), &*options.part.of(whole));
    let (timed_interval, timed_whole) = (timed(interval, options), timed(whole, options));
    let (part, all) = (Shown::of(&timed_interval, options)?, Shown::of(&timed_whole, options)?);
    if options.json {
        let reports = [&part.report(interval, options), &all.report(whole, options)];
        return Ok(json::checkpoint(w, facts, interval, reports)?);
    }
    checkpoint::interval(w, facts, &interval.recording, style)?;
    part.write(w, interval, style)?;
    writeln!(w)?;
    checkpoint::whole(w, &whole.recording, style)?;
    all.write(w, whole, style)?;
    Ok(writeln!(w)?)
}

/// What the options choose of a profile.
enum Shown<'p> {
    Tree(CallTree<'p>, bool),
    Rows(Table<'p>),
    Edges(Vec<Edges<'p>>),
}

impl<'p> Shown<'p> {
    fn of(profile: &'p Profile, options: &TableOptions) -> Result<Self, Error> {
        let selection = &options.selection;
        Ok(match &options.view {
            View::Rows => Self::Rows(aggregate::rows(profile, selection)?),
            View::Tree { inverted: false, fold } => {
                Self::Tree(aggregate::call_tree(profile, selection), *fold)
            }
            View::Tree { inverted: true, fold } => {
                Self::Tree(aggregate::inverted_tree(profile, selection), *fold)
            }
            View::Edges(asked) => {
                let edges = |(direction, name): &(Direction, String)| {
                    edges::edges(profile, name, *direction, selection.inlines)
                };
                Self::Edges(asked.iter().map(edges).collect::<Result<_, _>>()?)
            }
        })
    }

    fn report<'r>(&'r self, profile: &'r Profile, options: &TableOptions) -> json::Report<'r> {
        match self {
            Self::Tree(calls, _) => json::tree(profile, calls),
            Self::Rows(rows) => json::table(profile, rows, options.selection.inlines),
            Self::Edges(edges) => json::edges(profile, edges),
        }
    }

    /// The quality block, and below it the table or tree.
    fn write(&self, w: &mut dyn Write, profile: &Profile, style: Style) -> anyhow::Result<()> {
        header::write(w, profile, style)?;
        writeln!(w)?;
        match self {
            Self::Tree(calls, fold) => tree::write(w, calls, *fold, style)?,
            Self::Rows(rows) => table::write(w, rows, style)?,
            Self::Edges(all) => {
                for (i, edges) in all.iter().enumerate() {
                    if i > 0 {
                        writeln!(w)?;
                    }
                    render::edges::write(w, edges, style)?;
                }
            }
        }
        Ok(())
    }
}

/// How to write on standard output.
pub(super) fn style_out(streams: &Streams) -> Style {
    style(streams.width.out, streams.colour.out, streams.terminal.out)
}

/// How to write on standard error.
pub(super) fn style_err(streams: &Streams) -> Style {
    style(streams.width.err, streams.colour.err, streams.terminal.err)
}

/// How to write into a file.
pub(super) fn style_file() -> Style {
    style(None, false, false)
}

/// How to write on a stream of this width, with colour, on a terminal.
fn style(width: Option<u16>, colour: bool, terminal: bool) -> Style {
    Style { width, colour, escape: terminal, unicode: speaks_unicode() }
}

/// Whether the locale's characters are UTF-8; the first of these variables that is set decides.
fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty())
        .map(|value| value.to_string_lossy().to_ascii_lowercase());
    locale.is_some_and(|name| name.contains("utf-8") || name.contains("utf8"))
}

/// As [`require_samples`], for calls.
///
/// # Errors
/// [`Error::NothingCalled`].
pub(super) fn require_calls(graph: &CallGraph, what: &str) -> Result<(), Error> {
    if graph.calls.iter().any(|calls| *calls != Calls::default()) {
        return Ok(());
    }
    Err(Error::NothingCalled { what: what.to_owned() })
}

/// A recording without samples has nothing to show; `what` names it.
///
/// # Errors
/// [`Error::NoSamples`].
pub(super) fn require_samples(profile: &Profile, what: &str) -> Result<(), Error> {
    match aggregate::Totals::of(profile).samples {
        0 if profile.waits.is_empty() => Err(Error::NoSamples { what: what.to_owned() }),
        _ => Ok(()),
    }
}

pub(super) fn regex(text: &str) -> Result<Regex, String> {
    // The error's other lines draw the pattern with a marker below it; the last one says what is wrong.
    Regex::new(text).map_err(|error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        last.trim().trim_start_matches("error: ").to_owned()
    })
}

pub(super) fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("not a number from 0 to 100".to_owned()),
    }
}

impl From<Sort> for aggregate::Sort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Time => Self::Time,
            Sort::Tottime => Self::Tottime,
            Sort::Wait => Self::Wait,
            Sort::Cumtime => Self::Cumtime,
            Sort::Ncalls => Self::Ncalls,
            Sort::Samples => Self::Samples,
            Sort::Name => Self::Name,
        }
    }
}

impl From<By> for aggregate::By {
    fn from(by: By) -> Self {
        match by {
            By::Function => Self::Function,
            By::Line => Self::Line,
            By::Module => Self::Module,
            By::Thread => Self::Thread,
            By::Process => Self::Process,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::profile::aggregate::sketch::profile;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        table: TableArgs,
    }

    fn options(line: &str, json: bool) -> TableOptions {
        Line::try_parse_from(format!("x {line}").split_whitespace()).unwrap().table.options(json)
    }

    fn printed(options: &TableOptions) -> String {
        let p = profile("main;work 3\nmain;rest 1");
        let mut out = Vec::new();
        print(&mut out, &p, options, Style::default()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn limits_depend_on_what_is_shown() {
        let limit = |line, json| options(line, json).selection.limit;
        assert_eq!([limit("", false), limit("", true), limit("--tree", false)], [Some(20), None, None]);
        assert_eq!([limit("--limit 0", false), limit("--limit 7", true)], [None, Some(7)]);
        let least = |line| options(line, false).selection.min_share;
        assert_eq!([least(""), least("--tree"), least("--tree --min-percent 0")], [0.0, 0.01, 0.0]);
    }

    #[test]
    fn a_report_is_the_quality_and_then_the_rows() {
        insta::assert_snapshot!(printed(&options("--limit 1", false)), @r"
        recorded  cpu clock
        samples   4, 0 lost, 0.0% truncated

        samples  self%    +/-  tottime  cumtime  function  file:line  module
              3  75.0%  44.9%   0.003s   0.003s  work      -          /usr/bin/app
        2 functions left out with 25.0% of the time; --limit 0 shows all
        ");
        insta::assert_snapshot!(printed(&options("--tree", false)), @r"
        recorded  cpu clock
        samples   4, 0 lost, 0.0% truncated

         cum%   self%   cumtime  function
        100.0%   0.0%    0.004s  main
         75.0%  75.0%    0.003s  |- work
         25.0%  25.0%    0.001s  `- rest
        ");
    }

    #[test]
    fn json_is_one_line_of_the_same() {
        for line in ["", "--tree", "--by thread"] {
            let out = printed(&options(line, true));
            let value: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(
                (value["schema"].as_str(), out.lines().count()),
                (Some("hotcold.profile.report/1"), 1)
            );
        }
    }

    #[test]
    fn samples_do_not_count_calls() {
        let p = profile("main 1");
        let error = print(&mut Vec::new(), &p, &options("--sort ncalls", false), Style::default());
        assert_eq!(error.unwrap_err().to_string(), "cannot sort by `ncalls`: samples do not count calls");
        assert!(require_samples(&Profile::default(), "x.pb.gz").is_err());
        assert!(require_samples(&p, "x.pb.gz").is_ok());
    }
}
