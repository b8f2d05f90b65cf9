//! What a test needs from the machine. Where it is missing the test says so and returns; with `HOTCOLD_REQUIRE_ALL=1`
//! it fails instead, so that CI cannot pass by skipping.

use std::io::Write;

use hotcold::profile::doctor::{Machine, Scope, ThisMachine};

/// Whether `tool` can be run: a path, or a name to look up in `PATH`.
pub(crate) fn require(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Joining an absolute path gives that path.
    let found = std::env::split_paths(&path).any(|dir| dir.join(tool).is_file());
    met(found, tool)
}

/// Whether this user may record own programs, by really opening a perf event.
pub(crate) fn require_perf() -> bool {
    met(perf_available(Scope::User), "perf events")
}

/// Whether a perf event of this scope can be opened here, by really opening one.
pub(crate) fn perf_available(scope: Scope) -> bool {
    ThisMachine.open_perf(scope).is_ok()
}

/// Says that `what` is missing where it was not `found`.
///
/// # Panics
/// With `HOTCOLD_REQUIRE_ALL=1`, where it was not found.
pub(crate) fn met(found: bool, what: &str) -> bool {
    if found {
        return true;
    }
    let all = std::env::var_os("HOTCOLD_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!all, "{what} is required by HOTCOLD_REQUIRE_ALL and is not available here");
    let thread = std::thread::current();
    // Past the test runner, which hides what a passing test prints.
    let _ = writeln!(
        std::io::stderr(),
        "skipped: {} needs {what}, which is not available here",
        thread.name().unwrap_or("this")
    );
    false
}
