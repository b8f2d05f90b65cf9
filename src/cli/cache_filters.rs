//! The flags that choose entries; shared by `list` and `prune`.

use std::time::Duration;

use crate::cache::select::{Filter, NOT_A_DURATION, NOT_A_SIZE, Pattern, TagRule};

#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which entries")]
pub(super) struct FilterArgs {
    /// Only those that have expired or are left over
    #[arg(long)]
    pub(super) expired: bool,
    /// With --expired: `unsure` adds what is left over by all appearance
    #[arg(long, value_name = "WHAT", requires = "expired", hide_possible_values = true)]
    pub(super) include: Option<Include>,
    /// Only those stored longer ago than D, such as 30d or 1h 30m
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(super) older_than: Option<Duration>,
    /// Only those not used for D; the cache must record it
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(super) unused_for: Option<Duration>,
    /// Only those with more bytes than S, such as 500MB or 1GiB
    #[arg(long, value_name = "S", value_parser = size)]
    pub(super) larger_than: Option<u64>,
    /// Only those with this tag; several mean any of them
    ///
    /// A bare tag is a string. `i:7`, `f:1.5`, `b:text` and `s:text` name whole numbers, other numbers, bytes and strings; `none` means
    /// entries without a tag, and `s:none` the string.
    #[arg(long, value_name = "T", value_parser = TagRule::parse)]
    pub(super) tag: Vec<TagRule>,
    /// Only those whose key matches the pattern with * and ?
    ///
    /// A string key is matched as it is, any other as `list` shows it. Several mean any of them.
    #[arg(long, value_name = "GLOB", value_parser = Pattern::new)]
    pub(super) key: Vec<Pattern>,
    /// Only those whose group matches the pattern; `stats --by group` shows them
    #[arg(long, value_name = "G", value_parser = Pattern::new)]
    pub(super) group: Vec<Pattern>,
}

/// What counts as left over beside what certainly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Include {
    /// What is so by all appearance.
    Unsure,
}

impl FilterArgs {
    /// The conditions that were given.
    pub(super) fn filter(&self) -> Filter {
        Filter {
            expired: self.expired,
            unsure: self.include.is_some(),
            older_than: self.older_than,
            unused_for: self.unused_for,
            larger_than: self.larger_than,
            tags: self.tag.clone(),
            keys: self.key.clone(),
            groups: self.group.clone(),
            ..Filter::default()
        }
    }
}

/// A duration as people type it: `30d`, `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    crate::units::parse_duration(text).ok_or_else(|| NOT_A_DURATION.to_owned())
}

/// A size as people type it: `500MB` (decimal), `1GiB` (binary), `2048` (bytes).
pub(super) fn size(text: &str) -> Result<u64, String> {
    crate::units::parse_bytes(text).ok_or_else(|| NOT_A_SIZE.to_owned())
}
