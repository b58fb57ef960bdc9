//! The gzip header of a bronze file: the provenance in its extra field, and behind that a checksum of the whole header,
//! for the checksum of gzip covers the rows alone. `DuckDB` fails on a comment field and on gzip's own checksum of the
//! header; all readers skip the extra field. Never what the provenance says.

use anyhow::{Context as _, Result, bail, ensure};
use flate2::Crc;

use crate::store::BEGINNING;

/// The two letters of each subfield: the provenance, and the CRC-32 of all that stands before it.
const PROVENANCE: [u8; 2] = *b"AL";
const CHECKSUM: [u8; 2] = *b"AC";

/// What a file is that has no bytes.
pub(super) const EMPTY: &str = "the file is empty, without even a gzip header";

/// Bytes before the extra field.
const FIXED: usize = 12;

/// Most bytes that [`provenance`] needs of a file's beginning.
pub(super) const HEAD: u64 = 64 * 1024 + 12;

/// Bytes of a file's beginning that hold the header of most: of an object store no more are asked for at first.
pub(super) const USUAL: u64 = 8 * 1024;

/// Bytes that the header takes whose beginning these are.
pub(super) fn length(start: &[u8]) -> u64 {
    match start {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, low, high, ..] if flags & 4 != 0 => {
            FIXED as u64 + u64::from(u16::from_le_bytes([*low, *high]))
        }
        _ => 0,
    }
}

/// Bytes that [`is_ours`] needs of a file's beginning.
pub(super) const START: u64 = BEGINNING as u64;

/// Whether a file begins as ours do. What its header says is not proven by that.
pub(super) fn is_ours(start: &[u8]) -> bool {
    matches!(start, [0x1f, 0x8b, 8, flags, .., a, b] if start.len() as u64 == START && flags & 4 != 0 && [*a, *b] == PROVENANCE)
}

/// The extra field of a new file, its checksum still to come.
pub(super) fn extra(provenance: &[u8]) -> Result<Vec<u8>> {
    let mut extra = Vec::with_capacity(provenance.len() + 12);
    for (name, field) in [(PROVENANCE, provenance), (CHECKSUM, &[0; 4])] {
        extra.extend_from_slice(&name);
        extra.extend_from_slice(&u16::try_from(field.len())?.to_le_bytes());
        extra.extend_from_slice(field);
    }
    Ok(extra)
}

/// Writes the checksum into a file that was made with an [`extra`] field of `len` bytes.
pub(super) fn seal(file: &mut [u8], len: usize) {
    let (head, sum) = file[..FIXED + len].split_at_mut(FIXED + len - 4);
    sum.copy_from_slice(&checksum(head));
}

/// The provenance as it was written; `None` for files of other programs.
///
/// # Errors
/// When the bytes are not a gzip header, or not the one that was written.
pub(super) fn provenance(head: &[u8]) -> Result<Option<&[u8]>> {
    ensure!(!head.is_empty(), EMPTY);
    let [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] = head else { bail!("not a gzip file") };
    if flags & 4 == 0 {
        return Ok(None);
    }
    let [low, high, rest @ ..] = rest else { bail!("the gzip header is truncated") };
    let len = usize::from(u16::from_le_bytes([*low, *high]));
    let mut extra = rest.get(..len).context("the gzip header is truncated")?;
    let end = FIXED + len;
    let mut found = None;
    while let [a, b, low, high, rest @ ..] = extra {
        let before = &head[..end - rest.len()];
        let len = usize::from(u16::from_le_bytes([*low, *high]));
        let field = rest.get(..len).context("a subfield of the gzip header is truncated")?;
        match [*a, *b] {
            PROVENANCE => found = Some(field),
            // Former versions wrote none.
            CHECKSUM => {
                ensure!(field == checksum(before), "the header differs from its checksum");
            }
            _ => {}
        }
        extra = &rest[len..];
    }
    Ok(found)
}

fn checksum(head: &[u8]) -> [u8; 4] {
    let mut sum = Crc::new();
    sum.update(head);
    sum.sum().to_le_bytes()
}
