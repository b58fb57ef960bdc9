//! `query --output`: writes rows to a file, whose extension decides the format.

use std::path::PathBuf;

use anyhow::Result;

use crate::query::ResultSet;
use crate::world::Misuse;

/// A file for the rows.
pub(super) struct Output {
    path: PathBuf,
    format: FileFormat,
}

/// The format of a file.
#[derive(Clone, Copy)]
enum FileFormat {
    Parquet,
    Csv,
    Json,
    JsonLines,
    Excel,
}

impl Output {
    /// A file, if its extension is a known format.
    pub(super) fn of(path: PathBuf) -> Result<Self, Misuse> {
        let format = match path.extension().and_then(|ending| ending.to_str()) {
            Some("parquet") => FileFormat::Parquet,
            Some("csv") => FileFormat::Csv,
            Some("json") => FileFormat::Json,
            Some("jsonl") => FileFormat::JsonLines,
            Some("xlsx") => FileFormat::Excel,
            _ => {
                return Err(Misuse(format!(
                    "unknown format of --output `{}`: expected a name that ends in .parquet, .csv or .json, or in .jsonl or \
                     .xlsx",
                    path.display()
                )));
            }
        };
        Ok(Self { path, format })
    }

    /// Writes the rows. The file appears whole or not at all.
    pub(super) fn write(&self, rows: &ResultSet) -> Result<()> {
        let path = &self.path;
        let file = |text: String| ResultSet::file(path, format!("{text}\n").as_bytes());
        match self.format {
            FileFormat::Parquet => rows.parquet(path),
            FileFormat::Csv => file(rows.csv()?),
            FileFormat::Json => file(rows.json()?),
            // One line per row, so an empty file if there are no rows.
            FileFormat::JsonLines if rows.is_empty() => ResultSet::file(path, &[]),
            FileFormat::JsonLines => file(rows.json_lines()?),
            FileFormat::Excel => ResultSet::file(path, &rows.xlsx()?),
        }
    }
}
