//! `.gnu_debugdata`: the names of a stripped file's own functions, as some distributions (Fedora and its children) leave
//! them in it. An ELF file of its own, compressed with xz, with those symbols that are not exported.

use std::{
    io::{Cursor, Read},
    num::NonZeroUsize,
};

use object::{Object, ObjectSection};
use xz4rust::{XzDecoder, XzReader};

use super::object_file::{Facts, ObjectFile};

/// Largest such file after decompression, in bytes. That of a browser takes a few megabytes.
const LARGEST: u64 = 256 << 20;
/// Memory for what is repeated, in bytes, at first and at most: as much as the best of xz's usual settings takes.
const WINDOW: (usize, usize) = (1 << 20, 64 << 20);
const PIECE: NonZeroUsize = NonZeroUsize::new(64 << 10).expect("it is not zero");

/// The symbols in an executable or library that was stripped; `None` where there are none.
pub(super) fn find(object: &object::File<'_>) -> Option<ObjectFile> {
    let packed = object.section_by_name(".gnu_debugdata")?.data().ok()?;
    let file = ObjectFile::from_image(unpack(packed, LARGEST)?);
    let has_symbols = Facts::read(&file.parse()?).has_symbol_table;
    has_symbols.then_some(file)
}

/// What is packed, if it is no more than `largest` bytes.
pub(super) fn unpack(packed: &[u8], largest: u64) -> Option<Vec<u8>> {
    let decoder = XzDecoder::in_heap_with_alloc_dict_size(WINDOW.0, WINDOW.1);
    let reader = XzReader::new_with_buffer_size_and_decoder(Cursor::new(packed.to_vec()), PIECE, decoder);
    let mut image = Vec::new();
    // One byte more, to see that it is too large.
    reader.take(largest + 1).read_to_end(&mut image).ok()?;
    (image.len() as u64 <= largest).then_some(image)
}
