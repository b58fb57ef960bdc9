//! An in-memory store that refuses, delays and loses replies. When it does so is drawn in `chaos`.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::chaos::{Chaos, Fate};

/// The store.
pub(super) struct Faulty {
    pub(super) objects: Arc<InMemory>,
    pub(super) chaos: Arc<Chaos>,
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic { store: "simulated", source: source.into() }
}

impl Faulty {
    /// Carries out a request, or not, and returns the result that the caller sees.
    async fn request<T>(&self, verb: &str, path: &str, act: impl Future<Output = Result<T>>) -> Result<T> {
        match self.chaos.request(verb, path).await {
            Fate::Refused => Err(failed("the store is unavailable")),
            Fate::Done => act.await,
            Fate::Lost => {
                drop(act.await);
                Err(failed(std::io::Error::from(std::io::ErrorKind::ConnectionReset)))
            }
            Fate::Last => {
                drop(act.await);
                self.chaos.kill().await
            }
        }
    }
}

fn name(mode: &object_store::PutMode) -> &'static str {
    match mode {
        object_store::PutMode::Overwrite => "put",
        object_store::PutMode::Create => "create",
        object_store::PutMode::Update(_) => "replace",
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let verb = name(&options.mode);
        self.request(verb, location.as_ref(), self.objects.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.objects.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.request("get", location.as_ref(), self.objects.get_opts(location, options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.request("get ranges of", location.as_ref(), self.objects.get_ranges(location, ranges)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (objects, chaos) = (Arc::clone(&self.objects), Arc::clone(&self.chaos));
        let delete = move |location: Result<Path>| {
            let faulty = Self { objects: Arc::clone(&objects), chaos: Arc::clone(&chaos) };
            async move {
                let location = location?;
                let one = stream::iter([Ok(location.clone())]).boxed();
                let act = async { faulty.objects.delete_stream(one).try_collect::<Vec<_>>().await };
                faulty.request("delete", location.as_ref(), act).await?;
                Ok(location)
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let faulty = Self { objects: Arc::clone(&self.objects), chaos: Arc::clone(&self.chaos) };
        let prefix = prefix.cloned();
        let listed = async move {
            let path = prefix.as_ref().map_or("", Path::as_ref).to_owned();
            let act = async { faulty.objects.list(prefix.as_ref()).try_collect::<Vec<_>>().await };
            let listed = faulty.request("list", &path, act).await?;
            Ok::<_, Error>(stream::iter(listed.into_iter().map(Ok)))
        };
        stream::once(listed).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.map_or("", Path::as_ref);
        self.request("list folders of", path, self.objects.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.objects.copy_opts(from, to, options).await
    }
}
