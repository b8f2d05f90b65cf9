//! The table.
//!
//! Sources: ccache 4.7 and cargo as run by the tests; as their sources read: Triton's `runtime/cache.py`, wandb, Playwright, `codecache.py`,
//! `autograd_cache.py` and `hub.py` of torch 2.15 (earlier ones called the file of a function `entry`), `cache/disk.rs` of sccache 0.12.
//! What is laid out otherwise is not recognised.

use std::path::Path;

use super::{
    Preset, Proof,
    Step::{self, Is, Like},
    Unit, playwright, registry, torch,
};
use crate::cache::{
    look::{Dir, Kind},
    store::files::Ground,
};

const FILE: Kind = Kind::File;
const WHOLE: Kind = Kind::Dir;

/// What most have in common.
const BASE: Preset = Preset {
    name: "",
    program: "",
    inside: &[],
    sign: |_| false,
    proofs: &[],
    units: &[],
    owners_tool: None,
    verify: |_: &Ground, _: &Path| None,
    judge: None,
    knows_stale: false,
    knows_use: false,
    refuses: |_| None,
};

/// Kernels that Triton has compiled. Each directory names the files in it by absolute paths, so that it goes as a whole.
pub(in crate::cache::store) const TRITON: Preset = Preset {
    name: "triton",
    program: "Triton",
    inside: &["cache"],
    sign: |name| std::str::from_utf8(name).is_ok_and(is_kernel),
    proofs: &[Proof {
        path: &[KERNEL, Like(|name| name.starts_with("__grp__") && name.ends_with(".json"))],
        is: |_: &Dir, _: &Path, head| has(head, b"\"child_paths\""),
        says: "names the stages of a kernel of Triton",
    }],
    units: &[Unit { path: &[KERNEL], kind: WHOLE }],
    ..BASE
};

/// What TorchInductor has compiled: graphs, and the code that it has written for them.
pub(in crate::cache::store) const INDUCTOR: Preset = Preset {
    name: "inductor",
    program: "TorchInductor",
    sign: |name| matches!(name, b"fxgraph" | b"aotautograd"),
    proofs: &[
        Proof {
            path: &[Is("fxgraph"), Like(is_shelf), Like(is_graph), Like(is_content_hash)],
            is: |_: &Dir, path: &Path, head| is_shelved(path, 1) && head.starts_with(&[0x80]),
            says: "is a compiled graph of TorchInductor",
        },
        Proof {
            path: &[Is("aotautograd"), Like(is_graph), Like(|name| name == "entry" || is_content_hash(name))],
            is: |_: &Dir, _: &Path, head| head.starts_with(&[0x80]),
            says: "is a compiled function of TorchInductor",
        },
    ],
    units: &[
        Unit { path: &[Is("fxgraph"), Like(is_shelf), Like(is_graph)], kind: WHOLE },
        Unit { path: &[Is("aotautograd"), Like(is_graph)], kind: WHOLE },
        Unit { path: &[Is("aotautograd"), Like(is_graph)], kind: FILE },
        Unit { path: &[Is("triton"), Like(|name| all(name, u8::is_ascii_digit)), KERNEL], kind: WHOLE },
        Unit { path: &[Like(is_shelf), Like(is_code)], kind: FILE },
    ],
    ..BASE
};

/// Weights and code that `torch.hub` has downloaded.
pub(in crate::cache::store) const TORCH_HUB: Preset = Preset {
    name: "torch-hub",
    program: "torch.hub",
    inside: &["hub"],
    sign: |name| matches!(name, b"checkpoints" | b"trusted_list"),
    proofs: &[
        Proof {
            path: &[Is("checkpoints"), Like(|name| torch::hash_of(name).is_some())],
            is: torch::is_checkpoint,
            says: "is what the hash in its name says",
        },
        Proof {
            path: &[Like(torch::is_repository), Is("hubconf.py")],
            is: |root: &Dir, _: &Path, _| root.has("trusted_list"),
            says: "is code of torch.hub beside its list of trusted code",
        },
    ],
    units: &[
        Unit { path: &[Is("checkpoints"), Like(|name| !name.starts_with('.'))], kind: FILE },
        Unit { path: &[Like(torch::is_repository)], kind: WHOLE },
    ],
    verify: torch::verify,
    ..BASE
};

/// Files of artifacts that wandb has downloaded, by the hash of their content.
pub(in crate::cache::store) const WANDB: Preset = Preset {
    name: "wandb",
    program: "wandb",
    inside: &["artifacts"],
    sign: |name| name == b"obj",
    proofs: &[Proof {
        path: &[Is("obj"), Is("md5"), Like(is_hex2), Like(|name| is_hex(name, 30))],
        is: |root: &Dir, path: &Path, _| torch::is_md5(root, path),
        says: "is what the hash that is its name says",
    }],
    units: &[Unit {
        path: &[Is("obj"), Like(|_| true), Like(is_hex2), Like(|name| !name.starts_with("tmp"))],
        kind: FILE,
    }],
    verify: torch::verify_md5,
    ..BASE
};

/// Browsers that Playwright has installed, by browser and revision.
pub(in crate::cache::store) const PLAYWRIGHT: Preset = Preset {
    name: "playwright",
    program: "Playwright",
    sign: |name| name == playwright::LINKS.as_bytes(),
    proofs: &[Proof {
        path: &[Is(playwright::LINKS), Like(|name| is_hex(name, 40))],
        is: |root: &Dir, _: &Path, head| head.starts_with(b"/") && playwright::has_builds(root),
        says: "tells where a Playwright is installed that uses these browsers",
    }],
    units: &[Unit { path: &[Like(playwright::is_build)], kind: WHOLE }],
    judge: Some(playwright::judge),
    knows_stale: true,
    refuses: playwright::refuses,
    ..BASE
};

/// What ccache has compiled.
pub(in crate::cache::store) const CCACHE: Preset = Preset {
    name: "ccache",
    program: "ccache",
    sign: is_digit,
    proofs: &[
        Proof { path: &[DIGIT, DIGIT, RESULT], is: is_result, says: "is a result of ccache" },
        Proof { path: &[DIGIT, DIGIT, DIGIT, RESULT], is: is_result, says: "is a result of ccache" },
    ],
    units: &[
        Unit { path: &[DIGIT, RESULT], kind: FILE },
        Unit { path: &[DIGIT, DIGIT, RESULT], kind: FILE },
        Unit { path: &[DIGIT, DIGIT, DIGIT, RESULT], kind: FILE },
    ],
    owners_tool: Some(
        "ccache counts what is in it: `ccache --evict-older-than 30d` removes what was not used for long, `ccache -C` everything",
    ),
    ..BASE
};

/// What sccache has compiled.
pub(in crate::cache::store) const SCCACHE: Preset = Preset {
    name: "sccache",
    program: "sccache",
    sign: is_digit,
    proofs: &[Proof {
        path: &[DIGIT, DIGIT, Like(|name| is_hex(name, 64))],
        is: |_: &Dir, path: &Path, head| head.starts_with(b"PK\x03\x04") && begins_with_its_shelves(path),
        says: "is a result of sccache",
    }],
    units: &[Unit { path: &[DIGIT, DIGIT, Like(|name| is_hex(name, 64))], kind: FILE }],
    owners_tool: Some(
        "the server of sccache keeps count of what is in it: `SCCACHE_CACHE_SIZE` limits it; after `sccache --stop-server` the directory may be removed",
    ),
    ..BASE
};

/// Crates that cargo has downloaded and unpacked.
pub(in crate::cache::store) const CARGO: Preset = Preset {
    name: "cargo",
    program: "cargo",
    inside: &["registry"],
    sign: |name| name == b"registry",
    proofs: &[Proof {
        path: &[Is("cache"), Like(|_| true), Like(|name| name.ends_with(".crate"))],
        is: |root: &Dir, _: &Path, head| head.starts_with(&[0x1f, 0x8b]) && root.has("index"),
        says: "is a crate of cargo",
    }],
    units: &[
        Unit { path: &[Is("cache"), Like(|_| true), Like(|name| name.ends_with(".crate"))], kind: FILE },
        Unit { path: &[Is("src"), Like(|_| true), Like(|name| !name.starts_with('.'))], kind: WHOLE },
    ],
    owners_tool: Some(
        "cargo keeps count of what is in it, and drops what was not used for months by itself; `cargo +nightly clean gc -Zgc` does so now",
    ),
    judge: Some(registry::judge),
    knows_use: true,
    ..BASE
};

const KERNEL: Step = Like(is_kernel);
const DIGIT: Step = Like(|name| is_digit(name.as_bytes()));
/// A result, a manifest, a raw file.
const RESULT: Step =
    Like(|name| name.len() >= 20 && name.ends_with(['R', 'M', 'W']) && all(name, u8::is_ascii_alphanumeric));

fn is_result(_: &Dir, _: &Path, head: &[u8]) -> bool {
    head.starts_with(&[0xcc, 0xac])
}

fn is_digit(name: &[u8]) -> bool {
    matches!(name, [b'0'..=b'9' | b'a'..=b'f'])
}

fn all(name: &str, like: fn(&u8) -> bool) -> bool {
    !name.is_empty() && name.as_bytes().iter().all(like)
}

fn is_hex(name: &str, length: usize) -> bool {
    name.len() == length && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_hex2(name: &str) -> bool {
    is_hex(name, 2)
}

/// A SHA-256 in capital digits of base 32.
fn is_kernel(name: &str) -> bool {
    name.len() == 52 && name.bytes().all(|b| matches!(b, b'2'..=b'7' | b'A'..=b'Z'))
}

/// Two letters or digits, as the second and third of a key.
fn is_shelf(name: &str) -> bool {
    name.len() == 2 && all(name, u8::is_ascii_alphanumeric)
}

/// The key of a graph or function: a letter that says what it is, and most of a SHA-256 in digits of base 32.
fn is_graph(name: &str) -> bool {
    name.starts_with(['f', 'a']) && is_key(name)
}

/// The hash of a file's content in digits of base 32.
fn is_content_hash(name: &str) -> bool {
    name.len() == 51 && is_base32(name)
}

fn is_key(name: &str) -> bool {
    name.len() == 52 && is_base32(name)
}

fn is_base32(name: &str) -> bool {
    name.bytes().all(|b| matches!(b, b'2'..=b'7' | b'a'..=b'z'))
}

/// Code that was written or compiled: `c` and a hash, with an ending.
fn is_code(name: &str) -> bool {
    name.starts_with('c') && name.split_once('.').is_some_and(|(stem, end)| is_key(stem) && !end.is_empty())
}

/// Whether the directory at position `at` is called as the second and third digit of the key in it.
fn is_shelved(path: &Path, at: usize) -> bool {
    let mut names = path.iter().skip(at).map(|name| name.to_string_lossy());
    matches!((names.next(), names.next()), (Some(shelf), Some(key)) if key.get(1..3) == Some(&*shelf))
}

/// Whether the directories of a file are called as its first digits.
fn begins_with_its_shelves(path: &Path) -> bool {
    let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
    names.split_last().is_some_and(|(name, shelves)| name.starts_with(&shelves.concat()))
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(bytes, text).is_some()
}
