//! How engines write what standard SQL lacks: a filter by a window, all columns but some, and one expression in the place of a
//! column. Never here: which rows a reading shows.

use super::day::{list, quoted};

/// The dialect of a reading.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dialect<'a> {
    /// Ours and that of `DuckDB`.
    DuckDb,
    /// That of Spark, which lists the columns of a reading.
    Spark(&'a [String]),
}

impl Dialect<'_> {
    /// All columns of the reading, of a relation that has these besides.
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

    /// All columns of the reading, some of them computed: each a name and an expression.
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

    /// The rows for which a condition on windows holds; `rows` may end in a WHERE.
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
