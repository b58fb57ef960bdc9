//! Inflates gzip files. Does not know what the lines mean.

use std::io::Read as _;

use anyhow::{Context as _, Result, bail};
// Inflates one member at a time, so that one bound applies to all of them.
#[allow(clippy::disallowed_types)]
use flate2::bufread::GzDecoder;
use libdeflater::{Decompressor, crc32};
use memchr::memmem;

use super::header::{self, EMPTY};

/// Bound for how far text may expand. Rows never shrink by more, however alike they are, but gzip itself reaches 1032:
/// without it, a small file could take all memory.
const MOST_RATIO: usize = 64;

/// Any file may expand to this much.
const SMALL: usize = 64 << 20;

/// Allowance per row that the header promises.
const MOST_OF_ROW: usize = 16 << 10;

/// Header flags: an extra field and nothing else after the fixed part.
const EXTRA: u8 = 4;

/// How a gzip member starts.
const MEMBER: [u8; 3] = [0x1f, 0x8b, 8];

/// Inflates a whole file, all members of it, into `text`, which is cleared first.
///
/// # Errors
/// When the file is truncated or damaged, or expands further than rows can.
pub fn inflate(body: &[u8], text: &mut Vec<u8>) -> Result<()> {
    inflate_rows(body, 0, text)
}

/// Like [`inflate`], for a file whose header promises this many rows.
pub(super) fn inflate_rows(body: &[u8], rows: usize, text: &mut Vec<u8>) -> Result<()> {
    if body.is_empty() {
        bail!(EMPTY);
    }
    let most = SMALL.max(body.len().saturating_mul(MOST_RATIO)).max(rows.saturating_mul(MOST_OF_ROW));
    if inflate_at_once(body, most, text) {
        return Ok(());
    }
    text.clear();
    let mut rest = body;
    loop {
        #[allow(clippy::disallowed_types)]
        let mut member = GzDecoder::new(rest);
        let left = (most - text.len()) as u64 + 1;
        (&mut member).take(left).read_to_end(text).context("the gzip data is truncated or damaged")?;
        if text.len() > most {
            let mib = most >> 20;
            bail!("its {} bytes inflate to more than {mib} MiB, far more than rows of data would", body.len());
        }
        rest = member.into_inner();
        // Some programs pad files with zeros, and gzip ignores them.
        if rest.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
    }
}

/// Fast path: inflates a file in one go if it is sound and has a single member whose trailer gives the size. Otherwise
/// returns `false`, and the slower general path reports what is wrong.
fn inflate_at_once(body: &[u8], most: usize, text: &mut Vec<u8>) -> bool {
    // The trailer is the checksum and the size of the text.
    let Some((rest, size)) = body.split_last_chunk::<4>() else { return false };
    let Some(sum) = rest.last_chunk::<4>() else { return false };
    let (sum, size) = (u32::from_le_bytes(*sum), u32::from_le_bytes(*size) as usize);
    // If the first member has the size and checksum of the last, its trailer equals the end of the file, and another
    // member starts right after it. Compressed data may contain the start of a member by chance, but hardly after those
    // eight bytes.
    let end = &body[rest.len() - 4..];
    let is_end = |place: usize| body[..place].ends_with(end);
    if size > most || memmem::find_iter(body, &MEMBER).any(is_end) {
        return false;
    }
    text.resize(size, 0);
    let mut decompressor = Decompressor::new();
    let inflated = match body {
        // One of our own files. `gzip_decompress` would compute the checksum a second time.
        [_, _, _, EXTRA, ..] => {
            let data = usize::try_from(header::length(body)).ok().filter(|start| *start > 0);
            data.and_then(|start| decompressor.deflate_decompress(body.get(start..rest.len() - 4)?, text).ok())
        }
        _ => decompressor.gzip_decompress(body, text).ok(),
    };
    inflated == Some(size) && crc32(text) == sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, GzBuilder};
    use proptest::prelude::*;
    use std::io::Write as _;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut gzip = GzBuilder::new().filename("x").write(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn every_member_is_read_and_a_truncated_file_is_an_error() {
        let one = gzip(b"a\n");
        let mut text = b"former".to_vec();
        for (body, expected) in [(one.clone(), &b"a\n"[..]), ([one.clone(), one.clone()].concat(), b"a\na\n")] {
            inflate(&body, &mut text).unwrap();
            assert_eq!(text, expected);
        }
        for end in 0..one.len() {
            assert!(inflate(&one[..end], &mut text).is_err(), "{end}");
        }
    }

    #[test]
    fn a_body_that_holds_the_start_of_a_member_by_chance_is_read_at_once() {
        // Text without repeats is stored uncompressed.
        let text = [&b"q8#"[..], &MEMBER, b"!w2"].concat();
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::none());
        gzip.write_all(&text).unwrap();
        let body = gzip.finish().unwrap();
        assert!(memmem::find(&body[1..], &MEMBER).is_some());
        let mut read = Vec::new();
        assert!(inflate_at_once(&body, SMALL, &mut read));
        assert_eq!(read, text);
        assert!(!inflate_at_once(&[body.clone(), body].concat(), SMALL, &mut read));
    }

    #[test]
    fn zeros_behind_the_last_member_are_read_past_and_other_bytes_are_an_error() {
        let (one, mut text) = (gzip(b"a line\n"), Vec::new());
        for zeros in [1, 4, 8, 4096] {
            inflate(&[&one[..], &vec![0; zeros]].concat(), &mut text).unwrap();
            assert_eq!(text, b"a line\n", "{zeros}");
        }
        for more in [&b"x"[..], b"\0\0x", b"\x1f\x8b\x08"] {
            assert!(inflate(&[&one[..], more].concat(), &mut text).is_err(), "{more:?}");
        }
    }

    /// Happened: 4 GB of line breaks in 4 MB took 6 GiB and 45 seconds.
    #[test]
    fn text_that_shrinks_as_no_rows_do_is_given_up_unless_the_header_promises_its_rows() {
        let bomb = gzip(&vec![b'\n'; 2 * SMALL]);
        let lying = [&bomb[..bomb.len() - 4], &[0, 0, 0, 1]].concat();
        for bomb in [&bomb, &lying, &[&bomb[..], &bomb].concat()] {
            let mut text = Vec::new();
            let error = inflate(bomb, &mut text).unwrap_err().to_string();
            assert!(error.contains("inflate to more than 64 MiB"), "{error}");
            assert!(text.capacity() <= 3 * SMALL, "{}", text.capacity());
        }
        let mut text = Vec::new();
        inflate_rows(&bomb, 2 * SMALL / MOST_OF_ROW, &mut text).unwrap();
        assert_eq!(text.len(), 2 * SMALL);
    }

    #[test]
    fn a_trailer_that_lies_is_an_error() {
        let one = gzip(b"a line\n");
        let mut text = Vec::new();
        for place in one.len() - 8..one.len() {
            let mut lie = one.clone();
            lie[place] ^= 0x40;
            assert!(inflate(&lie, &mut text).is_err(), "{place}");
        }
    }

    proptest! {
        #[test]
        fn any_text_in_any_number_of_members_is_read(parts in prop::collection::vec(".{0,200}", 1..4)) {
            let body: Vec<u8> = parts.iter().flat_map(|part| gzip(part.as_bytes())).collect();
            let mut text = Vec::new();
            inflate(&body, &mut text).unwrap();
            prop_assert_eq!(text, parts.concat().into_bytes());
        }
    }
}
