//! Files whose names tell the hash of their content: weights of `torch.hub` in part, artifacts of wandb in full.

use std::{io, path::Path};

use md5::Md5;
use sha2::{Digest, Sha256};

use super::super::{files::Ground, hashes};
use crate::cache::look::Dir;

/// Bytes of a file that are hashed to find out what a directory is.
const MOST_PROOF: u64 = 64 << 20;
/// How weights begin: an archive, or the number that older versions write first.
const WEIGHTS: [&[u8]; 2] = [b"PK\x03\x04", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."];

/// The beginning of the hash in a name such as `resnet18-f37072fd.pth`.
pub(super) fn hash_of(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".pth").or_else(|| name.strip_suffix(".pt"))?;
    let (_, hash) = stem.rsplit_once('-')?;
    (hash.len() >= 8 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))).then_some(hash)
}

/// Whether weights are what their name says; big ones only look like it, in a directory of the right name.
pub(super) fn is_checkpoint(root: &Dir, path: &Path, head: &[u8]) -> bool {
    if !WEIGHTS.iter().any(|begin| head.starts_with(begin)) {
        return false;
    }
    match root.about(path) {
        Ok(about) if about.size <= MOST_PROOF => matches!(checked(root, path), Ok(true)),
        Ok(_) => root.has("trusted_list"),
        Err(_) => false,
    }
}

fn checked(root: &Dir, path: &Path) -> io::Result<bool> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(wanted) = hash_of(&name) else { return Ok(true) };
    let found = hashes::of(Sha256::new(), &mut root.file(path)?)?;
    Ok(hashes::hex(&found).starts_with(wanted))
}

/// A repository as `torch.hub` calls it: `owner_name_branch`.
pub(super) fn is_repository(name: &str) -> bool {
    name.splitn(3, '_').filter(|part| !part.is_empty()).count() == 3 && !name.starts_with('.')
}

/// What is wrong with weights.
pub(super) fn verify(ground: &Ground, path: &Path) -> Option<String> {
    match checked(&ground.dir, path) {
        Ok(good) => (!good).then(|| "its content has not the hash that is in its name".to_owned()),
        // A directory of code has none.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => None,
        Err(error) => {
            ground.note(path, &error);
            None
        }
    }
}

/// Whether a small file has the MD5 that its path says.
pub(super) fn is_md5(root: &Dir, path: &Path) -> bool {
    root.about(path).is_ok_and(|about| about.size <= MOST_PROOF) && matches!(has_md5(root, path), Ok(true))
}

fn has_md5(root: &Dir, path: &Path) -> io::Result<bool> {
    let wanted: String = path.iter().skip(2).map(|part| part.to_string_lossy()).collect();
    let found = hashes::of(Md5::new(), &mut root.file(path)?)?;
    Ok(hashes::hex(&found) == wanted)
}

/// What is wrong with a file of an artifact.
pub(super) fn verify_md5(ground: &Ground, path: &Path) -> Option<String> {
    if path.iter().nth(1).is_none_or(|kind| kind != "md5") {
        return None;
    }
    let good = has_md5(&ground.dir, path).map_err(|error| ground.note(path, &error)).ok()?;
    (!good).then(|| "its content has not the hash that is its name".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_hashes_and_repositories() {
        assert_eq!(hash_of("resnet18-f37072fd.pth"), Some("f37072fd"));
        for name in ["model.pth", "epoch-12.pt", "a-F37072FD.pth", "resnet18-f37072fd.bin", "-"] {
            assert_eq!(hash_of(name), None, "{name}");
        }
        assert!(is_repository("pytorch_vision_v0.10.0") && is_repository("a_b_c_d"));
        assert!(!is_repository("checkpoints") && !is_repository("a_b") && !is_repository("_b_c"));
    }
}
