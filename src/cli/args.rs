//! The whole grammar: which commands there are, and the flags that all of them share. Types only: no behaviour, no I/O.

use clap::{Parser, Subcommand, ValueEnum};

/// Show where a program runs hot, and which cached data has gone cold
#[derive(Parser, Debug)]
#[command(version, name = "hotcold", max_term_width = 100, arg_required_else_help = true)]
pub struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags that mean the same in every command.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print no notes and no progress; twice: no warnings either
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) quiet: u8,
    /// Tell what is opened, found and skipped
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "HOTCOLD_COLOR",
        hide_env_values = true
    )]
    pub(super) color: ColorChoice,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On terminals, as NO_COLOR, CLICOLOR_FORCE and TERM allow.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Record and read CPU profiles
    #[command(subcommand, arg_required_else_help = true)]
    Profile(Box<Profile>),
    Doctor(super::doctor::Args),
    /// Print a shell completion script
    Completions(super::completions::Args),
    /// Write the manual pages
    Man(super::man::Args),
}

#[derive(Subcommand, Debug)]
pub(super) enum Profile {
    /// Run a program and print where it spends its time
    Run(super::profile_run::Args),
    /// Record a program that is running already
    Attach(super::profile_attach::Args),
    /// Print where a recording spent its time
    Report(super::profile_report::Args),
    /// Draw a recording as a flamegraph
    Flamegraph(super::profile_flamegraph::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn is_consistent() {
        Args::command().debug_assert();
    }
}
