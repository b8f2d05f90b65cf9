//! Which module may use what, checked against the source text.
//!
//! The text is looked at without comments, strings and `#[cfg(test)]` modules. A rule names words and the only places that may use them;
//! places are paths below `src/`, a folder stands for everything in it.

use std::{fs, path::Path};

/// What may be used where.
struct Rule {
    words: &'static [&'static str],
    /// Where the rule holds; `""` is everywhere.
    within: &'static [&'static str],
    /// Places inside of it where the words are allowed all the same.
    except: &'static [&'static str],
}

const EVERYWHERE: &[&str] = &[""];
const DOMAIN: &[&str] = &["profile", "cache", "units.rs", "progress.rs"];
/// Values in, values out: no clock, no file, no process.
const PURE: &[&str] = &[
    "profile/aggregate",
    "profile/model.rs",
    "profile/stack.rs",
    "profile/view",
    "profile/error.rs",
    "profile/merge.rs",
    "profile/select.rs",
    "render",
    "cache/model.rs",
    "cache/plan.rs",
    "cache/policy/parse.rs",
    "cache/policy/room.rs",
    "cache/select.rs",
    "units.rs",
];
/// Where the kernel, or a library in C, makes `unsafe` necessary.
const UNSAFE: &[&str] = &[
    "cache/store/sqlite_open.rs",
    "signals.rs",
    "profile/record",
    "profile/target",
    "profile/process",
    "profile/session",
    "profile/symbolize/guard.rs",
    "profile/doctor/probe.rs",
    "cache/safe_delete/in_use.rs",
];

const RULES: &[Rule] = &[
    // Imports point one way.
    Rule { words: &["crate::"], within: &["units.rs", "progress.rs", "signals.rs"], except: &[] },
    Rule { words: &["crate::cli", "crate::render"], within: DOMAIN, except: &[] },
    Rule { words: &["crate::cache"], within: &["profile"], except: &[] },
    Rule { words: &["crate::profile"], within: &["cache"], except: &[] },
    Rule { words: &["crate::cli"], within: &["render"], except: &[] },
    Rule {
        words: &["hotcold::profile", "hotcold::cache", "hotcold::render", "clap", "anyhow"],
        within: &["main.rs"],
        except: &[],
    },
    // One place for each dependency that shapes what it touches.
    Rule { words: &["clap", "anyhow", "indicatif"], within: EVERYWHERE, except: &["cli"] },
    Rule { words: &["rusqlite"], within: EVERYWHERE, except: &["cache/store"] },
    Rule {
        words: &["inferno"],
        within: EVERYWHERE,
        except: &["render/flamegraph.rs", "render/flamegraph", "profile/format"],
    },
    Rule { words: &["comfy_table"], within: EVERYWHERE, except: &["render/table.rs"] },
    // Questions to the environment and the terminal belong to the command line.
    Rule {
        words: &[
            "std::env",
            "env::var",
            "env::args",
            "is_terminal",
            "IsTerminal",
            "io::stdout",
            "io::stderr",
        ],
        within: EVERYWHERE,
        // The doctor looks at the machine as the recorder will: that is its subject.
        except: &["cli", "main.rs", "profile/doctor/probe.rs"],
    },
    // Pure stages.
    Rule {
        words: &["std::fs", "fs::", "std::process", "File::", "Instant::now", "SystemTime::now"],
        within: PURE,
        except: &[],
    },
    Rule { words: &["rusqlite", "std::fs"], within: &["cache/act.rs"], except: &[] },
    Rule { words: &["unsafe"], within: EVERYWHERE, except: UNSAFE },
];

#[test]
fn every_module_keeps_to_the_rules() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for file in rust_files(&src) {
        let name = file.strip_prefix(&src).expect("below src").to_str().expect("utf-8 name").to_owned();
        let text = fs::read_to_string(&file).expect("source is readable");
        found.extend(violations(&name, &text));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The checker takes such files on trust: see that they are not part of the program.
#[test]
fn what_is_named_as_a_test_is_one() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in rust_files(&src) {
        let name = file.strip_prefix(&src).expect("below src").to_str().expect("utf-8 name");
        let Some((folder, module)) = test_module(name) else { continue };
        let parents = [src.join(folder).join("mod.rs"), src.join(format!("{folder}.rs"))];
        let text: String = parents.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
        let declared = ["", "pub(crate) "]
            .iter()
            .any(|visibility| text.contains(&format!("#[cfg(test)]\n{visibility}mod {module};")));
        assert!(declared, "{name} is compiled into the program");
    }
}

#[test]
fn the_checker_finds_what_it_looks_for() {
    let cases = [
        ("profile/aggregate/rows.rs", "use crate::render::table;"),
        ("profile/model.rs", "let now = std::time::SystemTime::now();"),
        ("profile/format/pprof/read.rs", "use crate::cache::model::Entry;"),
        ("profile/record/perf/mod.rs", "use clap::Parser;"),
        ("render/table.rs", "use crate::{\n    cli,\n};"),
        ("render/table.rs", "use super::super::cli::Streams;"),
        ("render/json.rs", "use comfy_table::Table;"),
        ("render/header.rs", "let t = Instant::now();"),
        ("cache/locate.rs", "use inferno::flamegraph;"),
        ("cli/profile_run.rs", "unsafe { libc::fork() };"),
        ("profile/symbolize/elf.rs", "unsafe { map(file) };"),
        ("profile/session/mod.rs", "use std::env;"),
        ("units.rs", "use crate::profile;"),
        ("main.rs", "use clap::Parser;"),
    ];
    for (file, text) in cases {
        assert_eq!(violations(file, text).len(), 1, "{file}: {text}");
    }
    let twice = "fn f() {}\nuse anyhow::Result; // anyhow\nuse anyhow::bail;\n";
    let lines = violations("profile/error.rs", twice);
    assert_eq!(
        lines,
        ["profile/error.rs:2: must not use `anyhow`", "profile/error.rs:3: must not use `anyhow`"]
    );
}

#[test]
fn the_checker_lets_pass_what_is_allowed() {
    let cases = [
        ("cli/profile_run.rs", "use clap::Parser; use crate::{profile, render};"),
        ("render/table.rs", "use comfy_table::Table; use crate::profile::aggregate;"),
        ("render/flamegraph.rs", "use inferno::flamegraph;"),
        ("profile/record/perf/ring.rs", "unsafe { read(page) }"),
        ("profile/model.rs", "// clap, unsafe and anyhow are only words here\nlet s = \"unsafe inferno\";"),
        (
            "profile/model.rs",
            "/* unsafe\n clap:: */ let c = '\"'; let r = r#\"unsafe \" \"#; let l: &'static str;",
        ),
        ("lib.rs", "#![deny(unsafe_op_in_unsafe_fn)]\nlet unsafely = 1;"),
        (
            "profile/stack.rs",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n    fn g() { fs::read(\"x\"); }\n}\n",
        ),
    ];
    for (file, text) in cases {
        assert_eq!(violations(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}

#[test]
fn every_test_file_is_compiled() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let main = fs::read_to_string(dir.join("main.rs")).expect("tests/cli/main.rs exists");
    for file in rust_files(&dir) {
        let stem = file.file_stem().and_then(|s| s.to_str()).expect("utf-8 name");
        assert!(
            stem == "main" || main.contains(&format!("mod {stem};")),
            "{} is not compiled",
            file.display()
        );
    }
}

/// The rules that a file breaks, a line of text for each place.
fn violations(file: &str, text: &str) -> Vec<String> {
    if test_module(file).is_some() {
        return Vec::new();
    }
    let code = expand_crate_groups(&without_tests(&code_only(text)));
    let mut found = Vec::new();
    for rule in RULES.iter().filter(|rule| is_in(file, rule.within) && !is_in(file, rule.except)) {
        for (n, line) in code.lines().enumerate() {
            for word in rule.words.iter().filter(|word| contains_word(line, word)) {
                found.push(format!("{file}:{}: must not use `{word}`", n + 1));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Of a file that only tests compile by its name (`tests.rs`, `tests/…`, `sketch.rs`): its folder and the module's name.
fn test_module(file: &str) -> Option<(&str, &str)> {
    ["tests", "sketch"].into_iter().find_map(|name| {
        let at = file
            .find(&format!("/{name}/"))
            .or_else(|| file.strip_suffix(&format!("/{name}.rs")).map(str::len))?;
        Some((&file[..at], name))
    })
}

fn is_in(file: &str, places: &[&str]) -> bool {
    places.iter().any(|place| Path::new(file).starts_with(place))
}

/// Whether the word stands in the line as a whole: `unsafe` is not in `unsafe_op`, `clap` is in `clap::Parser`.
fn contains_word(line: &str, word: &str) -> bool {
    let part_of_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let open_end = word.ends_with(':') || !part_of_name(line[at + word.len()..].chars().next());
        open_end && !part_of_name(line[..at].chars().next_back())
    })
}

/// `use crate::{cli, profile::{…}}` and `super::…::cli` written out, so that a rule about `crate::cli` sees them.
fn expand_crate_groups(code: &str) -> String {
    let mut lines: Vec<String> = code.lines().map(str::to_owned).collect();
    let (mut in_group, mut depth) = (false, 0_i32);
    for line in &mut lines {
        for name in ["cli", "render", "profile", "cache"] {
            let climbs = line.contains("super::super::") && contains_word(line, name);
            if climbs && line.contains(&format!("super::{name}")) {
                *line = line.replace(&format!("super::{name}"), &format!("crate::{name}"));
            }
        }
        let opens = line.contains("use crate::{");
        let start = if opens { line.find('{').map_or(0, |at| at + 1) } else { 0 };
        if opens {
            (in_group, depth) = (true, 1);
        }
        if !in_group {
            continue;
        }
        let mut names = String::new();
        let mut name = String::new();
        for c in line[start..].chars().chain([' ']) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if c.is_alphanumeric() || c == '_' {
                name.push(c);
                continue;
            }
            // Only the first segment at the outermost level follows `crate::`.
            if depth <= 1 && !name.is_empty() && !names.ends_with("::") {
                names.push_str(&format!(" crate::{name}"));
            }
            name.clear();
            names.push(c);
        }
        line.push_str(&names);
        in_group = depth > 0;
    }
    lines.join("\n")
}

/// Source text with comments, strings and characters blanked; lines stay where they are.
fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest) {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            rest[body..].find(&close).map_or(rest.len(), |end| body + end + close.len())
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && is_char(rest) {
            quoted(rest, '\'')
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        out.push(' ');
        out.extend(rest[..skip].chars().filter(|c| *c == '\n'));
        rest = &rest[skip..];
    }
    out
}

fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// A character and not a lifetime.
fn is_char(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    matches!((chars.next(), chars.next()), (Some('\\'), _) | (Some(_), Some('\'')))
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return i + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Code without what only tests compile: everything in the braces after `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = match (item.find('{'), item.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|s| open < s) => closing(item, open),
            (_, Some(semicolon)) => semicolon + 1,
            _ => item.len(),
        };
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

fn closing(text: &str, open: usize) -> usize {
    let mut depth = 0_i32;
    for (i, c) in text[open..].char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return open + i + 1;
        }
    }
    text.len()
}

fn rust_files(path: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())) {
        let path = entry.expect("entry is readable").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|x| x == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
