//! `/proc/PID/maps`, for processes that were running before recording began.

use std::borrow::Cow;

use crate::profile::{record::Mapping, target::threads_of};

/// The text of a process's `maps` file; empty where it may not be read. Where its first thread has ended before the others, that one
/// has none any more, but they have.
pub fn read_maps(pid: u32) -> String {
    let read = |dir: &str| std::fs::read_to_string(format!("{dir}/maps")).unwrap_or_default();
    let text = read(&format!("/proc/{pid}"));
    if !text.is_empty() {
        return text;
    }
    let others = threads_of(pid).into_iter().map(|(tid, _)| read(&format!("/proc/{pid}/task/{tid}")));
    others.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

/// The executable mappings in the text of a `maps` file.
pub fn parse_maps(pid: u32, text: &str) -> Vec<Mapping<'static>> {
    text.lines().filter_map(|line| parse_line(pid, line)).collect()
}

/// `start-end perms offset major:minor inode   path`; the path may hold spaces, a newline in it is written `\012`.
fn parse_line(pid: u32, line: &str) -> Option<Mapping<'static>> {
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let mut rest = line;
    let mut field = || {
        let (field, tail) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = tail;
        field
    };
    let (start, end) = field().split_once('-')?;
    let (start, end) = (hex(start)?, hex(end)?);
    let permissions = field();
    let offset = hex(field())?;
    let (major, minor) = field().split_once(':')?;
    let inode: u64 = field().parse().ok()?;
    let path = rest.trim_start();
    if permissions.as_bytes().get(2) != Some(&b'x') {
        return None;
    }
    let device = (hex(major)? as u32, hex(minor)? as u32);
    Some(Mapping {
        pid,
        start,
        len: end.checked_sub(start)?,
        offset,
        inode: (inode != 0).then_some((device.0, device.1, inode)),
        path: if path.is_empty() { Cow::Borrowed("//anon") } else { Cow::Owned(path.to_owned()) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_executable_memory_is_listed() {
        let text = "\
5577a0000000-5577a0001000 r--p 00000000 fe:00 123                        /usr/bin/a b (deleted)
5577a0001000-5577a0003000 r-xp 00001000 fe:00 123                        /usr/bin/a b (deleted)
7f0000000000-7f0000001000 rwxp 00000000 00:00 0 
7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0                          [vdso]
garbage
";
        let maps = parse_maps(7, text);
        assert_eq!(maps.len(), 3);
        assert_eq!((maps[0].start, maps[0].len, maps[0].offset), (0x5577_a000_1000, 0x2000, 0x1000));
        assert_eq!(maps[0].inode, Some((0xfe, 0, 123)));
        assert_eq!(maps[0].path, "/usr/bin/a b (deleted)");
        assert_eq!(maps[1].path, "//anon");
        assert_eq!(maps[2].path, "[vdso]");
    }
}
