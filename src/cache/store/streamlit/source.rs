//! Which functions a Python source file has, and the hash by which Streamlit knows each.
//!
//! Streamlit hashes the module's name, the qualified name, and the text that `inspect.getsource` gives: from the first decorator to the end
//! of the body, as `inspect.BlockFinder` finds it. Source of the recipe: streamlit 1.67 and CPython 3.11, as read and run.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use blake2::{
    Blake2bVar,
    digest::{Update, VariableOutput},
};
use md5::{Digest, Md5};

use crate::cache::Error;

/// Longer sources are not read.
const LONGEST: u64 = 16 << 20;

/// Functions by their hash: `app.py:load_rows`.
///
/// # Errors
/// [`Error::Read`] if a file cannot be read or is too long.
pub(super) fn functions(files: &[PathBuf]) -> Result<HashMap<String, String>, Error> {
    let mut found = HashMap::new();
    for file in files {
        let text = read(file)?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let shown = file.file_name().unwrap_or_default().to_string_lossy();
        for function in blocks(&text) {
            for module in ["__main__", &stem] {
                for key in keys(module, &function.name, &function.text) {
                    found.insert(key, format!("{shown}:{}", function.name));
                }
            }
        }
    }
    Ok(found)
}

/// A file's text with line ends as Python reads them.
fn read(file: &Path) -> Result<String, Error> {
    let failed = |source| Error::Read { path: file.to_owned(), source };
    if fs::metadata(file).map_err(failed)?.len() > LONGEST {
        return Err(failed(std::io::Error::other("it is too long for a source file")));
    }
    let bytes = fs::read(file).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// The hashes by which a function may be known: BLAKE2b, and MD5 in older releases and where the law asks for it.
fn keys(module: &str, name: &str, source: &str) -> [String; 2] {
    let names = [b"str:", module.as_bytes(), b"str:", name.as_bytes()].concat();
    let whole = |names: &[u8]| [b"tuple:", names, b"str:", source.as_bytes()].concat();
    [hex(&blake(&whole(&blake(&names)))), hex(&Md5::digest(whole(&Md5::digest(names))))]
}

fn blake(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 16];
    // 16 bytes are a length that BLAKE2b has.
    if let Ok(mut hasher) = Blake2bVar::new(out.len()) {
        hasher.update(bytes);
        let _ = hasher.finalize_variable(&mut out);
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A function and its text.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// Its qualified name, such as `outer.<locals>.inner`.
    name: String,
    text: String,
}

/// What a line is to the block structure; `first` and `last` count lines from 0.
#[derive(Debug)]
struct Logical {
    first: usize,
    last: usize,
    /// Columns before its first character.
    indent: usize,
    comment: bool,
    /// Its text up to the first line end.
    text: String,
}

/// Every function of a source text, nested ones too.
fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let logical = logical_lines(text);
    let code: Vec<&Logical> = logical.iter().filter(|line| !line.comment).collect();
    let mut found = Vec::new();
    // The definitions around a line: their indent, and how they prefix a name.
    let mut around: Vec<(usize, String)> = Vec::new();
    let mut decorators = None;
    for (i, line) in code.iter().enumerate() {
        around.retain(|(indent, _)| *indent < line.indent);
        let prefix: String = around.iter().map(|(_, prefix)| prefix.as_str()).collect();
        if line.text.starts_with('@') {
            decorators = decorators.or(Some(line.first));
            continue;
        }
        let start = decorators.take().unwrap_or(line.first);
        let text = line.text.strip_prefix("async ").map_or(&*line.text, str::trim_start);
        if let Some(name) = defined(text, "class") {
            around.push((line.indent, format!("{name}.")));
        } else if let Some(name) = defined(text, "def") {
            let end = end_of(&logical, line, code.get(i + 1).copied());
            let mut text: String = lines.get(start..=end).unwrap_or_default().concat();
            if !text.ends_with('\n') {
                text.push('\n');
            }
            found.push(Block { name: format!("{prefix}{name}"), text });
            around.push((line.indent, format!("{name}.<locals>.")));
        }
    }
    found
}

fn defined<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?.strip_prefix([' ', '\t'])?.trim_start();
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

/// The last line of the definition that begins with `head`: of its body, and comments as deep as that.
fn end_of(logical: &[Logical], head: &Logical, next: Option<&Logical>) -> usize {
    let Some(body) = next.filter(|next| next.indent > head.indent) else { return head.last };
    let after = logical.iter().filter(|line| line.first > head.last);
    let mut end = head.last;
    for line in after {
        if line.comment {
            if line.first > body.first && line.indent >= body.indent {
                end = line.last;
            }
        } else if line.indent <= head.indent {
            break;
        } else {
            end = line.last;
        }
    }
    end
}

/// The lines of a text as Python's tokenizer joins them: over brackets, strings and backslashes.
fn logical_lines(text: &str) -> Vec<Logical> {
    let mut found = Vec::new();
    let mut scan = Scan { rest: text, line: 0 };
    while !scan.rest.is_empty() {
        let first = scan.line;
        let blank = scan.rest.len() - scan.rest.trim_start_matches([' ', '\t', '\u{c}']).len();
        let indent = indent_of(scan.rest.get(..blank).unwrap_or_default());
        scan.skip(blank);
        if scan.rest.starts_with('\n') {
            scan.skip(1);
            continue;
        }
        let comment = scan.rest.starts_with('#');
        let text = scan.rest.lines().next().unwrap_or_default().to_owned();
        scan.logical_line();
        // The line end itself has been passed.
        let last = scan.line.saturating_sub(1).max(first);
        found.push(Logical { first, last, indent, comment, text });
    }
    found
}

fn indent_of(blank: &str) -> usize {
    blank.chars().fold(0, |column, c| match c {
        '\t' => column / 8 * 8 + 8,
        '\u{c}' => 0,
        _ => column + 1,
    })
}

struct Scan<'a> {
    rest: &'a str,
    line: usize,
}

impl Scan<'_> {
    fn skip(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    /// Goes behind the end of the logical line that has begun.
    fn logical_line(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.rest.chars().next() {
            match c {
                '#' => self.skip(self.rest.find('\n').unwrap_or(self.rest.len())),
                '"' | '\'' => self.string(c),
                '\\' => self.skip(1 + self.rest.chars().nth(1).map_or(0, char::len_utf8)),
                '\n' => {
                    self.skip(1);
                    if depth == 0 {
                        return;
                    }
                }
                _ => {
                    match c {
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.skip(c.len_utf8());
                }
            }
        }
        // The last line may have no end; count it as one.
        self.line += 1;
    }

    fn string(&mut self, quote: char) {
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let long = self.rest.starts_with(&triple);
        self.skip(if long { 3 } else { 1 });
        while let Some(c) = self.rest.chars().next() {
            match c {
                '\\' => self.skip(1 + self.rest.chars().nth(1).map_or(0, char::len_utf8)),
                _ if long && self.rest.starts_with(&triple) => return self.skip(3),
                c if !long && c == quote => return self.skip(1),
                // A short string does not go over a line end.
                '\n' if !long => return,
                c => self.skip(c.len_utf8()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        blocks(text).into_iter().map(|block| (block.name, block.text)).collect()
    }

    #[track_caller]
    fn one(text: &str, name: &str, block: &str) {
        let found = found(text);
        assert!(found.contains(&(name.to_owned(), block.to_owned())), "{found:#?}");
    }

    #[test]
    fn functions_end_where_python_says() {
        one(
            "x = 1\n\n@a\n@b(\n  1)\ndef f(n):\n    return n\n\n# after\ny = 2\n",
            "f",
            "@a\n@b(\n  1)\ndef f(n):\n    return n\n",
        );
        one(
            "def f():\n    # first\n    x\n    # last\n\n  # between\nz\n",
            "f",
            "def f():\n    # first\n    x\n    # last\n",
        );
        one("def f(): return 1\n# no\n", "f", "def f(): return 1\n");
        one(
            "class A:\n    def m(self):\n        s = '''\ndef no(): pass\n'''\n        return s\n    x = 1\n",
            "A.m",
            "    def m(self):\n        s = '''\ndef no(): pass\n'''\n        return s\n",
        );
        one(
            "async def f(a, b=\")\"): \n    if a:\n        def g():\n            pass\n    return b",
            "f.<locals>.g",
            "        def g():\n            pass\n",
        );
        assert_eq!(found("s = 'def f(): pass'\n# def g(): pass\n(\ndef_ := 1)\n"), []);
    }

    #[test]
    fn hashes_are_streamlits() {
        // As a live Streamlit 1.67 named the file of this function.
        let source = "@st.cache_data(persist=\"disk\")\ndef quote(symbol: str):                    # same qualname + module (__main__) as app_a.quote, other source\n    with open(os.environ[\"CALLLOG\"], \"a\") as f: f.write(json.dumps((\"app_b\", \"quote\", symbol)) + \"\\n\")\n    return symbol.lower()\n";
        assert_eq!(keys("__main__", "quote", source)[0], "00dc1a6c743f1c598875e2872c83292e");
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_some_functions(text in "[ \\t\\n#'\"\\\\()@:a-z]{0,60}(def f\\(\\):)?[ \\n#'\"a-z]{0,30}") {
            for block in blocks(&text) {
                proptest::prop_assert!(!block.name.is_empty());
            }
        }
    }
}
