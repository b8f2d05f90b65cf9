//! Whether what was recorded is what is on this machine now.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader},
};

use object::{Object, read::ReadCache};

/// Lines of the kernel's symbol table among which its beginning stands.
const FIRST_LINES: usize = 10_000;

/// What a file says of the identity of other files.
#[derive(Debug, Default)]
pub(super) struct Identities {
    build_ids: HashMap<Vec<u8>, Vec<u8>>,
    checked: HashMap<Vec<u8>, Option<bool>>,
}

impl Identities {
    /// With the build ids of the files at these paths.
    pub(super) fn new(build_ids: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        Self { build_ids: build_ids.collect(), checked: HashMap::new() }
    }

    /// Whether the file that stands under this path now has the recorded build id; `None` where that cannot be told.
    pub(super) fn is_same(&mut self, path: &[u8]) -> Option<bool> {
        let recorded = self.build_ids.get(path)?;
        *self.checked.entry(path.to_owned()).or_insert_with(|| {
            let own = build_id(std::str::from_utf8(path).ok()?)?;
            // perf pads short ids with zeros.
            let same = recorded.starts_with(&own) && recorded.iter().skip(own.len()).all(|byte| *byte == 0);
            Some(same)
        })
    }
}

/// GNU build id of a file.
fn build_id(path: &str) -> Option<Vec<u8>> {
    // Anything but a file may wait for ever.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let cache = ReadCache::new(File::open(path).ok()?);
    let file = object::File::parse(&cache).ok()?;
    file.build_id().ok().flatten().map(<[u8]>::to_vec)
}

/// Whether the kernel that runs now is one of this release with its code at this address.
pub(super) fn is_this_kernel(release: &str, text: u64) -> bool {
    if text == 0 || rustix::system::uname().release().to_bytes() != release.as_bytes() {
        return false;
    }
    let Ok(file) = File::open("/proc/kallsyms") else { return false };
    let mut lines = BufReader::new(file).lines().take(FIRST_LINES).map_while(Result::ok);
    lines.any(|line| {
        let mut words = line.split_ascii_whitespace();
        let address = words.next().and_then(|word| u64::from_str_radix(word, 16).ok());
        address == Some(text) && matches!(words.nth(1), Some("_text" | "_stext"))
    })
}
