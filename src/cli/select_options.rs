//! The flags that choose a part of a recording; shared by every command that reads one.

use std::{path::Path, time::Duration};

use regex::Regex;

use super::{
    recording,
    table_options::{regex, require_calls, require_samples},
};
use crate::profile::{
    Error,
    calls::Measurements,
    format::How,
    model::Profile,
    select::{self, Moment, Scope, Who},
};

#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which samples")]
pub(super) struct SelectArgs {
    /// Leave out what was sampled before T, such as 10s (after the start)
    ///
    /// T is a duration since the start of the recording, or an RFC 3339 time. Recordings keep times in steps of a second, long ones in longer steps; the step that T lies in is kept.
    #[arg(long, value_name = "T", value_parser = moment)]
    since: Option<Moment>,
    /// Leave out what was sampled at T or later
    #[arg(long, value_name = "T", value_parser = moment)]
    until: Option<Moment>,
    /// Only threads whose name matches, or with this id
    ///
    /// Several mean any of them.
    #[arg(long, value_name = "REGEX|TID", value_parser = who)]
    thread: Vec<Who>,
    /// Only processes whose name matches, or with this id
    ///
    /// Several mean any of them.
    #[arg(long, value_name = "REGEX|PID", value_parser = who)]
    process: Vec<Who>,
    /// Only samples with a frame whose function, file or module matches
    ///
    /// Totals and shares become those of the samples that are left; with --filter they stay those of all samples.
    #[arg(long, value_name = "REGEX", value_parser = regex)]
    focus: Option<Regex>,
    /// Leave out samples with a frame whose function, file or module matches
    #[arg(long, value_name = "REGEX", value_parser = regex)]
    ignore: Option<Regex>,
    /// Which event or value to read of a file that has several, such as cycles or alloc_space
    ///
    /// Unless it is given: of perf's events the one with most samples, of a pprof file's values the one that it prefers, a time or the last one, of callgrind's events a time or the first one.
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
}

impl SelectArgs {
    /// The event that was asked for.
    pub(super) fn event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    /// Reads a recording, which must have something in it, and takes the part that was asked for.
    ///
    /// # Errors
    /// Those of [`recording::load`] and [`select::select`], [`Error::NoSamples`], [`Error::NothingCalled`], and [`Error::NoStacks`] where a part
    /// was asked of a recording of calls.
    pub(super) fn load(&self, path: &Path) -> Result<Measurements, Error> {
        let name = path.display().to_string();
        match recording::load(path, How { format: None, event: self.event() })? {
            Measurements::Sampled(profile) => {
                require_samples(&profile, &name)?;
                self.apply(profile).map(Measurements::Sampled)
            }
            Measurements::Traced(graph) => {
                self.require_nothing(path)?;
                require_calls(&graph, &name)?;
                Ok(Measurements::Traced(graph))
            }
        }
    }

    /// The part of `profile` that was asked for.
    ///
    /// # Errors
    /// Those of [`select::select`].
    pub(super) fn apply(&self, profile: Profile) -> Result<Profile, Error> {
        select::select(profile, &self.scope())
    }

    /// The same, and of that only the stacks with a match.
    pub(super) fn with_filter<'a>(&'a self, filter: Option<&'a Regex>) -> Chosen<'a> {
        Chosen { select: self, filter }
    }

    /// Makes sure that nothing was asked for, where there are no samples to choose from.
    ///
    /// # Errors
    /// [`Error::NoStacks`].
    pub(super) fn require_nothing(&self, path: &Path) -> Result<(), Error> {
        if self.scope().is_everything() {
            return Ok(());
        }
        Err(Error::NoStacks { path: path.to_owned(), what: "select samples" })
    }

    fn scope(&self) -> Scope {
        Scope {
            since: self.since,
            until: self.until,
            threads: self.thread.clone(),
            processes: self.process.clone(),
            focus: self.focus.clone(),
            ignore: self.ignore.clone(),
        }
    }
}

/// What to write of a recording.
pub(super) struct Chosen<'a> {
    select: &'a SelectArgs,
    filter: Option<&'a Regex>,
}

impl Chosen<'_> {
    /// That part of a recording.
    ///
    /// # Errors
    /// Those of [`select::select`], and [`Error::NoStacks`] where a part was asked of a recording of calls.
    pub(super) fn apply_to(&self, measurements: Measurements, path: &Path) -> Result<Measurements, Error> {
        let scope = Scope { focus: self.filter.cloned(), ..Scope::default() };
        match measurements {
            Measurements::Sampled(profile) => {
                select::select(self.select.apply(profile)?, &scope).map(Measurements::Sampled)
            }
            Measurements::Traced(_) if !scope.is_everything() => {
                Err(Error::NoStacks { path: path.to_owned(), what: "select samples" })
            }
            Measurements::Traced(_) => self.select.require_nothing(path).map(|()| measurements),
        }
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(seconds) = text.parse::<f64>()
        && let Ok(time) = Duration::try_from_secs_f64(seconds)
    {
        return Ok(Moment::After(time));
    }
    if let Ok(time) = humantime::parse_duration(text) {
        return Ok(Moment::After(time));
    }
    let at = humantime::parse_rfc3339_weak(text).map(Moment::At);
    at.map_err(|_| "not a duration such as 90s or 1m 30s, nor a time such as 2025-06-15T15:06:40Z".to_owned())
}

fn who(text: &str) -> Result<Who, String> {
    text.parse().map(Who::Id).or_else(|_| regex(text).map(Who::Name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_durations_or_times() {
        assert_eq!(moment("10"), Ok(Moment::After(Duration::from_secs(10))));
        assert_eq!(moment("1m 30s"), Ok(Moment::After(Duration::from_secs(90))));
        assert!(matches!(moment("2025-06-15T15:06:40Z"), Ok(Moment::At(_))));
        for wrong in ["", "-1", "soon", "inf"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
