//! Reads CSV. What a value means is decided in `normalise`, not here.

use std::borrow::Cow;

use super::{CaptureError, CaptureReader, json_cell};

/// Cell separators that programs use.
const SEPARATORS: [u8; 4] = *b"|;\t,";

impl CaptureReader<'_> {
    pub(super) fn csv(&mut self, text: &str) -> Result<(), CaptureError> {
        let mut reader = ::csv::ReaderBuilder::new().delimiter(separator(text)).from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|e| self.csv_error(&e))?.clone();
        // pandas' `to_csv` writes its index without a name.
        let named: Vec<(usize, &str)> =
            headers.iter().map(str::trim).enumerate().filter(|(_, name)| !name.is_empty()).collect();
        let fields = self.header(named.iter().map(|(_, name)| *name))?;
        let mut record = ::csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|e| self.csv_error(&e))? {
            let cells = named.iter().zip(&fields).map(|((cell, _), &field)| {
                let number = self.fields[field].number;
                (field, json_cell(trimmed(record.get(*cell).unwrap_or_default()), number))
            });
            let cells: Vec<(usize, Cow<'_, str>)> = cells.collect();
            self.row(cells)?;
        }
        Ok(())
    }

    fn csv_error(&self, error: &::csv::Error) -> CaptureError {
        let problem = match error.kind() {
            ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("{len} cells, but {expected_len} in the header")
            }
            _ => error.to_string(),
        };
        self.error(Some(self.rows + 1), problem, "correct the row; look for a stray comma or quote")
    }
}

/// The most frequent separator in the heading.
fn separator(text: &str) -> u8 {
    let heading = text.lines().next().unwrap_or_default();
    let count = |separator: &u8| heading.bytes().filter(|byte| byte == separator).count();
    SEPARATORS.into_iter().max_by_key(count).unwrap_or(b',')
}

/// A cell without surrounding blanks. The parser does not recognise quotes after a blank.
fn trimmed(cell: &str) -> &str {
    let inner = cell.trim_matches([' ', '\t']);
    if cell.starts_with([' ', '\t'])
        && let Some(unquoted) = inner.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
    {
        return unquoted;
    }
    inner
}
