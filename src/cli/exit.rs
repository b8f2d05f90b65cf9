//! The one place where an outcome becomes an exit code and an error becomes text.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use super::Streams;
use crate::{cache, profile, render::text::escape};

/// Wrong usage.
pub(super) fn usage() -> ExitCode {
    ExitCode::from(2)
}

/// Done in part, or problems remain.
pub(super) fn partly() -> ExitCode {
    ExitCode::from(3)
}

pub(super) fn code(result: anyhow::Result<ExitCode>, streams: &mut Streams) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error, streams);
            ExitCode::FAILURE
        }
    }
}

/// Prints `error: …` and, where there is one, `hint: …` after an empty line; with `-q` only the first.
pub(super) fn report(error: &anyhow::Error, streams: &mut Streams) {
    let text = text(error);
    let text = if streams.terminal.err { escape(&text).into_owned() } else { text };
    let _ = writeln!(streams.err, "error: {text}");
    let hint = error.chain().find_map(|cause| {
        let profile = cause.downcast_ref::<profile::Error>().and_then(profile::Error::hint);
        profile.or_else(|| cause.downcast_ref::<cache::Error>().and_then(cache::Error::hint))
    });
    if let Some(hint) = hint.filter(|_| !streams.is_quiet()) {
        let _ = writeln!(streams.err, "\nhint: {hint}");
    }
}

/// An error and its causes in one line.
pub(super) fn text(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(describe).collect();
    causes.join(": ")
}

/// An error's own words; an operating system error without its number, and as part of a sentence.
fn describe(cause: &(dyn std::error::Error + 'static)) -> String {
    let text = cause.to_string();
    match cause.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
        Some(number) => text.trim_end_matches(&format!(" (os error {number})")).to_lowercase(),
        None => text,
    }
}

/// Whether it is only that nobody reads our output any more.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let closed = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(closed))
}
