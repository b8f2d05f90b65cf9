//! Directories of Python's DiskCache: `Cache`, `FanoutCache`, `DjangoCache`, `Deque`, `Index`.

use std::path::Path;

use super::{Access, Kind, Store};
use crate::cache::{Error, locate::Verdict};

/// DiskCache directories.
#[derive(Debug)]
pub struct DiskCache;

impl Kind for DiskCache {
    fn name(&self) -> &'static str {
        "diskcache"
    }

    fn probe(&self, dir: &Path) -> Result<Verdict, Error> {
        let there = dir.join("cache.db").is_file();
        Ok(if there { Verdict::Yes("cache.db".to_owned()) } else { Verdict::No })
    }

    fn open(&self, dir: &Path, _access: Access) -> Result<Box<dyn Store>, Error> {
        Err(Error::Unsupported { verb: "open", path: dir.to_owned(), reason: "not yet".to_owned() })
    }
}
