//! Of the files of a partition, those that count, as looks at its slices: applies the rule of `normalise::counting` to a
//! ledger. Rows are not read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use super::{Ledger, LedgerFile};
use crate::normalise::{Answering, counting};
use crate::spec::{Axis, Contract};

/// What all answers to a slice share. Interfaces of the same folder answer the same slices; all snapshots are one
/// slice.
type SliceOf<'a> = (&'a str, &'a str, Axis, Option<NaiveDate>);

type Files = Vec<Arc<LedgerFile>>;

/// A file whose rows count.
#[derive(Debug, Clone)]
pub struct CountingFile {
    /// The file that holds the rows.
    pub rows: Arc<LedgerFile>,
    /// The file that says so: the same one, or the newest that repeats it. Its age and mark apply.
    pub said: Arc<LedgerFile>,
}

impl CountingFile {
    /// Whether it removes rows that it does not hold.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.said.file.mark.is_none()
    }
}

/// A file seen as a look at its slice.
#[derive(Debug, Clone)]
pub struct Look {
    /// The file.
    pub file: CountingFile,
    /// What decides whether it counts.
    pub answering: Answering,
}

impl Ledger {
    /// The slices that several files may answer, so that their headers decide which of them count.
    #[must_use]
    pub fn contested<'f>(&self, files: &'f [Arc<LedgerFile>]) -> BTreeSet<&'f str> {
        let mut slices: HashMap<SliceOf<'_>, Vec<&'f str>> = HashMap::new();
        for file in files.iter().filter(|file| !file.file.span) {
            slices.entry(slice_of(self.contract(file.source), file)).or_default().push(&file.file.path);
        }
        slices.into_values().filter(|paths| paths.len() > 1).flatten().collect()
    }

    /// The files whose rows count, oldest first. Of the answers to a slice, the newest whole one counts, and after it
    /// those that are not whole; an answer that repeats an earlier one stands for it. Answers by security overlap, so
    /// the builder decides which of their rows count. Files of other programs and imports are parts, and all of them
    /// count. Needs the headers of contested files.
    ///
    /// # Errors
    /// When a header that matters cannot be read.
    pub fn counting(&self, files: &[Arc<LedgerFile>]) -> Result<Vec<CountingFile>> {
        let looks = self.looks(files)?;
        let answering: Vec<Answering> = looks.iter().map(|look| look.answering).collect();
        Ok(counting(&answering).into_iter().map(|place| looks[place].file.clone()).collect())
    }

    /// The files as looks at their slices, oldest first, whether they still count or not. Needs the headers of
    /// contested files.
    ///
    /// # Errors
    /// When a header that matters cannot be read.
    pub fn looks(&self, files: &[Arc<LedgerFile>]) -> Result<Vec<Look>> {
        let mut files = files.to_vec();
        files.sort_by(|a, b| a.file.by_age(&b.file));
        let contested = self.contested_slices(&files);
        let (mut slices, mut bodies): (BTreeMap<SliceOf<'_>, u32>, BTreeMap<String, u32>) = Default::default();
        let mut looks = Vec::with_capacity(files.len());
        for said in &files {
            let contract = self.contract(said.source);
            // Snapshots of a table with an event day accumulate.
            let adds_up = contract.ask.axis == Axis::Snapshot && self.table.event.is_some();
            let mut slice = None;
            if !(self.is_part(said) || contract.ask.axis.by_security() || adds_up) {
                let of = slice_of(contract, said);
                // A file without our header is a part, whatever its name.
                if !contested.contains(&of) || said.checked()?.is_some() {
                    let next = u32::try_from(slices.len()).unwrap_or(u32::MAX);
                    slice = Some(*slices.entry(of).or_insert(next));
                }
            }
            // If the repeated file is gone, reading the repeat fails and says why.
            let rows = Arc::clone(self.repeated(said).unwrap_or(said));
            let next = u32::try_from(bodies.len()).unwrap_or(u32::MAX);
            let body = *bodies.entry(rows.file.path.clone()).or_insert(next);
            let answering = Answering { slice, is_whole: said.file.mark.is_none(), rows: body };
            looks.push(Look { file: CountingFile { rows, said: Arc::clone(said) }, answering });
        }
        Ok(looks)
    }

    /// The slices with several answers of our own, judging by their names.
    fn contested_slices(&self, files: &[Arc<LedgerFile>]) -> BTreeSet<SliceOf<'_>> {
        let (mut once, mut contested) = (BTreeSet::new(), BTreeSet::new());
        for file in files.iter().filter(|file| !self.is_part(file)) {
            let of = slice_of(self.contract(file.source), file);
            if !once.insert(of) {
                contested.insert(of);
            }
        }
        contested
    }

    /// Whether it has both parts and answers of our own.
    #[must_use]
    pub fn has_both_kinds(&self) -> bool {
        let first = self.files.first().map(|file| self.is_part(file));
        first.is_some_and(|first| self.files.iter().any(|file| self.is_part(file) != first))
    }

    /// Whether a file only adds rows, as an import or another program's file does. One named like ours but without our
    /// header is recognised once its header is read.
    pub(super) fn is_part(&self, file: &LedgerFile) -> bool {
        !file.file.is_named_like(self.contract(file.source))
            || file.provenance().map_or(file.file.span, |provenance| provenance.params.is_empty())
    }

    /// The files written before a moment. Without one, the parts and the first answer to each slice.
    #[must_use]
    pub fn earlier(&self, files: &[Arc<LedgerFile>], since: Option<DateTime<Utc>>) -> Files {
        let mut slices = BTreeSet::new();
        let mut is_earlier = |file: &&Arc<LedgerFile>| match since {
            Some(since) => file.came() < since,
            None if self.is_part(file) => true,
            None => {
                let before = slices.len();
                slices.extend(self.slices_of(file));
                slices.len() > before
            }
        };
        files.iter().filter(|file| is_earlier(file)).cloned().collect()
    }
}

fn slice_of<'a>(contract: &'a Contract, file: &LedgerFile) -> SliceOf<'a> {
    let day = (contract.ask.axis != Axis::Snapshot).then_some(file.file.day);
    (&contract.id.vendor, &contract.kind, contract.ask.axis, day)
}
