//! Checks the lengths that an Arrow file claims against its size before it is read, because the reader allocates first.
//! Does not look at values, and leaves other damage to the reader's own errors.

use arrow_ipc::reader::read_footer_length;
use arrow_ipc::{Message, MessageHeader, root_as_footer, root_as_message};

/// May precede the length of a message.
const CONTINUED: &[u8] = &[0xff; 4];

/// Checks a stream whose columns may take `most` bytes.
///
/// # Errors
/// What does not fit.
pub(super) fn of_stream(mut rest: &[u8], mut most: u64) -> Result<(), String> {
    loop {
        rest = rest.strip_prefix(CONTINUED).unwrap_or(rest);
        let Some((length, behind)) = rest.split_first_chunk::<4>() else { return Ok(()) };
        let length = i32::from_le_bytes(*length);
        if length == 0 {
            return Ok(());
        }
        let metadata = part(behind, 0, length.into())?;
        let Ok(message) = root_as_message(metadata) else { return Ok(()) };
        let behind = &behind[metadata.len()..];
        let body = part(behind, 0, message.bodyLength())?;
        columns(message, body, &mut most)?;
        rest = &behind[body.len()..];
    }
}

/// Checks a file, which lists its messages at the end.
///
/// # Errors
/// What does not fit.
pub(super) fn of_file(file: &[u8], mut most: u64) -> Result<(), String> {
    let Some((before, end)) = file.split_last_chunk::<10>() else { return Ok(()) };
    let Ok(length) = read_footer_length(*end) else { return Ok(()) };
    let Some(start) = before.len().checked_sub(length) else { return Err(too_long(length, before.len())) };
    let Ok(footer) = root_as_footer(&before[start..]) else { return Ok(()) };
    let lists = [footer.dictionaries(), footer.recordBatches()];
    for block in lists.iter().flatten().flatten() {
        let metadata = part(file, block.offset(), block.metaDataLength().into())?;
        let body = part(file, block.offset() + i64::from(block.metaDataLength()), block.bodyLength())?;
        let text = metadata.strip_prefix(CONTINUED).unwrap_or(metadata);
        let Some(Ok(message)) = text.get(4..).map(root_as_message) else { return Ok(()) };
        columns(message, body, &mut most)?;
    }
    Ok(())
}

/// Checks the columns of a message, and subtracts their size from `most`.
fn columns(message: Message<'_>, body: &[u8], most: &mut u64) -> Result<(), String> {
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|batch| batch.data()),
        _ => None,
    };
    let Some(batch) = batch else { return Ok(()) };
    for buffer in batch.buffers().iter().flatten() {
        let bytes = part(body, buffer.offset(), buffer.length())?;
        // A compressed buffer starts with its length, or a negative number if it is not compressed after all.
        let packed = batch.compression().and_then(|_| bytes.first_chunk()).map(|length| i64::from_le_bytes(*length));
        let length = packed.and_then(|length| u64::try_from(length).ok()).unwrap_or(bytes.len() as u64);
        let left = most.checked_sub(length);
        *most = left.ok_or_else(|| format!("a column claims {length} bytes, too many for a file of this size"))?;
    }
    Ok(())
}

/// A range of some bytes.
pub(super) fn part(bytes: &[u8], start: i64, length: i64) -> Result<&[u8], String> {
    let from = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
    let part = usize::try_from(length).ok().and_then(|length| from.get(..length));
    part.ok_or_else(|| too_long(length, from.len()))
}

pub(super) fn too_long(length: impl std::fmt::Display, left: usize) -> String {
    format!("a part of it claims {length} bytes, but only {left} are left")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, DictionaryArray, Int32Array, Int64Array, NullArray, RecordBatch, RecordBatchOptions, RunArray,
        StringArray,
    };
    use arrow::datatypes::{Int32Type, Schema};
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};

    use super::super::tests::read;

    const ROWS: i32 = 20_000;

    /// More rows than are converted at a time, most of them alike.
    fn batch() -> RecordBatch {
        let codes = StringArray::from_iter_values((0..ROWS).map(|row| format!("{row:06}.SH")));
        let days: DictionaryArray<Int32Type> =
            (0..ROWS).map(|row| if row < ROWS / 2 { "20240102" } else { "20240103" }).collect();
        let ends = Int32Array::from(vec![9_000, ROWS]);
        let runs = RunArray::try_new(&ends, &Int64Array::from(vec![1, 2])).unwrap();
        let columns: [(&str, ArrayRef); 4] = [
            ("ts_code", Arc::new(codes)),
            ("trade_date", Arc::new(days)),
            ("vol", Arc::new(runs)),
            ("amount", Arc::new(NullArray::new(ROWS as usize))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
    }

    fn stream(batch: &RecordBatch) -> Vec<u8> {
        let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        stream.write(batch).unwrap();
        stream.into_inner().unwrap()
    }

    fn file(batch: &RecordBatch, packed: Option<CompressionType>) -> Vec<u8> {
        let options = IpcWriteOptions::default().try_with_compression(packed).unwrap();
        let mut file = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
        file.write(batch).unwrap();
        file.into_inner().unwrap()
    }

    /// The same bytes with the last `from` replaced by `to`.
    fn with(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
        let at = bytes.windows(from.len()).rposition(|window| window == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    }

    fn refused(body: &[u8], problem: &str) {
        let error = read("f", body).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`f`: the file is damaged: {problem}")), "{error}");
    }

    #[test]
    fn files_of_every_kind_fit() {
        let batch = batch();
        let packed = [None, Some(CompressionType::ZSTD), Some(CompressionType::LZ4_FRAME)].map(|one| file(&batch, one));
        for body in packed.into_iter().chain([stream(&batch)]) {
            let capture = read("f", &body).unwrap();
            assert_eq!(capture.rows, ROWS as usize);
            let lines = String::from_utf8(capture.lines).unwrap();
            for row in [0, 8_191, 8_192, 8_999, 9_000, 10_000, 19_999] {
                let (day, vol) = (if row < 10_000 { 2 } else { 3 }, if row < 9_000 { 1 } else { 2 });
                let line = format!(
                    "{{\"ts_code\":\"{row:06}.SH\",\"trade_date\":\"2024010{day}\",\"vol\":{vol},\"amount\":null}}"
                );
                assert_eq!(lines.lines().nth(row), Some(line.as_str()));
            }
        }
    }

    /// Happened: 1.6 GB for a stream of 157 bytes.
    #[test]
    fn lengths_that_do_not_fit_are_refused_before_they_are_taken() {
        let batch = batch();
        let huge = (1_i64 << 40).to_le_bytes();
        let whole = stream(&batch);
        // The body of the last message ends eight bytes before the end of the stream.
        let body = {
            let text = &whole[..whole.len() - 8];
            let start = text.windows(4).rposition(|window| window == [0xff; 4]).unwrap();
            let length = i32::from_le_bytes(text[start + 4..start + 8].try_into().unwrap());
            i64::try_from(text.len() - start - 8).unwrap() - i64::from(length)
        };
        refused(&with(whole.clone(), &body.to_le_bytes(), &huge), "a part of it claims 1099511627776 bytes, but only ");
        refused(&with(whole, &body.to_le_bytes(), &(-1_i64).to_le_bytes()), "a part of it claims -1 bytes, but only ");
        refused(b"\xff\xff\xff\xff\xff\xff\xff\x7f", "a part of it claims 2147483647 bytes, but only 0 are left");
        let whole = file(&batch, None);
        refused(&with(whole.clone(), &body.to_le_bytes(), &huge), "a part of it claims 1099511627776 bytes, but only ");
        let footer = whole.len() - 10;
        let whole = [&whole[..footer], &i32::MAX.to_le_bytes()[..], b"ARROW1"].concat();
        refused(&whole, &format!("a part of it claims 2147483647 bytes, but only {footer} are left"));
    }

    #[test]
    fn columns_that_claim_to_inflate_to_anything_are_refused() {
        let packed = file(&batch(), Some(CompressionType::ZSTD));
        let at = packed.windows(4).position(|window| window == [0x28, 0xb5, 0x2f, 0xfd]).unwrap();
        let claimed = [&packed[..at - 8], &(1_i64 << 40).to_le_bytes()[..], &packed[at..]].concat();
        refused(&claimed, "a column claims 1099511627776 bytes, too many for a file of this size");
    }

    #[test]
    fn rows_that_take_no_bytes_end_somewhere() {
        let options = RecordBatchOptions::new().with_row_count(Some(1 << 40));
        let none = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap();
        let error = read("f", &stream(&none)).unwrap_err().to_string();
        assert!(error.starts_with("`f`: its rows take more than 64 MiB as text"), "{error}");
    }
}
