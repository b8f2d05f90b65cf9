//! Which entries are meant: filters and orders, as pure functions of an entry and a clock.

use std::time::Duration;

use regex::Regex;

use super::{
    Error,
    model::{DataType, Entry, EntryId, Facts, Kept, Label, State, Timestamp},
    pickle::notation,
};

/// What is said of a text that should be a duration.
pub const NOT_A_DURATION: &str = "not a duration such as 30d, 12h or 1h 30m";
/// What is said of a text that should be a size.
pub const NOT_A_SIZE: &str = "not a size such as 500MB, 1GiB or 2048";

/// Conditions that an entry must all meet; the default is met by every entry.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// It is of no more use: its owner has declared it dead, or it is certainly left over.
    pub expired: bool,
    /// With `expired`: what is left over only by all appearance, too.
    pub unsure: bool,
    /// Stored longer ago than this.
    pub older_than: Option<Duration>,
    /// Not used for longer than this.
    pub unused_for: Option<Duration>,
    /// More bytes than this.
    pub larger_than: Option<u64>,
    /// Has one of these tags; all are meant if empty.
    pub tags: Vec<TagRule>,
    /// Its key matches one of these; all are meant if empty.
    pub keys: Vec<Pattern>,
    /// Its group matches one of these; all are meant if empty.
    pub groups: Vec<Pattern>,
    /// Is one of these or has one of `exact_keys`, where either is given.
    pub ids: Vec<EntryId>,
    /// See `ids`.
    pub exact_keys: Vec<KeyRule>,
    /// Stored and touched at least this long ago, whatever else is asked: protects what has just been written.
    pub grace: Option<Duration>,
    /// Is not held on purpose, whatever else is asked.
    pub spare_pinned: bool,
}

/// A tag that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum TagRule {
    /// This type and text, as in [`Label`].
    Is(DataType, String),
    /// No tag.
    Untagged,
}

/// A shell pattern: `*` any run, `?` one character, `[…]` a class.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// A key that is asked for by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRule {
    /// The string key with exactly these characters.
    Text(String),
    /// Any key whose [`Label::text`] is exactly this.
    Shown(String),
}

impl Pattern {
    /// The pattern `text`; what is no valid class stands for itself.
    ///
    /// # Errors
    /// A few words if it is too large to be compiled.
    pub fn new(text: &str) -> Result<Self, String> {
        let regex = Regex::new(&translate(text)).map_err(|_| "the pattern is too long".to_owned())?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// What every match begins with, which is all of the pattern up to its first special character.
    pub fn literal_prefix(&self) -> &str {
        let end = self.text.find(['*', '?', '[']).unwrap_or(self.text.len());
        &self.text[..end]
    }
}

/// A shell pattern as a regular expression.
fn translate(pattern: &str) -> String {
    let mut out = String::from("(?s)^");
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let class = (c == '[').then(|| class(rest)).flatten();
        let taken = match (c, class) {
            ('*', _) => {
                out.push_str(".*");
                1
            }
            ('?', _) => {
                out.push('.');
                1
            }
            (_, Some((length, class))) => {
                out.push_str(&class);
                length
            }
            (c, None) => {
                out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
                c.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push('$');
    out
}

/// The class at the beginning of `text`: how many bytes it takes, and as a regular expression.
fn class(text: &str) -> Option<(usize, String)> {
    let inner = text.strip_prefix('[')?;
    let (negated, body) = match inner.strip_prefix(['!', '^']) {
        Some(body) => (true, body),
        None => (false, inner),
    };
    // A bracket right at the beginning is a member of the class.
    let end = body.char_indices().skip(1).find(|&(_, c)| c == ']').map(|(i, _)| i)?;
    let members = body.get(..end)?;
    let mut out = String::from(if negated { "[^" } else { "[" });
    for c in members.chars() {
        if c == '-' || c.is_alphanumeric() {
            out.push(c);
        } else {
            out.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
        }
    }
    out.push(']');
    // Such as `[z-a]`, which then stands for itself.
    Regex::new(&out).ok()?;
    Some((text.len() - body.len() + end + 1, out))
}

impl Filter {
    /// Only what has expired.
    pub fn only_expired() -> Self {
        Self { expired: true, ..Self::default() }
    }

    /// Whether every entry meets it.
    pub fn is_empty(&self) -> bool {
        !self.has_rule() && self.grace.is_none() && !self.spare_pinned
    }

    /// Whether it has a condition other than the grace period.
    pub fn has_rule(&self) -> bool {
        self.expired
            || self.older_than.is_some()
            || self.unused_for.is_some()
            || self.larger_than.is_some()
            || self.names_some()
            || !(self.tags.is_empty() && self.keys.is_empty() && self.groups.is_empty())
    }

    /// Whether it names entries one by one.
    pub fn names_some(&self) -> bool {
        !(self.ids.is_empty() && self.exact_keys.is_empty())
    }

    /// Refuses a condition on something that the owner does not keep.
    ///
    /// # Errors
    /// [`Error::NotKept`].
    pub fn check(&self, facts: &Facts) -> Result<(), Error> {
        let rules = [
            (self.expired && !facts.stale.is_yes(), "--expired", &facts.expiry),
            (self.older_than.is_some(), "--older-than", &facts.created),
            (self.grace.is_some(), "--grace", &facts.created),
            (self.unused_for.is_some(), "--unused-for", &facts.accessed),
            (!self.tags.is_empty(), "--tag", &facts.tags),
            (!self.groups.is_empty(), "--group", &facts.groups),
        ];
        for (asked, flag, kept) in rules {
            if let (true, Kept::No(why)) = (asked, kept) {
                return Err(Error::NotKept { flag, why: why.clone() });
            }
        }
        Ok(())
    }

    /// Whether `entry` meets all conditions at `now`. What is not known of it does not meet a condition on it.
    pub fn matches(&self, entry: &Entry, now: Timestamp) -> bool {
        let past = |time: Option<super::model::Time>, limit: Option<Duration>| {
            limit.is_none_or(|limit| time.is_some_and(|t| now.since(t.at) > limit.as_secs_f64()))
        };
        (!self.expired || entry.is_dead(now, self.unsure))
            && past(entry.created, self.older_than)
            && self.spares_not(entry, now)
            && !(self.spare_pinned && entry.state == State::Pinned)
            && past(entry.accessed, self.unused_for)
            && self.larger_than.is_none_or(|least| entry.size_bytes() > least)
            && self.tag_matches(entry)
            && (self.keys.is_empty() || self.keys.iter().any(|p| p.matches(&entry.key.text)))
            && self.group_matches(entry)
            && self.name_matches(entry)
    }

    /// Whether it is old enough to go.
    fn spares_not(&self, entry: &Entry, now: Timestamp) -> bool {
        let Some(grace) = self.grace else { return true };
        let touched = entry.touched.or(entry.created.map(|time| time.at));
        touched.is_some_and(|at| now.since(at) > grace.as_secs_f64())
    }

    fn tag_matches(&self, entry: &Entry) -> bool {
        let tags = entry.tags.as_deref().unwrap_or_default();
        self.tags.is_empty()
            || self.tags.iter().any(|rule| match rule {
                TagRule::Is(data_type, text) => {
                    tags.iter().any(|t| t.data_type == *data_type && t.text == *text)
                }
                TagRule::Untagged => tags.is_empty(),
            })
    }

    fn group_matches(&self, entry: &Entry) -> bool {
        let group = entry.group.as_deref();
        self.groups.is_empty() || group.is_some_and(|g| self.groups.iter().any(|p| p.matches(g)))
    }

    fn name_matches(&self, entry: &Entry) -> bool {
        !self.names_some()
            || self.ids.contains(&entry.id)
            || self.exact_keys.iter().any(|rule| rule.matches(&entry.key))
    }
}

impl TagRule {
    /// As people type it: a bare tag is a string; `i:7`, `f:1.5`, `b:text` and `s:text` name whole numbers, other numbers, bytes and
    /// strings; `none` is no tag.
    ///
    /// # Errors
    /// A few words for what is no number and should be one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is = |data_type, text: &str| Ok(Self::Is(data_type, text.to_owned()));
        match text.split_once(':') {
            _ if text == "none" => Ok(Self::Untagged),
            Some(("s", text)) => is(DataType::Text, text),
            Some(("b", text)) => is(DataType::Bytes, &notation::bytes(text.as_bytes(), usize::MAX).text),
            Some(("i", number)) if number.parse::<i64>().is_ok() => is(DataType::Integer, number),
            Some(("f", number)) if number.parse::<f64>().is_ok() => {
                is(DataType::Float, &notation::float(number.parse().unwrap_or_default()))
            }
            Some(("i" | "f", _)) => Err("not a number".to_owned()),
            _ => is(DataType::Text, text),
        }
    }
}

impl KeyRule {
    /// Whether it means `key`.
    pub fn matches(&self, key: &Label) -> bool {
        match self {
            _ if key.cut => false,
            Self::Text(text) => match key.data_type {
                DataType::Text | DataType::Name => key.bytes.is_none() && key.text == *text,
                DataType::Json => serde_json::from_str::<String>(&key.text).is_ok_and(|key| key == *text),
                _ => false,
            },
            Self::Shown(text) => key.text == *text,
        }
    }
}

/// In which order entries are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they are stored.
    #[default]
    Stored,
    /// The biggest first.
    Size,
    /// The oldest first.
    Age,
    /// Those not used for longest first.
    Used,
    /// Those that expire first, those that never do last.
    Expires,
    /// By key.
    Key,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            model::Expiry,
            sketch::{Sketch, at, entry, time},
        },
        *,
    };

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(text)
    }

    #[test]
    fn patterns_are_those_of_the_shell() {
        let yes = [
            ("*", ""),
            ("a*c", "abbc"),
            ("a?c", "aüc"),
            ("[a-c]x", "bx"),
            ("[!a]x", "bx"),
            ("a.c", "a.c"),
            ("[]]", "]"),
        ];
        for (pattern, text) in yes {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        let no = [("a*", "ba"), ("a?c", "ac"), ("a.c", "abc"), ("[!a]", "a"), ("user", "user:1")];
        for (pattern, text) in no {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        // What is no class stands for itself.
        for text in ["[", "[]", "[z-a]", "a[b"] {
            assert!(matches(text, text), "{text}");
        }
        assert_eq!(Pattern::new("user:*:x").unwrap().literal_prefix(), "user:");
    }

    #[test]
    fn what_is_not_known_meets_no_condition() {
        let nothing = Entry::new(EntryId::Row(1));
        let day = Some(Duration::from_secs(86_400));
        let filters = [
            Filter { expired: true, ..Filter::default() },
            Filter { older_than: day, ..Filter::default() },
            Filter { unused_for: day, ..Filter::default() },
            Filter { grace: day, ..Filter::default() },
            Filter { groups: vec![Pattern::new("*").unwrap()], ..Filter::default() },
        ];
        for filter in filters {
            assert!(!filter.matches(&nothing, at(1e9)), "{filter:?}");
        }
        assert!(Filter::default().matches(&nothing, at(1e9)));
    }

    #[test]
    fn an_entry_expires_after_its_moment() {
        let mut one = entry(1);
        one.expiry = Expiry::At(at(100.0));
        let expired = |now| Filter::only_expired().matches(&one, at(now));
        assert_eq!([expired(99.0), expired(100.0), expired(100.5)], [false, false, true]);
        let mut old = entry(2);
        old.created = time(0.0);
        let filter = Filter { older_than: Some(Duration::from_secs(10)), ..Filter::default() };
        assert_eq!([filter.matches(&old, at(10.0)), filter.matches(&old, at(10.1))], [false, true]);
    }

    #[test]
    fn keys_are_named_by_their_text() {
        let key = |data_type, text: &str| Label { data_type, text: text.to_owned(), ..Label::default() };
        let text = KeyRule::Text("1".to_owned());
        assert!(text.matches(&key(DataType::Text, "1")) && text.matches(&key(DataType::Json, "\"1\"")));
        assert!(!text.matches(&key(DataType::Integer, "1")));
        assert!(!text.matches(&Label { cut: true, ..key(DataType::Text, "1") }));
        assert!(KeyRule::Shown("1".to_owned()).matches(&key(DataType::Integer, "1")));
    }

    #[test]
    fn a_rule_on_what_is_not_kept_is_refused() {
        let store = Sketch::new(1, |_, _| ());
        let filter = Filter { unused_for: Some(Duration::from_secs(1)), ..Filter::default() };
        let error = filter.check(&store.facts).unwrap_err();
        assert_eq!(error.to_string(), "cannot use `--unused-for`: the sketch does not record it");
        assert!(Filter::only_expired().check(&store.facts).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern(pattern in ".{0,20}", text in ".{0,20}") {
            let pattern = Pattern::new(&pattern);
            prop_assert!(pattern.is_ok());
            let _ = pattern.is_ok_and(|pattern| pattern.matches(&text));
        }
    }
}
