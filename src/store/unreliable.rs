//! An in-memory store that, as told, loses replies, fails reads and supports conditional puts or not. For tests.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::cause::ANSWERED;

/// How it treats conditional puts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knows {
    All,
    None,
    /// Ignores the condition and overwrites.
    Nothing,
}

/// An in-memory store that fails as told.
#[derive(Debug)]
pub(crate) struct Unreliable {
    objects: InMemory,
    knows: Knows,
    /// How many more changes lose their reply after being made.
    lost: Mutex<usize>,
    /// How many more reads fail.
    withheld: Mutex<usize>,
}

impl Unreliable {
    pub(crate) fn new(knows: Knows) -> Arc<Self> {
        Arc::new(Self { objects: InMemory::new(), knows, lost: Mutex::new(0), withheld: Mutex::new(0) })
    }

    /// Loses the next `number` replies.
    pub(crate) fn lose(&self, number: usize) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = number;
    }

    /// Fails the next `number` reads.
    pub(crate) fn withhold(&self, number: usize) {
        *self.withheld.lock().unwrap_or_else(PoisonError::into_inner) = number;
    }

    fn reply<T>(&self, done: Result<T>) -> Result<T> {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if *lost == 0 {
            return done;
        }
        *lost -= 1;
        let why = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        Err(Error::Generic { store: "Unreliable", source: HttpError::new(HttpErrorKind::Interrupted, why).into() })
    }
}

impl fmt::Display for Unreliable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unreliable")
    }
}

#[async_trait]
impl ObjectStore for Unreliable {
    async fn put_opts(&self, location: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        if options.mode != PutMode::Overwrite {
            match self.knows {
                Knows::All => {}
                Knows::None => {
                    let (operation, implementer) = ("a condition".to_owned(), self.to_string());
                    return Err(Error::NotImplemented { operation, implementer });
                }
                Knows::Nothing => options.mode = PutMode::Overwrite,
            }
        }
        let done = self.objects.put_opts(location, payload, options).await;
        self.reply(done)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if let withheld = &mut *self.withheld.lock().unwrap_or_else(PoisonError::into_inner)
            && *withheld > 0
        {
            *withheld -= 1;
            let source = format!("{ANSWERED}503").into();
            return Err(Error::Generic { store: "Unreliable", source });
        }
        let found = self.objects.get_opts(location, options).await;
        // Lets concurrent readers see the same state.
        tokio::task::yield_now().await;
        found
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        // One lost reply stands for the whole stream.
        let lost = self.reply(Ok(())).err();
        let deleted = self.objects.delete_stream(locations);
        match lost {
            None => deleted,
            Some(error) => futures::stream::once(async move {
                deleted.try_collect::<Vec<_>>().await?;
                Err(error)
            })
            .boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}

/// The names below a folder, bypassing [`Store`].
pub(crate) async fn names(store: &Unreliable, folder: &str) -> Vec<String> {
    let listed = store.objects.list(Some(&Path::from(folder)));
    listed.map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap_or_default()
}
