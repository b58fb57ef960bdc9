//! `[fetch]` of `jobs.toml`: what fetching may take. Never what is fetched.

use pitlake_contract::toml::TomlTable;

use crate::memory;

/// The least memory of replies: a value of that size is still taken.
const LEAST: u64 = 1 << 20;

/// The limits of fetching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetching {
    /// Bytes of replies that are held together, over all vendors; the usual number if `None`.
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
