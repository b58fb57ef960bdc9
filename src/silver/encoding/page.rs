//! Pages of a column: compressed, and with a header that holds the CRC of their data, which the `parquet` crate's
//! writer leaves out (`docs/decisions/page-checksums.md`). Does not know what the values are.
//! <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>

use anyhow::{Context as _, Result};
use parquet::basic::Encoding;
use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use super::hybrid::{varint, zigzag};
use crate::silver::checksum::crc;

// Field types of Thrift's compact protocol, and the delta of a field that follows the last one directly.
const INTEGER: u8 = 5;
const STRUCTURE: u8 = 12;
const STOP: u8 = 0;
const STEP: u8 = 0x10;

/// The kind of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    /// The distinct values of a column.
    Dictionary,
    /// Levels and values.
    Data,
}

/// A page before compression.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) kind: PageKind,
    /// Number of values, nulls included.
    pub(super) count: usize,
    pub(super) encoding: Encoding,
    pub(super) body: Vec<u8>,
}

/// The format's number of an encoding.
fn number(encoding: Encoding) -> i64 {
    match encoding {
        Encoding::PLAIN_DICTIONARY => 2,
        Encoding::RLE => 3,
        Encoding::DELTA_BINARY_PACKED => 5,
        _ => 0,
    }
}

impl Page {
    /// Appends the compressed data. Returns its size in bytes.
    pub(super) fn compress(&self, compressor: &mut Compressor<'_>, out: &mut Vec<u8>) -> Result<usize> {
        let start = out.len();
        out.resize(start + compress_bound(self.body.len()), 0);
        let length = compressor.compress_to_buffer(&self.body, &mut out[start..]).context("cannot compress a page")?;
        out.truncate(start + length);
        Ok(length)
    }

    /// The page header for `data`, the page body as written.
    pub(super) fn header(&self, data: &[u8]) -> Vec<u8> {
        let mut header = Vec::with_capacity(48);
        let kind = if self.kind == PageKind::Dictionary { 2 } else { 0 };
        let sum = i64::from(crc(data).cast_signed());
        for value in [kind, length(&self.body), length(data), sum] {
            put_integer(value, &mut header);
        }
        let (field, values) = match self.kind {
            PageKind::Dictionary => (3, vec![self.count(), number(self.encoding)]),
            PageKind::Data => {
                let levels = number(Encoding::RLE);
                (1, vec![self.count(), number(self.encoding), levels, levels])
            }
        };
        header.push((field * STEP) | STRUCTURE);
        for value in values {
            put_integer(value, &mut header);
        }
        header.extend([STOP, STOP]);
        header
    }

    fn count(&self) -> i64 {
        i64::try_from(self.count).unwrap_or(i64::MAX)
    }
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

fn put_integer(value: i64, out: &mut Vec<u8>) {
    out.push(STEP | INTEGER);
    varint(zigzag(value), out);
}
