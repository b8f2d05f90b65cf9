//! Programs to record and where their recordings go.

#[path = "../../tests/support/fixture.rs"]
pub(crate) mod fixture;
#[path = "../../tests/support/require.rs"]
pub(crate) mod require;

use std::path::PathBuf;

/// A directory for the recordings of this bench, emptied by dropping it.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory can be made")
}

/// The fixture, where this machine lets it be built and recorded; otherwise says why not.
pub(crate) fn subject(source: &str) -> Option<PathBuf> {
    if !require::require_perf() {
        return None;
    }
    fixture::fixture(source)
}
