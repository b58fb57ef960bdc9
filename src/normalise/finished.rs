//! A partition with its rows selected and sorted. Values are produced on demand, column by column and some rows at a
//! time. Which rows are selected is decided elsewhere.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::built::{Built, Details};
use super::decimals::{Decimals, decimals};
use super::former::{Former, Why};
use super::output;
use super::output::{added_to_states, companion_schema, numbers};
use super::rows::RowSet;
use super::texts::NumberedTexts;

/// A partition ready to be encoded.
#[derive(Debug)]
pub struct Finished<'a> {
    pub(super) rows: RowSet<'a>,
    /// The selected rows, in order.
    pub(super) selected: Vec<u32>,
    /// The columns between those of the table and the vendor column.
    pub(super) added: Vec<ArrayRef>,
    /// The rows of the companion, if there are any.
    pub companion: Option<RecordBatch>,
    /// What else was found.
    pub details: Details,
}

impl Finished<'_> {
    /// The schema of the table.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        output::schema(self.rows.table)
    }

    /// The number of rows.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        self.selected.len()
    }

    /// Some rows of a column, by index in the schema.
    #[must_use]
    pub fn column(&self, index: usize, rows: Range<usize>) -> ArrayRef {
        let own = self.rows.columns.len();
        match index.checked_sub(own) {
            None => output::array(&self.rows, index, &self.selected[rows]),
            Some(place) => match self.added.get(place) {
                Some(added) => added.slice(rows.start, rows.len()),
                None => output::vendors(&self.rows, &self.selected[rows]),
            },
        }
    }

    /// Some rows of a column as numbered texts; `None` if it does not hold texts.
    #[must_use]
    pub fn texts(&self, index: usize, rows: Range<usize>) -> Option<NumberedTexts<'_>> {
        let selected = &self.selected[rows];
        if index == self.rows.columns.len() + self.added.len() {
            return Some(output::numbered_vendors(&self.rows, selected));
        }
        let numbers = self.rows.columns.get(index)?.numbers_of_texts(selected)?;
        let text = |number: i32| self.rows.texts.get(number.cast_unsigned());
        Some(NumberedTexts { numbers, text: Box::new(text) })
    }

    /// Some rows of a column as multiples of a power of ten; `None` if it holds other values, or longer ones.
    #[must_use]
    pub fn decimals(&self, index: usize, rows: Range<usize>) -> Option<Decimals> {
        if index >= self.rows.columns.len() {
            return None;
        }
        decimals(&self.rows, index, &self.selected[rows])
    }

    /// All rows of some columns, by name.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn columns(&self, names: &[&str]) -> Result<RecordBatch, ArrowError> {
        let schema = self.schema();
        let places: Vec<usize> = names.iter().map(|name| schema.index_of(name)).collect::<Result<_, _>>()?;
        let columns = places.iter().map(|place| self.column(*place, 0..self.num_rows())).collect();
        RecordBatch::try_new(Arc::new(schema.project(&places)?), columns)
    }

    /// All rows of all columns.
    ///
    /// # Errors
    /// When Arrow rejects the columns, which would be a bug.
    pub fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let schema = self.schema();
        let columns = (0..schema.fields().len()).map(|index| self.column(index, 0..self.num_rows()));
        RecordBatch::try_new(schema.clone(), columns.collect())
    }

    /// The partition with all rows in memory.
    pub(super) fn built(self) -> Result<Built, ArrowError> {
        let batch = self.batch()?;
        let Details { rejects, unknown, remarks, lacking } = self.details;
        Ok(Built { batch, rejects, unknown, remarks, lacking, companion: self.companion })
    }
}

/// The rows of a table's companion, typed.
pub(super) fn companion(rows: RowSet<'_>, former: &[Former]) -> Result<RecordBatch, ArrowError> {
    let table = rows.table;
    let selected = former.iter().map(|one| one.row).collect();
    let occurrences = table.occurrence.then(|| numbers(former.iter().map(|one| one.occurrence)));
    let added = occurrences.into_iter().collect();
    let own = Finished { rows, selected, added, companion: None, details: Details::default() }.batch()?;
    let mut arrays = own.columns().to_vec();
    for column in added_to_states(table) {
        arrays.push(match column.name {
            "known_on" => Arc::new(former.iter().map(|one| one.known).collect::<Date32Array>()),
            "superseded_on" => Arc::new(former.iter().map(|one| one.superseded).collect::<Date32Array>()),
            "known_basis" => {
                let basis = |one: &Former| if one.is_derived { "derived" } else { "observed" };
                Arc::new(StringArray::from_iter_values(former.iter().map(basis))) as ArrayRef
            }
            "observed_at" => {
                let at = former.iter().map(|one| Some(one.observed.timestamp_micros()));
                Arc::new(at.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
            }
            _ => Arc::new(former.iter().map(|one| one.why.map(Why::name)).collect::<StringArray>()),
        });
    }
    let schema = companion_schema(table).unwrap_or_else(|| own.schema());
    RecordBatch::try_new(schema, arrays)
}
