//! The profile being read.

use super::{OUTSIDE, Tables};
use crate::profile::model::{Builder, StrId};

/// A builder that remembers which strings of the file it has; a name that thousands of functions share is looked at once.
pub(super) struct Draft<'t, 'a> {
    pub(super) builder: Builder,
    tables: &'t Tables<'a>,
    known: Vec<Option<StrId>>,
}

impl<'t, 'a> Draft<'t, 'a> {
    pub(super) fn new(tables: &'t Tables<'a>) -> Self {
        Self { builder: Builder::new(), tables, known: vec![None; tables.string_count()] }
    }

    /// The id of the file's string with this index.
    pub(super) fn string(&mut self, index: i64) -> Result<StrId, String> {
        let slot = usize::try_from(index).ok().and_then(|i| self.known.get_mut(i)).ok_or(OUTSIDE)?;
        if let Some(known) = *slot {
            return Ok(known);
        }
        let id = self.builder.string(&self.tables.text(index)?);
        *slot = Some(id);
        Ok(id)
    }
}
