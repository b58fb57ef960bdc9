//! One bronze file: rows as lines, gzip, and where they came from in the gzip header's extra field
//! (subfield `AL`). The comment field would break `DuckDB`; the extra field is read past by all.
//!
//! Never here: what a row means.

use std::io::{Read as _, Write as _};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use flate2::bufread::MultiGzDecoder;
use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The subfield's two letters.
const SUBFIELD: [u8; 2] = *b"AL";

/// Most bytes of provenance; the whole extra field holds 64 KiB.
const MOST: usize = 60 * 1024;

/// A trailer may lie: never reserve more than this on its word.
const MOST_RESERVED: usize = 1 << 30;

/// Where the rows of a file came from. Holds no secret and nothing that differs between two fetches
/// of the same answer under the same clock, so a repeated run writes the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Name and version of this program.
    pub program: String,
    /// Who was asked.
    pub vendor: String,
    /// What was asked.
    pub interface: String,
    /// What the slice is: a day, `snapshot`, or the name of an imported file.
    pub slice: String,
    /// Parameters of each call, without the secret.
    #[serde(with = "super::calls")]
    pub params: Vec<Vec<(String, String)>>,
    /// Rows of each call, where there were several: the lines come call by call.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub rows_of: Vec<usize>,
    /// Pages that held rows.
    pub pages: usize,
    /// Rows.
    pub rows: usize,
    /// First event day of the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<NaiveDate>,
    /// Last event day of the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<NaiveDate>,
    /// Where rows leave the folder's day: every month (`2024-06`) that has an event, or every day where
    /// they are few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub months: Vec<String>,
    /// When the fetch finished.
    pub fetched_at: DateTime<Utc>,
    /// Digest of the rows, their order aside.
    pub digest: String,
    /// The file that said the same before; then this one has no rows of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
}

/// One call has all rows.
fn is_plain(rows_of: &[usize]) -> bool {
    rows_of.len() <= 1
}

/// SHA-256 over the sorted lines.
#[must_use]
pub fn digest(lines: &[u8]) -> String {
    let mut sorted: Vec<&[u8]> = lines.split(|&b| b == b'\n').filter(|line| !line.is_empty()).collect();
    sorted.sort_unstable();
    let mut hash = Sha256::new();
    for line in sorted {
        hash.update(line);
        hash.update(b"\n");
    }
    hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The bytes of a file.
///
/// # Errors
/// When the provenance is too large for the header.
pub(super) fn encode(provenance: &Provenance, lines: &[u8]) -> Result<Bytes> {
    let json = serde_json::to_vec(provenance)?;
    if json.len() > MOST {
        bail!("the provenance of {} takes {} bytes, the header holds {MOST}", provenance.slice, json.len());
    }
    let mut extra = Vec::with_capacity(json.len() + 4);
    extra.extend_from_slice(&SUBFIELD);
    extra.extend_from_slice(&u16::try_from(json.len())?.to_le_bytes());
    extra.extend_from_slice(&json);
    let mut gzip = GzBuilder::new().mtime(0).extra(extra).write(Vec::new(), Compression::default());
    gzip.write_all(lines)?;
    Ok(gzip.finish()?.into())
}

/// The provenance in the header, where this program wrote the file; `None` for files of others.
///
/// # Errors
/// When the bytes are no gzip header, or the subfield is ours and cannot be read.
pub(super) fn provenance(head: &[u8]) -> Result<Option<Provenance>> {
    let [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] = head else { bail!("no gzip header") };
    if flags & 4 == 0 {
        return Ok(None);
    }
    let [low, high, rest @ ..] = rest else { bail!("the gzip header is cut") };
    let len = usize::from(u16::from_le_bytes([*low, *high]));
    let mut extra = rest.get(..len).context("the gzip header is cut")?;
    while let [a, b, low, high, rest @ ..] = extra {
        let len = usize::from(u16::from_le_bytes([*low, *high]));
        let field = rest.get(..len).context("a subfield of the gzip header is cut")?;
        if [*a, *b] == SUBFIELD {
            return serde_json::from_slice(field).map(Some).context("the provenance cannot be read");
        }
        extra = &rest[len..];
    }
    Ok(None)
}

/// Most bytes that [`provenance`] needs of a file's beginning.
pub(super) const HEAD: u64 = 64 * 1024 + 12;

/// Inflates a whole file into `text`, every gzip member of it; `text` is cleared first.
///
/// # Errors
/// When the bytes are cut or damaged.
pub fn inflate(body: &[u8], text: &mut Vec<u8>) -> Result<()> {
    text.clear();
    if body.is_empty() {
        bail!("the file is empty: not even a gzip header");
    }
    // The trailer holds the size of the last member: a hint only, several members hold more.
    if let Some(&[a, b, c, d]) = body.last_chunk::<4>() {
        let hint = u32::from_le_bytes([a, b, c, d]) as usize;
        text.reserve(hint.min(MOST_RESERVED).min(body.len().saturating_mul(64)));
    }
    MultiGzDecoder::new(body).read_to_end(text).context("the gzip data is cut or damaged")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Provenance {
        Provenance {
            program: "pitlake 0".into(),
            vendor: "tushare".into(),
            interface: "daily".into(),
            slice: "2024-01-02".into(),
            params: vec![vec![("trade_date".into(), "20240102".into())]],
            rows_of: Vec::new(),
            pages: 1,
            rows: 1,
            first: None,
            last: None,
            months: Vec::new(),
            fetched_at: "2024-01-02T10:00:00Z".parse().unwrap(),
            digest: digest(b"{\"a\":9.390}\n"),
            same_as: None,
        }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let body = encode(&sample(), b"{\"a\":9.390}\n").unwrap();
        assert_eq!(provenance(&body).unwrap(), Some(sample()));
        let mut text = Vec::new();
        inflate(&body, &mut text).unwrap();
        assert_eq!(text, b"{\"a\":9.390}\n");
    }

    #[test]
    fn every_member_is_read_and_a_cut_file_is_an_error() {
        let one = encode(&sample(), b"a\n").unwrap();
        let two = [one.as_ref(), one.as_ref()].concat();
        let mut text = Vec::new();
        inflate(&two, &mut text).unwrap();
        assert_eq!(text, b"a\na\n");
        assert!(inflate(&one[..one.len() - 3], &mut text).is_err());
        assert!(inflate(b"", &mut text).is_err());
    }

    #[test]
    fn files_of_others_have_no_provenance() {
        let mut gzip = GzBuilder::new().filename("x").write(Vec::new(), Compression::default());
        gzip.write_all(b"{}\n").unwrap();
        assert_eq!(provenance(&gzip.finish().unwrap()).unwrap(), None);
        assert!(provenance(b"PK").is_err());
    }

    #[test]
    fn the_digest_does_not_mind_the_order() {
        assert_eq!(digest(b"a\nb\n"), digest(b"b\na\n"));
        assert_ne!(digest(b"a\nb\n"), digest(b"a\nb\nb\n"));
    }
}
