//! The text of a policy. Everything in it is checked here, before anything is looked at: an unknown key, a rule that makes no sense and a
//! section without a rule are errors with their place.

use std::{collections::BTreeMap, fmt, marker::PhantomData, ops::Range, path::Path, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};
use toml::Spanned;

use super::{Amount, KeepFree, PathPattern, Policy, Rules, Section, absolute};
use crate::{
    cache::{
        model::Eviction,
        plan::Room,
        select::{Filter, NOT_A_DURATION, NOT_A_SIZE, Pattern, TagRule},
        store,
    },
    units,
};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Bytes of the text.
    at: Range<usize>,
    /// In a few words.
    pub(super) reason: String,
}

impl Wrong {
    /// Line and column, from 1.
    pub(super) fn place(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.at.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before.get(start..).unwrap_or_default().chars().count() + 1)
    }
}

/// Reads a policy; `~` is `home`, what is relative is so to `base`.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn parse(text: &str, home: Option<&Path>, base: &Path) -> Result<Policy, Wrong> {
    let read: PolicyText = toml::from_str(text)
        .map_err(|error| Wrong { at: error.span().unwrap_or_default(), reason: one_line(error.message()) })?;
    read.check(home, base)
}

/// A message of the parser as one line without a final stop.
fn one_line(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    words.join(" ").replace("unknown field", "unknown key").trim_end_matches('.').to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyText {
    #[serde(default)]
    defaults: Option<Spanned<RulesText>>,
    #[serde(default)]
    kind: BTreeMap<Spanned<String>, Spanned<RulesText>>,
    #[serde(default)]
    cache: Vec<Spanned<SectionText>>,
    #[serde(default)]
    filesystem: Vec<FileSystemText>,
}

/// The rules, named as the flags of `prune` are.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct RulesText {
    expired: bool,
    include: Option<Include>,
    older_than: Option<One<Age>>,
    unused_for: Option<One<Age>>,
    larger_than: Option<One<Size>>,
    tag: Many<TagRule>,
    key: Many<Pattern>,
    group: Many<Pattern>,
    max_size: Option<One<Size>>,
    max_entries: Option<u64>,
    by: Option<By>,
    grace: Option<One<Age>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SectionText {
    path: Spanned<Many<String>>,
    #[serde(default)]
    keep: bool,
    app: Option<Spanned<Many<String>>>,
    #[serde(default)]
    expired: bool,
    include: Option<Include>,
    older_than: Option<One<Age>>,
    unused_for: Option<One<Age>>,
    larger_than: Option<One<Size>>,
    #[serde(default)]
    tag: Many<TagRule>,
    #[serde(default)]
    key: Many<Pattern>,
    #[serde(default)]
    group: Many<Pattern>,
    max_size: Option<One<Size>>,
    max_entries: Option<u64>,
    by: Option<By>,
    grace: Option<One<Age>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FileSystemText {
    path: Spanned<String>,
    keep_free: One<Amount>,
}

impl PolicyText {
    fn check(self, home: Option<&Path>, base: &Path) -> Result<Policy, Wrong> {
        let mut policy = Policy::default();
        for (name, rules) in self.kind {
            let known: Vec<&str> =
                store::KINDS.iter().map(|kind| kind.name()).chain([store::FILES]).collect();
            if !known.contains(&name.get_ref().as_str()) {
                let reason =
                    format!("unknown kind `{}`, expected one of {}", name.get_ref(), known.join(", "));
                return Err(Wrong { at: name.span(), reason });
            }
            let rules = require_rule(rules)?;
            policy.kinds.insert(name.into_inner(), rules);
        }
        policy.defaults = self.defaults.map(require_rule).transpose()?;
        for file_system in self.filesystem {
            let (at, path) = (file_system.path.span(), file_system.path.into_inner());
            let path = absolute(&path, home, base).map_err(|reason| Wrong { at, reason })?;
            policy.keep_free.push(KeepFree { path, amount: file_system.keep_free.0 });
        }
        let elsewhere = policy.defaults.is_some() || !policy.kinds.is_empty() || !policy.keep_free.is_empty();
        for section in self.cache {
            let at = section.span();
            policy.sections.push(section.into_inner().check(at, elsewhere, home, base)?);
        }
        if policy.sections.is_empty() {
            let reason = "no cache is named: add a `[[cache]]` with a `path`".to_owned();
            return Err(Wrong { at: 0..0, reason });
        }
        Ok(policy)
    }
}

/// Rules that must make something go.
fn require_rule(text: Spanned<RulesText>) -> Result<Rules, Wrong> {
    let at = text.span();
    let rules = text.into_inner().rules(&at)?;
    if rules.is_some() { Ok(rules) } else { Err(Wrong { at, reason: NO_RULE.to_owned() }) }
}

const NO_RULE: &str = "no rule: name what goes, such as `older-than`, or what may stay, such as `max-size`";

impl SectionText {
    fn check(
        self,
        at: Range<usize>,
        elsewhere: bool,
        home: Option<&Path>,
        base: &Path,
    ) -> Result<Section, Wrong> {
        let wrong = |reason: &str| Err(Wrong { at: at.clone(), reason: reason.to_owned() });
        let settings = self.include.is_some() || self.by.is_some() || self.grace.is_some();
        let text = RulesText {
            expired: self.expired,
            include: self.include,
            older_than: self.older_than,
            unused_for: self.unused_for,
            larger_than: self.larger_than,
            tag: self.tag,
            key: self.key,
            group: self.group,
            max_size: self.max_size,
            max_entries: self.max_entries,
            by: self.by,
            grace: self.grace,
        };
        let rules = text.rules(&at)?;
        match (self.keep, rules.is_some()) {
            (true, true) => return wrong("`keep` and a rule"),
            (true, false) | (false, true) => {}
            // What would change a rule must have one.
            (false, false) if settings || !elsewhere => return wrong(NO_RULE),
            (false, false) => {}
        }
        if self.path.get_ref().0.is_empty() {
            return wrong("no path");
        }
        let apps = self.app.map(|apps| each(apps, |text| absolute(text, home, base))).transpose()?;
        Ok(Section {
            paths: each(self.path, |text| PathPattern::new(text, home, base))?,
            rules: rules.is_some().then_some(rules),
            keep: self.keep,
            apps: apps.unwrap_or_default(),
        })
    }
}

/// What `read` makes of each path.
fn each<T>(texts: Spanned<Many<String>>, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, Wrong> {
    let at = texts.span();
    let one = |text: &String| read(text).map_err(|reason| Wrong { at: at.clone(), reason });
    texts.get_ref().0.iter().map(one).collect()
}

impl RulesText {
    fn rules(self, at: &Range<usize>) -> Result<Rules, Wrong> {
        let limited = self.max_size.is_some() || self.max_entries.is_some();
        let senseless = [
            (self.include.is_some() && !self.expired, "`include` without `expired`"),
            (self.by.is_some() && !limited, "`by` without `max-size` or `max-entries`"),
        ];
        if let Some((_, reason)) = senseless.into_iter().find(|(senseless, _)| *senseless) {
            return Err(Wrong { at: at.clone(), reason: reason.to_owned() });
        }
        let filter = Filter {
            expired: self.expired,
            unsure: self.include.is_some(),
            older_than: self.older_than.map(|One(age)| age.0),
            unused_for: self.unused_for.map(|One(age)| age.0),
            larger_than: self.larger_than.map(|One(size)| size.0),
            tags: self.tag.0,
            keys: self.key.0,
            groups: self.group.0,
            grace: self.grace.map(|One(age)| age.0),
            spare_pinned: true,
            ..Filter::default()
        };
        let order = match self.by {
            None | Some(By::Policy) => None,
            Some(By::Used) => Some(Eviction::LeastRecentlyUsed),
            Some(By::Stored) => Some(Eviction::LeastRecentlyStored),
            Some(By::Hits) => Some(Eviction::LeastFrequentlyUsed),
        };
        let room = Room { bytes: self.max_size.map(|One(size)| size.0), entries: self.max_entries, order };
        Ok(Rules { filter, room })
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Include {
    Unsure,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum By {
    Policy,
    Used,
    Stored,
    Hits,
}

/// Something that is written as a text.
trait Typed: Sized {
    fn read(text: &str) -> Result<Self, String>;

    fn number(_number: u64) -> Result<Self, String> {
        Err("not a text".to_owned())
    }
}

struct Age(Duration);

impl Typed for Age {
    fn read(text: &str) -> Result<Self, String> {
        units::parse_duration(text).map(Self).ok_or_else(|| NOT_A_DURATION.to_owned())
    }
}

struct Size(u64);

impl Typed for Size {
    fn read(text: &str) -> Result<Self, String> {
        units::parse_bytes(text).map(Self).ok_or_else(|| NOT_A_SIZE.to_owned())
    }

    fn number(number: u64) -> Result<Self, String> {
        Ok(Self(number))
    }
}

impl Typed for TagRule {
    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl Typed for Pattern {
    fn read(text: &str) -> Result<Self, String> {
        Self::new(text)
    }
}

impl Typed for String {
    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Typed for Amount {
    fn read(text: &str) -> Result<Self, String> {
        let Some(percent) = text.strip_suffix('%') else {
            return Size::read(text).map(|size| Self::Bytes(size.0));
        };
        match percent.trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::Share(percent / 100.0)),
            _ => Err("not a share such as 10%".to_owned()),
        }
    }

    fn number(number: u64) -> Result<Self, String> {
        Ok(Self::Bytes(number))
    }
}

/// One of them.
struct One<T>(T);

impl<'de, T: Typed> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut many = deserializer.deserialize_any(Reader { several: false, made: PhantomData })?;
        many.pop().map(One).ok_or_else(|| D::Error::custom("nothing"))
    }
}

/// One or a list of them.
struct Many<T>(Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Typed> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader { several: true, made: PhantomData }).map(Self)
    }
}

struct Reader<T> {
    several: bool,
    made: PhantomData<T>,
}

impl<'de, T: Typed> Visitor<'de> for Reader<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.several { "a text or a list of texts" } else { "a text" })
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::read(text).map(|one| vec![one]).map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
        let number = u64::try_from(number).map_err(|_| E::custom("less than nothing"))?;
        T::number(number).map(|one| vec![one]).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        if !self.several {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        let mut all = Vec::new();
        while let Some(one) = list.next_element::<One<T>>()? {
            all.push(one.0);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(text: &str) -> Result<Policy, String> {
        parse(text, Some(Path::new("/home/a")), Path::new("/etc")).map_err(|wrong| {
            let (line, column) = wrong.place(text);
            format!("{line}:{column}: {}", wrong.reason)
        })
    }

    #[test]
    fn rules_are_those_of_the_flags() {
        let policy = read(
            r#"
            [defaults]
            expired = true
            include = "unsure"

            [kind.files]
            unused-for = "30d"
            max-size = 2048

            [[cache]]
            path = ["~/.cache/*", "/srv/x"]

            [[cache]]
            path = "app"
            tag = ["i:7", "none"]
            key = "user:*"
            max-entries = 10
            by = "used"
            grace = "2h"
            app = "app.py"

            [[cache]]
            path = "/precious"
            keep = true

            [[filesystem]]
            path = "/home"
            keep-free = "10%"
            "#,
        )
        .unwrap();
        let defaults = policy.defaults.unwrap();
        assert!(defaults.filter.expired && defaults.filter.unsure && defaults.filter.spare_pinned);
        assert_eq!(policy.kinds["files"].room.bytes, Some(2048));
        assert_eq!(policy.kinds["files"].filter.unused_for, Some(Duration::from_secs(30 * 86_400)));
        let [first, second, third] = &policy.sections[..] else { panic!("three") };
        assert_eq!((first.paths.len(), first.rules.is_some()), (2, false));
        let rules = second.rules.as_ref().unwrap();
        assert_eq!(
            rules.filter.tags,
            [TagRule::Is(crate::cache::model::DataType::Integer, "7".into()), TagRule::Untagged]
        );
        assert_eq!((rules.room.entries, rules.room.order), (Some(10), Some(Eviction::LeastRecentlyUsed)));
        assert_eq!(second.apps, [PathBuf::from("/etc/app.py")]);
        assert!(third.keep);
        assert_eq!(policy.keep_free, [KeepFree { path: "/home".into(), amount: Amount::Share(0.1) }]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let cases = [
            ("", "1:1: no cache is named: add a `[[cache]]` with a `path`"),
            ("[[cache]]\npath = 'x'\nmax-sise = 1\n", "3:1: unknown key `max-sise`, expected one of"),
            ("[[cache]]\npath = 'x'\nolder-than = 'soon'\n", "3:14: not a duration such as"),
            ("[[cache]]\npath = 'ü'\n  max-size = 'ü'\n", "3:14: not a size such as"),
            ("[[cache]]\npath = 'x'\ntag = ['ü', 'i:x']\n", "3:13: not a number"),
            ("[[cache]]\npath = 'x'\n", "1:1: no rule: name what goes"),
            ("[[cache]]\npath = 'x'\nkeep = true\nexpired = true\n", "1:1: `keep` and a rule"),
            ("[[cache]]\npath = []\nexpired = true\n", "1:1: no path"),
            ("[[cache]]\npath = 'a/**/b'\nexpired = true\n", "2:8: `**` is not known"),
            ("[[cache]]\nexpired = true\n", "1:1: missing field `path`"),
            ("[[cache]]\npath = 'x'\ninclude = 'unsure'\nmax-size = 1\n", "1:1: `include` without `expired`"),
            ("[[cache]]\npath = 'x'\nby = 'used'\nexpired = true\n", "1:1: `by` without"),
            ("[[cache]]\npath = 'x'\nmax-size = -1\n", "3:12: less than nothing"),
            ("[kind.nonsense]\nexpired = true\n", "1:7: unknown kind `nonsense`, expected one of diskcache,"),
            ("[kind.files]\ngrace = '1h'\n", "1:1: no rule"),
            ("[[filesystem]]\npath = '/'\nkeep-free = '101%'\n", "3:13: not a share"),
            ("[[cache]\n", "1:9: "),
            ("a = 1\n", "1:1: unknown key `a`, expected one of"),
        ];
        for (text, wanted) in cases {
            let told = read(text).unwrap_err();
            assert!(told.starts_with(wanted) && !told.contains('\n'), "{text}: {told}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_policy_or_a_complaint(text in r#"(\[\[?[a-z.]*\]?\]|[a-z-]*|[ \n="0-9*ü])*"#) {
            let _ = read(&text);
        }
    }
}
