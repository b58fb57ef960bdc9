//! The gzip header of a bronze file: the provenance in its extra field, followed by a checksum of the whole header,
//! because gzip's own covers only the rows. `DuckDB` fails on a comment field and on gzip's header checksum; every
//! reader skips the extra field. What the provenance says is up to `file`.

use anyhow::{Context as _, Result, bail, ensure};
use flate2::Crc;

use crate::store::BEGINNING;

/// Ids of the subfields: the provenance, and the CRC-32 of everything before it.
const PROVENANCE: [u8; 2] = *b"AL";
const CHECKSUM: [u8; 2] = *b"AC";

/// The error for a file without any bytes.
pub(super) const EMPTY: &str = "the file is empty, without even a gzip header";

/// Size of everything before the extra field.
const FIXED: usize = 12;

/// How many leading bytes [`provenance`] needs at most.
pub(super) const HEAD: u64 = 64 * 1024 + 12;

/// How many leading bytes contain most headers whole. No more are requested from an object store at first.
pub(super) const USUAL: u64 = 8 * 1024;

/// Length of the header that starts with these bytes.
pub(super) fn length(start: &[u8]) -> u64 {
    match start {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, low, high, ..] if flags & 4 != 0 => {
            FIXED as u64 + u64::from(u16::from_le_bytes([*low, *high]))
        }
        _ => 0,
    }
}

/// How many leading bytes [`is_ours`] needs.
pub(super) const START: u64 = BEGINNING as u64;

/// Whether a file starts like ours. This does not verify the header.
pub(super) fn is_ours(start: &[u8]) -> bool {
    matches!(start, [0x1f, 0x8b, 8, flags, .., a, b] if start.len() as u64 == START && flags & 4 != 0 && [*a, *b] == PROVENANCE)
}

/// The extra field of a new file, without its checksum yet.
pub(super) fn extra(provenance: &[u8]) -> Result<Vec<u8>> {
    let mut extra = Vec::with_capacity(provenance.len() + 12);
    for (name, field) in [(PROVENANCE, provenance), (CHECKSUM, &[0; 4])] {
        extra.extend_from_slice(&name);
        extra.extend_from_slice(&u16::try_from(field.len())?.to_le_bytes());
        extra.extend_from_slice(field);
    }
    Ok(extra)
}

/// Fills in the checksum of a file created with an [`extra`] field of `len` bytes.
pub(super) fn seal(file: &mut [u8], len: usize) {
    let (head, sum) = file[..FIXED + len].split_at_mut(FIXED + len - 4);
    sum.copy_from_slice(&checksum(head));
}

/// The provenance as stored. `None` for files of other programs.
///
/// # Errors
/// When this is not a gzip header, or the header is damaged.
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
