//! What one flat listing of each top folder of an object store showed: a listing costs a request, so that what looks at all
//! tables lists them together. Never what must be as new as the moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::sync::OnceCell;

use super::entry::Entry;

/// Files of a flat listing, at most: 32 requests. Of a larger lake the folders beyond are listed each on their own, as many
/// at once as are asked for.
pub(super) const MOST: usize = 32_000;

/// Flat listings, each made when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Glance {
    tops: Mutex<BTreeMap<String, Arc<OnceCell<Listed>>>>,
    /// Folders that were written since.
    outdated: Mutex<BTreeSet<String>>,
}

/// The folder that is listed for one.
pub(super) fn top(folder: &str) -> &str {
    folder.split('/').next().unwrap_or_default()
}

/// The first files below a top folder, sorted by path.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    /// Whether these are all.
    pub(super) is_whole: bool,
}

impl Listed {
    /// The files below a folder, if all of them are here.
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
    /// The files below a folder as they were; `None` where it was written since, or lies beyond what was listed. `list` lists
    /// its [`top`], and is awaited where nobody has asked before.
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

    /// Something was written below a folder.
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
        // `-` sorts before `/`: the folder `bronze/a` ends where the next one begins.
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
