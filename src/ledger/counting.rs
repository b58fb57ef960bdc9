//! Which files of a partition count: of the answers to one slice the newest whole one and what came after it, and every
//! part. Never what their rows say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use super::{Ledger, LedgerFile};
use crate::normalise::{Answering, counting};
use crate::spec::{Axis, Contract};

/// What all answers to one slice have in common. Interfaces of one folder answer the same slices; all snapshots are one.
type SliceOf<'a> = (&'a str, &'a str, Axis, Option<NaiveDate>);

type Files = Vec<Arc<LedgerFile>>;

/// A file whose rows count.
#[derive(Debug, Clone)]
pub struct CountingFile {
    /// The file that holds the rows.
    pub rows: Arc<LedgerFile>,
    /// The file that says so: the same one, or the newest that repeats it. Its age and its mark count.
    pub said: Arc<LedgerFile>,
}

impl CountingFile {
    /// Whether it takes rows away that it does not hold.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.said.file.mark.is_none()
    }
}

/// A file as a look at its slice.
#[derive(Debug, Clone)]
pub struct Look {
    /// The file.
    pub file: CountingFile,
    /// What decides whether it counts.
    pub answering: Answering,
}

impl Ledger {
    /// The files whose slice several files may answer, so that their headers decide which of them count.
    #[must_use]
    pub fn contested<'f>(&self, files: &'f [Arc<LedgerFile>]) -> BTreeSet<&'f str> {
        let mut slices: HashMap<SliceOf<'_>, Vec<&'f str>> = HashMap::new();
        for file in files.iter().filter(|file| !file.file.span) {
            slices.entry(slice_of(self.contract(file.source), file)).or_default().push(&file.file.path);
        }
        slices.into_values().filter(|paths| paths.len() > 1).flatten().collect()
    }

    /// The files whose rows count, oldest first. Of the answers to one slice the newest whole one counts, and after it those
    /// that are not whole; one that repeats an earlier one stands for that. Answers by security overlap: which of their rows
    /// count is for their builder to tell. Files of other programs and imports are parts, and all of them count. Needs the
    /// headers of contested files.
    ///
    /// # Errors
    /// When a header that decides cannot be read.
    pub fn counting(&self, files: &[Arc<LedgerFile>]) -> Result<Vec<CountingFile>> {
        let looks = self.looks(files)?;
        let answering: Vec<Answering> = looks.iter().map(|look| look.answering).collect();
        Ok(counting(&answering).into_iter().map(|place| looks[place].file.clone()).collect())
    }

    /// Files as looks at their slices, oldest first, whether they still count or not. Needs the headers of contested files.
    ///
    /// # Errors
    /// When a header that decides cannot be read.
    pub fn looks(&self, files: &[Arc<LedgerFile>]) -> Result<Vec<Look>> {
        let mut files = files.to_vec();
        files.sort_by(|a, b| a.file.by_age(&b.file));
        let contested = self.contested_slices(&files);
        let (mut slices, mut bodies): (BTreeMap<SliceOf<'_>, u32>, BTreeMap<String, u32>) = Default::default();
        let mut looks = Vec::with_capacity(files.len());
        for said in &files {
            let contract = self.contract(said.source);
            // Snapshots of a table with an event day add up.
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
            // Where the repeated file is gone, reading the one that repeats it fails with the reason.
            let rows = Arc::clone(self.repeated(said).unwrap_or(said));
            let next = u32::try_from(bodies.len()).unwrap_or(u32::MAX);
            let body = *bodies.entry(rows.file.path.clone()).or_insert(next);
            let answering = Answering { slice, is_whole: said.file.mark.is_none(), rows: body };
            looks.push(Look { file: CountingFile { rows, said: Arc::clone(said) }, answering });
        }
        Ok(looks)
    }

    /// The slices that several answers of our own seem to be for.
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

    /// Whether it has parts, and answers of our own beside them.
    #[must_use]
    pub fn has_both_kinds(&self) -> bool {
        let first = self.files.first().map(|file| self.is_part(file));
        first.is_some_and(|first| self.files.iter().any(|file| self.is_part(file) != first))
    }

    /// Whether a file only adds rows: an import, or a file of another program. One with our name and without our header is
    /// known when its header is read.
    pub(super) fn is_part(&self, file: &LedgerFile) -> bool {
        !file.file.is_named_like(self.contract(file.source))
            || file.provenance().map_or(file.file.span, |provenance| provenance.params.is_empty())
    }

    /// Of some files, those written before a moment; without one, the parts and the first answer to each slice.
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
