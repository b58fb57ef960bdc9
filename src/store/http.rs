//! How requests to an object store are sent. Knows neither what they ask for nor what becomes of the response.

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

/// How often a request was sent. `object_store` retries silently, so the reply to an earlier attempt may have been
/// lost.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<AtomicUsize>);

impl Sent {
    pub(super) fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The default connector, plus what some S3-compatible stores need.
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
        // OSS, COS and older servers refuse bulk deletes without an MD5.
        let is_delete = request.method().as_str() == "POST" && request.uri().query() == Some("delete");
        if let Some(sum) = is_delete.then(|| request.body().as_bytes().map(sum)).flatten()
            && let Ok(sum) = sum.parse()
        {
            request.headers_mut().insert("content-md5", sum);
        }
        let mut response = self.0.execute(request).await?;
        // `object_store` retries every 5xx. A server that does not implement something will not do so later: report it
        // as 405.
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

/// Client options that add these headers to every request.
pub(super) fn with_headers(options: ClientOptions, headers: &[&'static str]) -> ClientOptions {
    let mut carried = HttpRequest::new(HttpRequestBody::empty()).into_parts().0.headers;
    for name in headers {
        if let Ok(value) = "true".parse() {
            carried.insert(*name, value);
        }
    }
    options.with_default_headers(carried)
}
