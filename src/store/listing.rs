//! Lists a lake, live or at a glance, and records paths that were passed over. Does not know what paths mean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectStore as _;
use object_store::path::Path;

use super::Store;
use super::entry::Entry;
use super::glance::{self, Listed};

impl Store {
    /// Records a path that cannot be read as what it should be, with the reason and what to do. The command goes on
    /// without it and ends as incomplete.
    pub fn pass_over(&self, path: &str, reason: &str) {
        self.passed_over.add(path, reason);
    }

    /// Paths passed over so far, with the reasons.
    #[must_use]
    pub fn passed_over(&self) -> BTreeMap<String, String> {
        self.passed_over.all()
    }

    /// The same store, which lists each top folder of an object store only once from now on. For commands that look at
    /// many tables and can do without changes by others. Its own writes are seen.
    #[must_use]
    pub fn glance(&self) -> Self {
        let glance = self.glance.clone().or_else(|| self.is_remote().then(Arc::default));
        Self { glance, ..self.clone() }
    }

    /// Marks `folder` as written to since [`Store::glance`].
    pub fn outdate(&self, folder: &str) {
        if let Some(glance) = &self.glance {
            glance.outdate(folder);
        }
    }

    /// Every file below `folder`, sorted by path.
    ///
    /// # Errors
    /// When the store cannot be listed; a folder that does not exist is empty.
    pub async fn list(&self, folder: &str) -> Result<Vec<Entry>> {
        if let Some(glance) = &self.glance
            && let Some(entries) = glance.below(folder, self.first(glance::top(folder), glance::MOST)).await?
        {
            return Ok(entries);
        }
        Ok(self.first(folder, usize::MAX).await?.entries)
    }

    /// The first `most` files below `folder`.
    async fn first(&self, folder: &str, most: usize) -> Result<Listed> {
        if let Some(local) = self.local() {
            let listed = async { local.below(&Path::parse(folder)?).await };
            let entries = listed.await.map_err(|error| self.failed("list", folder, &error))?;
            return Ok(Listed { entries, is_whole: true });
        }
        let listed = async {
            let files = self.objects.list(Some(&Path::parse(folder)?)).map_ok(Entry::from);
            files.take(most).try_collect::<Vec<Entry>>().await
        };
        let mut entries = listed.await.map_err(|error| self.failed("list", folder, &error))?;
        // A partial listing out of order is of no use: any folder may be incomplete.
        let is_whole = entries.len() < most;
        if !is_whole && !entries.is_sorted() {
            entries.clear();
        }
        entries.sort();
        Ok(Listed { entries, is_whole })
    }

    /// The folders directly in `folder`, sorted.
    ///
    /// # Errors
    /// When the store cannot be listed; a folder that does not exist is empty.
    pub async fn folders(&self, folder: &str) -> Result<Vec<String>> {
        if self.glance.is_some() {
            let files = self.list(folder).await?;
            let inner = files.iter().filter_map(|file| {
                let (inner, _) = file.path.get(folder.len() + 1..)?.split_once('/')?;
                Some(format!("{folder}/{inner}"))
            });
            let folders: BTreeSet<String> = inner.collect();
            return Ok(folders.into_iter().collect());
        }
        let listed = async { self.objects.list_with_delimiter(Some(&Path::parse(folder)?)).await };
        let listed = listed.await.map_err(|error| self.failed("list", folder, &error))?;
        let mut folders: Vec<String> = listed.common_prefixes.into_iter().map(String::from).collect();
        folders.sort();
        Ok(folders)
    }
}
