//! Who wrote a value, which decides how to read it.

/// Who wrote a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A vendor, in an answer to a call of our own.
    Answer,
    /// Another program: an import, or a bronze file without our header. Programs may write empty cells as `nan`, dates
    /// as milliseconds, numbers with separators.
    Part,
}
