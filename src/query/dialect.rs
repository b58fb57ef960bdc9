//! How engines write what standard SQL lacks: filtering by a window, all columns but some, and an expression in place
//! of a column. Which rows are visible is decided in `reading`.

use super::day::{list, quoted};

/// The dialect of a reading.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dialect<'a> {
    /// Ours, which is `DuckDB`'s too.
    DuckDb,
    /// Spark's, which lists the columns of a reading.
    Spark(&'a [String]),
}

impl Dialect<'_> {
    /// All columns of the reading, from a relation that has some more.
    pub(super) fn without(self, besides: &str) -> String {
        match self {
            Self::DuckDb => format!("* EXCLUDE ({besides})"),
            Self::Spark(columns) => list(columns.iter().map(String::as_str), ""),
        }
    }

    /// All columns of the reading.
    pub(super) fn all(self) -> String {
        match self {
            Self::DuckDb => "*".to_owned(),
            Self::Spark(columns) => list(columns.iter().map(String::as_str), ""),
        }
    }

    /// All columns of the reading, some of them replaced: each a name and an expression.
    pub(super) fn replaced(self, computed: &[(String, String)]) -> String {
        match self {
            Self::DuckDb => {
                let texts: Vec<String> =
                    computed.iter().map(|(name, text)| format!("{text} AS {}", quoted(name))).collect();
                format!("* REPLACE ({})", texts.join(", "))
            }
            Self::Spark(columns) => {
                let one = |column: &String| match computed.iter().find(|(name, _)| name == column) {
                    Some((name, text)) => format!("{text} AS {}", quoted(name)),
                    None => quoted(column),
                };
                columns.iter().map(one).collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// The rows that satisfy a condition on windows; `rows` may end in a WHERE clause.
    pub(super) fn qualified(self, rows: &str, condition: &str) -> String {
        match self {
            Self::DuckDb => format!("SELECT * FROM {rows} QUALIFY {condition}"),
            Self::Spark(_) => format!(
                "SELECT {} FROM (SELECT *, ({condition}) AS pitlake_holds FROM {rows}) AS w WHERE pitlake_holds",
                self.all()
            ),
        }
    }
}
