//! Who wrote a value, which decides how it is read.

/// Who wrote a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A vendor, in an answer to a call of our own.
    Answer,
    /// Another program: an import, or a file of bronze without our header. Programs write an empty cell as `nan`, a day
    /// as milliseconds, a number with separators.
    Part,
}
