//! What a user means by the name of a function or a file.

use regex::Regex;

use super::Place;

/// The functions that `text` names, as positions in `places`: those called exactly so; else those whose last part is `text`
/// (`push` for `alloc::vec::Vec<T>::push`, `work` for `ns::work(int)`); else those that match it as a regular expression.
/// Markers are no functions.
pub(super) fn functions(places: &[Place<'_>], text: &str) -> Vec<usize> {
    let exact = which(places, |name| name == text);
    if !exact.is_empty() {
        return exact;
    }
    let last = which(places, |name| is_last_part(name, text));
    if !last.is_empty() {
        return last;
    }
    Regex::new(text).map_or_else(|_| Vec::new(), |regex| which(places, |name| regex.is_match(name)))
}

/// The file that `text` names: that path, or those that end with it after a slash. Sorted, each once.
pub(super) fn files<'p>(places: &[Place<'p>], text: &str) -> Vec<&'p str> {
    let text = text.strip_prefix("./").unwrap_or(text);
    let names = |file: &str| {
        file == text
            || file.strip_suffix(text).is_some_and(|rest| rest.ends_with('/') || text.starts_with('/'))
    };
    let mut found: Vec<&str> =
        places.iter().map(|place| place.file).filter(|file| !file.is_empty() && names(file)).collect();
    found.sort_unstable();
    found.dedup();
    if found.contains(&text) { vec![text_of(&found, text)] } else { found }
}

fn text_of<'p>(found: &[&'p str], text: &str) -> &'p str {
    found.iter().find(|file| **file == text).copied().unwrap_or_default()
}

fn which(places: &[Place<'_>], matches: impl Fn(&str) -> bool) -> Vec<usize> {
    let wanted = |place: &Place| place.origin != crate::profile::model::Origin::Marker && matches(place.name);
    places.iter().enumerate().filter(|(_, place)| wanted(place)).map(|(i, _)| i).collect()
}

/// Whether `text` stands in a name at the end, or before parameters or generic arguments, with a separator or nothing before it.
fn is_last_part(name: &str, text: &str) -> bool {
    name.match_indices(text).filter(|_| !text.is_empty()).any(|(at, _)| {
        let before = name.get(..at).unwrap_or_default();
        let after = name.get(at + text.len()..).unwrap_or_default();
        let starts = before.is_empty() || before.ends_with("::") || before.ends_with(['.', '/', ' ']);
        let inside = before.matches(['<', '(']).count() > before.matches(['>', ')']).count();
        starts && !inside && (after.is_empty() || after.starts_with(['(', '<', '[']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str], text: &str) -> Vec<usize> {
        let places: Vec<Place> = names.iter().map(|name| Place { name, ..Place::default() }).collect();
        functions(&places, text)
    }

    #[test]
    fn an_exact_name_beats_a_last_part_and_that_a_pattern() {
        let names = ["work", "app::work", "framework"];
        assert_eq!(found(&names, "work"), [0]);
        assert_eq!(found(&names[1..], "work"), [0]);
        assert_eq!(found(&names[2..], "work"), [0]);
        assert_eq!(found(&names, "^app"), [1]);
        assert!(found(&names, "(").is_empty());
        assert!(found(&["a::b"], "").len() == 1, "an empty pattern matches everything");
    }

    #[test]
    fn last_parts_of_names_in_several_languages() {
        for name in [
            "ns::work(int, char)",
            "work<T>(int)",
            "<Vec<T> as Extend<T>>::work",
            "main.work",
            "example.com/pkg.work",
            "Class.work",
            "operator new::work[abi:cxx11](int)",
        ] {
            assert!(is_last_part(name, "work"), "{name}");
        }
        for name in ["worker", "rework", "f(work)", "Vec<work>::push", "work_it"] {
            assert!(!is_last_part(name, "work"), "{name}");
        }
    }

    #[test]
    fn a_file_is_named_by_its_end() {
        let file = |file| Place { file, ..Place::default() };
        let places =
            [file("/a/src/app.py"), file("/b/app.py"), file("/b/app.py"), file("/b/myapp.py"), file("")];
        assert_eq!(files(&places, "app.py"), ["/a/src/app.py", "/b/app.py"]);
        assert_eq!(files(&places, "src/app.py"), ["/a/src/app.py"]);
        assert_eq!(files(&places, "/b/app.py"), ["/b/app.py"]);
        assert!(files(&places, "p.py").is_empty());
    }
}
