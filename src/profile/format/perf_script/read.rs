//! Reading what `perf script` prints.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    io::{self, Read},
    ops::Range,
};

use super::header::{self, Header};
use crate::{
    profile::{
        aggregate::UNKNOWN,
        format::{
            Failure,
            foreign::{COUNT_NOTE, COUNT_NS, Described, Import},
            known::Known,
            limit,
            lines::Lines,
            no_event,
        },
        model::{self, FrameId, Origin, Profile, Recording, StackId, ThreadId},
    },
    units,
};

/// Lines of which none need be a sample before a file is taken for something else.
const PATIENCE: u64 = 10_000;
/// Frames of a stack, and bytes of their lines: what a sample may take before it ends.
const DEEPEST: usize = 1 << 16;
const MOST_TEXT: usize = 128 << 20;
/// So many events are read side by side, and as many are told of that are not.
const MOST_EVENTS: usize = 8;
/// Addresses from here on are the kernel's.
const KERNEL_START: u64 = 1 << 63;

/// Whether the first lines are a sample's.
pub(super) fn detect(beginning: &[u8]) -> bool {
    if beginning.starts_with(b"# ========\n# captured on") {
        return true;
    }
    let mut lines = beginning.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let Some(first) = lines.find(|line| !line.is_empty() && !line.starts_with(b"#")) else { return false };
    let Some(header) = header::parse(first) else { return false };
    let is_frame = |line: &[u8]| frame_parts(line).is_some();
    if !header.event.is_empty() && is_frame(header.rest) {
        return true;
    }
    lines.next().is_some_and(|line| line.starts_with(b"\t") || line.starts_with(b" ") && is_frame(line))
}

/// Reads all samples of the event `asked`, or of the one that has most.
pub(super) fn read(input: impl Read, asked: Option<&str>) -> Result<Profile, Failure> {
    let mut reader = Reader { asked: asked.map(|name| name.as_bytes().to_owned()), ..Reader::default() };
    let mut lines = Lines::of(input);
    while let Some(line) = lines.next().map_err(failure)? {
        reader.line(line)?;
        if reader.events.is_empty() && reader.others > PATIENCE {
            break;
        }
    }
    reader.end_sample()?;
    Ok(reader.finish()?)
}

fn failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidData => Failure::Content(error.to_string()),
        _ => Failure::Io(error),
    }
}

/// What the samples of an event count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Unit {
    #[default]
    Nanoseconds,
    /// Something else, which the event names.
    Other,
    /// Nothing: there are only samples.
    Samples,
}

/// A sample whose frames are still to come.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Position of its event.
    event: usize,
    thread: ThreadId,
    time_ns: u64,
    weight_ns: u64,
}

/// The frames of a sample as they stand there, innermost first, each on a line.
#[derive(Debug, Default)]
struct Frames {
    text: Vec<u8>,
    lines: Vec<Range<usize>>,
}

impl Frames {
    fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
    }

    /// # Errors
    /// When there are too many, or their text is too long.
    fn push(&mut self, line: &[u8]) -> Result<(), String> {
        limit(self.lines.len(), DEEPEST, "frames in a stack")?;
        let start = self.text.len();
        self.text.extend_from_slice(line);
        self.lines.push(start..self.text.len());
        self.text.push(b'\n');
        limit(self.text.len(), MOST_TEXT, "bytes of frames in a stack")
    }

    /// Adds the place to the frame before.
    ///
    /// # Errors
    /// When the text is too long.
    fn push_place(&mut self, place: &[u8]) -> Result<(), String> {
        if let Some(last) = self.lines.last_mut() {
            self.text.truncate(last.end);
            self.text.push(0);
            self.text.extend_from_slice(place);
            last.end = self.text.len();
            self.text.push(b'\n');
        }
        limit(self.text.len(), MOST_TEXT, "bytes of frames in a stack")
    }

    /// The line at this position.
    fn line(&self, position: usize) -> Option<&[u8]> {
        self.text.get(self.lines.get(position)?.clone())
    }

    /// The lines of all but the innermost.
    fn callers(&self) -> &[u8] {
        self.lines.get(1).and_then(|second| self.text.get(second.start..)).unwrap_or_default()
    }

    /// All but the innermost, from the outermost on.
    fn outermost_first(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().skip(1).rev().map(|range| self.text.get(range.clone()).unwrap_or_default())
    }
}

#[derive(Debug, Default)]
struct Reader {
    command: Vec<String>,
    open: Option<Open>,
    frames: Frames,
    /// The event that is to be read; all of them as long as none is asked for.
    asked: Option<Vec<u8>>,
    events: Vec<Event>,
    /// Samples by name of events that are not read.
    unread: BTreeMap<Vec<u8>, u64>,
    others: u64,
    /// Whether any line has more than a name and a number, which any text may have.
    convincing: bool,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        match line.first() {
            None => self.end_sample(),
            Some(b'#') => {
                self.comment(line);
                Ok(())
            }
            Some(b'\t') => self.frames.push(line.trim_ascii()),
            Some(b' ') if self.open.is_some() && header::parse(line).is_none_or(|h| h.event.is_empty()) => {
                let line = line.trim_ascii();
                if frame_parts(line).is_some() {
                    self.frames.push(line)
                } else {
                    self.frames.push_place(line)
                }
            }
            Some(_) => {
                self.end_sample()?;
                self.start_sample(line)
            }
        }
    }

    fn comment(&mut self, line: &[u8]) {
        if let Some(text) = line.strip_prefix(b"# cmdline : ") {
            let text = String::from_utf8_lossy(text);
            let program = text.split_once(" -- ").map_or(&*text, |(_, program)| program);
            self.command = program.split_whitespace().map(str::to_owned).collect();
        }
    }

    fn start_sample(&mut self, line: &[u8]) -> Result<(), String> {
        let Some(header) = header::parse(line) else {
            self.others += 1;
            return Ok(());
        };
        self.convincing |= header.time_ns.is_some() || !header.event.is_empty();
        let Some((position, event)) = self.event(&header) else { return Ok(()) };
        let weight_ns = if event.unit == Unit::Samples { COUNT_NS } else { header.period.unwrap_or(0) };
        let thread = event.thread(&header)?;
        let time_ns = header.time_ns.unwrap_or(0);
        self.open = Some(Open { event: position, thread, time_ns, weight_ns });
        if frame_parts(header.rest).is_some() {
            self.frames.push(header.rest)?;
        }
        Ok(())
    }

    /// The event of a sample and its position, where it is read.
    fn event(&mut self, header: &Header<'_>) -> Option<(usize, &mut Event)> {
        let known = self.events.iter().position(|event| event.name == header.event);
        let asked = self.asked.as_ref().is_none_or(|asked| asked == header.event);
        let position = match known {
            Some(position) => position,
            None if asked && self.events.len() < MOST_EVENTS => {
                let name = header.event.to_owned();
                self.events.push(Event { name, unit: unit(header), ..Event::default() });
                self.events.len() - 1
            }
            None => {
                if let Some(samples) = self.unread.get_mut(header.event) {
                    *samples += 1;
                } else if self.unread.len() < MOST_EVENTS {
                    self.unread.insert(header.event.to_owned(), 1);
                }
                return None;
            }
        };
        Some((position, self.events.get_mut(position)?))
    }

    fn end_sample(&mut self) -> Result<(), String> {
        self.convincing |= !self.frames.lines.is_empty();
        if let Some(open) = self.open.take()
            && let Some(event) = self.events.get_mut(open.event)
        {
            event.sample(open, &mut self.frames)?;
        }
        self.frames.clear();
        Ok(())
    }

    fn finish(self) -> Result<Profile, String> {
        let Self { command, asked, mut events, mut unread, others, convincing, .. } = self;
        if !convincing || events.is_empty() && unread.is_empty() {
            return Err("no line of it is a sample of `perf script`".into());
        }
        if let Some(asked) = asked.filter(|_| events.is_empty()) {
            let names: Vec<_> = unread.keys().map(|name| String::from_utf8_lossy(name)).collect();
            return Err(no_event(&String::from_utf8_lossy(&asked), names.iter().map(AsRef::as_ref)));
        }
        let most = (0..events.len()).max_by_key(|&i| (events[i].samples, Reverse(i))).unwrap_or(0);
        let chosen = events.swap_remove(most);
        unread.extend(events.into_iter().map(|event| (event.name, event.samples)));
        let mut notes = Vec::new();
        for (name, samples) in unread {
            let samples = units::plural(samples, "sample", "samples");
            notes.push(format!("{samples} of `{}` left out", String::from_utf8_lossy(&name)));
        }
        if others > 0 {
            let others = units::plural(others, "line", "lines");
            notes.push(format!("{others} are no samples and were left out"));
        }
        chosen.finish(Recording { command, notes, ..Recording::default() })
    }
}

/// The samples of one event.
#[derive(Debug, Default)]
struct Event {
    name: Vec<u8>,
    unit: Unit,
    import: Import,
    /// Callers that come again.
    callers: Known<StackId>,
    /// The frames of the sample before with new callers, and those callers' stacks, outermost first: neighbours share most of them.
    before: Frames,
    stacks: Vec<StackId>,
    known: Known<FrameId>,
    threads: Known<ThreadId>,
    samples: u64,
}

impl Event {
    fn thread(&mut self, header: &Header<'_>) -> Result<ThreadId, String> {
        if let Some(known) = self.threads.get(header.who) {
            return Ok(known);
        }
        let name = String::from_utf8_lossy(header.name);
        let thread = self.import.thread((header.pid, &name), (header.tid, &name))?;
        self.threads.insert(header.who, thread);
        Ok(thread)
    }

    /// Adds a sample with these frames, which may be others afterwards.
    fn sample(&mut self, open: Open, frames: &mut Frames) -> Result<(), String> {
        self.samples += 1;
        let stack = self.stack(frames)?;
        self.import.sample(open.time_ns, open.thread, stack, 1, open.weight_ns);
        Ok(())
    }

    fn stack(&mut self, frames: &mut Frames) -> Result<StackId, String> {
        let Some(innermost) = frames.line(0) else { return self.import.no_stack() };
        let frame = self.frame(innermost)?;
        let callers = self.callers(frames)?;
        self.import.stack(callers, frame)
    }

    /// The stack without its innermost frame, which differs more often than all others together.
    fn callers(&mut self, frames: &mut Frames) -> Result<Option<StackId>, String> {
        let text = frames.callers();
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(known) = self.callers.get(text) {
            return Ok(Some(known));
        }
        let shared = frames.outermost_first().zip(self.before.outermost_first());
        let shared = shared.take_while(|(frame, before)| frame == before).count().min(self.stacks.len());
        self.stacks.truncate(shared);
        for i in (1..frames.lines.len() - shared).rev() {
            let frame = self.frame(frames.line(i).unwrap_or_default())?;
            let stack = self.import.stack(self.stacks.last().copied(), frame)?;
            self.stacks.push(stack);
        }
        let stack = self.stacks.last().copied();
        if let Some(stack) = stack {
            self.callers.insert(frames.callers(), stack);
        }
        std::mem::swap(frames, &mut self.before);
        Ok(stack)
    }

    fn frame(&mut self, text: &[u8]) -> Result<FrameId, String> {
        if let Some(known) = self.known.get(text) {
            return Ok(known);
        }
        let frame = add_frame(&mut self.import, text)?;
        self.known.insert(text, frame);
        Ok(frame)
    }

    fn finish(self, mut recording: Recording) -> Result<Profile, String> {
        match self.unit {
            Unit::Nanoseconds => {}
            Unit::Samples => recording.notes.push(COUNT_NOTE.to_owned()),
            Unit::Other => {
                let event = String::from_utf8_lossy(&self.name).into_owned();
                recording.notes.push(format!("its values are `{event}`, not time in nanoseconds"));
                (recording.unit, recording.event) = (model::Unit::Count, event);
            }
        }
        let import = self.import;
        // What was only needed to read it takes as much memory as what comes of it.
        drop((self.callers, self.known, self.before));
        recording.duration_ns = import.span_ns();
        import.finish("perf script", recording)
    }
}

fn unit(header: &Header<'_>) -> Unit {
    match (header.event, header.period) {
        (_, None) => Unit::Samples,
        (b"cpu-clock" | b"task-clock", _) => Unit::Nanoseconds,
        _ => Unit::Other,
    }
}

/// Address, symbol and module of a frame's line.
fn frame_parts(line: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let line = line.trim_ascii();
    let end = memchr::memchr(b' ', line).unwrap_or(line.len());
    let digits = line.get(..end).filter(|digits| (1..=16).contains(&digits.len()))?;
    let address = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    let rest = line.get(end..).unwrap_or_default().trim_ascii();
    // The last blank before a parenthesis that the line ends with.
    let module = rest.strip_suffix(b")").and_then(|rest| {
        let at = (0..rest.len())
            .rev()
            .find(|&at| rest.get(at..at + 2) == Some(b" (") || (at == 0 && rest.first() == Some(&b'(')))?;
        let open = if rest.get(at) == Some(&b'(') { at } else { at + 1 };
        Some((at, rest.get(open + 1..)?))
    });
    let (symbol, module) = match module {
        Some((at, module)) => (rest.get(..at).unwrap_or_default(), module),
        None => (rest, &b""[..]),
    };
    Some((address, symbol.trim_ascii(), module))
}

/// The frame of a line, with its place behind a zero byte where it has one.
fn add_frame(import: &mut Import, text: &[u8]) -> Result<FrameId, String> {
    let (line, place) = memchr::memchr(0, text)
        .and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)))
        .unwrap_or((text, b""));
    let (address, symbol, module) = frame_parts(line).unwrap_or((0, line, b""));
    let inlined = module == b"inlined";
    let symbol = String::from_utf8_lossy(without_offset(symbol));
    let module = String::from_utf8_lossy(if inlined || module == b"[unknown]" { b"" } else { module });
    let place = String::from_utf8_lossy(place);
    let (file, line) =
        place.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?))).unwrap_or(("", 0));
    let name = if symbol.is_empty() || symbol == UNKNOWN { UNKNOWN } else { &*symbol };
    let kernel =
        address >= KERNEL_START || module.starts_with("[kernel") || module.starts_with("[guest.kernel");
    let origin = match (kernel, name == UNKNOWN && module.is_empty()) {
        (_, true) => Origin::Marker,
        (true, _) => Origin::Kernel,
        _ => Origin::Native,
    };
    let origin = if file.ends_with(".py") { None } else { Some(origin) };
    let described = Described { name, file, module: &module, origin, ..Described::default() };
    let function = import.function(described)?;
    import.frame(function, line, inlined)
}

/// `hot` of `hot+0x19`.
fn without_offset(symbol: &[u8]) -> &[u8] {
    let Some(at) = memchr::memrchr(b'+', symbol) else { return symbol };
    let is_offset = symbol.get(at + 1..).is_some_and(|offset| {
        offset.strip_prefix(b"0x").is_some_and(|hex| !hex.is_empty() && hex.iter().all(u8::is_ascii_hexdigit))
    });
    if is_offset { symbol.get(..at).unwrap_or(symbol) } else { symbol }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::{Selection, Subject, Totals, rows};

    const TEXT: &str = "\
# ========
# captured on    : Sun Nov 22 23:04:50 2026
# cmdline : /usr/bin/perf record -g -- ./shares --seconds 1
# ========
#
shares 20566/20567 [001] 10.500000:    1000000 cpu-clock:pppH:
\tffffffff8157a642 do_syscall+0x442 ([kernel.kallsyms])
\t    55d0c4e3e1a9 ns::hot(int, char)+0x19 (/usr/bin/my shares)
  shares.c:78
\t    55d0c4e3e2a9 inner (inlined)
  shares.c:90
\t    55d0c4e3e2a9 main+0x20 (/usr/bin/my shares)
  shares.c:91
\t    7f9f4aaf2ad7 [unknown] ([unknown])

shares 20566/20566 [001] 12.700000:    3000000 cpu-clock:pppH:
\t    55d0c4e3e2a9 main+0x20 (/usr/bin/my shares)
  shares.c:91
\t    7f9f4aaf2ad7 [unknown] ([unknown])

shares 20566/20566 [001] 12.800000:    7 cache-misses:
\t    55d0c4e3e2a9 main+0x20 (/usr/bin/my shares)
";

    fn outline(profile: &Profile) -> Vec<String> {
        let rows = rows(profile, &Selection { inlines: true, ..Selection::default() }).unwrap().rows;
        let text = |row: &crate::profile::aggregate::Row| {
            let Subject::Place(place) = row.subject else { panic!("{row:?}") };
            let t = row.times;
            format!(
                "{} {} {} {}/{}/{}",
                place.name, place.file, place.module, t.samples, t.tottime_ns, t.cumtime_ns
            )
        };
        rows.iter()
            .flat_map(|row| {
                std::iter::once(text(row)).chain(row.inlined.iter().map(|r| format!("  {}", text(r))))
            })
            .collect()
    }

    #[test]
    fn samples_of_the_first_event() {
        assert!(detect(TEXT.as_bytes()));
        let profile = read(TEXT.as_bytes(), None).unwrap();
        assert_eq!(
            outline(&profile),
            [
                "main shares.c /usr/bin/my shares 1/3000000/4000000",
                "  inner shares.c  0/0/1000000",
                "do_syscall  [kernel] 1/1000000/1000000",
                "ns::hot(int, char) shares.c /usr/bin/my shares 0/0/1000000",
            ]
        );
        let recording = &profile.recording;
        assert_eq!(recording.command, ["./shares", "--seconds", "1"]);
        assert_eq!(recording.duration_ns, 2_200_000_000);
        assert_eq!(recording.notes, ["1 sample of `cache-misses` left out"]);
        assert_eq!(profile.samples.iter().map(|s| s.bucket).collect::<Vec<_>>(), [0, 2]);
        let lines: Vec<u32> = profile.frames.iter().map(|f| f.line).collect();
        assert_eq!(lines, [0, 0, 91, 90, 78]);
        assert_eq!(profile.threads.len(), 2);
    }

    #[test]
    fn recordings_without_stacks_and_other_events() {
        let text = "  a b 7 1.5:          1 cycles:  ffffffff81571d77 ctx_resched+0x247 ([kernel.kallsyms])\n  a b 7 1.6:          3 cycles:  5571d77 f+0x2 (/bin/x)\n";
        assert!(detect(text.as_bytes()));
        let profile = read(text.as_bytes(), None).unwrap();
        assert_eq!(outline(&profile), ["f  /bin/x 1/3/3", "ctx_resched  [kernel] 1/1/1"]);
        assert_eq!(profile.recording.notes, ["its values are `cycles`, not time in nanoseconds"]);
        assert_eq!(profile.str(profile.threads[0].name), "a b");
    }

    #[test]
    fn of_several_events_one_is_read() {
        let of = |text: &str, event: Option<&str>| {
            let profile = read(text.as_bytes(), event).map_err(Failure::content)?;
            Ok::<_, String>((profile.recording.event, profile.recording.notes, profile.samples.len()))
        };
        // The one with most samples, though it is not the first.
        let text = "a 7/7 1.0: 5 faults:\n\t55 f (x)\n\na 7/7 1.1: 9 cycles:u:\n\t55 g (x)\n\na 7/7 1.2: 9 cycles:u:\n\t55 h (x)\n";
        let (event, notes, rows) = of(text, None).unwrap();
        assert_eq!((event.as_str(), rows), ("cycles", 2));
        assert_eq!(
            notes,
            ["1 sample of `faults` left out", "its values are `cycles`, not time in nanoseconds"]
        );
        let (event, notes, rows) = of(text, Some("faults")).unwrap();
        assert_eq!(
            (event.as_str(), rows, notes[0].as_str()),
            ("faults", 1, "2 samples of `cycles` left out")
        );
        let error = of(text, Some("branches")).unwrap_err();
        assert_eq!(error, "it has no event `branches`, only `cycles`, `faults`");
        let many: String = (0..20).map(|n| format!("a 7/7 1.0: 5 event-{n}:\n\t55 f (x)\n\n")).collect();
        assert_eq!(of(&many, None).unwrap().0, "event-0");
    }

    #[test]
    fn samples_without_times_or_periods() {
        let text = "app 7/8 \n\tffffffff8157a642 f\n\t55 g\n\napp 7/8 \n\t55 g\n";
        assert!(detect(text.as_bytes()));
        let profile = read(text.as_bytes(), None).unwrap();
        assert_eq!(Totals::of(&profile), Totals { samples: 2, ns: 2 * COUNT_NS, ..Totals::default() });
        assert_eq!((profile.recording.bucket_ns, profile.processes[0].pid), (0, 7));
    }

    #[test]
    fn a_sample_without_end_is_refused() {
        let text = format!("app 7/8 1.5: 1 cycles:\n{}", "\t55 f (x)\n".repeat(DEEPEST + 1));
        let error = read(text.as_bytes(), None).unwrap_err().content();
        assert_eq!(error, "it holds more than 65,536 frames in a stack");
    }

    #[test]
    fn other_texts_are_refused() {
        assert!(!detect(b"main;a 1\nmain;b 2\n"));
        assert!(!detect(b"hello world\n\tindented\n"));
        let error = read(&b"hello\nworld\n"[..], None).unwrap_err().content();
        assert_eq!(error, "no line of it is a sample of `perf script`");
        // Folded stacks look like names and ids.
        let error = read(&b"main;a 10\nmain;b 20\n"[..], None).unwrap_err().content();
        assert_eq!(error, "no line of it is a sample of `perf script`");
        for end in 0..TEXT.len() {
            let _ = read(&TEXT.as_bytes()[..end], None);
        }
    }
}
