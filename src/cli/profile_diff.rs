//! `hotcold profile diff`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;
use regex::Regex;

use super::{Streams, args::Global, exit, select_options::SelectArgs, table_options, view_options::ViewArgs};
use crate::{
    profile::{
        Error,
        aggregate::{
            self,
            diff::{Diff, Question, diff},
        },
        calls::Measurements,
        format::save::Output,
        model::Profile,
    },
    render::{
        diff::{Side, signed, signed_percent, write},
        flamegraph, json,
    },
};

/// Rows of a table unless the user says otherwise. JSON has all.
const ROWS: usize = 20;

const EXAMPLES: &str = "\
Examples:
  hotcold profile diff old.pb.gz new.pb.gz            which functions take more or less time now
  hotcold profile diff old.pb.gz new.pb.gz --by line
  hotcold profile diff --old a1.pb.gz a2.pb.gz a3.pb.gz --new b1.pb.gz b2.pb.gz b3.pb.gz
  hotcold profile diff old.pb.gz new.pb.gz --normalize --flamegraph diff.svg
  hotcold profile diff main.pb.gz branch.pb.gz --fail-above 5%   in CI: exit code 3 when it got slower

Each difference is tested for what chance explains: `noise` rows are no evidence of a change. docs/diff.md names the tests.
";

#[derive(clap::Args, Debug)]
#[command(before_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Recording to compare with
    #[arg(value_name = "OLD", required_unless_present = "old_files", conflicts_with_all = ["old_files", "new_files"], requires = "new")]
    old: Option<PathBuf>,
    /// Recording to compare
    #[arg(value_name = "NEW")]
    new: Option<PathBuf>,
    /// Recordings to compare with, instead of OLD
    #[arg(long = "old", id = "old_files", value_name = "FILE", num_args = 1.., requires = "new_files")]
    old_files: Vec<PathBuf>,
    /// Recordings to compare, instead of NEW
    ///
    /// Times are means over the recordings of a side. Two or more on each side tell how much runs differ by themselves.
    #[arg(long = "new", id = "new_files", value_name = "FILE", num_args = 1.., requires = "old_files")]
    new_files: Vec<PathBuf>,
    /// Compare functions, lines or modules
    #[arg(long, value_name = "WHAT", default_value = "function", hide_possible_values = true)]
    by: By,
    /// Compare cumtime instead of tottime
    #[arg(long)]
    cumtime: bool,
    /// Compare shares: scale the old side so that its total is the new one's
    #[arg(long)]
    normalize: bool,
    /// Show at most N rows; 0 for all [default: 20]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Leave out changes below P % of the old total
    #[arg(long, value_name = "P", value_parser = table_options::percent, default_value = "0", hide_default_value = true)]
    min_percent: f64,
    /// Keep rows whose function, file or module matches
    #[arg(long, value_name = "REGEX", value_parser = table_options::regex)]
    filter: Option<Regex>,
    /// Draw a differential flamegraph
    ///
    /// It shows the stacks of the new side, red where they take more time than before, blue where less.
    #[arg(long, value_name = "SVG")]
    flamegraph: Option<PathBuf>,
    /// Exit with code 3 when the total or any row grew by more than P %
    ///
    /// P % are those of the old total. Only what is more than noise counts. P may be written as 5 or 5%.
    #[arg(long, value_name = "P", value_parser = percent_sign)]
    fail_above: Option<f64>,
    #[command(flatten)]
    part: ViewArgs,
    #[command(flatten)]
    select: SelectArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    Function,
    Line,
    Module,
}

pub(super) fn run(args: &Args, global: &Global, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let paths = |one: &Option<PathBuf>, many: &[PathBuf]| one.iter().chain(many).cloned().collect::<Vec<_>>();
    let (old_paths, new_paths) = (paths(&args.old, &args.old_files), paths(&args.new, &args.new_files));
    // Both at once: reading takes longer than all the rest.
    let (old, new) = std::thread::scope(|scope| {
        let new = scope.spawn(|| args.load(&new_paths));
        (args.load(&old_paths), new.join())
    });
    let (old, new) = (old?, new.map_err(|_| anyhow::anyhow!("cannot read the new side"))??);
    let question = args.question(global);
    let all = diff(&old, &new, &question)?;
    let failed = args.fail_above.and_then(|limit| verdict(&all, limit));
    let shown = all.shown(&question);
    if let Some(path) = &args.flamegraph {
        let (old, new) = (profiles(&old, &old_paths)?, profiles(&new, &new_paths)?);
        let mut output = Output::create_derived(path)?;
        let mut svg = Vec::new();
        flamegraph::write_diff(&mut svg, &old, &new, shown.scale, None)?;
        output.commit(&svg)?;
        streams.note(&format!("wrote the flamegraph to {}", path.display()));
    }
    let (old_names, new_names) = (names(&old_paths), names(&new_paths));
    let (old, new) =
        (Side { names: &old_names, recordings: &old }, Side { names: &new_names, recordings: &new });
    if global.json {
        json::diff(&mut streams.out, &shown, old, new)?;
    } else {
        let style = table_options::style_out(streams);
        write(&mut streams.out, &shown, old, new, style)?;
    }
    match failed {
        Some(text) => {
            streams.out.flush()?;
            streams.warn(&text);
            Ok(exit::partly())
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

impl Args {
    fn load(&self, paths: &[PathBuf]) -> anyhow::Result<Vec<Measurements>> {
        let load = |path: &PathBuf| {
            Ok(match self.select.load(path)? {
                Measurements::Sampled(profile) => {
                    Measurements::Sampled(self.part.view().of(&profile).into_owned())
                }
                traced @ Measurements::Traced(_) => traced,
            })
        };
        paths.iter().map(load).collect()
    }

    fn question(&self, global: &Global) -> Question {
        let limit = match self.limit {
            Some(0) => None,
            None if global.json => None,
            limit => limit.or(Some(ROWS)),
        };
        Question {
            by: match self.by {
                By::Function => aggregate::By::Function,
                By::Line => aggregate::By::Line,
                By::Module => aggregate::By::Module,
            },
            cumtime: self.cumtime,
            normalize: self.normalize,
            filter: self.filter.clone(),
            limit,
            min_share: self.min_percent / 100.0,
        }
    }
}

/// What grew by more than `limit` (a share of the old total) and is no noise; the total first, else the row that grew most.
fn verdict(diff: &Diff<'_>, limit: f64) -> Option<String> {
    let allowed = format!("--fail-above allows {}%", limit * 100.0);
    let total = diff.total_delta_ns();
    if total > limit * diff.reference_ns() && diff.is_real(diff.total_p) {
        let share = signed_percent(total / diff.reference_ns().max(1.0));
        return Some(format!("the total grew by {} ({share}); {allowed}", signed(total, diff.unit())));
    }
    let worst = diff.rows.iter().filter(|row| diff.is_real(row.p) && diff.impact(row) > limit);
    let worst = worst.max_by(|a, b| a.delta_ns.total_cmp(&b.delta_ns))?;
    let share = signed_percent(diff.impact(worst));
    Some(format!(
        "`{}` grew by {} ({share} of the total); {allowed}",
        worst.place.name,
        signed(worst.delta_ns, diff.unit())
    ))
}

/// The recordings, all of which must have stacks.
fn profiles<'r>(recordings: &'r [Measurements], paths: &[PathBuf]) -> Result<Vec<&'r Profile>, Error> {
    let profile = |(one, path): (&'r Measurements, &PathBuf)| match one {
        Measurements::Sampled(profile) => Ok(profile),
        Measurements::Traced(_) => Err(Error::NoStacks { path: path.clone(), what: "draw a flamegraph" }),
    };
    recordings.iter().zip(paths).map(profile).collect()
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    let name = |path: &PathBuf| match path {
        path if path == Path::new("-") => "standard input".to_owned(),
        path => path.display().to_string(),
    };
    paths.iter().map(name).collect()
}

/// What has grown can have grown to more than twice what it was.
fn percent_sign(text: &str) -> Result<f64, String> {
    match text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>() {
        Ok(percent) if percent >= 0.0 && percent.is_finite() => Ok(percent / 100.0),
        _ => Err("not a percentage, such as 5%".to_owned()),
    }
}
