//! What is still to be mended. Nothing may be added here; the file goes when its lists are empty.

/// Files that import each other.
pub(super) const TANGLES: &[(&str, &str)] = &[
    ("crates/sandbox/src/market/names.rs", "crates/sandbox/src/market/securities.rs"),
    ("src/normalise/versions/duplicates.rs", "src/normalise/versions.rs"),
];

/// Files with comments that refer to pages outside the repository.
pub(super) const REFERRING: &[&str] = &[];
