//! What is still to be mended. Nothing may be added here; the file goes when its lists are empty.

/// Files that import each other.
pub(super) const TANGLES: &[(&str, &str)] = &[
    ("crates/sandbox/src/alphafin.rs", "crates/sandbox/src/market/mod.rs"),
    ("crates/sandbox/src/asharehub/mod.rs", "crates/sandbox/src/market/mod.rs"),
    ("crates/sandbox/src/f10/earnings.rs", "crates/sandbox/src/f10/mod.rs"),
    ("crates/sandbox/src/f10/mod.rs", "crates/sandbox/src/f10/valuation/mod.rs"),
    ("crates/sandbox/src/f10/mod.rs", "crates/sandbox/src/market/mod.rs"),
    ("crates/sandbox/src/f10/valuation/growth.rs", "crates/sandbox/src/f10/valuation/mod.rs"),
    ("crates/sandbox/src/market/mod.rs", "crates/sandbox/src/tables/interface.rs"),
    ("crates/sandbox/src/market/names.rs", "crates/sandbox/src/market/securities.rs"),
    ("src/normalise/versions/duplicates.rs", "src/normalise/versions.rs"),
];

/// Files with comments that refer to pages outside the repository.
pub(super) const REFERRING: &[&str] = &[];
