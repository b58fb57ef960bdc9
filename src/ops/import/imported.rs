//! What an import is asked for, and what became of each file. Never how it is done.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::preview::PreviewRow;
use crate::ops::rejects::SetAside;
use crate::spec::DateRange;

/// What is imported, and how it is read.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// The interface, as in `tushare/daily`.
    pub interface: String,
    /// The files, and folders of them.
    pub files: Vec<PathBuf>,
    /// Columns of the files, each with the vendor's name for it.
    pub map: Vec<(String, String)>,
    /// The vendor's fields, each with the value of rows that lack it.
    pub set: Vec<(String, String)>,
    /// The day on which the vendor showed the rows.
    pub captured_on: Option<NaiveDate>,
    /// Prices are taken even if they look adjusted.
    pub force: bool,
    /// Nothing is written; the first rows are shown.
    pub dry_run: bool,
}

/// What became of one file.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Imported {
    /// The file as named.
    pub file: String,
    /// Rows.
    pub rows: usize,
    /// Of these, rows that reach silver.
    pub read: usize,
    /// The others, by reason.
    pub set_aside: Vec<SetAside>,
    /// First and last event day, where rows have one.
    pub days: Option<DateRange>,
    /// The bronze file; one that was there before if the same rows were imported already, none if nothing is written.
    pub bronze: Option<String>,
    /// The same rows were imported before, and nothing was imported over them since.
    pub known: bool,
    /// Columns that the contract does not know; they are kept.
    pub unknown: Vec<String>,
    /// Codes that the universe of the lake does not have.
    pub unknown_codes: Vec<String>,
    /// Words that are read as missing values, by column, with how often they came.
    pub null_words: BTreeMap<String, BTreeMap<String, usize>>,
    /// Values that no contract lists, likewise; they are kept.
    pub unlisted_values: BTreeMap<String, BTreeMap<String, usize>>,
    /// What would become of the first rows, where nothing is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preview: Vec<PreviewRow>,
}
