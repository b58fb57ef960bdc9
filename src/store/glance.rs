//! One flat listing per top folder of an object store, shared by everything that looks at many tables, because each
//! listing costs requests. Not for callers that need the current state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::sync::OnceCell;

use super::entry::Entry;

/// Most files taken from a flat listing: 32 requests. In a larger lake the remaining folders are listed one by one.
pub(super) const MOST: usize = 32_000;

/// Flat listings, each made when first asked for.
#[derive(Debug, Default)]
pub(super) struct Glance {
    tops: Mutex<BTreeMap<String, Arc<OnceCell<Listed>>>>,
    /// Folders written to since.
    outdated: Mutex<BTreeSet<String>>,
}

/// The top folder whose listing covers `folder`.
pub(super) fn top(folder: &str) -> &str {
    folder.split('/').next().unwrap_or_default()
}

/// The first files below a top folder, sorted by path.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    /// Whether no file was left out.
    pub(super) is_whole: bool,
}

impl Listed {
    /// The files below `folder`, if the listing covers all of them.
    fn below(&self, folder: &str) -> Option<Vec<Entry>> {
        let prefix = format!("{folder}/");
        let first = self.entries.partition_point(|entry| entry.path < prefix);
        let found: Vec<Entry> =
            self.entries[first..].iter().take_while(|entry| entry.path.starts_with(&prefix)).cloned().collect();
        let is_passed = first + found.len() < self.entries.len();
        (self.is_whole || is_passed).then_some(found)
    }
}

impl Glance {
    /// The files below `folder` at the time of the listing. `None` if the folder was written to since or is not fully
    /// covered. `list` lists the [`top`] folder and is only awaited by the first caller.
    pub(super) async fn below(
        &self,
        folder: &str,
        list: impl Future<Output = Result<Listed>>,
    ) -> Result<Option<Vec<Entry>>> {
        let top = top(folder);
        if top.is_empty() || self.is_outdated(folder) {
            return Ok(None);
        }
        let cell = {
            let mut tops = self.tops.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tops.entry(top.to_owned()).or_default())
        };
        Ok(cell.get_or_try_init(|| list).await?.below(folder))
    }

    /// Marks `folder` as written to.
    pub(super) fn outdate(&self, folder: &str) {
        self.outdated.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
    }

    fn is_outdated(&self, folder: &str) -> bool {
        let is_below = |inner: &str, outer: &str| inner == outer || inner.starts_with(&format!("{outer}/"));
        let outdated = self.outdated.lock().unwrap_or_else(PoisonError::into_inner);
        outdated.iter().any(|other| is_below(other, folder) || is_below(folder, other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(paths: &[&str], is_whole: bool) -> Listed {
        let entry = |path: &&str| Entry {
            path: (*path).into(),
            size: 1,
            modified: chrono::DateTime::default(),
            beginning: None,
        };
        Listed { entries: paths.iter().map(entry).collect(), is_whole }
    }

    #[test]
    fn a_part_of_a_listing_answers_for_the_folders_that_it_passed() {
        let paths = ["bronze/a/1", "bronze/a-b/1", "bronze/b/1"];
        let below = |is_whole, folder: &str| listed(&paths, is_whole).below(folder).map(|found| found.len());
        // `-` sorts before `/`: `bronze/a` ends where the next folder begins.
        let mut sorted = paths;
        sorted.sort_unstable();
        assert_eq!(listed(&sorted, false).below("bronze/a").unwrap().len(), 1);
        assert_eq!((below(true, "bronze/b"), below(false, "bronze/b")), (Some(1), None));
        assert_eq!((below(true, "bronze/c"), below(false, "bronze/c")), (Some(0), None));
    }

    #[tokio::test]
    async fn what_was_written_since_is_not_answered() {
        let glance = Glance::default();
        let list = || async { Ok(listed(&["bronze/a/1", "bronze/b/1"], true)) };
        assert_eq!(glance.below("bronze/a", list()).await.unwrap().unwrap().len(), 1);
        glance.outdate("bronze/a");
        assert!(glance.below("bronze/a", list()).await.unwrap().is_none());
        assert!(glance.below("bronze", list()).await.unwrap().is_none());
        assert_eq!(glance.below("bronze/b", list()).await.unwrap().unwrap().len(), 1);
    }
}
