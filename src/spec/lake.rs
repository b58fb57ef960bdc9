//! `[lake]` of `jobs.toml`: where the lake is, and how its store is reached. Never a secret, and never the store itself.

use pitlake_contract::toml::TomlTable;

use super::account::{is_url, without_secrets};

/// The stores that speak S3, by how a file is put only where its name is free: as AWS, as Alibaba Cloud OSS, as Tencent
/// Cloud COS.
const KINDS: [(&str, &str); 3] = [("s3", "s3"), ("oss", "oss"), ("cos", "cos")];

/// The lake of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Lake {
    /// Its folder or URL.
    pub url: Option<String>,
    /// The URL of the server, where it is not the usual one of the vendor.
    pub endpoint: Option<String>,
    /// The region of the bucket.
    pub region: Option<String>,
    /// Whether the bucket stands in the path instead of the host name.
    pub path_style: Option<bool>,
    /// What S3 is spoken, where the endpoint does not tell: `s3`, `oss` or `cos`.
    pub kind: Option<&'static str>,
}

/// Reads `[lake]`.
pub(super) fn read(table: &TomlTable<'_>) -> Lake {
    let text = |key| table.text(key).map(|at| at.value);
    let endpoint = table.text("endpoint");
    if let Some(at) = endpoint.as_ref().filter(|at| !is_url(&at.value) || at.value.contains('@')) {
        let shown = without_secrets(&at.value);
        let hint = (!at.value.contains("://")).then(|| format!("did you mean `https://{shown}`?"));
        table.problem(at.offset, format!("invalid `endpoint` `{shown}`: expected https://HOST"), hint);
    }
    let lake = Lake {
        url: text("url"),
        endpoint: endpoint.map(|at| at.value),
        region: text("region"),
        path_style: table.flag("path_style").map(|at| at.value),
        kind: table.choice("kind", &KINDS),
    };
    table.close();
    lake
}
