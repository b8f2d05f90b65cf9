//! Which of the browsers some installation of Playwright still uses.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs, io,
    ops::ControlFlow,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{super::files::Ground, Judge};
use crate::cache::{
    look::{Dir, Kind},
    model::State,
};

/// The directory of files that each hold the path of an installation.
pub(super) const LINKS: &str = ".links";
/// What is in a directory that has been installed to the end.
const COMPLETE: &str = "INSTALLATION_COMPLETE";
/// What stands in the root while something is being installed.
const LOCK: &str = "__dirlock";
/// What an installation needs.
const NEEDED: &str = "browsers.json";
const MOST_NEEDED: u64 = 1 << 20;
/// Longest path of an installation, and how many there may be.
const LONGEST: u64 = 4096;
const MOST_LINKS: usize = 10_000;

/// A browser and its revision: `chromium_headless_shell-1187`.
pub(super) fn is_build(name: &str) -> bool {
    name.split_once('-').is_some_and(|(browser, revision)| {
        let letters = browser.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'));
        letters && !browser.is_empty() && !revision.is_empty() && revision.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether something has been installed in `root`.
pub(super) fn has_builds(root: &Dir) -> bool {
    let mut found = false;
    let _ = root.names(&mut |name, kind| {
        let build = kind == Kind::Dir && name.to_str().is_some_and(is_build);
        found = build && root.has(Path::new(name).join(COMPLETE));
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

pub(super) fn refuses(ground: &Ground) -> Option<String> {
    ground.dir.has(LOCK).then(|| "Playwright is installing something".to_owned())
}

/// Tells of each build whether it is complete, and whether anybody uses it.
pub(super) fn judge(ground: &Ground) -> Judge {
    let needed = needed(ground);
    Box::new(move |ground, item| {
        let Some(path) = item.entry.path.clone() else { return };
        let used = needed.as_ref().map(|needed| path.to_str().is_some_and(|name| needed.contains(name)));
        if !ground.dir.has(path.join(COMPLETE)) {
            item.is(State::Partial, "its installation has not ended");
        } else if used == Some(false) {
            item.is(State::Stale { sure: true }, "no installation of Playwright uses it");
        }
    })
}

/// The builds that installations need; `None` where that cannot be said of all of them.
fn needed(ground: &Ground) -> Option<HashSet<String>> {
    let links = ground.dir.sub(LINKS.as_ref()).ok()?;
    let mut names = Vec::new();
    let listed = links.names(&mut |name, _| {
        names.push(name.to_owned());
        if names.len() < MOST_LINKS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    listed.ok().filter(|()| names.len() < MOST_LINKS)?;
    let mut needed = HashSet::new();
    for name in names {
        let path = PathBuf::from(OsString::from_vec(links.head(&name, LONGEST).ok()?));
        match fs::symlink_metadata(path.join(NEEDED)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return None,
            Ok(_) => needed.extend(builds(&Dir::open(&path).ok()?.head(NEEDED, MOST_NEEDED).ok()?)?),
        }
    }
    Some(needed)
}

#[derive(Deserialize)]
struct Browsers {
    browsers: Vec<Browser>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Browser {
    name: String,
    revision: String,
    #[serde(default)]
    revision_overrides: std::collections::HashMap<String, String>,
}

/// The builds that a `browsers.json` names.
fn builds(json: &[u8]) -> Option<Vec<String>> {
    let read: Browsers = serde_json::from_slice(json).ok()?;
    let of = |browser: Browser| {
        let name = browser.name.replace('-', "_");
        // On some systems it is another build of the same browser.
        let special = browser
            .revision_overrides
            .iter()
            .map(|(platform, revision)| format!("{name}_{}_special-{revision}", platform.replace('-', "_")));
        special.chain([format!("{name}-{}", browser.revision)]).collect::<Vec<_>>()
    };
    Some(read.browsers.into_iter().flat_map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_named_by_browser_and_revision() {
        assert!(is_build("chromium-1097") && is_build("webkit_ubuntu20.04_x64_special-2"));
        for name in ["mcp-chrome-12", "chromium", "-1", "chromium-", "chromium-x", ".links"] {
            assert!(!is_build(name), "{name}");
        }
        let json = br#"{"comment": "x", "browsers": [{"name": "chromium-headless-shell", "revision": "2",
            "revisionOverrides": {"ubuntu20.04-x64": "1"}, "installByDefault": true}]}"#;
        let mut found = builds(json).unwrap();
        found.sort();
        assert_eq!(found, ["chromium_headless_shell-2", "chromium_headless_shell_ubuntu20.04_x64_special-1"]);
        assert_eq!(builds(b"{}"), None);
    }
}
