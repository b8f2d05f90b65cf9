//! The flags that say which frames and samples of a Python program to show; shared by every command that shows a recording.

use crate::profile::view::{Imports, View};

#[derive(clap::Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Python programs")]
pub(super) struct ViewArgs {
    /// Show only functions of the program's own tree
    ///
    /// Neither those of Python's library, nor of installed packages, nor the system's. Their time counts for the function of the
    /// program that called them, so that its tottime says what it costs in all.
    #[arg(long)]
    only_project: bool,
    /// Leave out the time that imports take
    ///
    /// Unless this is given they are one row, `[imports]`, without what they run of the program's own tree.
    #[arg(long)]
    no_imports: bool,
    /// Show the functions that imports consist of
    #[arg(long, conflicts_with = "no_imports", hide_short_help = true)]
    show_imports: bool,
    /// Count only samples of threads that hold their interpreter's lock
    #[arg(long)]
    gil: bool,
}

impl ViewArgs {
    /// What to show.
    pub(super) fn view(self) -> View {
        let imports = match (self.no_imports, self.show_imports) {
            (true, _) => Imports::LeftOut,
            (_, true) => Imports::Shown,
            _ => Imports::Folded,
        };
        View { imports, only_project: self.only_project, gil: self.gil }
    }
}
