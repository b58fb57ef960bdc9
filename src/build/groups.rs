//! Groups stale partitions that read the same files, as far as memory allows, so that they are built together. How they
//! are built is decided elsewhere.

use std::collections::HashSet;
use std::sync::Arc;

use super::machine::{Fed, Need};
use crate::ledger::LedgerFile;
use crate::normalise::Partition;

/// A stale partition, its files, and what building it needs.
pub(super) type Stale<'s> = (Partition, &'s [Arc<LedgerFile>], Need);

/// Groups neighbours that share most of their bronze, up to `limit` bytes of memory per group.
pub(super) fn groups<'s>(stale: impl Iterator<Item = Stale<'s>>, fed: &Fed<'_>, limit: u64) -> Vec<Vec<Stale<'s>>> {
    let mut groups: Vec<Vec<Stale<'_>>> = Vec::new();
    let mut paths: HashSet<&str> = HashSet::new();
    let mut taken = Need::default();
    for one in stale {
        let (_, files, need) = one;
        let is_with_others = |file: &LedgerFile| fed.get(file.file.path.as_str()).is_some_and(|number| *number > 1);
        let shared = files.iter().filter(|file| paths.contains(file.file.path.as_str())).map(|file| file.file.size);
        let is_alike = 2 * shared.sum::<u64>() > files.iter().map(|file| file.file.size).sum();
        let more = files.iter().filter(|file| is_with_others(file)).map(|file| file.file.path.as_str());
        match groups.last_mut() {
            Some(group) if is_alike && (taken + need).memory <= limit => {
                group.push(one);
                taken = taken + need;
            }
            _ => {
                groups.push(vec![one]);
                taken = need;
                paths.clear();
            }
        }
        paths.extend(more);
    }
    groups
}
