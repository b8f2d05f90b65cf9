//! What the comment lines of our own files say.

use std::collections::{HashMap, HashSet};

use super::{
    super::extra::{FunctionsLine, Line, RecordingLine, ThreadsLine},
    Tables,
};
use crate::profile::model::{Language, Origin};

/// Longest comment that is looked at.
const MAX_LINE_BYTES: usize = 64 << 20;
/// Longest comment that is a note to the reader; anything longer is meant for a program.
const MAX_NOTE_BYTES: usize = 1000;
/// Most lines of comments that become notes.
const MAX_NOTES: usize = 16;

/// The lines; everything absent for a foreign file.
#[derive(Default)]
pub(super) struct Own {
    pub(super) recording: Option<RecordingLine>,
    pub(super) threads: Option<ThreadsLine>,
    pub(super) functions: Option<OwnFunctions>,
}

/// [`FunctionsLine`] by id.
#[derive(Default)]
pub(super) struct OwnFunctions {
    pub(super) origins: HashMap<u64, Origin>,
    pub(super) languages: HashMap<u64, Language>,
    pub(super) modules: HashMap<u64, u64>,
    pub(super) open_inlines: HashSet<u64>,
}

impl Own {
    /// The lines of a file, and notes: what the reader of the recording should know about them, and foreign comments.
    pub(super) fn of(tables: &Tables<'_>) -> Result<(Self, Vec<String>), String> {
        let mut own = Self::default();
        let (mut notes, mut functions) = (Vec::new(), None);
        for &comment in &tables.header.comment {
            let text = tables.bytes(comment)?;
            if text.len() > MAX_LINE_BYTES {
                return Err(format!("it holds a comment of {}", crate::units::bytes(text.len() as u64)));
            }
            let again = match Line::parse(text)? {
                Line::Recording(line) => own.recording.replace(*line).is_some(),
                Line::Threads(line) => own.threads.replace(line).is_some(),
                Line::Functions(line) => functions.replace(line).is_some(),
                Line::Foreign => {
                    note(text, &mut notes);
                    false
                }
            };
            if again {
                notes.push("several recordings, put together by another tool".into());
                return Ok((Self::default(), notes));
            }
        }
        if own.recording.is_none() {
            return Ok((Self::default(), notes));
        }
        match functions {
            Some(line) if line.check == tables.check => own.functions = Some(OwnFunctions::from(&line)),
            _ => notes.push("another tool changed this recording after it was made".into()),
        }
        Ok((own, notes))
    }
}

impl From<&FunctionsLine> for OwnFunctions {
    fn from(line: &FunctionsLine) -> Self {
        Self {
            origins: line.origins().collect(),
            languages: line.languages().collect(),
            modules: line.modules.iter().copied().collect(),
            open_inlines: line.open_inlines.iter().copied().collect(),
        }
    }
}

fn note(comment: &[u8], notes: &mut Vec<String>) {
    if comment.len() > MAX_NOTE_BYTES {
        return;
    }
    let text = String::from_utf8_lossy(comment);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    notes.extend(lines.take(MAX_NOTES.saturating_sub(notes.len())).map(str::to_owned));
}
