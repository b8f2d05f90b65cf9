//! What to do about a program that cannot be started, as the file system shows it.

use std::{fs::Metadata, io, os::unix::fs::MetadataExt, path::Path};

/// A hint for `program`, which is `missing` or cannot be executed because of `source`; `None` where there is nothing to advise.
pub fn launch_hint(program: &str, missing: bool, source: &io::Error) -> Option<String> {
    let path = Path::new(program);
    let metadata = path.metadata().ok().filter(Metadata::is_file)?;
    match (missing, program.contains('/')) {
        (true, false) => Some(format!("programs of the current directory are run as `./{program}`")),
        (true, true) => {
            Some("the file is there, but not the interpreter or dynamic linker that it names".into())
        }
        (false, true) if metadata.mode() & 0o111 == 0 => {
            Some(format!("it is not marked as a program: `chmod +x {program}`"))
        }
        (false, true) if source.raw_os_error() == Some(libc::ENOEXEC) => {
            Some("a script begins with `#!` and its interpreter".into())
        }
        _ => None,
    }
}
