//! An object store behind a network, as an [`ObjectStore`] with reliable conditional puts: it tells whether a put whose
//! reply was lost was ours, and looks before it puts where the store supports no conditions. Does not know which kind
//! of store it is.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::cause::{is_lost, is_unknown_condition};
use super::http::Sent;
use crate::real;

/// Pauses before retrying a request whose reply was lost: the client beneath retries only idempotent ones.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_secs(2)];

/// Files deleted concurrently.
const AT_ONCE: usize = 16;

/// An object store behind a network.
#[derive(Debug)]
pub(super) struct Remote {
    objects: Arc<dyn ObjectStore>,
    /// A client for which every put fails if the name is taken, where the store does that by a header instead of a
    /// condition.
    creating: Option<Arc<dyn ObjectStore>>,
    creates: AtomicBool,
    swaps: AtomicBool,
}

impl Remote {
    pub(super) fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, creating: None, creates: AtomicBool::new(true), swaps: AtomicBool::new(true) }
    }

    /// The same, with a client for which every put fails if the name is taken.
    pub(super) fn creating(self, creating: Option<Arc<dyn ObjectStore>>) -> Self {
        Self { creating, ..self }
    }

    /// Whether puts of new files fail if the name is taken, as far as known.
    pub(super) fn creates(&self) -> bool {
        self.creates.load(Ordering::Relaxed)
    }

    /// Whether replacing fails if the file has changed since it was read, as far as known.
    pub(super) fn swaps(&self) -> bool {
        self.swaps.load(Ordering::Relaxed)
    }

    async fn put_if(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let able = if options.mode == PutMode::Create { &self.creates } else { &self.swaps };
        let mut is_unsure = false;
        let mut pauses = PAUSES.iter();
        while able.load(Ordering::Relaxed) {
            let sent = Sent::default();
            let done = self.put_once(location, payload.clone(), options.clone(), &sent).await;
            is_unsure |= sent.times() > 1;
            match done {
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) if is_unsure => {
                    let ours = self.written(location, &payload).await?;
                    return ours.map_or(done, Ok);
                }
                Err(error) if is_lost(&error) => {
                    let Some(pause) = pauses.next() else { return Err(error) };
                    is_unsure = true;
                    real::sleep(*pause).await;
                }
                Err(error) if is_unknown_condition(&error) => {
                    tracing::warn!("the lake's store does not support conditional writes: see `pitlake doctor`");
                    able.store(false, Ordering::Relaxed);
                }
                done => return done,
            }
        }
        self.put_looking(location, payload, options).await
    }

    async fn put_once(
        &self,
        location: &Path,
        payload: PutPayload,
        mut options: PutOptions,
        sent: &Sent,
    ) -> Result<PutResult> {
        options.extensions.insert(sent.clone());
        match (&options.mode, &self.creating) {
            (PutMode::Create, Some(creating)) => {
                options.mode = PutMode::Overwrite;
                creating.put_opts(location, payload, options).await
            }
            _ => self.objects.put_opts(location, payload, options).await,
        }
    }

    /// The version of the file, if it holds exactly what was put: then the put was ours.
    async fn written(&self, location: &Path, payload: &PutPayload) -> Result<Option<PutResult>> {
        let found = match self.objects.get(location).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let put = PutResult { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
        Ok((found.bytes().await? == Bytes::from(payload.clone())).then_some(put))
    }

    /// Looks, then puts. A put by another process in between is overwritten.
    async fn put_looking(&self, location: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        let path = location.to_string();
        let now = match self.objects.head(location).await {
            Ok(meta) => Some((meta.e_tag, meta.version)),
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        match std::mem::take(&mut options.mode) {
            PutMode::Create if now.is_some() => Err(Error::AlreadyExists { path, source: "the name is taken".into() }),
            PutMode::Update(read) if now.as_ref() != Some(&(read.e_tag.clone(), read.version.clone())) => {
                Err(Error::Precondition { path, source: "it was replaced in the meantime".into() })
            }
            _ => self.objects.put_opts(location, payload, options).await,
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({})", self.objects)
    }
}

#[async_trait]
impl ObjectStore for Remote {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match options.mode {
            PutMode::Overwrite => self.objects.put_opts(location, payload, options).await,
            _ => self.put_if(location, payload, options).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut found = self.objects.get_opts(location, options).await?;
        // `PrefixStore` strips its prefix from listings but not here.
        found.meta.location = location.clone();
        Ok(found)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.objects.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let objects = Arc::clone(&self.objects);
        let deleted = locations.map(move |location| {
            let objects = Arc::clone(&objects);
            async move {
                let location = location?;
                let mut pauses = PAUSES.iter();
                loop {
                    match (objects.delete(&location).await, pauses.next()) {
                        // Deleting twice does no harm.
                        (Err(error), Some(pause)) if is_lost(&error) => real::sleep(*pause).await,
                        (deleted, _) => return deleted.map(|()| location),
                    }
                }
            }
        });
        deleted.buffered(AT_ONCE).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::super::probe::Condition;
    use super::super::unreliable::{Knows, Unreliable, names};

    #[tokio::test]
    async fn a_put_whose_reply_was_lost_is_told_from_that_of_another() {
        let objects = Unreliable::new(Knows::All);
        let store = Store::over("test", objects.clone());
        objects.lose(2);
        assert!(store.create("a", "mine".into()).await.unwrap());
        // No reply was lost, so the file is another's, whatever it holds.
        assert!(!store.create("a", "mine".into()).await.unwrap());
        objects.lose(1);
        assert!(!store.create("a", "another".into()).await.unwrap());
        let read = store.versioned("a").await.unwrap().unwrap();
        objects.lose(1);
        assert!(store.replace("a", &read, "next".into()).await.unwrap());
        objects.lose(1);
        assert!(!store.replace("a", &read, "late".into()).await.unwrap());
        assert_eq!(store.read("a").await.unwrap(), "next");
        objects.lose(2);
        store.delete("a").await.unwrap();
        assert!(names(&objects, "").await.is_empty());
    }

    #[tokio::test]
    async fn a_store_that_stays_silent_is_given_up() {
        let objects = Unreliable::new(Knows::All);
        let store = Store::over("test", objects.clone());
        objects.lose(99);
        let error = store.create("a", "mine".into()).await.unwrap_err().to_string();
        assert_eq!(error, "cannot write `a` in the lake test: connection reset");
    }

    #[tokio::test]
    async fn a_store_without_conditions_is_looked_at_first() {
        let store = Store::over("test", Unreliable::new(Knows::None));
        assert!(store.create("a", "1".into()).await.unwrap());
        assert!(!store.create("a", "2".into()).await.unwrap());
        let read = store.versioned("a").await.unwrap().unwrap();
        assert!(store.replace("a", &read, "3".into()).await.unwrap());
        assert!(!store.replace("a", &read, "4".into()).await.unwrap());
        assert_eq!(store.read("a").await.unwrap(), "3");
    }

    #[tokio::test]
    async fn a_probe_tells_what_became_of_conditions_and_leaves_nothing() {
        let expected =
            [(Knows::All, Condition::Kept), (Knows::None, Condition::Unknown), (Knows::Nothing, Condition::Ignored)];
        for (knows, condition) in expected {
            let objects = Unreliable::new(knows);
            let found = Store::over("test", objects.clone()).probe().await.unwrap();
            assert_eq!((found.creates, found.swaps), (condition, condition));
            assert!(names(&objects, "").await.is_empty());
        }
    }
}
