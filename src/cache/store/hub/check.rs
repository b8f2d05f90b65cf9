//! Whether blobs are what their names say: the SHA-256 of the content, or the hash by which git knows it.

use std::{cell::RefCell, io, path::Path};

use rustc_hash::FxHashMap;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::cache::store::{
    files::{Ground, Item},
    hashes,
};

/// What is wrong with the content of a revision's files.
pub(super) fn verify(
    ground: &Ground,
    item: &Item,
    verified: &RefCell<FxHashMap<u64, bool>>,
) -> Option<String> {
    for link in &item.links {
        let Some(path) = link.path.as_deref() else { continue };
        let known = verified.borrow().get(&link.inode).copied();
        let good = match known {
            Some(good) => good,
            None => {
                let content = link.payload.as_deref().unwrap_or(path);
                match matches(ground, content, path) {
                    Ok(good) => *verified.borrow_mut().entry(link.inode).or_insert(good),
                    Err(error) => {
                        ground.note(content, &error);
                        continue;
                    }
                }
            }
        };
        if !good {
            return Some(format!("the content of `{}` is not what its name says", path.display()));
        }
    }
    None
}

/// Whether the file `content` has the hash that is the last part of `path`. What is no hash is not judged.
fn matches(ground: &Ground, content: &Path, path: &Path) -> io::Result<bool> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(true);
    }
    let mut file = ground.dir.file(content)?;
    let length = file.metadata()?.len();
    let found = match name.len() {
        64 => hashes::of(Sha256::new(), &mut file)?,
        40 => hashes::of(Sha1::new().chain_update(format!("blob {length}\0")), &mut file)?,
        _ => return Ok(true),
    };
    Ok(hashes::hex(&found) == name)
}
