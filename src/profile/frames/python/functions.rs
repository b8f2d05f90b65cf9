//! The Python functions of a recording, each once.

use rustc_hash::FxHashMap;

/// A function as its code object names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PythonFunction {
    /// Qualified name, or the bare name.
    pub name: String,
    /// Source file, or a name such as `<frozen importlib._bootstrap>`.
    pub file: String,
    /// Line that it begins at.
    pub first_line: u32,
    /// What its module calls itself (`__name__`); empty where that could not be read.
    pub module: String,
    /// Whether the name is qualified, as from CPython 3.11 on.
    pub qualified: bool,
}

/// All functions seen.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    list: Vec<PythonFunction>,
    index: FxHashMap<PythonFunction, u32>,
    bytes: usize,
}

/// So many bytes of names are kept; a program that makes up ever new functions gets one name for the rest.
const MOST_BYTES: usize = 64 << 20;

impl Functions {
    /// The number of a function.
    pub fn intern(&mut self, function: PythonFunction) -> u32 {
        if let Some(&number) = self.index.get(&function) {
            return number;
        }
        self.bytes =
            self.bytes.saturating_add(function.name.len() + function.file.len() + function.module.len() + 64);
        if self.bytes > MOST_BYTES && function != rest() {
            return self.intern(rest());
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(function.clone());
        self.index.insert(function, number);
        number
    }

    /// The function with a number.
    pub fn get(&self, number: u32) -> Option<&PythonFunction> {
        self.list.get(number as usize)
    }

    /// The functions so far, by number.
    pub fn list(&self) -> &[PythonFunction] {
        &self.list
    }

    /// The functions by number.
    pub fn into_list(self) -> Vec<PythonFunction> {
        self.list
    }
}

fn rest() -> PythonFunction {
    PythonFunction { name: "[other Python functions]".to_owned(), ..PythonFunction::default() }
}

/// The dotted module that a source file is, as far as its path tells: what follows `site-packages` or the standard library's
/// folder, the name of a frozen module, else the file's own name.
pub fn module_name(file: &str) -> String {
    if let Some(frozen) = file.strip_prefix("<frozen ").and_then(|rest| rest.strip_suffix('>')) {
        return frozen.to_owned();
    }
    if file.starts_with('<') {
        return file.to_owned();
    }
    let path: Vec<&str> = file.split('/').filter(|part| !part.is_empty()).collect();
    let root = path.iter().rposition(|part| matches!(*part, "site-packages" | "dist-packages"));
    let library = || {
        let is_library =
            |pair: &[&str]| matches!(pair, ["lib" | "lib64", name] if name.starts_with("python3"));
        path.windows(2).rposition(is_library).map(|at| at + 1)
    };
    let start = root.or_else(library).map_or(path.len().saturating_sub(1), |at| at + 1);
    let mut parts: Vec<&str> = path.get(start..).unwrap_or_default().to_vec();
    if let Some(last) = parts.last_mut() {
        *last = last.strip_suffix(".py").unwrap_or(last);
    }
    if parts.len() > 1 && parts.last() == Some(&"__init__") {
        parts.pop();
    }
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_named_by_their_paths() {
        let cases = [
            ("/home/a/app.py", "app"),
            ("app.py", "app"),
            ("/usr/lib/python3.11/json/decoder.py", "json.decoder"),
            ("/usr/lib/python3.11/json/__init__.py", "json"),
            ("/v/lib/python3.12/site-packages/streamlit/web/cli.py", "streamlit.web.cli"),
            ("/usr/lib/python3/dist-packages/yaml/__init__.py", "yaml"),
            ("<frozen importlib._bootstrap>", "importlib._bootstrap"),
            ("<string>", "<string>"),
            ("", ""),
        ];
        for (file, module) in cases {
            assert_eq!(module_name(file), module, "{file}");
        }
    }

    #[test]
    fn a_function_has_one_number_and_their_number_is_bounded() {
        let function =
            |name: &str| PythonFunction { name: name.into(), file: "a.py".into(), ..Default::default() };
        let mut functions = Functions::default();
        let a = functions.intern(function("a"));
        assert_eq!(functions.intern(function("a")), a);
        assert_ne!(functions.intern(function("b")), a);
        functions.bytes = MOST_BYTES;
        let rest = functions.intern(function("c"));
        assert_eq!(functions.intern(function("d")), rest);
        assert_eq!(functions.intern(function("a")), a);
        assert_eq!(functions.into_list().len(), 3);
    }
}
