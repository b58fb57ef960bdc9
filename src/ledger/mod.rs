//! What bronze holds for a table: one listing, each header read at most once, then pure questions.
//!
//! Which slices are held is in `slices`, the newest answer to one in `newest`, which files feed a partition in
//! `inputs`, which of those count in `counting`, which only repeat another in `repeats`, which answer a slice again in
//! `again`, when they were received in `came`, which have timestamps in the future in `ahead`, and which were never
//! judged in `unjudged`. What a row means and what to request is not decided here.

mod again;
mod ahead;
mod came;
mod counting;
mod inputs;
mod newest;
mod repeats;
mod slices;
mod unjudged;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use anyhow::{Result, anyhow};
use chrono::NaiveDate;
use futures::StreamExt as _;
use tokio::sync::{Mutex, OnceCell};

use crate::bronze::{self, BronzeFile, Provenance};
use crate::parallel::Threads;
use crate::real;
use crate::spec::{Contract, Table, Values};
use crate::store::Store;

pub use crate::bronze::Mark;
pub use ahead::Ahead;
pub use counting::{CountingFile, Look};
pub use inputs::Inputs;
pub use slices::{Held, Holding, PATIENCE, Shortfall};

/// A bronze file of a table.
#[derive(Debug)]
pub struct LedgerFile {
    /// Index of its interface among the table's sources.
    pub source: usize,
    /// Its path, and what the path tells.
    pub file: BronzeFile,
    header: OnceLock<Box<Header>>,
}

/// A header as read, or the error as text.
type Header = Result<Option<Provenance>, String>;

impl LedgerFile {
    /// The origin of its rows. `None` for another program's file, one that cannot be read, and one whose header has not
    /// been read.
    #[must_use]
    pub fn provenance(&self) -> Option<&Provenance> {
        Header::as_ref(self.header.get()?).ok()?.as_ref()
    }

    /// As [`LedgerFile::provenance`], with the reason where the file cannot be read.
    ///
    /// # Errors
    /// When the header cannot be read.
    pub fn checked(&self) -> Result<Option<&Provenance>> {
        match self.header.get().map(Box::as_ref) {
            None => Ok(None),
            Some(Ok(header)) => Ok(header.as_ref()),
            Some(Err(error)) => Err(anyhow!("{error}")),
        }
    }

    /// Whether its header has been read.
    fn is_read(&self) -> bool {
        self.header.get().is_some()
    }

    fn keep(&self, header: Result<Option<Provenance>>, (store, table): (&Store, &Table)) {
        let header = header.map_err(|error| {
            store.pass_over(&self.file.path, &bronze::no_proof(&error, &table.name, &self.file.path));
            format!("`{}`: {error:#}", self.file.path)
        });
        // If two readers race, both have read the same.
        let _ = self.header.set(Box::new(header));
    }
}

/// The bronze files of a table, oldest first.
#[derive(Debug)]
pub struct Ledger {
    table: Arc<Table>,
    files: Vec<Arc<LedgerFile>>,
    /// Indices of the files, sorted by name: a name may occur in several folders.
    by_name: OnceLock<Vec<usize>>,
    unread: Vec<String>,
}

impl Ledger {
    /// Lists the table's bronze and reads the headers needed to determine slices and partitions: those of spans, of
    /// answers that are not plainly whole, and of interfaces for which a job may restrict the calls.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub async fn open(store: &Store, table: &Arc<Table>) -> Result<Self> {
        Self::reopen(store, table, None).await
    }

    /// Lists again. Headers that `before` has read are kept, because bronze files never change.
    async fn reopen(store: &Store, table: &Arc<Table>, before: Option<Arc<Self>>) -> Result<Self> {
        let mut listings = Vec::new();
        for first in 0..table.sources.len() {
            if table.sharing(first).next() == Some(first) {
                listings.push((first, bronze::listing(store, &table.sources[first].contract).await?));
            }
        }
        let of = Arc::clone(table);
        let ledger = real::apart(move || Self::of(of, listings, before.as_deref())).await?;
        let narrowed: Vec<bool> = table.sources.iter().map(|source| may_be_narrowed(&source.contract)).collect();
        ledger.read(store, |file| file.file.span || file.file.mark.is_some() || narrowed[file.source]).await;
        ledger.read_misdated(store).await;
        Ok(ledger)
    }

    /// A ledger of a listing. Files in a shared folder go to one of the sources that share it.
    fn of(table: Arc<Table>, listings: Vec<(usize, bronze::Listing)>, before: Option<&Self>) -> Self {
        let known: BTreeMap<&str, &Arc<LedgerFile>> =
            before.iter().flat_map(|ledger| &ledger.files).map(|file| (file.file.path.as_str(), file)).collect();
        let mut files: Vec<Arc<LedgerFile>> =
            Vec::with_capacity(listings.iter().map(|(_, listing)| listing.files.len()).sum());
        let mut unread = Vec::new();
        for (first, listing) in listings {
            let sharing: Vec<usize> = table.sharing(first).collect();
            unread.extend(listing.unread);
            for file in listing.files {
                if let Some(known) = known.get(file.path.as_str()).filter(|known| known.file == file) {
                    files.push(Arc::clone(known));
                    continue;
                }
                // Interfaces with the same answers share a folder. A file belongs to the interface it is named after,
                // else to the first.
                let named = |index: &&usize| file.is_named_like(&table.sources[**index].contract);
                let source = *sharing.iter().find(named).unwrap_or(&first);
                files.push(Arc::new(LedgerFile { source, file, header: OnceLock::new() }));
            }
        }
        files.sort_by(|a, b| a.file.by_age(&b.file));
        Self { table, files, by_name: OnceLock::new(), unread }
    }

    /// Reads the headers of some files, unless they have been read already.
    pub async fn read(&self, store: &Store, which: impl Fn(&LedgerFile) -> bool) {
        let unread: Vec<&Arc<LedgerFile>> = self.files.iter().filter(|file| !file.is_read() && which(file)).collect();
        if unread.is_empty() {
            return;
        }
        let headers = bronze::provenances(store, unread.iter().map(|file| &file.file)).await;
        for (file, header) in unread.into_iter().zip(headers) {
            file.keep(header, (store, &self.table));
        }
    }

    /// Reads the headers of files named like our answers that do not begin like them: for other programs' files, names
    /// prove nothing.
    pub async fn read_misnamed(&self, store: &Store) {
        let is_own = |file: &LedgerFile| file.file.is_named_like(self.contract(file.source));
        let named = self.files.iter().filter(|file| !file.file.span && !file.is_read() && is_own(file));
        let named: Vec<&Arc<LedgerFile>> = named.collect();
        let are_ours = bronze::are_ours(store, named.iter().map(|file| &file.file)).await;
        let others = named.into_iter().zip(are_ours).filter(|(_, is_ours)| !is_ours);
        let others: BTreeSet<&str> = others.map(|(file, _)| file.file.path.as_str()).collect();
        self.read(store, |file| others.contains(file.file.path.as_str())).await;
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// Every file, oldest first.
    #[must_use]
    pub fn files(&self) -> &[Arc<LedgerFile>] {
        &self.files
    }

    /// Paths in its folders that are not named like bronze files and are never read.
    #[must_use]
    pub fn unread(&self) -> &[String] {
        &self.unread
    }

    /// The files in a source's folder, oldest first.
    pub fn beside(&self, source: usize) -> impl DoubleEndedIterator<Item = &LedgerFile> + Clone {
        let sharing: Vec<usize> = self.table.sharing(source).collect();
        self.files.iter().map(Arc::as_ref).filter(move |file| sharing.contains(&file.source))
    }

    /// The files with a name, oldest first.
    fn named(&self, name: &str) -> impl Iterator<Item = &Arc<LedgerFile>> {
        let by_name = self.by_name.get_or_init(|| {
            let mut places: Vec<usize> = (0..self.files.len()).collect();
            places.sort_by_key(|place| self.files[*place].file.name());
            places
        });
        let first = by_name.partition_point(|place| self.files[*place].file.name() < name);
        by_name[first..].iter().map(|place| &self.files[*place]).take_while(move |file| file.file.name() == name)
    }

    fn contract(&self, source: usize) -> &Contract {
        &self.table.sources[source].contract
    }

    /// Days in a source's folder that are covered only by other programs' files, judging by names and the headers read
    /// so far: nothing proves these whole. Answers of interfaces that share the folder do. Needs
    /// [`Ledger::read_misnamed`].
    #[must_use]
    pub fn unproven(&self, source: usize) -> Vec<NaiveDate> {
        let mut proven = BTreeMap::new();
        for file in self.beside(source).filter(|file| !file.file.span) {
            let is_named = file.file.is_named_like(self.contract(file.source));
            let is_proven: &mut bool = proven.entry(file.file.day).or_default();
            *is_proven |= is_named && (!file.is_read() || file.provenance().is_some());
        }
        proven.into_iter().filter(|(_, is_proven)| !is_proven).map(|(day, _)| day).collect()
    }
}

/// Whether a job may request only some values from an interface, so that what an answer covers depends on its calls.
fn may_be_narrowed(contract: &Contract) -> bool {
    contract.ask.each.iter().any(|(_, values)| matches!(values, Values::ReportTypes(_) | Values::Symbols(_)))
}

/// The ledgers of a command. Each table is listed once, and again only after a write.
#[derive(Debug)]
pub struct Ledgers {
    store: Store,
    /// For tables listed for the first time, for which a recent state is good enough.
    glance: Store,
    tables: Mutex<BTreeMap<String, Listed>>,
}

/// A table's ledger, and the one from before the last write: headers it has read are still valid.
#[derive(Debug)]
struct Listed {
    table: Arc<Table>,
    now: Arc<OnceCell<Arc<Ledger>>>,
    before: Option<Arc<Ledger>>,
    /// Whether something was written, by this process or another.
    is_outdated: bool,
}

impl Listed {
    fn new(table: &Arc<Table>) -> Self {
        Self { table: Arc::clone(table), now: Arc::default(), before: None, is_outdated: false }
    }

    /// Marks it to be listed again when next used.
    fn outdate(&mut self) {
        self.is_outdated = true;
        if let Some(ledger) = std::mem::take(&mut self.now).get() {
            self.before = Some(Arc::clone(ledger));
        }
    }
}

impl Ledgers {
    /// Creates it with no ledger open.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone(), glance: store.glance(), tables: Mutex::default() }
    }

    /// The lake as it was when first listed.
    #[must_use]
    pub fn glance(&self) -> &Store {
        &self.glance
    }

    /// The ledger of a table.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub async fn of(&self, table: &Arc<Table>) -> Result<Arc<Ledger>> {
        let (now, before, is_outdated) = {
            let mut tables = self.tables.lock().await;
            let listed = tables.entry(table.name.clone()).or_insert_with(|| Listed::new(table));
            (Arc::clone(&listed.now), listed.before.clone(), listed.is_outdated)
        };
        let store = if is_outdated { &self.store } else { &self.glance };
        let open = async || Ledger::reopen(store, table, before.clone()).await.map(Arc::new);
        now.get_or_try_init(open).await.cloned()
    }

    /// Lists several tables concurrently, ahead of use. An error is ignored here and comes up again on use.
    pub async fn ahead(&self, tables: impl IntoIterator<Item = &Arc<Table>>) {
        let tables = futures::stream::iter(tables).map(|table| self.of(table));
        tables.buffer_unordered(Threads::available().count()).for_each(async |_| ()).await;
    }

    /// A table's ledger, listed again because another process may have written.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub async fn relisted(&self, table: &Arc<Table>) -> Result<Arc<Ledger>> {
        self.tables.lock().await.entry(table.name.clone()).or_insert_with(|| Listed::new(table)).outdate();
        self.of(table).await
    }

    /// Records a write to a contract's folder: the tables it feeds are listed again when next used.
    pub async fn written(&self, contract: &Contract) {
        self.glance.outdate(&bronze::folder(contract));
        let folder = (&contract.id.vendor, &contract.kind);
        let is_fed = |listed: &Listed| {
            let mut contracts = listed.table.sources.iter().map(|source| &source.contract);
            contracts.any(|contract| (&contract.id.vendor, &contract.kind) == folder)
        };
        self.tables.lock().await.values_mut().filter(|listed| is_fed(listed)).for_each(Listed::outdate);
    }
}

#[cfg(test)]
mod tests;
