//! The stacks of all threads of a process at one moment.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Style,
    table::file_and_line,
    text::{command, one_line},
};
use crate::profile::model::{FrameId, Gil, Origin, Profile, StackId, Thread, Wait};

/// A thread as the dump has it.
struct Dumped<'p> {
    thread: &'p Thread,
    stack: StackId,
    gil: Gil,
    /// What it waits for, unless it runs.
    wait: Option<Wait>,
}

/// The threads that were seen, the first one first.
fn threads(profile: &Profile) -> Vec<Dumped<'_>> {
    let thread = |id: crate::profile::model::ThreadId| &profile.threads[id.index()];
    let running = profile.samples.iter().map(|sample| Dumped {
        thread: thread(sample.thread),
        stack: sample.stack,
        gil: sample.gil,
        wait: None,
    });
    let waiting = profile.waits.iter().map(|waiting| Dumped {
        thread: thread(waiting.thread),
        stack: waiting.stack,
        gil: Gil::Unknown,
        wait: Some(waiting.wait),
    });
    let mut all: Vec<_> = running.chain(waiting).collect();
    let is_first = |dumped: &Dumped<'_>| {
        let process = profile.processes[dumped.thread.process.index()];
        dumped.thread.tid != process.pid
    };
    all.sort_by_key(|dumped| (is_first(dumped), dumped.thread.tid));
    all
}

/// Writes the stacks for people, innermost frame first.
///
/// # Errors
/// Those of the writer.
pub fn text(w: &mut dyn Write, profile: &Profile, style: Style) -> io::Result<()> {
    if let Some(process) = profile.processes.first() {
        let line = command(&profile.recording.command);
        writeln!(w, "process {}: {}", process.pid, one_line(&line, style))?;
    }
    for dumped in threads(profile) {
        let name = one_line(profile.str(dumped.thread.name), style);
        let holds = if dumped.gil == Gil::Held { ", holds the GIL" } else { "" };
        let title = format!("thread {} ({name}) {}{holds}", dumped.thread.tid, state(dumped.wait));
        writeln!(w, "\n{}", style.bold(&title))?;
        for frame in profile.stacks.frames(dumped.stack) {
            writeln!(w, "    {}", frame_text(profile, frame, style))?;
        }
    }
    for note in &profile.recording.notes {
        writeln!(w, "\nnote: {}", one_line(note, style))?;
    }
    Ok(())
}

fn state(wait: Option<Wait>) -> &'static str {
    match wait {
        None => "runs",
        Some(Wait::Lock) => "waits for a lock",
        Some(Wait::Io) => "waits for I/O",
        Some(Wait::Sleep) => "sleeps",
        Some(Wait::Child) => "waits for a child",
        Some(Wait::Gil) => "waits for the GIL",
        Some(Wait::Other) => "waits",
    }
}

fn frame_text(profile: &Profile, id: FrameId, style: Style) -> String {
    let frame = profile.frames[id.index()];
    let function = &profile.functions[frame.function.index()];
    let name = one_line(profile.str(function.name), style).into_owned();
    let place = match (profile.str(function.file), profile.module_path(function)) {
        ("", "") => return name,
        ("", module) => module.to_owned(),
        (file, _) => file_and_line(file, if frame.line > 0 { frame.line } else { function.start_line }),
    };
    let inlined = if frame.inlined { ", inlined" } else { "" };
    format!("{name} {}", style.dim(&format!("({}{inlined})", one_line(&place, style))))
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    pid: Option<u32>,
    command: &'a [String],
    at: Option<String>,
    threads: Vec<ThreadRow<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct ThreadRow<'a> {
    tid: u32,
    name: &'a str,
    state: &'static str,
    waits_for: Option<&'static str>,
    holds_gil: Option<bool>,
    frames: Vec<FrameRow<'a>>,
}

#[derive(Serialize)]
struct FrameRow<'a> {
    name: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    module: Option<&'a str>,
    origin: &'static str,
    inlined: bool,
}

/// Writes one document, `hotcold.profile.dump/1`.
///
/// # Errors
/// Those of the writer.
pub fn json(w: &mut dyn Write, profile: &Profile) -> io::Result<()> {
    let document = Document {
        schema: "hotcold.profile.dump/1",
        pid: profile.processes.first().map(|process| process.pid),
        command: &profile.recording.command,
        at: profile.recording.started.map(|time| humantime::format_rfc3339_millis(time).to_string()),
        threads: threads(profile).iter().map(|dumped| thread_row(profile, dumped)).collect(),
        notes: &profile.recording.notes,
    };
    serde_json::to_writer(&mut *w, &document)?;
    writeln!(w)
}

fn thread_row<'a>(profile: &'a Profile, dumped: &Dumped<'a>) -> ThreadRow<'a> {
    ThreadRow {
        tid: dumped.thread.tid,
        name: profile.str(dumped.thread.name),
        state: if dumped.wait.is_some() { "waiting" } else { "running" },
        waits_for: dumped.wait.map(Wait::name),
        holds_gil: match dumped.gil {
            Gil::Unknown => None,
            gil => Some(gil == Gil::Held),
        },
        frames: profile.stacks.frames(dumped.stack).map(|frame| frame_row(profile, frame)).collect(),
    }
}

fn frame_row(profile: &Profile, id: FrameId) -> FrameRow<'_> {
    let frame = profile.frames[id.index()];
    let function = &profile.functions[frame.function.index()];
    let known = |text| Some(text).filter(|text: &&str| !text.is_empty());
    FrameRow {
        name: profile.str(function.name),
        file: known(profile.str(function.file)),
        line: Some(frame.line).filter(|&line| line > 0),
        module: known(profile.module_path(function)),
        origin: match function.origin {
            Origin::Native => "native",
            Origin::Kernel => "kernel",
            Origin::Python => "python",
            Origin::Marker => "marker",
        },
        inlined: frame.inlined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{
        aggregate::sketch::profile,
        model::{ThreadId, Waiting},
    };

    fn dump() -> Profile {
        let mut p = profile("main;work 1\nmain;lock_it 1");
        let waiting = p.samples.pop().unwrap();
        p.samples[0].gil = Gil::Held;
        let (bucket, stack) = (0, waiting.stack);
        p.waits = vec![Waiting { bucket, thread: ThreadId(0), stack, wait: Wait::Lock, ns: 1 }];
        p.recording.command = vec!["./app".to_owned(), "a b".to_owned()];
        p
    }

    #[test]
    fn threads_stand_with_what_they_do_and_their_stacks() {
        let mut out = Vec::new();
        text(&mut out, &dump(), Style::default()).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("process "), "{out}");
        assert!(
            out.contains(") runs, holds the GIL\n    work (/usr/bin/app)\n    main (/usr/bin/app)\n"),
            "{out}"
        );
        assert!(out.contains(") waits for a lock\n    lock_it (/usr/bin/app)\n"), "{out}");
    }

    #[test]
    fn scripts_get_every_frame() {
        let mut out = Vec::new();
        json(&mut out, &dump()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["schema"], "hotcold.profile.dump/1");
        let threads = value["threads"].as_array().unwrap();
        assert_eq!((&threads[0]["state"], &threads[0]["holds_gil"]), (&"running".into(), &true.into()));
        assert_eq!((&threads[1]["state"], &threads[1]["waits_for"]), (&"waiting".into(), &"lock".into()));
        let frame = serde_json::json!({"name": "lock_it", "file": null, "line": null, "module": "/usr/bin/app",
            "origin": "native", "inlined": false});
        assert_eq!(threads[1]["frames"][0], frame);
    }
}
