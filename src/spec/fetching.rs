//! `[fetch]` in `jobs.toml`: resource limits of fetching. What is fetched is in `job`.

use pitlake_contract::toml::TomlTable;

use crate::memory;

/// The smallest memory limit for replies. A value of exactly this size is allowed.
const LEAST: u64 = 1 << 20;

/// Limits of fetching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetching {
    /// Bytes of replies held in memory at once, over all vendors; the default if `None`.
    pub reply_memory: Option<u64>,
}

/// Reads `[fetch]`.
pub(super) fn read(table: &TomlTable<'_>) -> Fetching {
    let reply_memory = table.text("reply_memory").and_then(|at| {
        let bytes = memory::size(&at.value).ok().filter(|bytes| *bytes >= LEAST);
        if bytes.is_none() {
            let message = format!("invalid `reply_memory` `{}`: expected a size of at least 1MiB", at.value);
            table.problem(at.offset, message, Some("the default is 64MiB".into()));
        }
        bytes
    });
    table.close();
    Fetching { reply_memory }
}
