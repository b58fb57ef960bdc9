//! Reads a file into rows independently of other files, so that files can be read in parallel. How a builder combines
//! them is in `add`.

use std::ops::Range;

use super::file_rows::{self, FileRows, Nothing, ReadBefore};
use super::repeats::{LineDigests, ReadLine};
use super::rows::new_columns;
use super::scalars::{Scalar, ScalarColumn};
use super::scan::line_at;
use super::texts::Texts;
use super::value::RowError;
use super::{Input, Partition, Stop};
use crate::spec::Table;

/// The text of a file, if it is valid.
pub(super) fn valid<'l>(path: &str, text: &'l [u8]) -> Result<&'l str, Stop> {
    std::str::from_utf8(text).map_err(|error| Stop::NotText { file: path.to_owned(), at: error.valid_up_to() })
}

/// Records the lines that a reader encounters.
struct Noted<'d> {
    digests: &'d LineDigests,
    lines: Vec<ReadLine>,
}

impl ReadBefore for Noted<'_> {
    fn skip(&mut self, text: &str, at: usize, number: u32, _: &[Result<Scalar, RowError>]) -> Option<usize> {
        let (line, _) = line_at(text, at);
        if !line.trim().is_empty() {
            self.lines.push(ReadLine { digest: self.digests.of(line), number, rows: 0 });
        }
        None
    }

    fn learn(&mut self, rows: Range<usize>, _: u32, _: bool) {
        if let Some(last) = self.lines.last_mut() {
            last.rows = rows.len();
        }
    }
}

/// A file read on its own.
#[derive(Debug)]
pub struct ReadFile {
    pub(super) rows: FileRows,
    /// Its lines, if the table keeps versions.
    pub(super) lines: Option<Vec<ReadLine>>,
    /// The texts that its reader first saw in this file.
    pub(super) texts: Vec<Box<str>>,
}

/// The reusable memory of a file whose rows were added.
#[derive(Debug)]
pub struct EmptyColumns(pub(super) Vec<ScalarColumn>);

/// Reads files independently, for a builder to combine. The result does not depend on which reader reads which file.
#[derive(Debug)]
pub struct FileReader<'t> {
    table: &'t Table,
    partition: Partition,
    texts: Texts,
    /// Set if the table keeps versions.
    digests: Option<LineDigests>,
    /// Emptied columns to reuse.
    spare: Vec<Vec<ScalarColumn>>,
}

impl<'t> FileReader<'t> {
    pub(super) fn new(table: &'t Table, partition: Partition, digests: Option<LineDigests>) -> Self {
        Self { table, partition, texts: Texts::default(), digests, spare: Vec::new() }
    }

    /// Whether reading lines that earlier files also hold is wasted work.
    #[must_use]
    pub fn minds_repeats(&self) -> bool {
        self.digests.is_some()
    }

    /// Reads the rows of a file.
    ///
    /// # Errors
    /// [`Stop`] when it is not text.
    pub fn read(&mut self, input: Input<'t, '_>, text: &[u8]) -> Result<ReadFile, Stop> {
        let known = self.texts.len();
        let text = valid(input.path, text)?;
        let columns = self.spare.pop().unwrap_or_else(|| new_columns(self.table));
        let of = (self.table, Some(self.partition), columns);
        let (rows, lines) = match &self.digests {
            None => (file_rows::read(of, input, text, &mut self.texts, &mut Nothing), None),
            Some(digests) => {
                let mut noted = Noted { digests, lines: Vec::new() };
                (file_rows::read(of, input, text, &mut self.texts, &mut noted), Some(noted.lines))
            }
        };
        Ok(ReadFile { rows, lines, texts: self.texts.since(known).map(Into::into).collect() })
    }

    /// Takes back the memory of a file that a builder has added.
    pub fn reuse(&mut self, EmptyColumns(mut columns): EmptyColumns) {
        for cells in &mut columns {
            cells.truncate(0);
        }
        self.spare.push(columns);
    }
}
