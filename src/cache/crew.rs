//! Several threads that go through trees of directories together.
//!
//! Many directories may be waiting, few are open: of each that is done only its descriptor and the names in it are kept until the last of
//! them has been opened, and what lies deepest comes first.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
};

use super::look::Dir;

/// More threads than this only wait for each other in the kernel.
const MOST_THREADS: usize = 8;

/// A directory, and what is to be known of it.
#[derive(Debug)]
pub(super) struct Node<T> {
    pub(super) dir: Dir,
    pub(super) path: PathBuf,
    /// Levels below it that may be entered.
    pub(super) depth: u32,
    /// Handed on to the directories in it.
    pub(super) data: T,
}

/// Names in few bytes.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<u8>);

impl Names {
    /// Adds one.
    pub(super) fn push(&mut self, name: &OsStr) {
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(0);
    }

    fn pop(&mut self) -> Option<OsString> {
        self.0.pop()?;
        let start = self.0.iter().rposition(|&byte| byte == 0).map_or(0, |at| at + 1);
        Some(OsString::from_vec(self.0.split_off(start)))
    }
}

/// What a walk does.
pub(super) trait Work<T>: Sync {
    /// What a thread keeps for itself.
    type Own: Send;

    /// Looks at a directory; the names of those in it that are to be entered, and the directory itself.
    fn one(&self, own: &mut Self::Own, node: Node<T>) -> Option<(Node<T>, Names)>;

    /// A directory cannot be opened.
    fn missed(&self, own: &mut Self::Own, path: PathBuf, error: io::Error);
}

/// Goes through `starts` and what is below them; each thread begins with what `make` gives, and that comes back.
pub(super) fn walk<T, W>(starts: Vec<Node<T>>, work: &W, make: &(dyn Fn() -> W::Own + Sync)) -> Vec<W::Own>
where
    T: Clone + Send + Sync,
    W: Work<T>,
{
    let waiting = Waiting { starts, inner: Vec::new(), working: 0 };
    let crew = Crew { waiting: Mutex::new(waiting), more: Condvar::new(), work };
    let threads = thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST_THREADS);
    let run = || {
        let mut own = make();
        crew.run(&mut own);
        own
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut all = vec![run()];
        // One that panicked has told so already.
        all.extend(others.into_iter().filter_map(|other| other.join().ok()));
        all
    })
}

struct Crew<'w, T, W> {
    waiting: Mutex<Waiting<T>>,
    more: Condvar,
    work: &'w W,
}

struct Waiting<T> {
    starts: Vec<Node<T>>,
    inner: Vec<(Arc<Node<T>>, Names)>,
    /// How many are being looked at.
    working: usize,
}

enum Todo<T> {
    Start(Node<T>),
    Inner(Arc<Node<T>>, OsString),
}

impl<T> Waiting<T> {
    fn next(&mut self) -> Option<Todo<T>> {
        while let Some((parent, names)) = self.inner.last_mut() {
            if let Some(name) = names.pop() {
                return Some(Todo::Inner(Arc::clone(parent), name));
            }
            self.inner.pop();
        }
        self.starts.pop().map(Todo::Start)
    }
}

impl<T: Clone, W: Work<T>> Crew<'_, T, W> {
    fn run(&self, own: &mut W::Own) {
        while let Some(todo) = self.next() {
            let node = match todo {
                Todo::Start(node) => Some(node),
                Todo::Inner(parent, name) => self.open(own, &parent, &name),
            };
            let inner = node.and_then(|node| self.work.one(own, node));
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.working -= 1;
            let ended = inner.is_none() && waiting.working == 0;
            let more = inner.is_some();
            waiting.inner.extend(inner.map(|(node, names)| (Arc::new(node), names)));
            if more || ended {
                self.more.notify_all();
            }
        }
    }

    fn next(&self) -> Option<Todo<T>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(todo) = waiting.next() {
                waiting.working += 1;
                return Some(todo);
            }
            if waiting.working == 0 {
                self.more.notify_all();
                return None;
            }
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open(&self, own: &mut W::Own, parent: &Node<T>, name: &OsStr) -> Option<Node<T>> {
        let path = parent.path.join(name);
        let depth = parent.depth.checked_sub(1)?;
        match parent.dir.sub(name) {
            Ok(dir) => Some(Node { dir, path, depth, data: parent.data.clone() }),
            Err(error) => {
                self.work.missed(own, path, error);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, ops::ControlFlow};

    use super::*;

    struct Count;

    impl Work<()> for Count {
        type Own = Vec<String>;

        fn one(&self, own: &mut Vec<String>, node: Node<()>) -> Option<(Node<()>, Names)> {
            let mut names = Names::default();
            let _ = node.dir.names(&mut |name, _| {
                names.push(name);
                ControlFlow::Continue(())
            });
            own.push(node.path.display().to_string());
            Some((node, names))
        }

        fn missed(&self, own: &mut Vec<String>, path: PathBuf, _error: io::Error) {
            own.push(format!("missed {}", path.display()));
        }
    }

    #[test]
    fn every_directory_is_met_once_and_few_are_open() {
        let dir = tempfile::tempdir().unwrap();
        // More than a process may have open.
        for i in 0..3000 {
            fs::create_dir_all(dir.path().join(format!("{}/d{i}", i % 3))).unwrap();
        }
        fs::write(dir.path().join("0/file"), "").unwrap();
        let start = Node { dir: Dir::open(dir.path()).unwrap(), path: "".into(), depth: 9, data: () };
        let mut met: Vec<String> = walk(vec![start], &Count, &Vec::new).into_iter().flatten().collect();
        met.sort();
        let n = met.len();
        met.dedup();
        assert_eq!((n, met.len()), (3005, 3005));
        assert!(met.contains(&"missed 0/file".to_owned()) && met.contains(&"2/d2999".to_owned()));
    }
}
