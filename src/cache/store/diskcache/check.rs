//! Looks for damage.

use super::DiskStore;
use crate::cache::{
    Error,
    store::{CheckOptions, Problem},
};

pub(super) fn check(
    store: &DiskStore,
    _options: &CheckOptions,
    _found: &mut dyn FnMut(Problem),
) -> Result<(), Error> {
    Err(Error::Unsupported { verb: "check", path: store.root.clone(), reason: "not yet".to_owned() })
}
