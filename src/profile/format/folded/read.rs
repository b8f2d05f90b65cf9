//! Reading folded stacks.

use std::io::{self, Read};

use crate::profile::{
    format::{
        Failure,
        foreign::{COUNT_NOTE, COUNT_NS, Described, Import, TIMES_NOTE},
        known::Known,
        lines::Lines,
    },
    model::{FrameId, Origin, Profile, Recording, StackId},
};

/// Lines of which none need be a stack, such as a heading, before a file is taken for something else.
const PATIENCE: u64 = 100;

/// Whether the first lines that are there as a whole are stacks.
pub(super) fn detect(beginning: &[u8]) -> bool {
    if beginning.contains(&0) {
        return false;
    }
    let whole = if beginning.len() < crate::profile::format::SNIFF_BYTES as usize {
        beginning
    } else {
        beginning.rsplit_once_line()
    };
    let mut lines = whole.split(|&b| b == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    lines.next().is_some_and(is_stack) && lines.all(is_stack)
}

trait RsplitOnceLine {
    fn rsplit_once_line(&self) -> &[u8];
}

impl RsplitOnceLine for [u8] {
    /// Without what follows the last line end, where there is one.
    fn rsplit_once_line(&self) -> &[u8] {
        memchr::memrchr(b'\n', self).and_then(|at| self.get(..at)).unwrap_or(self)
    }
}

fn is_stack(line: &[u8]) -> bool {
    split(line.strip_suffix(b"\r").unwrap_or(line)).is_some_and(|(stack, _)| {
        !stack.starts_with(b" ") && !stack.starts_with(b"\t") && !stack.starts_with(b"{")
    })
}

/// The stack and its number; collapsers for other clocks than samples write decimal fractions.
fn split(line: &[u8]) -> Option<(&[u8], u64)> {
    let line = line.trim_ascii_end();
    let at = memchr::memrchr2(b' ', b'\t', line)?;
    let (stack, number) = (line.get(..at)?.trim_ascii_end(), line.get(at + 1..)?);
    if stack.is_empty() {
        return None;
    }
    let mut count = 0_u64;
    for &digit in number {
        if digit == b'.' {
            let value: f64 = std::str::from_utf8(number).ok()?.parse().ok()?;
            return Some((stack, value.round() as u64));
        }
        let digit = digit.is_ascii_digit().then_some(u64::from(digit.wrapping_sub(b'0')))?;
        count = count.saturating_mul(10).saturating_add(digit);
    }
    Some((stack, count))
}

/// Reads all lines; lines that are no stacks are left out and counted.
pub(super) fn read(input: impl Read) -> Result<Profile, Failure> {
    let mut reader = Reader {
        import: Import::default(),
        frames: Known::default(),
        stacks: Known::default(),
        before: Vec::new(),
        path: Vec::new(),
    };
    let thread = reader.import.thread((0, ""), (0, ""))?;
    let mut lines = Lines::of(input);
    let (mut stacks, mut others, mut twice) = (0_u64, 0_u64, 0_u64);
    while let Some(line) = lines.next().map_err(failure)? {
        let Some((stack, count)) = split(line) else {
            others += u64::from(!line.is_empty() && !line.starts_with(b"#"));
            if stacks == 0 && others > PATIENCE {
                break;
            }
            continue;
        };
        stacks += 1;
        twice += u64::from(split(stack).is_some());
        if count > 0 {
            let stack = reader.stack(stack)?;
            reader.import.sample(0, thread, stack, count, count);
        }
    }
    if stacks == 0 {
        return Err(Failure::Content("no line of it is a stack and a number".into()));
    }
    let samples = reader.import.scale(COUNT_NS);
    let mut notes = vec![if samples { COUNT_NOTE } else { TIMES_NOTE }.to_owned()];
    if twice == stacks {
        notes.push(
            "each line ends with two numbers, as those that compare two recordings: the last one is read"
                .into(),
        );
    }
    if others > 0 {
        notes.push(format!(
            "{} are no stacks and were left out",
            crate::units::plural(others, "line", "lines")
        ));
    }
    let recording = Recording { tallied: !samples, notes, ..Recording::default() };
    Ok(reader.import.finish("folded stacks", recording)?)
}

fn failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidData => Failure::Content(error.to_string()),
        _ => Failure::Io(error),
    }
}

struct Reader {
    import: Import,
    frames: Known<FrameId>,
    /// Stacks that come again.
    stacks: Known<StackId>,
    /// The new stack before, whose outer frames the next one mostly shares, and where each of its frames ends.
    before: Vec<u8>,
    path: Vec<(usize, StackId)>,
}

impl Reader {
    fn stack(&mut self, text: &[u8]) -> Result<StackId, String> {
        if let Some(known) = self.stacks.get(text) {
            return Ok(known);
        }
        let stack = self.new_stack(text)?;
        self.stacks.insert(text, stack);
        Ok(stack)
    }

    fn new_stack(&mut self, text: &[u8]) -> Result<StackId, String> {
        let common = text.iter().zip(&self.before).take_while(|(a, b)| a == b).count();
        // A frame is the same when the same character follows it, or both end there.
        let same = |end: usize| {
            end < common || (end == common && is_border(text, end) && is_border(&self.before, end))
        };
        let keep = self.path.iter().take_while(|(end, _)| same(*end)).count();
        self.path.truncate(keep);
        let (mut at, mut stack) = self.path.last().map_or((0, None), |&(end, id)| (end + 1, Some(id)));
        while at < text.len() || stack.is_none() {
            let rest = text.get(at..).unwrap_or_default();
            let end = at + memchr::memchr(b';', rest).unwrap_or(rest.len());
            let frame = self.frame(text.get(at..end).unwrap_or_default())?;
            let id = self.import.stack(stack, frame)?;
            self.path.push((end, id));
            (at, stack) = (end + 1, Some(id));
        }
        self.before.clear();
        self.before.extend_from_slice(text);
        stack.ok_or_else(|| "an empty stack".to_owned())
    }

    fn frame(&mut self, text: &[u8]) -> Result<FrameId, String> {
        if let Some(known) = self.frames.get(text) {
            return Ok(known);
        }
        let name = String::from_utf8_lossy(text);
        let (name, origin, inlined) = annotated(&name);
        let (name, file, line) = placed(name);
        let name = if name.is_empty() { crate::profile::aggregate::UNKNOWN } else { name };
        let function = self.import.function(Described { name, file, origin, ..Described::default() })?;
        let frame = self.import.frame(function, line, inlined)?;
        self.frames.insert(text, frame);
        Ok(frame)
    }
}

fn is_border(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|&b| b == b';')
}

/// A name without the mark that collapsers put behind it: `_[k]` kernel, `_[i]` inlined, `_[j]` compiled at run time, `_[w]` others.
fn annotated(name: &str) -> (&str, Option<Origin>, bool) {
    match name.char_indices().rev().nth(3).and_then(|(at, _)| name.split_at_checked(at)) {
        Some((name, "_[k]")) => (name, Some(Origin::Kernel), false),
        Some((name, "_[i]")) => (name, None, true),
        Some((name, "_[j]" | "_[w]")) => (name, None, false),
        _ => (name, None, false),
    }
}

/// A name, file and line of `name (file:line)`, as py-spy and rbspy write them.
fn placed(text: &str) -> (&str, &str, u32) {
    let place = || {
        let (name, place) = text.strip_suffix(')')?.rsplit_once(" (")?;
        let (file, line) = place.rsplit_once(':')?;
        let line = line.parse().ok().filter(|_| !file.is_empty() && !file.contains(' '))?;
        Some((name, file, line))
    };
    place().unwrap_or((text, "", 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::{Selection, Subject, rows};

    fn outline(text: &str) -> Vec<String> {
        let profile = read(text.as_bytes()).unwrap();
        let rows = rows(&profile, &Selection::default()).unwrap().rows;
        rows.iter()
            .map(|row| {
                let Subject::Place(place) = row.subject else { panic!("{row:?}") };
                format!(
                    "{} {:?} {}/{}",
                    place.name,
                    place.origin,
                    row.times.samples,
                    row.times.cumtime_ns / COUNT_NS
                )
            })
            .collect()
    }

    #[test]
    fn stacks_are_summed() {
        assert_eq!(
            outline("main;a b;c 3\nmain;a b 2\nmain 1\r\nmain;a bc;c 4\n\nmain;a b;c 1"),
            ["c Native 8/8", "a b Native 2/6", "main Native 1/11", "a bc Native 0/4"]
        );
    }

    #[test]
    fn marks_and_places_are_no_part_of_names() {
        let profile =
            read(&b"<module> (app.py:12);load (lib/io.py:3);read_[k] 2\nf;g_[i] 1.6\n"[..]).unwrap();
        let shown: Vec<(&str, &str, Origin)> =
            profile.functions.iter().map(|f| (profile.str(f.name), profile.str(f.file), f.origin)).collect();
        assert_eq!(
            shown[..3],
            [
                ("<module>", "app.py", Origin::Python),
                ("load", "lib/io.py", Origin::Python),
                ("read", "", Origin::Kernel)
            ]
        );
        assert_eq!(
            profile.frames.iter().map(|f| (f.line, f.inlined)).collect::<Vec<_>>(),
            [(12, false), (3, false), (0, false), (0, false), (0, true)]
        );
        assert_eq!(profile.samples.iter().map(|s| s.count).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn only_stacks_are_detected() {
        assert!(detect(b"main;a 1\nmain;b 22\n"));
        assert!(detect(b"main 1"));
        for other in [&b""[..], b"not a recording", b"{\"a\": 1", b"a,b 1\nc,d", b"\0\0 1", b" indented 1"] {
            assert!(!detect(other), "{other:?}");
        }
        assert!(read(&b"nothing\nhere"[..]).is_err());
    }

    #[test]
    fn more_than_a_profile_can_hold_is_refused() {
        let error = read(&b"a 9000000000000000000\nb 9000000000000000000"[..]).unwrap_err().content();
        assert_eq!(error, "damaged: its values add up to more than a profile can hold");
    }

    #[test]
    fn numbers_of_another_kind_than_samples_are_read() {
        // Cycles of an hour, or nanoseconds.
        let profile = read(&b"a 9000000000000\nb 8000000000000"[..]).unwrap();
        assert_eq!((profile.total_ns(), profile.recording.tallied), (17_000_000_000_000, true));
        assert_eq!(profile.recording.notes, [TIMES_NOTE]);
    }

    #[test]
    fn odd_lines_are_left_out() {
        let profile = read(&b"a;b 1\nnonsense\n;; 2\na;b -1\n"[..]).unwrap();
        assert_eq!(profile.recording.notes[1], "2 lines are no stacks and were left out");
        assert_eq!(profile.samples.len(), 2);
    }
}
