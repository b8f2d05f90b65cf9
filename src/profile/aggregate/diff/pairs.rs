//! Which row of the new side is which row of the old one.
//!
//! Between two builds or machines paths and lines move, and functions are renamed. Rows are paired in steps, from everything alike to ever
//! less; what is paired in one step is out of the next ones. Within a step, rows that look alike are paired in the order of their lines
//! where both sides have as many.

use std::{borrow::Cow, collections::BTreeMap, hash::Hash};

use rustc_hash::FxHashMap;

use super::super::{By, Place};
use crate::profile::model::Origin;

/// What tells a row from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity<'p> {
    /// The place as it is shown.
    pub(super) place: Place<'p>,
    /// First line of the function, or 0.
    pub(super) start: u32,
}

impl<'p> Identity<'p> {
    fn function(&self) -> FunctionOf<'p> {
        (self.place.name, self.place.file, self.place.module, self.start)
    }
}

/// A row of the old side and the row of the new one that it is; at least one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) old: Option<usize>,
    pub(super) new: Option<usize>,
    /// Whether the names differ and other signs tell that it is the same function.
    pub(super) renamed: bool,
}

/// Pairs all rows. `share_old` and `share_new` are the rows' shares (0 to 1) of their sides.
pub(super) fn pairs<'p>(
    by: By,
    old: &[Identity<'p>],
    new: &[Identity<'p>],
    share_old: &[f64],
    share_new: &[f64],
) -> Vec<Pair> {
    let mut pairing = Pairing {
        old,
        new,
        of_old: vec![None; old.len()],
        taken: vec![false; new.len()],
        renamed: vec![false; old.len()],
    };
    // A line is a place in its function: code above it may have grown.
    let line = |i: &Identity| match by {
        By::Line if i.start > 0 => (true, i.place.line.wrapping_sub(i.start)),
        By::Line => (false, i.place.line),
        _ => (false, 0),
    };
    let of_function = |i: &Identity| if by == By::Line { line(i) } else { (false, i.place.line) };
    pairing.step(|i| Some((i.place.name, i.place.file, i.place.module, of_function(i))), false);
    pairing.step(|i| Some((i.place.name, i.place.file, i.place.module, line(i))), false);
    pairing.step(|i| Some((i.place.name, last(i.place.file), last(i.place.module), line(i))), false);
    match by {
        By::Function => {
            pairing.step(|i| Some((i.place.name, i.place.origin)), false);
            pairing.step(|i| Some((plain(i.place.name), last(i.place.file), i.place.origin)), true);
            pairing.step(|i| (i.place.line > 0).then_some((last(i.place.file), i.place.line)), true);
            pairing.only_ones(share_old, share_new);
        }
        By::Line => {
            pairing.step(|i| Some((i.place.name, i.place.origin, line(i))), false);
            let renamed = renamed_functions(old, new, share_old, share_new);
            pairing.step_by(
                |i| Some((*renamed.get(&i.function())?, line(i))),
                |i| Some((i.function(), line(i))),
                true,
            );
        }
        _ => pairing.step(|i| Some(last(i.place.module)), false),
    }
    pairing.finish()
}

/// What tells the function of a line: name, file, module, first line.
type FunctionOf<'p> = (&'p str, &'p str, &'p str, u32);

/// The functions that the lines are in, as far as they have other names now.
fn renamed_functions<'p>(
    old: &[Identity<'p>],
    new: &[Identity<'p>],
    share_old: &[f64],
    share_new: &[f64],
) -> FxHashMap<FunctionOf<'p>, FunctionOf<'p>> {
    let (old, new) = (functions(old, share_old), functions(new, share_new));
    let pairs = pairs(By::Function, &old.0, &new.0, &old.1, &new.1);
    let named = |pair: &Pair| Some((old.0.get(pair.old?)?.function(), new.0.get(pair.new?)?.function()));
    pairs.iter().filter(|pair| pair.renamed).filter_map(named).collect()
}

/// The functions of these lines, and the shares of all their lines.
fn functions<'p>(lines: &[Identity<'p>], shares: &[f64]) -> (Vec<Identity<'p>>, Vec<f64>) {
    let mut positions: FxHashMap<Identity<'p>, usize> = FxHashMap::default();
    let (mut functions, mut sums) = (Vec::new(), Vec::new());
    for (line, share) in lines.iter().zip(shares) {
        let function = Identity { place: Place { line: line.start, ..line.place }, ..*line };
        let position = *positions.entry(function).or_insert_with(|| {
            functions.push(function);
            sums.push(0.0);
            functions.len() - 1
        });
        if let Some(sum) = sums.get_mut(position) {
            *sum += share;
        }
    }
    (functions, sums)
}

/// The rest of a name, without what compilers add and count: `work.constprop.0`, `work::h0123456789abcdef`, `{{closure}}#2`,
/// `<lambda>.17`.
fn plain(name: &str) -> Cow<'_, str> {
    let mut name = name;
    if let Some((before, hash)) = name.rsplit_once("::h")
        && hash.len() == 16
        && hash.bytes().all(|b| b.is_ascii_hexdigit())
    {
        name = before;
    }
    for part in [".constprop.", ".isra.", ".part.", ".cold", ".llvm.", ".lto_priv."] {
        name = name.find(part).and_then(|at| name.get(..at)).unwrap_or(name);
    }
    if !name.contains(['{', '<', '#', '$']) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.chars().filter(|c| !c.is_ascii_digit()).collect())
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Rows that look alike, of the old side and of the new one.
type Alike = (Vec<usize>, Vec<usize>);

struct Pairing<'a, 'p> {
    old: &'a [Identity<'p>],
    new: &'a [Identity<'p>],
    of_old: Vec<Option<usize>>,
    taken: Vec<bool>,
    renamed: Vec<bool>,
}

/// Share of a side from which a function that alone is gone, and another that alone is new, in one file are taken for one.
const ONLY_SHARE: f64 = 0.01;

impl<'p> Pairing<'_, 'p> {
    /// Pairs the rows that are left and have equal keys, where both sides have as many of a key.
    fn step<K: Eq + Hash>(&mut self, key: impl Fn(&Identity<'p>) -> Option<K>, renamed: bool) {
        self.step_by(&key, &key, renamed);
    }

    /// The same with a key of its own for each side.
    fn step_by<K: Eq + Hash>(
        &mut self,
        old_key: impl Fn(&Identity<'p>) -> Option<K>,
        new_key: impl Fn(&Identity<'p>) -> Option<K>,
        renamed: bool,
    ) {
        let mut groups: FxHashMap<K, Alike> = FxHashMap::default();
        for (i, identity) in self.old.iter().enumerate().filter(|&(i, _)| self.of_old[i].is_none()) {
            if let Some(key) = old_key(identity) {
                groups.entry(key).or_default().0.push(i);
            }
        }
        for (i, identity) in self.new.iter().enumerate().filter(|&(i, _)| !self.taken[i]) {
            if let Some(group) = new_key(identity).and_then(|key| groups.get_mut(&key)) {
                group.1.push(i);
            }
        }
        for (mut old, mut new) in groups.into_values().filter(|(old, new)| old.len() == new.len()) {
            // A rename is only believed where there is nothing to choose.
            if renamed && old.len() > 1 {
                continue;
            }
            let order = |i: &Identity<'p>| (i.place.file, i.place.line, i.place.module, i.place.name);
            old.sort_by_key(|&i| order(&self.old[i]));
            new.sort_by_key(|&i| order(&self.new[i]));
            for (old, new) in old.into_iter().zip(new) {
                self.pair(old, new, renamed);
            }
        }
    }

    /// Pairs, per source file, the one function of weight that is gone with the one that is new.
    fn only_ones(&mut self, share_old: &[f64], share_new: &[f64]) {
        let mut files: BTreeMap<(&str, Origin), Alike> = BTreeMap::new();
        let key = |i: &Identity<'p>| (last(i.place.file), i.place.origin);
        let heavy = |share: &[f64], i: usize| share.get(i).is_some_and(|share| *share >= ONLY_SHARE);
        for (i, identity) in self.old.iter().enumerate() {
            if self.of_old[i].is_none() && heavy(share_old, i) && !identity.place.file.is_empty() {
                files.entry(key(identity)).or_default().0.push(i);
            }
        }
        for (i, identity) in self.new.iter().enumerate() {
            if !self.taken[i] && heavy(share_new, i) && !identity.place.file.is_empty() {
                files.entry(key(identity)).or_default().1.push(i);
            }
        }
        for (old, new) in files.into_values() {
            if let ([old], [new]) = (&old[..], &new[..]) {
                self.pair(*old, *new, true);
            }
        }
    }

    fn pair(&mut self, old: usize, new: usize, renamed: bool) {
        self.of_old[old] = Some(new);
        self.taken[new] = true;
        self.renamed[old] = renamed && self.old[old].place.name != self.new[new].place.name;
    }

    fn finish(self) -> Vec<Pair> {
        let old = self.of_old.iter().zip(&self.renamed).enumerate();
        let paired = old.map(|(i, (&new, &renamed))| Pair { old: Some(i), new, renamed });
        let only_new = self.taken.iter().enumerate().filter(|(_, taken)| !**taken);
        paired.chain(only_new.map(|(i, _)| Pair { old: None, new: Some(i), renamed: false })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name@file:line` or `name@file:line/start`.
    fn identity(text: &str) -> Identity<'_> {
        let (name, rest) = text.split_once('@').unwrap_or((text, ""));
        let (file, lines) = rest.split_once(':').unwrap_or((rest, "0"));
        let (line, start) = lines.split_once('/').unwrap_or((lines, "0"));
        let line = line.parse().unwrap();
        Identity { place: Place { name, file, line, ..Place::default() }, start: start.parse().unwrap() }
    }

    fn paired(by: By, old: &[&str], new: &[&str]) -> Vec<String> {
        let ids = |list: &[&'static str]| list.iter().map(|text| identity(text)).collect::<Vec<_>>();
        let (a, b): (Vec<&'static str>, Vec<&'static str>) = (leak(old), leak(new));
        let shares = vec![0.5; a.len().max(b.len())];
        let name = |list: &[&str], i: Option<usize>| i.map_or("-".to_owned(), |i| list[i].to_owned());
        let mut out: Vec<String> = pairs(by, &ids(&a), &ids(&b), &shares, &shares)
            .iter()
            .map(|p| {
                format!(
                    "{} {}{}",
                    name(old, p.old),
                    name(new, p.new),
                    if p.renamed { " renamed" } else { "" }
                )
            })
            .collect();
        out.sort();
        out
    }

    fn leak(list: &[&str]) -> Vec<&'static str> {
        list.iter().map(|text| &*text.to_string().leak()).collect()
    }

    #[test]
    fn functions_are_found_again_where_code_has_moved() {
        assert_eq!(
            paired(
                By::Function,
                &["f@/old/a.c:10", "g@a.c:3", "<lambda>@a.py:4", "<lambda>@a.py:9"],
                &["f@/new/a.c:12", "g@a.c:3", "<lambda>@a.py:5", "<lambda>@a.py:10"]
            ),
            [
                "<lambda>@a.py:4 <lambda>@a.py:5",
                "<lambda>@a.py:9 <lambda>@a.py:10",
                "f@/old/a.c:10 f@/new/a.c:12",
                "g@a.c:3 g@a.c:3"
            ]
        );
    }

    #[test]
    fn what_is_new_and_what_is_gone_stays_alone() {
        assert_eq!(
            paired(By::Function, &["f@a.c:1", "x@b.c:7"], &["f@a.c:1", "y@c.c:9"]),
            ["- y@c.c:9", "f@a.c:1 f@a.c:1", "x@b.c:7 -"]
        );
    }

    #[test]
    fn renamed_functions() {
        assert_eq!(paired(By::Function, &["f.constprop.0@a.c:1"], &["f.constprop.1@a.c:9"]).len(), 1);
        assert_eq!(
            paired(By::Function, &["slow@a.c:5", "k@a.c:1"], &["quick@a.c:5", "k@a.c:1"]),
            ["k@a.c:1 k@a.c:1", "slow@a.c:5 quick@a.c:5 renamed"]
        );
        assert_eq!(
            paired(By::Function, &["slow@a.c:5"], &["quick@a.c:8"]),
            ["slow@a.c:5 quick@a.c:8 renamed"]
        );
        assert_eq!(paired(By::Function, &["slow@a.c:5", "late@a.c:7"], &["quick@a.c:8"]).len(), 3);
    }

    #[test]
    fn lines_keep_their_place_in_the_function() {
        assert_eq!(
            paired(By::Line, &["f@a.c:12/10", "f@a.c:15/10"], &["f@a.c:22/20", "f@a.c:26/20"]),
            ["- f@a.c:26/20", "f@a.c:12/10 f@a.c:22/20", "f@a.c:15/10 -"]
        );
        // Also where the function has another name.
        assert_eq!(
            paired(
                By::Line,
                &["slow@a.c:12/10", "slow@a.c:13/10", "k@a.c:2/1"],
                &["quick@a.c:22/20", "quick@a.c:25/20", "k@a.c:2/1"]
            ),
            [
                "- quick@a.c:25/20",
                "k@a.c:2/1 k@a.c:2/1",
                "slow@a.c:12/10 quick@a.c:22/20 renamed",
                "slow@a.c:13/10 -"
            ]
        );
    }

    #[test]
    fn names_without_what_compilers_count() {
        let hash = "app::work::h0123456789abcdef";
        assert_eq!(
            [plain(hash), plain("f.isra.0.cold"), plain("g::{{closure}}#12")],
            ["app::work", "f", "g::{{closure}}#"]
        );
        assert_eq!(plain("md5_block2"), "md5_block2");
    }
}
