//! Checksums of a silver file: a CRC-32 in the header of each page, as the Parquet format defines it, and one of the whole
//! file in its footer, for a page's own does not cover headers and footer (`docs/decisions/page-checksums.md`). Never what
//! the rows are.

use std::io::{self, Write};

use anyhow::{Context as _, Result};
use flate2::Crc;
use memchr::memmem;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// The key of the whole file's checksum.
pub(super) const KEY_CHECKSUM: &str = "pitlake.crc32";

/// Stands for that checksum while it is computed.
pub(super) const BLANK: &str = "00000000";

/// Of the compact Thrift protocol: a 32-bit integer whose number follows the field before it.
const NEXT_INTEGER: u8 = 0x15;

/// Bytes that are passed on at once.
const AT_ONCE: usize = 256 << 10;

/// A file that is passed on while it is written, and whose footer gets the checksum of the whole.
pub(super) struct Sealed<W> {
    out: W,
    /// Of what was passed on.
    crc: Crc,
    /// What is still to be passed on: in the end, the footer.
    waiting: Vec<u8>,
    is_footer: bool,
}

impl<W: Write> Sealed<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, crc: Crc::new(), waiting: Vec::with_capacity(AT_ONCE), is_footer: false }
    }

    /// From now on the footer is written.
    ///
    /// # Errors
    /// When something before it cannot be written.
    pub(super) fn begin_footer(&mut self) -> io::Result<()> {
        self.is_footer = true;
        self.pass_on()
    }

    /// Writes the checksum into its blank place in the footer, and the footer itself.
    ///
    /// # Errors
    /// When there is no such place, or the footer cannot be written.
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

/// What is damaged in a file, as far as its checksums show; `None` where it has none, as files of former versions.
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

/// Whether the data of a page has the checksum of its header; `None` without one.
fn is_whole(page: &[u8]) -> Option<bool> {
    let Header { end, size } = Header::of(page)?;
    let rest = page.get(end..)?.strip_prefix(&[NEXT_INTEGER])?;
    let (sum, _) = varint(rest)?;
    let sum = (sum >> 1) ^ (sum & 1).wrapping_neg();
    Some(crc(page.get(page.len().checked_sub(size)?..)?) == sum)
}

/// The first three fields of a page header: type, size, compressed size.
struct Header {
    /// The place of the next field.
    end: usize,
    /// Bytes of data after the header.
    size: usize,
}

impl Header {
    fn of(page: &[u8]) -> Option<Self> {
        let (mut end, mut size) = (0, 0);
        for _ in 0..3 {
            let rest = page.get(end..)?.strip_prefix(&[NEXT_INTEGER])?;
            let (value, length) = varint(rest)?;
            // None of the three is negative.
            size = usize::try_from(value >> 1).ok()?;
            end += 1 + length;
        }
        Some(Self { end, size })
    }
}

/// A number of up to 32 bits, seven at a time, and how many bytes it takes.
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

/// The dictionary page of a column, where it has one.
fn dictionary<'f>(file: &'f [u8], column: &ColumnChunkMetaData) -> Option<&'f [u8]> {
    let start = column.dictionary_page_offset()?;
    slice(file, start, column.data_page_offset().checked_sub(start)?)
}

fn slice(file: &[u8], start: i64, length: i64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    file.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

/// Where the checksum of the whole file is written: after its key come a field and the length of the text.
fn place(file: &[u8]) -> Option<usize> {
    let place = memmem::rfind(file, KEY_CHECKSUM.as_bytes())? + KEY_CHECKSUM.len() + 2;
    (place + BLANK.len() <= file.len()).then_some(place)
}

/// The checksum of a file, of which `crc` knows what lies before `file`, with a blank in the place of its own.
fn checksum(mut crc: Crc, file: &[u8], place: usize) -> u32 {
    crc.update(&file[..place]);
    crc.update(BLANK.as_bytes());
    crc.update(&file[place + BLANK.len()..]);
    crc.sum()
}

/// The checksum of the data of a page.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
