//! A bronze file: rows as lines, gzipped, with their provenance in the gzip header.
//!
//! What a row means is decided in `normalise`, not here.

use std::io::Write as _;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::calls::Calls;
use super::findings::Findings;
use super::header;
use super::span::Span;
use pitlake_contract::spelling::instant::SHANGHAI;

/// Limit for the provenance in bytes. The extra field holds 64 KiB at most.
const MOST: usize = 60 * 1024;

/// Where the rows of a file came from. Holds no secret and nothing that differs between two fetches
/// of the same answer under the same clock, so a repeated run writes the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Name and version of this program.
    pub program: String,
    /// The vendor that was called.
    pub vendor: String,
    /// The interface that was called.
    pub interface: String,
    /// The slice: a day, `snapshot`, or the name of an imported file.
    pub slice: String,
    /// Parameters of each call, without the secret.
    pub params: Calls,
    /// Rows per call, if there were several. The lines are in the order of the calls.
    #[serde(default, skip_serializing_if = "is_single")]
    pub rows_of: Vec<usize>,
    /// Number of pages that held rows.
    pub pages: usize,
    /// Number of rows.
    pub rows: usize,
    /// First event day of the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<NaiveDate>,
    /// Last event day of the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<NaiveDate>,
    /// Set if rows leave the day of the folder. Headers of all versions call it `months`.
    #[serde(rename = "months", default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// When the fetch finished.
    pub fetched_at: DateTime<Utc>,
    /// The day on which an import was captured from the vendor, if the user gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_on: Option<NaiveDate>,
    /// Digest of the rows, regardless of their order.
    pub digest: String,
    /// CRC-32 of the digest followed by the lines. `None` in files of former versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<u32>,
    /// The findings of the judgement. `None` in files of former versions and in imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Findings>,
    /// The earlier file with the same rows, if this one holds none for that reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
}

impl Provenance {
    /// When the vendor showed the rows: the start of the capture day, or else when the fetch finished.
    #[must_use]
    pub fn observed_at(&self) -> DateTime<Utc> {
        let start = self.captured_on.and_then(|day| day.and_time(NaiveTime::MIN).and_local_timezone(SHANGHAI).single());
        start.map_or(self.fetched_at, |start| start.to_utc())
    }

    /// Whether the file is an import, without a day on which the vendor showed its rows.
    #[must_use]
    pub fn is_undated(&self) -> bool {
        self.is_import() && self.captured_on.is_none()
    }

    /// Whether `lines` are what was written. The CRC is checked first because it is fast; the digest, which has to sort
    /// the lines, decides if the CRC is missing or differs.
    #[must_use]
    pub fn proves(&self, lines: &[u8]) -> bool {
        self.sum == Some(sum(&self.digest, lines)) || self.digest == digest(lines)
    }

    /// Whether the file is an import, that is, without calls of ours.
    #[must_use]
    pub fn is_import(&self) -> bool {
        self.params.is_empty()
    }
}

/// The CRC of a digest followed by the lines of its file.
pub(super) fn sum(digest: &str, lines: &[u8]) -> u32 {
    let mut sum = libdeflater::Crc::new();
    sum.update(digest.as_bytes());
    sum.update(lines);
    sum.sum()
}

/// Whether a single call brought all rows.
fn is_single(rows_of: &[usize]) -> bool {
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

/// Encodes a file.
///
/// # Errors
/// When the provenance is too large for the header.
pub(super) fn encode(provenance: &Provenance, lines: &[u8]) -> Result<Bytes> {
    let json = serde_json::to_vec(provenance)?;
    if json.len() > MOST {
        bail!(
            "the provenance of `{}` takes {} bytes, more than the {MOST} that fit in a header",
            provenance.slice,
            json.len()
        );
    }
    let extra = header::extra(&json)?;
    let len = extra.len();
    let mut gzip = GzBuilder::new().mtime(0).extra(extra).write(Vec::new(), Compression::default());
    gzip.write_all(lines)?;
    let mut file = gzip.finish()?;
    header::seal(&mut file, len);
    Ok(file.into())
}

/// Encodes a file the way other programs would.
#[cfg(test)]
#[must_use]
pub fn foreign(lines: &[u8]) -> Bytes {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(lines).and_then(|()| gzip.finish()).unwrap_or_default().into()
}

/// Reads the provenance from a header. `None` for files of other programs.
///
/// # Errors
/// When this is not a gzip header, the header is damaged, or our subfield cannot be parsed.
pub(super) fn provenance(head: &[u8]) -> Result<Option<Provenance>> {
    let json = header::provenance(head)?;
    json.map(|json| serde_json::from_slice(json).context("the provenance cannot be read")).transpose()
}

#[cfg(test)]
mod tests {
    use super::super::inflate::inflate;
    use super::*;

    fn sample() -> Provenance {
        Provenance {
            program: "pitlake 0".into(),
            vendor: "tushare".into(),
            interface: "daily".into(),
            slice: "2024-01-02".into(),
            params: vec![vec![("trade_date".into(), "20240102".into())]].into(),
            rows_of: Vec::new(),
            pages: 1,
            rows: 1,
            first: None,
            last: None,
            span: None,
            fetched_at: "2024-01-02T10:00:00Z".parse().unwrap(),
            captured_on: None,
            digest: digest(b"{\"a\":9.390}\n"),
            sum: None,
            found: None,
            same_as: None,
        }
    }

    #[test]
    fn lines_and_provenance_are_read_back() {
        let body = encode(&sample(), b"{\"a\":9.390}\n").unwrap();
        assert_eq!(provenance(&body).unwrap(), Some(sample()));
        let mut text = Vec::new();
        inflate(&body, &mut text).unwrap();
        assert_eq!(text, b"{\"a\":9.390}\n");
    }

    /// A header as written by version 0.1.0, under the project's former name.
    #[test]
    fn former_headers_are_read_and_written_alike() {
        let header = r#"{"program":"ashare-lake 0.1.0","vendor":"tushare","interface":"dividend","slice":"000001.SZ","#
            .to_owned()
            + r#""params":[[["ts_code","000001.SZ"]]],"pages":1,"rows":2,"first":"2023-12-31","last":"2024-06-30","#
            + r#""months":["2023-12","2024-06"],"fetched_at":"2024-07-01T10:00:00.123Z","digest":"00"}"#;
        let read: Provenance = serde_json::from_str(&header).unwrap();
        let months = ["2023-12-31", "2024-06-30"].map(|day| day.parse().unwrap());
        assert_eq!(read.span, Some(Span::months(months)));
        assert_eq!(serde_json::to_string(&read).unwrap(), header);
        let days = header.replace(r#"["2023-12","2024-06"]"#, r#"["2023-12-31","2024-06-30"]"#);
        let read: Provenance = serde_json::from_str(&days).unwrap();
        assert_eq!(read.span, Some(Span::days(months)));
        assert_eq!(serde_json::to_string(&read).unwrap(), days);
    }

    #[test]
    fn a_capture_was_observed_at_the_start_of_its_day_in_shanghai() {
        let fetched = sample();
        assert_eq!(fetched.observed_at(), fetched.fetched_at);
        let captured = Provenance { captured_on: NaiveDate::from_ymd_opt(2020, 5, 1), ..fetched };
        assert_eq!(captured.observed_at().to_rfc3339(), "2020-04-30T16:00:00+00:00");
        let json = serde_json::to_string(&captured).unwrap();
        assert!(json.contains(r#""captured_on":"2020-05-01""#), "{json}");
        assert_eq!(serde_json::from_str::<Provenance>(&json).unwrap(), captured);
    }

    /// What a reader gets from a file. `None` if it notices damage.
    fn understood(body: &[u8]) -> Option<(Option<Provenance>, Vec<u8>)> {
        let provenance = provenance(body).ok()?;
        let mut text = Vec::new();
        inflate(body, &mut text).ok()?;
        let is_sound = provenance.as_ref().is_some_and(|provenance| provenance.digest == digest(&text));
        is_sound.then_some((provenance, text))
    }

    #[test]
    fn a_flipped_bit_is_noticed_or_changes_nothing() {
        let lines = b"{\"a\":9.390}\n";
        let whole = encode(&sample(), lines).unwrap();
        let mut unnoticed = 0;
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Some(read) = understood(&flipped) {
                assert_eq!(read, (Some(sample()), lines.to_vec()), "byte {}", bit / 8);
                unnoticed += 1;
            }
        }
        // Only the id of the checksum's subfield, and bits that gzip ignores.
        assert!(unnoticed <= 40, "{unnoticed} bits");
    }

    #[test]
    fn files_of_other_programs_have_no_provenance() {
        let mut gzip = GzBuilder::new().filename("x").write(Vec::new(), Compression::default());
        gzip.write_all(b"{}\n").unwrap();
        assert_eq!(provenance(&gzip.finish().unwrap()).unwrap(), None);
        assert!(provenance(b"PK").is_err());
    }

    #[test]
    fn the_sum_proves_digest_and_lines_and_files_without_it_are_proven_by_their_digest() {
        let lines = b"{\"a\":9.390}\n";
        let former = sample();
        let own = Provenance { sum: Some(sum(&former.digest, lines)), ..former.clone() };
        let other = Provenance { digest: digest(b"{}\n"), ..own.clone() };
        for provenance in [&former, &own] {
            assert!(provenance.proves(lines));
            assert!(!provenance.proves(b"{\"a\":9.391}\n"));
        }
        assert!(!other.proves(lines));
    }

    #[test]
    fn the_digest_ignores_the_order_of_lines() {
        assert_eq!(digest(b"a\nb\n"), digest(b"b\na\n"));
        assert_ne!(digest(b"a\nb\n"), digest(b"a\nb\nb\n"));
    }
}
