//! The request for an import, and the outcome for each file. How it is carried out is up to `import`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::preview::PreviewRow;
use crate::ops::rejects::SetAside;
use crate::spec::DateRange;

/// What to import, and how to read it.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// The interface, as in `tushare/daily`.
    pub interface: String,
    /// Files, and folders of files.
    pub files: Vec<PathBuf>,
    /// Columns of the files, each with the vendor's name for it.
    pub map: Vec<(String, String)>,
    /// Fields of the vendor, each with the value for rows that lack it.
    pub set: Vec<(String, String)>,
    /// The day on which the vendor showed the rows.
    pub captured_on: Option<NaiveDate>,
    /// Accept prices even if they look adjusted.
    pub force: bool,
    /// Write nothing and show the first rows.
    pub dry_run: bool,
}

/// The outcome for one file.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Imported {
    /// The file, as named by the user.
    pub file: String,
    /// Number of rows.
    pub rows: usize,
    /// Of these, rows that reach silver.
    pub read: usize,
    /// The rest, by reason.
    pub set_aside: Vec<SetAside>,
    /// First and last event day, if rows have one.
    pub days: Option<DateRange>,
    /// The bronze file. An existing one if the same rows were imported before; `None` if nothing was written.
    pub bronze: Option<String>,
    /// Whether the same rows were imported before and not superseded since.
    pub known: bool,
    /// Columns that are not in the contract. They are kept.
    pub unknown: Vec<String>,
    /// Codes that are not in the lake's universe.
    pub unknown_codes: Vec<String>,
    /// Words read as missing values, by column, with their number.
    pub null_words: BTreeMap<String, BTreeMap<String, usize>>,
    /// Values that the contract does not list, likewise. They are kept.
    pub unlisted_values: BTreeMap<String, BTreeMap<String, usize>>,
    /// What the first rows would become, if nothing is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preview: Vec<PreviewRow>,
}
