//! What a recording is and how far it can be trusted, in a few lines above every table.

use std::{
    io::{self, Write},
    time::Duration,
};

use super::{
    Style,
    text::{amount, command, one_line, percent, shorten_middle, width},
};
use crate::{
    profile::{
        aggregate::{GilShares, Totals, WaitTotals, gil_shares, wait_totals},
        calls::{CallGraph, Calls, Counted},
        model::{Clock, Profile, Recording, Unit},
    },
    units,
};

/// Difference of the coverage from 1 that is worth a warning.
const COVERAGE_TOLERANCE: f64 = 0.05;
/// Columns of a line's title.
const TITLE: usize = 10;
/// Differences below this many nanoseconds are a few sampling intervals, whatever share they are.
const COVERAGE_GRAIN_NS: f64 = 20e6;

/// Writes the quality block. Lost samples and truncated stacks are always told, other facts only where there is something to tell.
///
/// # Errors
/// Those of the writer.
pub fn write(w: &mut dyn Write, profile: &Profile, style: Style) -> io::Result<()> {
    let recording = &profile.recording;
    let totals = Totals::of(profile);
    if !recording.command.is_empty() {
        line(w, "command", &command(&recording.command), style)?;
    }
    line(w, "recorded", &recorded(recording, totals), style)?;
    line(w, "samples", &samples(recording, totals), style)?;
    if let Some(text) = coverage(recording, totals) {
        line(w, "coverage", &text, style)?;
    }
    if let Some(waits) = wait_totals(profile, false) {
        line(w, "waiting", &waiting(waits), style)?;
    }
    if let Some(shares) = gil_shares(profile) {
        line(w, "gil", &gil(shares), style)?;
    }
    if let Some(text) = coverage_warning(recording, totals) {
        writeln!(w, "{} {text}", style.yellow("warning:"))?;
    }
    for note in &recording.notes {
        writeln!(w, "note: {}", one_line(note, style))?;
    }
    Ok(())
}

/// The same for a recording of calls: what it is, and its sums.
///
/// # Errors
/// Those of the writer.
pub(super) fn write_calls(w: &mut dyn Write, graph: &CallGraph, style: Style) -> io::Result<()> {
    let recording = &graph.recording;
    if !recording.command.is_empty() {
        line(w, "command", &command(&recording.command), style)?;
    }
    let (title, traced) = match graph.counted {
        Counted::Calls if recording.unit != Unit::Nanoseconds => ("calls", ", every call traced"),
        Counted::Calls => {
            ("calls", ", every call traced: times are perturbed, most where functions are small")
        }
        Counted::Samples => ("samples", ""),
    };
    line(w, "recorded", &format!("{}{traced}", recorded(recording, Totals::default())), style)?;
    line(w, title, &calls(graph), style)?;
    for note in &recording.notes {
        writeln!(w, "note: {}", one_line(note, style))?;
    }
    Ok(())
}

fn calls(graph: &CallGraph) -> String {
    let total = graph.total();
    if graph.counted == Counted::Samples {
        let time = amount(total.tottime_ns, graph.recording.unit);
        return format!("they stand in place of calls, {time} in all");
    }
    let (all, primitive) = (units::count(total.total), units::count(total.primitive));
    let functions = graph.calls.iter().filter(|calls| **calls != Calls::default()).count();
    let functions = units::plural(functions as u64, "function", "functions");
    let whole = amount(total.tottime_ns, graph.recording.unit);
    format!("{all} ({primitive} primitive) of {functions} in {whole}")
}

/// A title and its text. A command is cut to the width, other text broken after its commas.
fn line(w: &mut dyn Write, title: &str, text: &str, style: Style) -> io::Result<()> {
    let text = one_line(text, style);
    let title_text = style.dim(&format!("{title:<TITLE$}"));
    let Some(room) = style.width.map(|columns| usize::from(columns).saturating_sub(TITLE)) else {
        return writeln!(w, "{title_text}{text}");
    };
    if title == "command" {
        return writeln!(w, "{title_text}{}", shorten_middle(&text, room, style));
    }
    write!(w, "{title_text}")?;
    let mut used = 0;
    for part in text.split_inclusive(", ") {
        if used > 0 && used + width(part.trim_end()) > room {
            write!(w, "\n{:TITLE$}", "")?;
            used = 0;
        }
        write!(w, "{part}")?;
        used += width(part);
    }
    writeln!(w)
}

fn waiting(waits: WaitTotals) -> String {
    let time = |ns: u64| units::duration(Duration::from_nanos(ns));
    let mut kinds: Vec<_> = waits.waited.iter().filter(|(_, ns)| *ns > 0).collect();
    kinds.sort_by_key(|&(wait, ns)| (std::cmp::Reverse(ns), wait));
    let kinds: Vec<String> =
        kinds.into_iter().map(|(wait, ns)| format!("{} {}", time(ns), wait.name())).collect();
    let mut text = time(waits.waited.total_ns());
    if !kinds.is_empty() {
        text.push_str(&format!(": {}", kinds.join(", ")));
    }
    if waits.idle_threads > 0 {
        let threads = units::plural(waits.idle_threads, "idle thread", "idle threads");
        text.push_str(&format!(", besides {} of {threads}", time(waits.idle_ns)));
    }
    text
}

fn gil(shares: GilShares) -> String {
    let GilShares { held, waiting } = shares;
    format!("held in {} of Python threads' samples, waited for in {}", percent(held), percent(waiting))
}

/// One line for the flamegraph's subtitle.
pub fn summary(profile: &Profile) -> String {
    let recording = &profile.recording;
    let totals = Totals::of(profile);
    let mut text = format!("samples: {}", samples(recording, totals));
    if recording.rate_hz > 0 {
        text.push_str(&format!(", {} Hz", units::count(recording.rate_hz)));
    }
    if recording.unit != Unit::Nanoseconds {
        text.push_str(&format!(", {} of {}", amount(totals.ns, recording.unit), recording.measure()));
    } else if let Some(each) = totals.ns.checked_div(totals.samples).filter(|&ns| ns > 0) {
        let seconds = units::duration(Duration::from_nanos(totals.ns));
        text.push_str(&format!(", {seconds}, a sample is {:.2} ms", each as f64 / 1e6));
    }
    text
}

fn recorded(recording: &Recording, totals: Totals) -> String {
    let mut parts = Vec::new();
    if recording.duration_ns > 0 {
        parts.push(units::duration(Duration::from_nanos(recording.duration_ns)));
    }
    if !recording.backend.is_empty() {
        parts.push(format!("by {}", recording.backend));
    }
    if !recording.backend_reason.is_empty() {
        parts.push(format!("({})", recording.backend_reason));
    }
    let mut parts = vec![parts.join(" ")];
    parts.push(match recording.clock {
        _ if recording.unit != Unit::Nanoseconds => recording.measure(),
        Clock::Cpu if recording.waiting => "cpu and waiting".to_owned(),
        Clock::Cpu => "cpu clock".to_owned(),
        Clock::Wall => "wall clock".to_owned(),
    });
    if recording.rate_hz > 0 {
        parts.push(format!("{} Hz asked", units::count(recording.rate_hz)));
    }
    if let Some(got) = rate_got_hz(recording, totals) {
        parts.push(format!("{got:.0} Hz got"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

fn samples(recording: &Recording, totals: Totals) -> String {
    let part = |n: u64, of: u64| if of == 0 { 0.0 } else { n as f64 / of as f64 };
    let mut text = format!(
        "{}, {} lost, {} truncated",
        units::count(totals.samples),
        units::count(recording.lost_samples),
        percent(part(recording.truncated_stacks, recording.user_stacks))
    );
    if let Some(share) = recording.rooted_share() {
        text.push_str(&format!(", {} of stacks reach the root", percent(share)));
    }
    if recording.completed_stacks > 0 {
        text.push_str(&format!(" ({} completed from memory)", units::count(recording.completed_stacks)));
    }
    if recording.approx_python > 0 {
        let share = percent(part(recording.approx_python, totals.samples));
        text.push_str(&format!(", {share} approximate Python"));
    }
    text
}

fn coverage(recording: &Recording, totals: Totals) -> Option<String> {
    let seconds = |ns: u64| units::duration(Duration::from_nanos(ns));
    let seen = visible_ns(recording).map(|cpu| {
        let kind = if recording.kernel_time { "CPU" } else { "user CPU" };
        format!("{} of {} {kind} time", percent(totals.ns as f64 / cpu as f64), seconds(cpu))
    });
    let unseen = (recording.unseen_kernel_ns().filter(|&ns| ns > 0))
        .map(|ns| format!("{} in the kernel not sampled", seconds(ns)));
    let parts: Vec<String> = seen.into_iter().chain(unseen).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// CPU time that samples of a CPU clock are compared with; `None` where there is none, or for another clock.
pub(super) fn visible_ns(recording: &Recording) -> Option<u64> {
    recording.visible_cpu_ns().filter(|&ns| ns > 0 && recording.clock == Clock::Cpu)
}

/// Samples per CPU second that were really taken.
pub(super) fn rate_got_hz(recording: &Recording, totals: Totals) -> Option<f64> {
    visible_ns(recording).map(|cpu| totals.samples as f64 * 1e9 / cpu as f64)
}

fn coverage_warning(recording: &Recording, totals: Totals) -> Option<String> {
    let (cpu, sampled) = (visible_ns(recording)? as f64, totals.ns as f64);
    let off = sampled / cpu - 1.0;
    if off.abs() <= COVERAGE_TOLERANCE || (sampled - cpu).abs() < COVERAGE_GRAIN_NS {
        return None;
    }
    let share = percent(off.abs());
    Some(if off < 0.0 && recording.lost_samples > 0 {
        format!("samples stand for {share} less CPU time than the kernel charged; samples were lost")
    } else if off < 0.0 {
        format!(
            "samples stand for {share} less CPU time than the kernel charged; processes and threads that live only a few milliseconds \
             are seen less than others; --system-wide (root) sees all alike"
        )
    } else {
        format!(
            "samples stand for {share} more CPU time than the kernel charged; trust shares rather than seconds"
        )
    })
}
