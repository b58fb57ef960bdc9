//! Opens object stores by URL: S3 and everything that speaks it, Google Cloud Storage, Azure. Credentials come from the
//! environment, under the names each vendor uses. Local folders are opened in `open`, not here.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use serde::{Deserialize, Serialize};

use super::cause::cause;
use super::http::{Connector, with_headers};
use super::remote::Remote;

/// Limit for a whole request: a partition of some ten megabytes over a slow line.
const REQUEST: Duration = Duration::from_mins(2);

/// Limit for establishing a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Prefixes of each vendor's environment variables.
const AWS: &str = "AWS_";
const GOOGLE: &str = "GOOGLE_";
const AZURE: &str = "AZURE_";

type Objects = Arc<dyn ObjectStore>;

/// How to reach an object store, besides its URL.
#[derive(Clone, Default)]
pub struct Access {
    /// Overridden by `variables` where both set the same option.
    pub settings: StoreSettings,
    /// Environment variables by name: `AWS_…`, `GOOGLE_…` and `AZURE_…`. Some are secrets.
    pub variables: Vec<(String, String)>,
}

/// Object store settings from `jobs.toml`. They hold no secrets, so they can be sent to other machines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreSettings {
    /// The endpoint, if not the vendor's usual one.
    pub endpoint: Option<String>,
    /// The region of the bucket.
    pub region: Option<String>,
    /// Whether the bucket goes into the path instead of the host name.
    pub path_style: Option<bool>,
    /// The dialect of S3, where the endpoint does not tell.
    pub kind: Option<Speaks>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Dialects of S3, by how they put a file only if its name is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Speaks {
    /// `If-None-Match`, as in AWS, `MinIO` and most others.
    S3,
    /// Alibaba Cloud, with a header of its own.
    Oss,
    /// Tencent Cloud, with a header of its own.
    Cos,
}

impl Speaks {
    /// The dialect named in `jobs.toml`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [("s3", Self::S3), ("oss", Self::Oss), ("cos", Self::Cos)]
            .into_iter()
            .find(|known| known.0 == name)
            .map(|known| known.1)
    }

    /// The dialect of a known vendor's host, else plain S3.
    fn of(endpoint: &str) -> Self {
        let host = endpoint.split("://").last().unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
        let is_of = |domains: &[&str]| domains.iter().any(|domain| host.ends_with(domain));
        if is_of(&[".aliyuncs.com"]) {
            Self::Oss
        } else if is_of(&[".myqcloud.com", ".tencentcos.cn", ".tencentcos.com"]) {
            Self::Cos
        } else {
            Self::S3
        }
    }

    /// The header that forbids overwriting a file.
    fn forbids(self) -> Option<&'static str> {
        match self {
            Self::S3 => None,
            Self::Oss => Some("x-oss-forbid-overwrite"),
            Self::Cos => Some("x-cos-forbid-overwrite"),
        }
    }
}

/// Opens the store at a URL with this scheme.
pub(super) fn open(scheme: &str, place: &str, access: &Access) -> Result<Remote> {
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.is_empty() {
        bail!("expected {scheme}://BUCKET/FOLDER");
    }
    let prefix = Path::parse(prefix.trim_end_matches('/')).context("the folder in the bucket has no valid name")?;
    let below = |objects: Arc<dyn ObjectStore>| -> Arc<dyn ObjectStore> {
        if prefix.is_root() { objects } else { Arc::new(PrefixStore::new(objects, prefix.clone())) }
    };
    let opened = match scheme {
        "s3" => s3(bucket, access).map(|(objects, creating)| Remote::new(below(objects)).creating(creating.map(below))),
        "gs" => google(bucket, access).map(|objects| Remote::new(below(objects))),
        _ => azure(bucket, access).map(|objects| Remote::new(below(objects))),
    };
    opened.map_err(|error| anyhow!(cause(&error)))
}

/// Applies each variable that has the prefix and that the builder knows.
fn set<B, K: FromStr>(to: B, access: &Access, prefix: &str, with: impl Fn(B, K, String) -> B) -> B {
    access.variables.iter().fold(to, |to, (name, value)| {
        let Some(rest) = name.strip_prefix(prefix) else { return to };
        let known = [name.as_str(), rest].iter().find_map(|name| name.to_ascii_lowercase().parse().ok());
        match known {
            Some(key) => with(to, key, value.clone()),
            None => to,
        }
    })
}

fn options(access: &Access, prefix: &str, endpoint: Option<&str>) -> ClientOptions {
    let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
    let options = ClientOptions::new().with_timeout(REQUEST).with_connect_timeout(CONNECT).with_allow_http(is_plain);
    set(options, access, prefix, ClientOptions::with_config)
}

/// Retries for ordinary requests: throttling passes within minutes, and a nightly run has time.
fn retries() -> RetryConfig {
    let backoff = BackoffConfig { max_backoff: Duration::from_secs(20), ..BackoffConfig::default() };
    RetryConfig { backoff, max_retries: 10, retry_timeout: Duration::from_mins(3) }
}

/// Retries for credentials: a machine either has a role or it does not.
fn few_retries() -> RetryConfig {
    RetryConfig { max_retries: 2, retry_timeout: Duration::from_secs(10), ..retries() }
}

/// The store and, where a header forbids overwriting, a second client that sends it with each request.
fn s3(bucket: &str, access: &Access) -> object_store::Result<(Objects, Option<Objects>)> {
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
    if let Some(endpoint) = &access.settings.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &access.settings.region {
        builder = builder.with_region(region);
    }
    builder = set(builder, access, AWS, |builder, key: AmazonS3ConfigKey, value| match key {
        // The URL already names the bucket.
        AmazonS3ConfigKey::Bucket => builder,
        key => builder.with_config(key, value),
    });
    let value = |key| builder.get_config_value(&key);
    let endpoint = value(AmazonS3ConfigKey::S3Endpoint).or_else(|| value(AmazonS3ConfigKey::Endpoint));
    let kind = access.settings.kind.unwrap_or_else(|| endpoint.as_deref().map_or(Speaks::S3, Speaks::of));
    // OSS and COS refuse path-style requests.
    let path_style = access.settings.path_style.unwrap_or(kind == Speaks::S3);
    let is_set = value(AmazonS3ConfigKey::VirtualHostedStyleRequest).is_some_and(|value| value == "true");
    if !path_style && !is_set {
        builder = builder.with_virtual_hosted_style_request(true);
        if let Some((scheme, host)) = endpoint.as_deref().and_then(|endpoint| endpoint.split_once("://")) {
            // In this mode the builder expects the bucket in the endpoint.
            let is_there = host.starts_with(&format!("{bucket}."));
            let url = if is_there { format!("{scheme}://{host}") } else { format!("{scheme}://{bucket}.{host}") };
            builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, url.trim_end_matches('/'));
        }
    }
    builder = builder.with_http_connector(Connector::default());
    let options = options(access, AWS, endpoint.as_deref());
    let short = builder.clone().with_client_options(options.clone()).with_retry(few_retries()).build()?;
    builder = builder.with_retry(retries()).with_credentials(Arc::clone(short.credentials()));
    let creating = kind.forbids().map(|header| {
        let options = with_headers(options.clone(), &[header]);
        builder.clone().with_client_options(options).build()
    });
    let creating = creating.transpose()?.map(|store| Arc::new(store) as Arc<dyn ObjectStore>);
    if creating.is_some() {
        builder = builder.with_conditional_put(S3ConditionalPut::Disabled);
    }
    Ok((Arc::new(builder.with_client_options(options).build()?), creating))
}

fn google(bucket: &str, access: &Access) -> object_store::Result<Objects> {
    let mut builder = GoogleCloudStorageBuilder::new().with_bucket_name(bucket);
    if let Some(endpoint) = &access.settings.endpoint {
        builder = builder.with_base_url(endpoint.trim_end_matches('/'));
    }
    builder = set(builder, access, GOOGLE, GoogleCloudStorageBuilder::with_config).with_bucket_name(bucket);
    let options = options(access, GOOGLE, access.settings.endpoint.as_deref());
    let builder = builder.with_client_options(options).with_http_connector(Connector::default());
    let short = builder.clone().with_retry(few_retries()).build()?;
    let builder = builder.with_retry(retries()).with_credentials(Arc::clone(short.credentials()));
    Ok(Arc::new(builder.build()?))
}

fn azure(container: &str, access: &Access) -> object_store::Result<Objects> {
    let mut builder = MicrosoftAzureBuilder::new();
    if let Some(endpoint) = &access.settings.endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
    }
    builder = set(builder, access, AZURE, MicrosoftAzureBuilder::with_config).with_container_name(container);
    let endpoint = builder.get_config_value(&object_store::azure::AzureConfigKey::Endpoint);
    let options = options(access, AZURE, endpoint.as_deref());
    let builder = builder.with_client_options(options).with_http_connector(Connector::default());
    let short = builder.clone().with_retry(few_retries()).build()?;
    let builder = builder.with_retry(retries()).with_credentials(Arc::clone(short.credentials()));
    Ok(Arc::new(builder.build()?))
}
