//! Source files of a recording's functions, as they are on this machine now.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Bytes of a source file that are read at most; nobody writes larger ones.
const MAX_BYTES: u64 = 32 << 20;

/// Where sources have moved to since the program was built.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Looked at in this order, before the recorded path itself.
    pub moved: Vec<Moved>,
}

/// Where to look for a source file instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// What was below the first directory is below the second.
    From(String, PathBuf),
    /// Everything is somewhere below this directory, under as much of its recorded path as exists there.
    Into(PathBuf),
}

/// What was found of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Its lines.
    Found {
        /// Where.
        path: PathBuf,
        /// The text, without line ends; what is no UTF-8 is replaced.
        lines: Vec<String>,
        /// Whether it was changed after the recording had begun, so that its lines may not be those that were recorded.
        newer: bool,
    },
    /// Why there is nothing to show, in a few words.
    Missing(String),
}

impl Sources {
    /// The source file that was recorded as `file`; `started` is when the recording began.
    pub fn find(&self, file: &str, started: Option<SystemTime>) -> Source {
        if file.is_empty() {
            return Source::Missing("the recording does not know the file".into());
        }
        if file.starts_with('<') {
            return Source::Missing(format!("`{file}` is no file"));
        }
        let candidates = self.candidates(file);
        let found = candidates.iter().find(|path| fs::metadata(path).is_ok_and(|m| m.is_file()));
        let Some(path) = found else {
            let why = format!("`{file}` is not on this machine; --source-dir OLD=NEW says where it is now");
            return Source::Missing(why);
        };
        read(path, started).unwrap_or_else(|error| Source::Missing(format!("`{}`: {error}", path.display())))
    }

    fn candidates(&self, file: &str) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for moved in &self.moved {
            match moved {
                Moved::From(old, new) => {
                    let rest = Path::new(file).strip_prefix(old);
                    paths.extend(rest.ok().map(|rest| new.join(rest)));
                }
                Moved::Into(directory) => {
                    let mut rest = file.trim_start_matches('/');
                    paths.push(directory.join(rest));
                    while let Some((_, tail)) = rest.split_once('/') {
                        rest = tail;
                        paths.push(directory.join(rest));
                    }
                }
            }
        }
        paths.push(PathBuf::from(file));
        paths
    }
}

fn read(path: &Path, started: Option<SystemTime>) -> std::io::Result<Source> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let newer = started.zip(metadata.modified().ok()).is_some_and(|(started, changed)| changed > started);
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(std::io::Error::other(format!("it holds more than {}", crate::units::bytes(MAX_BYTES))));
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned());
    let mut lines: Vec<String> = lines.collect();
    lines.pop_if(|last| last.is_empty());
    Ok(Source::Found { path: path.to_owned(), lines, newer })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn lines(source: Source) -> Vec<String> {
        match source {
            Source::Found { lines, .. } => lines,
            Source::Missing(why) => panic!("{why}"),
        }
    }

    #[test]
    fn a_file_is_found_where_it_was_and_where_it_went() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("new/src")).unwrap();
        let path = dir.path().join("new/src/a.c");
        fs::write(&path, "one\r\ntwo\n\nfour").unwrap();
        let expected = ["one", "two", "", "four"];
        assert_eq!(lines(Sources::default().find(path.to_str().unwrap(), None)), expected);
        let moved = |moved| Sources { moved: vec![moved] };
        let from = moved(Moved::From("/build/x".into(), dir.path().join("new")));
        assert_eq!(lines(from.find("/build/x/src/a.c", None)), expected);
        assert!(matches!(from.find("/build/xy/src/a.c", None), Source::Missing(_)));
        let into = moved(Moved::Into(dir.path().join("new")));
        assert_eq!(lines(into.find("/home/me/old/src/a.c", None)), expected);
        let inside = moved(Moved::Into(dir.path().join("new/src")));
        assert_eq!(lines(inside.find("a.c", None)), expected);
    }

    #[test]
    fn a_file_changed_after_the_recording_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.py");
        fs::write(&path, "x\n").unwrap();
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        let newer = |started| match Sources::default().find(path.to_str().unwrap(), started) {
            Source::Found { newer, .. } => newer,
            Source::Missing(why) => panic!("{why}"),
        };
        assert!(newer(Some(changed - Duration::from_secs(1))));
        assert!(!newer(Some(changed + Duration::from_secs(1))));
        assert!(!newer(None));
    }

    #[test]
    fn what_is_no_source_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let why = |file: &str| match Sources::default().find(file, None) {
            Source::Missing(why) => why,
            found => panic!("{found:?}"),
        };
        assert_eq!(why(""), "the recording does not know the file");
        assert_eq!(why("<string>"), "`<string>` is no file");
        let directory = dir.path().to_str().unwrap();
        let missing =
            |file| format!("`{file}` is not on this machine; --source-dir OLD=NEW says where it is now");
        assert_eq!(why(directory), missing(directory));
        assert_eq!(why("/dev/zero"), missing("/dev/zero"));
    }
}
