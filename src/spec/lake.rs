//! `[lake]` in `jobs.toml`: where the lake is and how to reach its store. Holds no secrets and opens no store.

use pitlake_contract::toml::TomlTable;

use super::account::{is_url, without_secrets};

/// S3-compatible stores, by how they put a file only if its name is free: like AWS, like Alibaba Cloud OSS, or like
/// Tencent Cloud COS.
const KINDS: [(&str, &str); 3] = [("s3", "s3"), ("oss", "oss"), ("cos", "cos")];

/// The lake of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Lake {
    /// Its folder, or its URL.
    pub url: Option<String>,
    /// The endpoint, if not the vendor's usual one.
    pub endpoint: Option<String>,
    /// The region of the bucket.
    pub region: Option<String>,
    /// Whether the bucket goes into the path instead of the host name.
    pub path_style: Option<bool>,
    /// The dialect of S3, if the endpoint does not tell: `s3`, `oss` or `cos`.
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
