//! Compiles the programs of `fixtures/programs/` on first use.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use super::require::require;

/// A program of `fixtures/programs/` and how to build it.
#[derive(Clone, Copy)]
pub(crate) struct Fixture<'a> {
    /// File name; its extension chooses the compiler: `c`, `cpp`, `rs`, `go`.
    pub(crate) source: &'a str,
    /// Compiler flags after the usual ones (optimized, with line tables).
    pub(crate) flags: &'a [&'a str],
    /// Whether to remove all symbols afterwards.
    pub(crate) stripped: bool,
}

/// The program built with the usual flags; `None` where its compiler is missing.
pub(crate) fn fixture(source: &str) -> Option<PathBuf> {
    Fixture { source, flags: &[], stripped: false }.build()
}

impl Fixture<'_> {
    /// The executable, `target/fixtures/NAME-HASH/NAME`; `None` where a tool is missing. The hash covers source and flags.
    ///
    /// # Panics
    /// If the program does not compile.
    pub(crate) fn build(&self) -> Option<PathBuf> {
        let (compiler, usual) = self.compiler();
        if !require(compiler) || (self.stripped && !require("strip")) {
            return None;
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/programs").join(self.source);
        let text = fs::read(&source).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        let mut hasher = DefaultHasher::new();
        (compiler, usual, self.flags, self.stripped, text).hash(&mut hasher);
        let name = Path::new(self.source).file_stem().and_then(|s| s.to_str()).expect("a fixture has a name");
        let root = root();
        let dir = root.join(format!("{name}-{:016x}", hasher.finish()));
        let program = dir.join(name);

        fs::create_dir_all(&dir).expect("a directory can be made");
        // One test compiles, the others wait; a program that runs is never replaced.
        let lock = File::create(dir.join("lock")).expect("a lock can be made");
        lock.lock().expect("a lock can be taken");
        if !program.exists() {
            let fresh = dir.join(format!("{name}.new"));
            self.compile(compiler, usual, &source, &fresh);
            fs::rename(&fresh, &program).expect("a file can be renamed");
        }
        Some(program)
    }

    fn compiler(&self) -> (&'static str, &'static [&'static str]) {
        match Path::new(self.source).extension().and_then(|x| x.to_str()) {
            Some("c") => ("cc", &["-O2", "-g", "-pthread"]),
            Some("cpp") => ("c++", &["-O2", "-g", "-std=c++17"]),
            Some("rs") => ("rustc", &["--edition=2024", "-Copt-level=3", "-Cdebuginfo=line-tables-only"]),
            Some("go") => ("go", &["build"]),
            _ => panic!("no compiler for {}", self.source),
        }
    }

    fn compile(&self, compiler: &str, usual: &[&str], source: &Path, program: &Path) {
        let mut command = Command::new(compiler);
        command.args(usual).args(self.flags).arg("-o").arg(program).arg(source);
        if compiler == "go" {
            command
                .env("GOCACHE", root().join("go-cache"))
                .env("GOTOOLCHAIN", "local")
                .env("GO111MODULE", "off");
        }
        run(&mut command);
        if self.stripped {
            run(Command::new("strip").arg(program));
        }
    }
}

/// `target/fixtures`.
fn root() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a build directory").join("fixtures")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}
