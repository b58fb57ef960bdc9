//! How requests to an object store go out. Never what they ask for, or what is made of the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpRequestBody, HttpResponse, HttpService, ReqwestConnector,
};

/// How often a request went out: it is repeated below, out of sight, and the reply to an earlier one may have been lost.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<AtomicUsize>);

impl Sent {
    pub(super) fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The usual connector, with what some stores that speak S3 want besides.
#[derive(Debug, Default)]
pub(super) struct Connector {
    usual: ReqwestConnector,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Service(self.usual.connect(options)?)))
    }
}

#[derive(Debug)]
struct Service(HttpClient);

#[async_trait]
impl HttpService for Service {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if let Some(sent) = request.extensions().get::<Sent>() {
            sent.0.fetch_add(1, Ordering::Relaxed);
        }
        // OSS, COS and older servers delete nothing without it.
        let is_delete = request.method().as_str() == "POST" && request.uri().query() == Some("delete");
        if let Some(sum) = is_delete.then(|| request.body().as_bytes().map(sum)).flatten()
            && let Ok(sum) = sum.parse()
        {
            request.headers_mut().insert("content-md5", sum);
        }
        let mut response = self.0.execute(request).await?;
        // What a server cannot do it can neither do later; of all other 5xx that may be hoped.
        if response.status().as_u16() == 501
            && let Ok(never) = 405_u16.try_into()
        {
            *response.status_mut() = never;
        }
        Ok(response)
    }
}

fn sum(body: &bytes::Bytes) -> String {
    BASE64.encode(Md5::digest(body))
}

/// Options of a client whose every request carries some headers.
pub(super) fn with_headers(options: ClientOptions, headers: &[&'static str]) -> ClientOptions {
    let mut carried = HttpRequest::new(HttpRequestBody::empty()).into_parts().0.headers;
    for name in headers {
        if let Ok(value) = "true".parse() {
            carried.insert(*name, value);
        }
    }
    options.with_default_headers(carried)
}
