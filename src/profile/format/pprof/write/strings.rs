//! The string table of a file being written.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

pub(super) struct Strings<'p> {
    table: Vec<Cow<'p, str>>,
    ids: FxHashMap<Cow<'p, str>, i64>,
}

impl<'p> Strings<'p> {
    /// The format wants the empty string first.
    pub(super) fn new() -> Self {
        let mut strings = Self { table: Vec::new(), ids: FxHashMap::default() };
        strings.id("");
        strings
    }

    pub(super) fn id(&mut self, text: impl Into<Cow<'p, str>>) -> i64 {
        let text = text.into();
        let next = self.len();
        *self.ids.entry(text).or_insert_with_key(|text| {
            self.table.push(text.clone());
            next
        })
    }

    /// A number as text; none (the empty string) for 0, which stands for not known.
    pub(super) fn number(&mut self, n: u32) -> i64 {
        if n == 0 { 0 } else { self.id(n.to_string()) }
    }

    /// The id that the next new string gets.
    pub(super) fn len(&self) -> i64 {
        i64::try_from(self.table.len()).unwrap_or(i64::MAX)
    }

    /// The texts in id order.
    pub(super) fn into_table(self) -> impl Iterator<Item = String> {
        self.table.into_iter().map(Cow::into_owned)
    }
}
