//! Removes entries.

use super::DiskStore;
use crate::cache::{
    Error,
    store::{Removal, RemovalWatcher},
};

pub(super) fn remove(
    store: &DiskStore,
    _removal: &Removal<'_>,
    _watcher: &mut dyn RemovalWatcher,
) -> Result<(), Error> {
    Err(Error::Unsupported { verb: "remove", path: store.root.clone(), reason: "not yet".to_owned() })
}
