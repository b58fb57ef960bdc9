//! Checks the lengths that a Parquet file claims against its size before they are allocated. Does not look at values,
//! and leaves other damage to the reader's own errors.

use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::claims::{part, too_long};

/// Maximum nesting of structs.
const DEEPEST: usize = 16;

/// Fields of a page header: its size, its size in the file, and the number of values in a dictionary header.
const SIZE: (i16, i16) = (0, 2);
const IN_FILE: (i16, i16) = (0, 3);
const VALUES: (i16, i16) = (7, 1);

/// Why reading a struct stopped.
enum Stop {
    /// A claim that does not fit.
    Claim(String),
    /// Damage that the reader will report better.
    Damaged,
}

/// Skips through bytes in Thrift's compact protocol.
struct Thrift<'b>(&'b [u8]);

/// Called for each integer, with the field of the struct it is in, its own field, and its value.
type Tell<'t> = dyn FnMut((i16, i16), i64) + 't;

impl Thrift<'_> {
    fn byte(&mut self) -> Result<u8, Stop> {
        let (byte, rest) = self.0.split_first().ok_or(Stop::Damaged)?;
        self.0 = rest;
        Ok(*byte)
    }

    fn bytes(&mut self, length: u64) -> Result<(), Stop> {
        let rest = usize::try_from(length).ok().and_then(|length| self.0.get(length..));
        self.0 = rest.ok_or_else(|| Stop::Claim(too_long(length, self.0.len())))?;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, Stop> {
        let mut value = 0;
        for place in 0..10 {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Stop::Damaged)
    }

    fn integer(&mut self) -> Result<i64, Stop> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Skips a struct, which is field `of` of its parent.
    fn structure(&mut self, of: i16, deep: usize, tell: &mut Tell<'_>) -> Result<(), Stop> {
        let deep = deep.checked_sub(1).ok_or(Stop::Damaged)?;
        let mut field = 0_i16;
        loop {
            let byte = self.byte()?;
            if byte == 0 {
                return Ok(());
            }
            field = match byte >> 4 {
                0 => i16::try_from(self.integer()?).map_err(|_| Stop::Damaged)?,
                more => field.checked_add(more.into()).ok_or(Stop::Damaged)?,
            };
            // A boolean field has its value in its type.
            if !matches!(byte & 0xf, 1 | 2) {
                self.value(byte & 0xf, (of, field), deep, tell)?;
            }
        }
    }

    /// Skips a value of the given type.
    fn value(&mut self, kind: u8, place: (i16, i16), deep: usize, tell: &mut Tell<'_>) -> Result<(), Stop> {
        match kind {
            1..=3 => self.bytes(1),
            4..=6 => {
                tell(place, self.integer()?);
                Ok(())
            }
            7 => self.bytes(8),
            8 => {
                let length = self.varint()?;
                self.bytes(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let length = if head >> 4 == 15 { self.varint()? } else { (head >> 4).into() };
                // Every element takes at least one byte.
                if length > self.0.len() as u64 {
                    return Err(Stop::Claim(too_long(length, self.0.len())));
                }
                (0..length).try_for_each(|_| self.value(head & 0xf, (-1, -1), deep, tell))
            }
            12 => self.structure(place.1, deep, tell),
            _ => Err(Stop::Damaged),
        }
    }
}

/// Checks the footer, because its reader allocates as much as its lists claim.
///
/// # Errors
/// What does not fit.
pub(super) fn of_footer(file: &[u8]) -> Result<(), String> {
    let footer = file.split_last_chunk::<8>().and_then(|(before, [a, b, c, d, ..])| {
        let length = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok()?;
        before.get(before.len().checked_sub(length)?..)
    });
    footer.map_or(Ok(()), |footer| told(Thrift(footer).structure(0, DEEPEST, &mut |_, _| {})))
}

/// Checks the pages of a file, which may take `most` bytes.
///
/// # Errors
/// What does not fit.
pub(super) fn of_pages(file: &[u8], metadata: &ParquetMetaData, mut most: u64) -> Result<(), String> {
    for column in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        let (start, length) = column.byte_range();
        let claimed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        told(of_column(part(file, claimed(start), claimed(length))?, &mut most))?;
    }
    Ok(())
}

fn of_column(mut pages: &[u8], most: &mut u64) -> Result<(), Stop> {
    while !pages.is_empty() {
        let (mut size, mut in_file, mut values) = (None, None, 0);
        let mut header = Thrift(pages);
        header.structure(0, DEEPEST, &mut |place, number| match place {
            SIZE => size = u64::try_from(number).ok(),
            IN_FILE => in_file = usize::try_from(number).ok(),
            VALUES => values = u64::try_from(number).unwrap_or_default(),
            _ => {}
        })?;
        let size = size.ok_or(Stop::Damaged)?;
        if values > size {
            return Err(Stop::Claim(format!("a dictionary claims {values} values in {size} bytes")));
        }
        let too_large = || Stop::Claim(format!("a page claims {size} bytes, too many for a file of this size"));
        *most = most.checked_sub(size).ok_or_else(too_large)?;
        pages = in_file.and_then(|length| header.0.get(length..)).ok_or(Stop::Damaged)?;
    }
    Ok(())
}

/// The message for a person.
fn told(read: Result<(), Stop>) -> Result<(), String> {
    match read {
        Err(Stop::Claim(problem)) => Err(problem),
        Ok(()) | Err(Stop::Damaged) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::WriterProperties;

    use super::super::tests::read;

    const ROWS: usize = 200_000;

    fn file(column: ArrayRef, has_dictionary: bool) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter([("close", column)]).unwrap();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_dictionary_enabled(has_dictionary)
            .set_data_page_size_limit(16 << 20)
            .set_data_page_row_count_limit(ROWS)
            .set_write_batch_size(ROWS)
            .build();
        let mut file = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        file.write(&batch).unwrap();
        file.into_inner().unwrap()
    }

    fn refused(body: &[u8], problem: &str) {
        let error = read("f", body).unwrap_err().to_string();
        assert_eq!(error, format!("`f`: the file is damaged: {problem}; copy or download it again"));
    }

    #[test]
    fn a_page_that_claims_to_inflate_to_anything_is_refused_before_it_is_taken() {
        let mut body = file(Arc::new(Float64Array::from(vec![0.0; ROWS])), false);
        assert!(body.len() < 2_000, "{} bytes", body.len());
        // As written, the only thing wrong with it is its name.
        let error = read("f", &body).unwrap_err().to_string();
        assert!(error.contains("tushare/daily requires the fields"), "{error}");
        // Type and size of the first page. Four bytes can claim up to 128 MiB.
        assert_eq!(body[4..7], [0x15, 0, 0x15]);
        body[7..11].copy_from_slice(&[0xfe, 0xff, 0xff, 0x7f]);
        refused(&body, "a page claims 134217727 bytes, too many for a file of this size");
    }

    #[test]
    fn a_dictionary_of_more_values_than_bytes_is_refused() {
        let codes = StringArray::from_iter_values((0..ROWS).map(|row| format!("{}", row % 100)));
        let mut body = file(Arc::new(codes), true);
        let error = read("f", &body).unwrap_err().to_string();
        assert!(error.contains("tushare/daily requires the fields"), "{error}");
        // A field of its header, and in it 100 values, as two bytes.
        let place = body.windows(4).position(|window| window == [0x4c, 0x15, 0xc8, 0x01]).unwrap();
        body[place + 3] = 0x7f;
        refused(&body, "a dictionary claims 8164 values in 590 bytes");
    }

    #[test]
    fn lists_and_texts_longer_than_the_footer_are_refused() {
        let with = |footer: &[u8]| {
            let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
            [b"PAR1", footer, &length, b"PAR1"].concat()
        };
        // The row groups, and a name.
        let claimed = [0xff, 0xff, 0xff, 0xff, 0x07];
        refused(
            &with(&[&[0x49, 0xfc][..], &claimed].concat()),
            "a part of it claims 2147483647 bytes, but only 0 are left",
        );
        refused(
            &with(&[&[0x68][..], &claimed, b"name"].concat()),
            "a part of it claims 2147483647 bytes, but only 4 are left",
        );
    }
}
