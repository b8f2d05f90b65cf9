//! What Python source says of functions whose code objects do not know their qualified names, as before CPython 3.11, and of
//! the package that a file belongs to. Looked up after the run: sources are not read while it is recorded.
//!
//! A name is only qualified where the source has a definition of that name at that very line, so that a source that was
//! changed meanwhile leaves the bare name.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Read,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Longer sources are not read.
const LONGEST: u64 = 16 << 20;
/// Packages in packages.
const DEEPEST: usize = 32;

/// Sources that were read, and packages that were looked for.
#[derive(Debug, Default)]
pub(super) struct PythonSources {
    definitions: HashMap<String, Definitions>,
    modules: HashMap<String, Option<String>>,
}

impl PythonSources {
    /// The qualified name of a function that begins at a line of a file; `None` where the source does not tell.
    pub(super) fn qualified(&mut self, file: &str, name: &str, line: u32) -> Option<String> {
        if !self.definitions.contains_key(file) {
            let text = read(Path::new(file)).unwrap_or_default();
            self.definitions.insert(file.to_owned(), Definitions::of(&text));
        }
        self.definitions.get(file)?.qualified(name, line)
    }

    /// The dotted module of a file in a package: the names of all folders with an `__init__.py` around it.
    pub(super) fn package_module(&mut self, file: &str) -> Option<String> {
        if let Some(known) = self.modules.get(file) {
            return known.clone();
        }
        let module = package_module(Path::new(file));
        self.modules.insert(file.to_owned(), module.clone());
        module
    }
}

fn package_module(file: &Path) -> Option<String> {
    if !file.is_absolute() || file.extension()? != "py" {
        return None;
    }
    let packages = file.ancestors().skip(1).take(DEEPEST).take_while(|dir| dir.join("__init__.py").is_file());
    let mut parts: Vec<&str> = packages.filter_map(|dir| dir.file_name()?.to_str()).collect();
    if parts.is_empty() {
        return None;
    }
    parts.reverse();
    let stem = file.file_stem()?.to_str()?;
    if stem != "__init__" {
        parts.push(stem);
    }
    Some(parts.join("."))
}

fn read(path: &Path) -> Option<String> {
    if !path.is_absolute() {
        return None;
    }
    // A name that became a pipe must not make us wait.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()?;
    let about = file.metadata().ok()?;
    if !about.is_file() || about.len() > LONGEST {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A `def` or `class` of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Definition {
    name: String,
    /// Qualified name.
    path: String,
    class: bool,
    /// Its first decorator's line, or its own.
    first: u32,
    /// The first line after its head; 0 where there is none.
    body: u32,
    /// Its last line.
    last: u32,
}

/// The definitions of a source.
#[derive(Debug, Default)]
struct Definitions {
    /// By first line: of functions on one line, the first.
    by_line: BTreeMap<u32, Definition>,
}

impl Definitions {
    fn of(text: &str) -> Self {
        let mut scanner = Scanner::default();
        for (line, text) in (1..).zip(text.lines()) {
            scanner.line(line, text);
        }
        scanner.finish()
    }

    /// The qualified name of what is called `name` and begins at `line`: a function or class, or `<lambda>`, `<listcomp>`, … in
    /// one.
    fn qualified(&self, name: &str, line: u32) -> Option<String> {
        if let Some(found) = self.by_line.get(&line).filter(|found| found.name == name) {
            return Some(found.path.clone());
        }
        if !(name.starts_with('<') && name.ends_with('>')) || name == "<module>" {
            return None;
        }
        let around = self.by_line.range(..=line).rev().find(|(_, d)| d.last >= line).map(|(_, d)| d);
        Some(match around {
            None => name.to_owned(),
            // In its arguments or decorators, or all of it on one line.
            Some(around) if line < around.body || around.body == 0 => return None,
            Some(around) if around.class => format!("{}.{name}", around.path),
            Some(around) => format!("{}.<locals>.{name}", around.path),
        })
    }
}

/// Finds definitions by their lines' beginnings and indentation; lines within brackets and long texts are no beginnings.
#[derive(Default)]
struct Scanner {
    definitions: Definitions,
    /// Definitions that the next line may be in: indentation, and what they are.
    open: Vec<(usize, Definition)>,
    decorated_from: Option<u32>,
    depth: usize,
    continued: bool,
    text_until: Option<&'static str>,
    last_code: u32,
}

impl Scanner {
    fn line(&mut self, number: u32, line: &str) {
        let begins = self.depth == 0 && self.text_until.is_none() && !self.continued;
        let code = line.trim_start();
        if begins && !code.is_empty() && !code.starts_with('#') {
            self.statement(number, line.len() - code.len(), code);
        }
        if !code.is_empty() {
            self.last_code = number;
        }
        self.continued = self.skip_texts(line);
    }

    fn statement(&mut self, number: u32, indentation: usize, code: &str) {
        if let Some((_, around)) = self.open.last_mut()
            && around.body == 0
        {
            around.body = number;
        }
        while self.open.last().is_some_and(|(open, _)| *open >= indentation) {
            self.close();
        }
        if code.starts_with('@') {
            self.decorated_from.get_or_insert(number);
            return;
        }
        let first = self.decorated_from.take().unwrap_or(number);
        let Some((class, name)) = definition(code) else { return };
        let path = match self.open.last() {
            None => name.to_owned(),
            Some((_, around)) if around.class => format!("{}.{name}", around.path),
            Some((_, around)) => format!("{}.<locals>.{name}", around.path),
        };
        let found = Definition { name: name.to_owned(), path, class, first, body: 0, last: u32::MAX };
        self.open.push((indentation, found));
    }

    fn close(&mut self) {
        if let Some((_, mut closed)) = self.open.pop() {
            closed.last = self.last_code;
            self.definitions.by_line.entry(closed.first).or_insert(closed);
        }
    }

    fn finish(mut self) -> Definitions {
        while !self.open.is_empty() {
            self.close();
        }
        self.definitions
    }

    /// Counts brackets and goes past texts; whether the line ends in a backslash.
    fn skip_texts(&mut self, line: &str) -> bool {
        let mut rest = line;
        loop {
            if let Some(end) = self.text_until {
                let Some(at) = end_of_text(rest, end) else { return false };
                self.text_until = None;
                rest = rest.get(at..).unwrap_or_default();
            }
            let Some(at) = rest.find(['(', '[', '{', ')', ']', '}', '"', '\'', '#']) else {
                return rest.ends_with('\\');
            };
            let (found, after) = rest.get(at..).unwrap_or_default().split_at(1);
            match found {
                "(" | "[" | "{" => self.depth += 1,
                ")" | "]" | "}" => self.depth = self.depth.saturating_sub(1),
                "#" => return false,
                quote => {
                    let single = if quote == "\"" { "\"" } else { "'" };
                    let triple = if quote == "\"" { "\"\"\"" } else { "'''" };
                    if rest.get(at..).is_some_and(|text| text.starts_with(triple)) {
                        self.text_until = Some(triple);
                        rest = rest.get(at + 3..).unwrap_or_default();
                        continue;
                    }
                    match end_of_text(after, single) {
                        Some(end) => {
                            rest = after.get(end..).unwrap_or_default();
                            continue;
                        }
                        // A text of one line that goes on after a backslash.
                        None if line.ends_with('\\') => {
                            self.text_until = Some(single);
                            return true;
                        }
                        None => return false,
                    }
                }
            }
            rest = after;
        }
    }
}

/// Where a text that ends in `end` is over; backslashes hide what follows them.
fn end_of_text(text: &str, end: &str) -> Option<usize> {
    let mut hidden = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if hidden => hidden = false,
            '\\' => hidden = true,
            _ if text.get(at..).is_some_and(|rest| rest.starts_with(end)) => return Some(at + end.len()),
            _ => {}
        }
    }
    None
}

/// Whether a statement defines a class, and the name of what it defines.
fn definition(code: &str) -> Option<(bool, &str)> {
    let word = |text: &'_ str, keyword: &str| -> Option<usize> {
        let rest = text.strip_prefix(keyword)?;
        rest.starts_with([' ', '\t']).then(|| text.len() - rest.trim_start().len())
    };
    let (class, rest) = match (word(code, "class"), word(code, "def"), word(code, "async")) {
        (Some(at), ..) => (true, code.get(at..)?),
        (_, Some(at), _) => (false, code.get(at..)?),
        (.., Some(at)) => {
            let rest = code.get(at..)?;
            (false, rest.get(word(rest, "def")?..)?)
        }
        _ => return None,
    };
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty()).map(|name| (class, name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOURCE: &str = r##""""A text with
def not_this(): in it"""
import os; x = {
def_: 1,
}
class Outer(object):  # a comment (
    """def nor(this)"""
    attribute = [lambda: 1]

    @decorated(
        with_arguments=lambda: 1)
    @twice
    async def method(self, value=(
        lambda: 2)):
        text = 'it\'s # no comment' "(" \
            "def neither"
        def inner():
            return [i for i in range(3)]
        return inner

    class Nested:
        def method(self): return (i for i in ())

if x:
    def late(): pass
else:
	def late(a):
		return a
lambda: 3
"##;

    #[test]
    fn definitions_are_qualified_as_python_does() {
        let definitions = Definitions::of(SOURCE);
        let named = |name: &str, line: u32| definitions.qualified(name, line);
        let cases = [
            ("Outer", 6, Some("Outer")),
            ("<lambda>", 8, Some("Outer.<lambda>")),
            ("method", 10, Some("Outer.method")),
            ("inner", 17, Some("Outer.method.<locals>.inner")),
            ("<listcomp>", 18, Some("Outer.method.<locals>.inner.<locals>.<listcomp>")),
            ("Nested", 21, Some("Outer.Nested")),
            ("method", 22, Some("Outer.Nested.method")),
            ("late", 25, Some("late")),
            ("late", 27, Some("late")),
            ("<lambda>", 29, Some("<lambda>")),
            // The name is another one, or nothing begins there; which one it belongs to is not told.
            ("other", 10, None),
            ("method", 11, None),
            ("not_this", 2, None),
            ("<lambda>", 14, None),
            ("<genexpr>", 22, None),
            ("<module>", 1, None),
        ];
        for (name, line, expected) in cases {
            assert_eq!(named(name, line).as_deref(), expected, "{name} {line}");
        }
    }

    #[test]
    fn a_package_is_what_has_an_init() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str| std::fs::write(dir.path().join(name), "def f(): pass\n").unwrap();
        std::fs::create_dir_all(dir.path().join("app/views")).unwrap();
        ["app/__init__.py", "app/views/__init__.py", "app/views/main.py", "run.py"]
            .iter()
            .for_each(|name| write(name));
        let mut sources = PythonSources::default();
        let mut module = |name: &str| sources.package_module(dir.path().join(name).to_str().unwrap());
        assert_eq!(module("app/views/main.py").as_deref(), Some("app.views.main"));
        assert_eq!(module("app/__init__.py").as_deref(), Some("app"));
        assert_eq!(module("run.py"), None);
        assert_eq!(sources.package_module("app/views/main.py"), None, "relative to what?");
        let file = dir.path().join("run.py");
        assert_eq!(sources.qualified(file.to_str().unwrap(), "f", 1).as_deref(), Some("f"));
        assert_eq!(sources.qualified("/proc/self/mem", "f", 1), None);
        assert_eq!(sources.qualified("/nowhere.py", "f", 1), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in r#"([ \t]{0,4}(def |class |async |@)?[a-z"'\\(){}#:]{0,8}\n){0,12}"#, line in 0..14_u32) {
            let definitions = Definitions::of(&text);
            definitions.qualified("<lambda>", line);
        }
    }
}
