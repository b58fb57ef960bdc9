//! The text of a gzip file. Never what its lines mean.

use std::io::Read as _;

use anyhow::{Context as _, Result, bail};
use flate2::bufread::MultiGzDecoder;
use libdeflater::{Decompressor, crc32};
use memchr::memmem;

/// Most bytes to reserve from the trailer's hint, which may be wrong.
const MOST_RESERVED: usize = 1 << 30;

/// No gzip file shrinks its text more.
const MOST_RATIO: usize = 1032;

/// How a member begins.
const MEMBER: [u8; 3] = [0x1f, 0x8b, 8];

/// Inflates a whole file into `text`, every gzip member of it; `text` is cleared first.
///
/// # Errors
/// When the bytes are truncated or damaged.
pub fn inflate(body: &[u8], text: &mut Vec<u8>) -> Result<()> {
    if body.is_empty() {
        bail!("the file is empty, without even a gzip header");
    }
    if !inflate_at_once(body, text) {
        text.clear();
        MultiGzDecoder::new(body).read_to_end(text).context("the gzip data is truncated or damaged")?;
    }
    Ok(())
}

/// Inflates a file in one piece, if it is sound and has one member whose trailer tells the size. Otherwise `false`: the
/// way for any file is slower, and says what is wrong.
fn inflate_at_once(body: &[u8], text: &mut Vec<u8>) -> bool {
    // The trailer is the checksum and the size of the text.
    let Some((rest, size)) = body.split_last_chunk::<4>() else { return false };
    let Some(sum) = rest.last_chunk::<4>() else { return false };
    let (sum, size) = (u32::from_le_bytes(*sum), u32::from_le_bytes(*size) as usize);
    // A first member with the size and checksum of the last one ends as the file does, and another one begins behind it.
    // Compressed data may hold what a member begins with by chance, hardly behind those eight bytes.
    let end = &body[rest.len() - 4..];
    let is_end = |place: usize| body[..place].ends_with(end);
    if size > MOST_RESERVED.min(body.len().saturating_mul(MOST_RATIO)) || memmem::find_iter(body, &MEMBER).any(is_end) {
        return false;
    }
    text.resize(size, 0);
    Decompressor::new().gzip_decompress(body, text) == Ok(size) && crc32(text) == sum
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
        // Texts without repeats are stored as they are.
        let text = [&b"q8#"[..], &MEMBER, b"!w2"].concat();
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::none());
        gzip.write_all(&text).unwrap();
        let body = gzip.finish().unwrap();
        assert!(memmem::find(&body[1..], &MEMBER).is_some());
        let mut read = Vec::new();
        assert!(inflate_at_once(&body, &mut read));
        assert_eq!(read, text);
        assert!(!inflate_at_once(&[body.clone(), body].concat(), &mut read));
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
