//! The files of an import: finds them and reads each one. Whether the lake has them already is decided in `import`, not
//! here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use bytes::Bytes;
use chrono::NaiveDate;

use super::imported::{ImportRequest, Imported};
use super::judgement::{Judgement, Target};
use super::preview::PreviewRow;
use crate::bronze::{self, Capture, CaptureRules};
use crate::plan::Universe;
use crate::spec::{Catalog, DateRange};
use crate::world::Misuse;

/// How many files a refusal names.
const NAMED: usize = 20;

/// An accepted file.
pub(super) struct JudgedFile {
    path: PathBuf,
    /// Its rows; `None` if they will be read again before writing.
    pub(super) capture: Option<Capture>,
    /// Digest of its lines.
    pub(super) digest: String,
    rows: usize,
    /// Columns that are not in the contract.
    unknown: Vec<String>,
    /// The event days in its rows, whether the rows can be read or not.
    pub(super) days: BTreeSet<NaiveDate>,
    pub(super) judgement: Judgement,
    preview: Vec<PreviewRow>,
}

/// The named files, and those in named folders, sorted by name, at any depth, without hidden ones.
///
/// # Errors
/// [`Misuse`] for a folder that cannot be read or contains no file.
pub(super) fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Misuse> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        below(path, &mut files)?;
        if files.len() == before {
            return Err(Misuse(format!("the folder `{}` holds no files", path.display())));
        }
    }
    Ok(files)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Misuse> {
    let refused = |error: std::io::Error| Misuse(format!("cannot read the folder `{}`: {error}", folder.display()));
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refused)? {
        entries.push(entry.map_err(refused)?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries.iter().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')) {
        let path = entry.path();
        if path.is_dir() {
            below(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Why nothing was imported: what is wrong with each refused file.
pub(super) fn refusal(refused: &[String], of: usize) -> Option<Misuse> {
    match refused {
        [] => None,
        [one] => Some(Misuse(one.clone())),
        many => {
            let named = many[..many.len().min(NAMED)].join("\n  ");
            let more = many.len().saturating_sub(NAMED);
            let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            let count = many.len();
            Some(Misuse(format!("{count} of {of} files cannot be imported, so none was:\n  {named}{more}")))
        }
    }
}

impl JudgedFile {
    /// Reads and judges a file.
    ///
    /// # Errors
    /// [`Misuse`] when it is refused.
    pub(super) async fn read(
        target: Target<'_>,
        (path, rules): (&Path, CaptureRules<'_>),
        known: (&Catalog, &Universe),
        request: &ImportRequest,
    ) -> Result<Self> {
        let (name, capture) = capture(path, rules).await?;
        let judgement = target.judge((&name, &capture), known, request.force)?;
        let preview = if request.dry_run { target.preview(&name, &capture)? } else { Vec::new() };
        let unknown = capture.fields.iter().filter(|field| target.contract.field(field).is_none());
        Ok(Self {
            path: path.to_owned(),
            digest: bronze::digest(&capture.lines),
            rows: capture.rows,
            unknown: unknown.cloned().collect(),
            days: capture.days.clone(),
            judgement,
            preview,
            capture: Some(capture),
        })
    }

    /// Its rows, read again if they were not kept.
    ///
    /// # Errors
    /// When it has changed meanwhile.
    pub(super) async fn take(&mut self, rules: CaptureRules<'_>) -> Result<Capture> {
        if let Some(kept) = self.capture.take() {
            return Ok(kept);
        }
        let (name, capture) = capture(&self.path, rules).await?;
        if bronze::digest(&capture.lines) != self.digest {
            bail!("`{name}` changed while it was imported; the files before it are in the lake: import it again");
        }
        Ok(capture)
    }

    /// The file name without its folder.
    pub(super) fn file_name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// The outcome for this file.
    pub(super) fn imported(self, bronze: Option<String>, known: bool) -> Imported {
        let Judgement { read, set_aside, days, unknown_codes, remarks } = self.judgement;
        Imported {
            file: self.path.display().to_string(),
            rows: self.rows,
            read,
            set_aside,
            days: DateRange::around(days),
            bronze,
            known,
            unknown: self.unknown,
            unknown_codes,
            null_words: remarks.null_words,
            unlisted_values: remarks.unlisted,
            preview: self.preview,
        }
    }
}

async fn capture(path: &Path, rules: CaptureRules<'_>) -> Result<(String, Capture)> {
    let name = path.display().to_string();
    let body = tokio::fs::read(path).await.map_err(|e| Misuse(format!("cannot read `{name}`: {e}")))?;
    let capture = Capture::read(&name, Bytes::from(body), rules).map_err(|e| Misuse(e.to_string()))?;
    Ok((name, capture))
}
