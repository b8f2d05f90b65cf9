//! Repairs damage.

use super::DiskStore;
use crate::cache::{
    Error,
    store::{CheckOptions, Problem},
};

pub(super) fn repair(
    store: &DiskStore,
    _options: &CheckOptions,
    _found: &mut dyn FnMut(Problem),
) -> Result<(), Error> {
    Err(Error::Unsupported { verb: "repair", path: store.root.clone(), reason: "not yet".to_owned() })
}
