//! Checksums of a silver file: a CRC-32 in each page header, as the Parquet format defines it, and one over the whole
//! file in the footer, because the former do not cover headers and footer (`docs/decisions/page-checksums.md`). Does
//! not look at rows.

use std::io::{self, Write};

use anyhow::{Context as _, Result};
use flate2::Crc;
use memchr::memmem;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// Footer key of the whole file's checksum.
pub(super) const KEY_CHECKSUM: &str = "pitlake.crc32";

/// Placeholder for that checksum while it is computed.
pub(super) const BLANK: &str = "00000000";

/// In Thrift's compact protocol: an i32 whose field id is one more than the last.
const NEXT_INTEGER: u8 = 0x15;

/// Bytes passed on at a time.
const AT_ONCE: usize = 256 << 10;

/// Passes a file on as it is written, and puts the checksum of the whole file into its footer.
pub(super) struct Sealed<W> {
    out: W,
    /// Of the bytes passed on so far.
    crc: Crc,
    /// Bytes not passed on yet. At the end, the footer.
    waiting: Vec<u8>,
    is_footer: bool,
}

impl<W: Write> Sealed<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, crc: Crc::new(), waiting: Vec::with_capacity(AT_ONCE), is_footer: false }
    }

    /// Must be called before the footer is written.
    ///
    /// # Errors
    /// When the bytes before it cannot be written.
    pub(super) fn begin_footer(&mut self) -> io::Result<()> {
        self.is_footer = true;
        self.pass_on()
    }

    /// Fills in the checksum in the footer and writes the footer.
    ///
    /// # Errors
    /// When there is no placeholder, or the footer cannot be written.
    pub(super) fn finish(mut self) -> Result<W> {
        let place = place(&self.waiting).context("the footer has no place for a checksum")?;
        let sum = format!("{:08x}", checksum(std::mem::take(&mut self.crc), &self.waiting, place));
        self.waiting[place..place + BLANK.len()].copy_from_slice(sum.as_bytes());
        self.pass_on()?;
        Ok(self.out)
    }

    fn pass_on(&mut self) -> io::Result<()> {
        self.crc.update(&self.waiting);
        self.out.write_all(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if !self.is_footer && self.waiting.len() >= AT_ONCE {
            self.pass_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the checksums show to be damaged. `None` if the file has none, as in former versions.
pub(super) fn damage(file: &[u8], metadata: &ParquetMetaData) -> Option<Vec<String>> {
    let mut has_checksums = false;
    let mut damaged = Vec::new();
    let offsets = metadata.offset_index().map_or(&[][..], Vec::as_slice);
    let mut first = 1;
    for (group, offsets) in metadata.row_groups().iter().zip(offsets) {
        let last = first + group.num_rows() - 1;
        for (column, offsets) in group.columns().iter().zip(offsets) {
            let pages = offsets.page_locations.iter();
            let pages = pages.map(|page| slice(file, page.offset, i64::from(page.compressed_page_size)));
            let pages = column.dictionary_page_offset().map(|_| dictionary(file, column)).into_iter().chain(pages);
            let sums: Vec<Option<bool>> = pages.map(|page| page.and_then(is_whole)).collect();
            has_checksums |= sums.iter().any(Option::is_some);
            if sums.contains(&Some(false)) {
                let name = column.column_path().string();
                damaged.push(format!("column `{name}`, rows {first} to {last}: the checksum of a page differs"));
            }
        }
        first = last + 1;
    }
    let pairs = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    let written = pairs.into_iter().find(|pair| pair.key == KEY_CHECKSUM).and_then(|pair| pair.value.as_deref());
    if written.is_none() && !has_checksums {
        return None;
    }
    let computed = place(file).map(|place| format!("{:08x}", checksum(Crc::new(), file, place)));
    if damaged.is_empty() && (computed.is_none() || computed.as_deref() != written) {
        damaged.push("the checksum of the file differs: its footer, an index or a page header is damaged".into());
    }
    Some(damaged)
}

/// Whether the data of a page matches the checksum in its header. `None` without a checksum.
fn is_whole(page: &[u8]) -> Option<bool> {
    let Header { end, size } = Header::of(page)?;
    let rest = page.get(end..)?.strip_prefix(&[NEXT_INTEGER])?;
    let (sum, _) = varint(rest)?;
    let sum = (sum >> 1) ^ (sum & 1).wrapping_neg();
    Some(crc(page.get(page.len().checked_sub(size)?..)?) == sum)
}

/// The first three fields of a page header: type, size, compressed size.
struct Header {
    /// Offset of the next field.
    end: usize,
    /// Size of the data after the header, in bytes.
    size: usize,
}

impl Header {
    fn of(page: &[u8]) -> Option<Self> {
        let (mut end, mut size) = (0, 0);
        for _ in 0..3 {
            let rest = page.get(end..)?.strip_prefix(&[NEXT_INTEGER])?;
            let (value, length) = varint(rest)?;
            // None of the three can be negative.
            size = usize::try_from(value >> 1).ok()?;
            end += 1 + length;
        }
        Some(Self { end, size })
    }
}

/// Reads a varint of up to 32 bits, and how many bytes it took.
fn varint(bytes: &[u8]) -> Option<(u32, usize)> {
    let mut value = 0u32;
    for (place, byte) in bytes.iter().take(5).enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, place + 1));
        }
    }
    None
}

/// The dictionary page of a column, if it has one.
fn dictionary<'f>(file: &'f [u8], column: &ColumnChunkMetaData) -> Option<&'f [u8]> {
    let start = column.dictionary_page_offset()?;
    slice(file, start, column.data_page_offset().checked_sub(start)?)
}

fn slice(file: &[u8], start: i64, length: i64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    file.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

/// Offset of the whole file's checksum: the key is followed by a field header and the text's length.
fn place(file: &[u8]) -> Option<usize> {
    let place = memmem::rfind(file, KEY_CHECKSUM.as_bytes())? + KEY_CHECKSUM.len() + 2;
    (place + BLANK.len() <= file.len()).then_some(place)
}

/// The checksum of a file with the placeholder in place of its own. `crc` already covers what precedes `file`.
fn checksum(mut crc: Crc, file: &[u8], place: usize) -> u32 {
    crc.update(&file[..place]);
    crc.update(BLANK.as_bytes());
    crc.update(&file[place + BLANK.len()..]);
    crc.sum()
}

/// The checksum of a page's data.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
