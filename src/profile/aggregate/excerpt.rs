//! Which lines of a source file belong beside a section's times.

use std::ops::RangeInclusive;

use super::annotate::{Annotated, Section};

/// Lines around each line with time that are shown of a file.
const CONTEXT: u32 = 3;

/// The lines to show, as ranges counted from 1, in order and not overlapping: with `context`, that many around each line with time;
/// without, a function as a whole, and of a file three lines around each line with time. Lines with time beyond the end of the text
/// are not in it.
pub fn excerpt(section: &Section<'_>, text: &[String], context: Option<u32>) -> Vec<RangeInclusive<u32>> {
    let last = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let whole = match (section.subject, context) {
        (Annotated::Function(place), None) if (1..=last).contains(&place.line) => {
            Some(place.line..=end_of_function(text, place.line))
        }
        _ => None,
    };
    let around = match (whole.is_some(), context) {
        (true, _) => 0,
        (_, Some(context)) => context,
        _ => CONTEXT,
    };
    let lines = section.lines.iter().map(|l| l.line).filter(|line| (1..=last).contains(line));
    let near = lines.map(|l| l.saturating_sub(around).max(1)..=l.saturating_add(around).min(last));
    let mut ranges: Vec<RangeInclusive<u32>> = whole.into_iter().chain(near).collect();
    ranges.sort_by_key(|range| *range.start());
    let mut joined: Vec<RangeInclusive<u32>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(before) if *range.start() <= before.end().saturating_add(1) => {
                *before = *before.start()..=*before.end().max(range.end());
            }
            _ => joined.push(range),
        }
    }
    joined
}

/// The last line of the function whose first is `start`, by indentation, which serves braces and Python alike: everything that is indented
/// deeper than the first line, and the closing brace.
fn end_of_function(text: &[String], start: u32) -> u32 {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.iter().map(String::as_str).zip(1_u32..).skip(start as usize - 1);
    let Some((first, _)) = lines.next() else { return start };
    let outer = indent(first);
    let (mut end, mut head) = (start, goes_on(first));
    if closes_on_its_line(first) {
        return start;
    }
    for (line, number) in lines {
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            continue;
        }
        if indent(line) > outer {
            end = number;
        } else if trimmed.starts_with('}') {
            return number;
        } else if trimmed.starts_with(['{', ')']) || trimmed.starts_with("where") || head {
            end = number;
        } else if !(trimmed.starts_with('#') || is_label(trimmed)) {
            break;
        }
        head = goes_on(trimmed);
    }
    end
}

/// Whether the head of a function goes on below this line: a decorator or attribute, or parameters that are not over.
fn goes_on(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('@') || line.starts_with("#[") || line.ends_with([',', '('])
}

fn closes_on_its_line(line: &str) -> bool {
    line.contains('{') && line.trim_end().ends_with('}')
}

/// A label of C stands at the left edge inside of a function.
fn is_label(line: &str) -> bool {
    line.trim_end()
        .strip_suffix(':')
        .is_some_and(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::aggregate::{Place, Times, annotate::LineTimes};

    fn shown(text: &str, start: u32, lines: &[u32], context: Option<u32>) -> Vec<RangeInclusive<u32>> {
        let text: Vec<String> = text.lines().map(str::to_owned).collect();
        let place = Place { line: start, ..Place::default() };
        let subject = if start > 0 { Annotated::Function(place) } else { Annotated::File("f") };
        let lines = lines.iter().map(|&line| LineTimes { line, times: Times::default() }).collect();
        excerpt(&Section { subject, file: "f", times: Times::default(), lines }, &text, context)
    }

    #[test]
    fn a_python_function_with_decorator_and_blank_lines() {
        let text = "import os\n@cache\ndef f(a,\n      b):\n    x = 1\n\n    return x\n\n# other\ndef g():\n    pass\n";
        assert_eq!(shown(text, 2, &[5], None), [2..=7]);
        assert_eq!(shown(text, 10, &[11], None), [10..=11]);
    }

    #[test]
    fn functions_with_braces() {
        let text = "int f(int a)\n{\n  if (a) {\n    g();\n  }\nout:\n#ifdef X\n  h();\n#endif\n}\nint g() { return 1; }\nint h() {\n}\n";
        assert_eq!(shown(text, 1, &[4], None), [1..=10]);
        assert_eq!(shown(text, 11, &[11], None), [11..=11]);
        assert_eq!(shown(text, 12, &[], None), [12..=13]);
        let rust =
            "impl X {\n    fn f(\n        &self,\n    ) -> u8 {\n        1\n    }\n\n    fn g() {}\n}\n";
        assert_eq!(shown(rust, 2, &[5], None), [2..=6]);
    }

    #[test]
    fn a_macro_is_a_line() {
        let text = "WORK(hot, 6)\nWORK(warm, 3)\n\nint f()\n{\n  x;\n}\n";
        assert_eq!(shown(text, 1, &[1], None), [1..=1]);
    }

    #[test]
    fn lines_outside_of_the_function_are_shown_too() {
        let text = "def f():\n  a\ndef g():\n  b\nc\nd\n";
        assert_eq!(shown(text, 1, &[2, 6, 99, 0], None), [1..=2, 6..=6]);
    }

    #[test]
    fn context_goes_around_lines_with_time() {
        let text = "x\n".repeat(30);
        assert_eq!(shown(&text, 0, &[2, 8, 20], None), [1..=11, 17..=23]);
        assert_eq!(shown(&text, 5, &[10, 30], Some(0)), [10..=10, 30..=30]);
        assert_eq!(shown(&text, 0, &[29], Some(u32::MAX)), [1..=30]);
        assert!(shown("", 1, &[1], None).is_empty());
    }
}
