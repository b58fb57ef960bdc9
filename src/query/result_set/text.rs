//! Rows as text for people: a table, or one record per row if a terminal is too narrow for the table.

use std::fmt::Write as _;

use anyhow::Result;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{Cell, CellAlignment, ContentArrangement, presets};

use super::ResultSet;

/// The least width in which a column is readable.
const NARROWEST: usize = 16;

impl ResultSet {
    /// An aligned table with numbers right-aligned and nulls as `null`; no line break at the end.
    ///
    /// # Errors
    /// When a value cannot be printed.
    pub fn text(&self) -> Result<String> {
        Ok(self.table()?.to_string())
    }

    fn table(&self) -> Result<comfy_table::Table> {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        table.set_header(self.schema.fields().iter().map(|field| field.name()));
        self.each_row(|cells| {
            table.add_row(cells.into_iter().map(Cell::new));
        })?;
        for (field, column) in self.schema.fields().iter().zip(table.column_iter_mut()) {
            if field.data_type().is_numeric() {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Ok(table)
    }

    /// For a terminal of a given width: the table, wrapped if it is too wide, or one line per value if it has too many
    /// columns for that.
    ///
    /// # Errors
    /// When a value cannot be printed.
    pub fn text_within(&self, width: u16) -> Result<String> {
        let mut table = self.table()?;
        let text = table.to_string();
        // The rule below the heading is as wide as the table.
        let is_wide = text.lines().nth(1).is_some_and(|rule| rule.chars().count() > usize::from(width));
        if !is_wide {
            return Ok(text);
        }
        if self.schema.fields().len() * NARROWEST > usize::from(width) {
            return self.records();
        }
        Ok(table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width).to_string())
    }

    /// One line per value, preceded by its column.
    fn records(&self) -> Result<String> {
        let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let length = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let mut out = String::new();
        let mut number = 0;
        self.each_row(|cells| {
            number += 1;
            // Writing to a string cannot fail.
            let _ = writeln!(out, "-- row {number} --");
            for (name, cell) in names.iter().zip(cells) {
                let _ = writeln!(out, "{name:length$}  {cell}");
            }
        })?;
        out.truncate(out.trim_end().len());
        Ok(out)
    }

    /// Passes the formatted cells of each row to `row`.
    fn each_row(&self, mut row: impl FnMut(Vec<String>)) -> Result<()> {
        let options = FormatOptions::new().with_null("null");
        for batch in &self.batches {
            let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            for at in 0..batch.num_rows() {
                let cells = columns.iter().map(|column| column.value(at).try_to_string());
                row(cells.collect::<Result<_, _>>()?);
            }
        }
        Ok(())
    }
}
