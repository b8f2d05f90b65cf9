//! The first line of a sample.

/// What the line says; empty, 0 and `None` where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// Command name and ids as they stand there: equal for equal threads.
    pub(super) who: &'a [u8],
    /// Command name.
    pub(super) name: &'a [u8],
    /// Process id.
    pub(super) pid: u32,
    /// Thread id.
    pub(super) tid: u32,
    /// Time in nanoseconds.
    pub(super) time_ns: Option<u64>,
    /// What the event counted since the sample before.
    pub(super) period: Option<u64>,
    /// The event without its modifiers: `cpu-clock`.
    pub(super) event: &'a [u8],
    /// What follows: the only frame of a recording without stacks.
    pub(super) rest: &'a [u8],
}

/// The parts of the line; `None` where it is none.
pub(super) fn parse(line: &[u8]) -> Option<Header<'_>> {
    if line.contains(&0) {
        return None;
    }
    let mut tokens = Tokens { line, at: 0 };
    // A name may have blanks and numbers in it: ids are what the rest makes sense behind.
    tokens.next()?;
    loop {
        let start = tokens.at;
        let (token, _) = tokens.next()?;
        let Some((pid, tid)) = ids(token) else { continue };
        let Some(rest) = behind_ids(Tokens { line, at: tokens.at }) else { continue };
        let who = line.get(..tokens.at)?.trim_ascii();
        let name = line.get(..start)?.trim_ascii();
        return Some(Header { who, name, pid, tid, ..rest });
    }
}

/// Everything behind the ids: processor, time, period, event. All may be missing, but not all but something else.
fn behind_ids(mut tokens: Tokens<'_>) -> Option<Header<'_>> {
    let mut header = Header::default();
    let mut next = tokens.next();
    if let Some((token, _)) = next
        && token.starts_with(b"[")
        && token.ends_with(b"]")
    {
        next = tokens.next();
    }
    if let Some((token, _)) = next
        && let Some(time) = time(token)
    {
        header.time_ns = Some(time);
        next = tokens.next();
    }
    if let Some((token, _)) = next
        && let Some(period) = number(token)
    {
        header.period = Some(period);
        next = tokens.next();
        // Two numbers and a time: the first one belonged to the name.
        if next.is_none_or(|(token, _)| header.time_ns.is_none() && time(token).is_some()) {
            return None;
        }
    }
    match next {
        None => Some(header),
        Some((token, end)) => {
            let event = token.strip_suffix(b":")?;
            // `cpu-clock:pppH` and `sched:sched_switch`: modifiers are short.
            let colon = memchr::memrchr(b':', event).filter(|at| event.len() - at <= 7);
            header.event = colon.and_then(|at| event.get(..at)).unwrap_or(event);
            header.rest = tokens.line.get(end..)?.trim_ascii();
            Some(header)
        }
    }
}

struct Tokens<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// The next word and where it ends.
    fn next(&mut self) -> Option<(&'a [u8], usize)> {
        let rest = self.line.get(self.at..)?;
        let start = self.at + rest.iter().position(|b| !b.is_ascii_whitespace())?;
        let word = self.line.get(start..)?;
        let length = word.iter().position(u8::is_ascii_whitespace).unwrap_or(word.len());
        self.at = start + length;
        Some((word.get(..length)?, self.at))
    }
}

/// `PID/TID`, or the thread's id alone.
fn ids(token: &[u8]) -> Option<(u32, u32)> {
    let id = |text: &[u8]| number(text).and_then(|n| u32::try_from(n).ok());
    match memchr::memchr(b'/', token) {
        Some(at) => Some((id(token.get(..at)?)?, id(token.get(at + 1..)?)?)),
        None => Some((0, id(token)?)),
    }
}

/// `SECONDS.FRACTION:` in nanoseconds.
fn time(token: &[u8]) -> Option<u64> {
    let token = token.strip_suffix(b":")?;
    let dot = memchr::memchr(b'.', token)?;
    let (seconds, fraction) = (number(token.get(..dot)?)?, token.get(dot + 1..)?);
    let digits = fraction.len().min(9);
    let fraction = number(fraction.get(..digits)?)?.checked_mul(10_u64.pow(9 - digits as u32))?;
    seconds.checked_mul(1_000_000_000)?.checked_add(fraction)
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |n, digit| {
        let digit = digit.is_ascii_digit().then_some(u64::from(digit.wrapping_sub(b'0')))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, ids, time, period, event, rest.
    type Parsed = (String, u32, u32, Option<u64>, Option<u64>, String, String);

    fn parsed(line: &str) -> Option<Parsed> {
        let header = parse(line.as_bytes())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let Header { name, pid, tid, time_ns, period, event, rest, .. } = header;
        Some((text(name), pid, tid, time_ns, period, text(event), text(rest)))
    }

    #[test]
    fn lines_as_perf_prints_them() {
        let some = |name: &str, pid, tid, time, period, event: &str, rest: &str| {
            Some((name.into(), pid, tid, time, period, event.into(), rest.into()))
        };
        assert_eq!(
            parsed("java 25607 4794564.109216: cycles:"),
            some("java", 0, 25607, Some(4_794_564_109_216_000), None, "cycles", "")
        );
        assert_eq!(
            parsed("V8 WorkerThread 24636/25607 [000] 94564.109216001: 12 cycles:u: "),
            some("V8 WorkerThread", 24636, 25607, Some(94_564_109_216_001), Some(12), "cycles", "")
        );
        assert_eq!(
            parsed("       perf-exec 20803 22094.530415:          1 cycles:  ffffffff81571d77 ctx+0x2 ([k])"),
            some(
                "perf-exec",
                0,
                20803,
                Some(22_094_530_415_000),
                Some(1),
                "cycles",
                "ffffffff81571d77 ctx+0x2 ([k])"
            )
        );
        assert_eq!(
            parsed("Thread 7 25607 4794564.5: 1003009 cpu-clock:pppH:"),
            some("Thread 7", 0, 25607, Some(4_794_564_500_000_000), Some(1_003_009), "cpu-clock", "")
        );
        assert_eq!(
            parsed("swapper 0 [001] 1.5: sched:sched_switch: prev_comm=x"),
            some("swapper", 0, 0, Some(1_500_000_000), None, "sched:sched_switch", "prev_comm=x")
        );
        assert_eq!(parsed("perf-exec 20566/20566 "), some("perf-exec", 20566, 20566, None, None, "", ""));
        assert_eq!(
            parsed("vote 913 257597 cycles:"),
            some("vote", 0, 913, None, Some(257_597), "cycles", "")
        );
    }

    #[test]
    fn other_lines_are_none() {
        for line in ["", "main;a;b 12 x", "not a recording", "12", "a b", "\u{0} 1", "a 99999999999 1.5: x:"]
        {
            assert_eq!(parsed(line), None, "{line}");
        }
    }
}
