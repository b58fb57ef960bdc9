//! Which partitions each bronze file feeds. Whether these are up to date is not checked here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::repeats::SliceKey;
use super::{Ledger, LedgerFile};
use crate::normalise::Partition;
use crate::spec::{Axis, PartitionBy, Table};

/// The bronze files of a table by the partitions they feed.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Oldest first.
    pub partitions: BTreeMap<Partition, Vec<Arc<LedgerFile>>>,
    /// Files whose partitions cannot be determined, with the reasons.
    pub unplaced: Vec<(String, String)>,
}

impl Ledger {
    /// Every partition that bronze feeds, with its files.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        let mut inputs = Inputs::default();
        let mut answered = Answered::default();
        let mut looks = Vec::new();
        for (place, file) in self.files.iter().enumerate() {
            if self.is_look_everywhere(file) {
                looks.push(place);
            }
            let only = match self.table.partition {
                PartitionBy::None => Some(Partition::Whole),
                _ => Some(Partition::of(&self.table, file.file.day)).filter(|_| !file.file.span),
            };
            let fed = match only {
                Some(only) => {
                    inputs.partitions.entry(only).or_default().push(Arc::clone(file));
                    continue;
                }
                None => spanned(&self.table, file).map(|fed| match &self.table.versions {
                    None if !self.is_part(file) => answered.widened(self.slices_of(file), fed),
                    _ => fed,
                }),
            };
            match fed {
                Ok(fed) => {
                    for partition in fed {
                        inputs.partitions.entry(partition).or_default().push(Arc::clone(file));
                    }
                }
                Err(error) => inputs.unplaced.push((file.file.path.clone(), format!("{error:#}"))),
            }
        }
        for files in inputs.partitions.values_mut() {
            let mut of_partition: BTreeSet<usize> = looks.iter().copied().collect();
            let fed: BTreeSet<&str> = files.iter().map(|file| file.file.path.as_str()).collect();
            of_partition.retain(|place| !fed.contains(self.files[*place].file.path.as_str()));
            if !of_partition.is_empty() {
                files.extend(of_partition.into_iter().map(|place| Arc::clone(&self.files[place])));
                files.sort_by(|a, b| a.file.by_age(&b.file));
            }
        }
        inputs
    }

    /// Whether an answer is a look at every partition, as answers by security are if versions are kept: rows that it
    /// lacks were not shown by the vendor.
    #[must_use]
    pub fn is_look_everywhere(&self, file: &LedgerFile) -> bool {
        let is_by_security = self.contract(file.source).ask.axis == Axis::Security;
        self.table.versions.is_some() && is_by_security && !self.is_part(file)
    }
}

/// The partitions that the answers to each slice have fed so far. A newer answer feeds them too: if it has no rows
/// there any more, the rows of the older answers must go. The slices of one answer share a set.
#[derive(Debug, Default)]
struct Answered<'a> {
    fed: HashMap<SliceKey<'a>, Arc<BTreeSet<Partition>>>,
}

impl<'a> Answered<'a> {
    fn widened(&mut self, slices: Vec<SliceKey<'a>>, fed: BTreeSet<Partition>) -> BTreeSet<Partition> {
        let fed = Arc::new(fed);
        let mut all = BTreeSet::clone(&fed);
        for slice in slices {
            let before = self.fed.entry(slice).or_insert_with(|| Arc::clone(&fed));
            if !Arc::ptr_eq(before, &fed) {
                all.extend(before.iter().copied());
                Arc::make_mut(before).extend(fed.iter().copied());
            }
        }
        all
    }
}

/// The partitions fed by a file whose rows are not all of its folder's day; only its header tells which.
fn spanned(table: &Table, file: &LedgerFile) -> Result<BTreeSet<Partition>> {
    let path = &file.file.path;
    let provenance = file.checked()?.with_context(|| {
        format!("`{path}` is named `-span` but has no pitlake header: add it with `pitlake import`, or remove `-span`")
    })?;
    let span = provenance.span.as_ref();
    let span = span.with_context(|| format!("the header of `{path}` lacks the months of its rows"))?;
    if table.partition == PartitionBy::Day && !span.is_exact() {
        let days = provenance.first.zip(provenance.last);
        let (first, last) = days.with_context(|| format!("the header of `{path}` lacks the days of its rows"))?;
        return Ok(first.iter_days().take_while(|day| *day <= last).map(|day| Partition::of(table, day)).collect());
    }
    Ok(span.first_days().map(|day| Partition::of(table, day)).collect())
}
