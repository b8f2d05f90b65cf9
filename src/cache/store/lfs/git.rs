//! What git and git-lfs say about the objects: which files point at them, from where, and which of them could be had again.
//!
//! A repository's settings can name programs to run and servers to ask; while looking, git is kept from both.

use std::{
    collections::{HashMap, HashSet},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// How a pointer begins.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
/// Bytes that a pointer has at most.
const MOST_POINTER: u64 = 1024;
/// Longest line about an object: its path may be long.
const MOST_LINE: u64 = 64 << 10;
/// Only small files can be pointers. Directories are not told.
const SMALL: &str = "--filter=combine:blob:limit=1025+object:type=blob";
/// Settings that make git run programs or ask servers on its own.
const QUIET: [(&str, &str); 5] = [
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("log.showSignature", "false"),
    ("gpg.program", "false"),
    ("lfs.pruneverifyremotealways", "false"),
];
/// Bytes of what a command says that are read.
const MOST_SAID: u64 = 64 << 20;

/// From where an object is pointed at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Refs {
    /// From a branch of the remote, as far as it was fetched or pushed.
    pub(super) pushed: bool,
    /// From commits that no branch of the remote has.
    pub(super) unpushed: bool,
    /// From the index of some work tree: staged, or in the checkout.
    pub(super) index: bool,
    /// From a stash.
    pub(super) stash: bool,
    /// From a commit that only the reflog knows.
    pub(super) reflog: bool,
}

/// An object that files point at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pointed {
    pub(super) refs: Refs,
    /// One of the files, and how many other names there are.
    pub(super) name: String,
    pub(super) others: usize,
    /// The size that the pointer says.
    pub(super) size: Option<u64>,
}

/// What is known of all objects.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    /// By the hash that is an object's name.
    pub(super) pointed: HashMap<Box<str>, Pointed>,
    /// What `git lfs prune` would remove.
    pub(super) prunable: HashSet<Box<str>>,
}

/// A repository.
#[derive(Debug)]
pub(super) struct Git {
    /// Its directory: `.git`.
    dir: PathBuf,
}

/// One way from which objects are pointed at.
struct Way {
    arguments: &'static [&'static str],
    mark: fn(&mut Refs),
}

/// All ways but the stash, whose older entries only its own reflog has.
const WAYS: [Way; 4] = [
    Way { arguments: &["--remotes"], mark: |refs| refs.pushed = true },
    Way {
        arguments: &["--exclude=refs/stash", "--all", "--not", "--remotes"],
        mark: |refs| refs.unpushed = true,
    },
    Way { arguments: &["--indexed-objects"], mark: |refs| refs.index = true },
    Way {
        arguments: &["--reflog", "--not", "--exclude=refs/stash", "--all", "--remotes"],
        mark: |refs| refs.reflog = true,
    },
];

impl Git {
    /// The repository of this directory.
    pub(super) fn new(dir: &Path) -> io::Result<Self> {
        Ok(Self { dir: dir.canonicalize()? })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        // It finds the repository by itself: one that is named is trusted, whoever's it is.
        command.args(arguments).current_dir(&self.dir);
        self.quiet(&mut command);
        // No server is asked for what is missing, whatever the settings say.
        command.env("GIT_ALLOW_PROTOCOL", "none").env("GIT_NO_LAZY_FETCH", "1");
        command
    }

    fn quiet(&self, command: &mut Command) {
        command.env("GIT_CONFIG_COUNT", QUIET.len().to_string());
        for (i, (key, value)) in QUIET.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{i}"), key).env(format!("GIT_CONFIG_VALUE_{i}"), value);
        }
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_TRACE", "GIT_OBJECT_DIRECTORY"] {
            command.env_remove(name);
        }
        command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        command.stdin(Stdio::null()).stderr(Stdio::null());
    }

    /// What a setting is; `None` where it is not set.
    pub(super) fn setting(&self, name: &str) -> io::Result<Option<String>> {
        let output = self.command(&["config", "--get", name]).output()?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    }

    /// Everything that can be known of the objects without asking a server.
    ///
    /// # Errors
    /// Those of starting git; its refusal, such as of a repository of another user.
    pub(super) fn knowledge(&self) -> io::Result<Knowledge> {
        let mut knowledge = Knowledge::default();
        for way in &WAYS {
            let list = self.command(
                &[&["rev-list", "--objects", SMALL, "--filter-provided-objects"], way.arguments].concat(),
            );
            self.follow(list, Stdio::null(), way.mark, &mut knowledge.pointed)?;
        }
        self.stashes(&mut knowledge.pointed)?;
        knowledge.prunable = self.prunable()?;
        Ok(knowledge)
    }

    /// What the stashes point at.
    fn stashes(&self, pointed: &mut HashMap<Box<str>, Pointed>) -> io::Result<()> {
        let mut stashes = self.command(&["rev-list", "--walk-reflogs", "refs/stash", "--"]);
        let mut stashes = stashes.stdout(Stdio::piped()).spawn()?;
        let Some(commits) = stashes.stdout.take() else { return Ok(()) };
        let list = self.command(&[
            "rev-list",
            "--objects",
            SMALL,
            "--filter-provided-objects",
            "--stdin",
            "--not",
            "--remotes",
            "--branches",
        ]);
        let result = self.follow(list, commits.into(), |refs| refs.stash = true, pointed);
        // There need not be any: then this has failed.
        stashes.wait()?;
        result
    }

    /// Reads every object that `list` names, and notes what is a pointer.
    fn follow(
        &self,
        mut list: Command,
        input: Stdio,
        mark: fn(&mut Refs),
        pointed: &mut HashMap<Box<str>, Pointed>,
    ) -> io::Result<()> {
        let mut list = list.stdin(input).stdout(Stdio::piped()).spawn()?;
        let Some(names) = list.stdout.take() else { return Ok(()) };
        let mut read = self.command(&["cat-file", "--batch=%(objecttype) %(objectsize) %(rest)"]);
        let mut read = read.stdin(names).stdout(Stdio::piped()).spawn()?;
        let result = match read.stdout.take() {
            Some(objects) => pointers(objects, mark, pointed),
            None => Ok(()),
        };
        if result.is_err() {
            let _ = list.kill();
            let _ = read.kill();
        }
        let (listed, told) = (list.wait()?, read.wait()?);
        result?;
        let refused = || io::Error::other("git cannot list the objects of the repository");
        (listed.success() && told.success()).then_some(()).ok_or_else(refused)
    }

    /// What `git lfs prune` would remove. It keeps what is checked out, recent, stashed or not pushed; some versions forget what is staged.
    fn prunable(&self) -> io::Result<HashSet<Box<str>>> {
        // Not through git, which would look for an alias where there is no such program.
        let mut command = Command::new("git-lfs");
        command.args(["prune", "--dry-run", "--verbose"]).current_dir(self.work_tree()?);
        self.quiet(&mut command);
        // Without it only the last of the objects is told where the output is no terminal.
        command.env("GIT_LFS_FORCE_PROGRESS", "1").env("GIT_ALLOW_PROTOCOL", "none");
        let mut child: Child = command.stdout(Stdio::piped()).spawn()?;
        let mut said = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(MOST_SAID).read_to_end(&mut said)?;
        }
        let _ = child.kill();
        if !child.wait()?.success() {
            return Err(io::Error::other("`git lfs prune --dry-run` fails here"));
        }
        Ok(listed(&String::from_utf8_lossy(&said)))
    }

    /// Where its files are checked out.
    fn work_tree(&self) -> io::Result<PathBuf> {
        let beside = self.dir.parent().filter(|_| self.dir.file_name().is_some_and(|name| name == ".git"));
        match (beside, self.setting("core.worktree")?) {
            (_, Some(path)) => Ok(self.dir.join(path)),
            (Some(parent), None) => Ok(parent.to_owned()),
            (None, None) => Err(io::Error::other("the repository has no files checked out")),
        }
    }
}

/// The objects in what `git lfs prune --verbose` says: ` * HASH (300 KB)`.
fn listed(said: &str) -> HashSet<Box<str>> {
    let lines = said.split(['\r', '\n']).filter_map(|line| line.trim_start().strip_prefix("* "));
    lines.filter_map(|line| line.split(' ').next().filter(|name| is_hash(name))).map(Into::into).collect()
}

/// Reads objects as `git cat-file --batch` writes them.
fn pointers(
    objects: impl Read,
    mark: fn(&mut Refs),
    pointed: &mut HashMap<Box<str>, Pointed>,
) -> io::Result<()> {
    let mut objects = BufReader::new(objects);
    let broken = || io::Error::other("git writes what cannot be understood");
    loop {
        let mut head = Vec::new();
        if (&mut objects).take(MOST_LINE).read_until(b'\n', &mut head)? == 0 {
            return Ok(());
        }
        let head = String::from_utf8_lossy(&head);
        let line = head.strip_suffix('\n').ok_or_else(broken)?;
        let mut words = line.splitn(3, ' ');
        let (kind, size) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        // What is not there is told in a line of its own.
        let Ok(size) = size.parse::<u64>() else { continue };
        let mut content = Vec::new();
        (&mut objects).take(size.min(MOST_POINTER)).read_to_end(&mut content)?;
        let rest = size - content.len() as u64 + 1;
        if io::copy(&mut (&mut objects).take(rest), &mut io::sink())? != rest {
            return Err(broken());
        }
        if let ("blob", Some((hash, size))) = (kind, pointer(&content)) {
            let found = pointed.entry(hash.into()).or_default();
            mark(&mut found.refs);
            let name = words.next().unwrap_or_default();
            if found.name.is_empty() {
                name.clone_into(&mut found.name);
            } else if found.name != name {
                found.others += 1;
            }
            found.size = found.size.or(size);
        }
    }
}

/// The hash and size that a pointer tells.
fn pointer(content: &[u8]) -> Option<(&str, Option<u64>)> {
    let text = std::str::from_utf8(content.starts_with(POINTER).then_some(content)?).ok()?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let hash = value("oid sha256:").filter(|hash| is_hash(hash))?;
    Some((hash, value("size ").and_then(|size| size.parse().ok())))
}

/// Whether it is a SHA-256 as git-lfs writes it.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read_between_other_objects() {
        let hash = "a".repeat(64);
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize 12\n");
        let big = "x".repeat(3000);
        let said = format!(
            "blob {} a b.bin\n{pointer}\nblob 3000 big\n{big}\n0123 missing\nblob {} other\n{pointer}\n",
            pointer.len(),
            pointer.len()
        );
        let mut found = HashMap::new();
        pointers(said.as_bytes(), |refs| refs.pushed = true, &mut found).unwrap();
        let refs = Refs { pushed: true, ..Refs::default() };
        let expected = Pointed { refs, name: "a b.bin".to_owned(), others: 1, size: Some(12) };
        assert_eq!(found, HashMap::from([(hash.clone().into(), expected)]));
        assert!(pointers(&said.as_bytes()[..200], |_| (), &mut found).is_err());
    }

    #[test]
    fn what_prune_names_is_taken_and_nothing_else() {
        let hash = "0123456789abcdef".repeat(4);
        let said = format!(
            "prune: 7 local objects, 3 retained\rprune: 1 file would be pruned (1 MB)  \n\n * {hash} (1 MB)  \n * x\n"
        );
        assert_eq!(listed(&said), HashSet::from([hash.into()]));
    }
}
