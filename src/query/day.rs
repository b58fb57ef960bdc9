//! The day of a reading, in the syntax of each engine: a literal for ours and for Spark, the parameter of a macro for
//! `DuckDB`. Which rows are visible as of a day is decided in `reading`.

use chrono::NaiveDate;
use pitlake_contract::spelling::instant::end_of;

/// A day, and what is known about the calendar at its end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Day {
    /// A day in Shanghai, and the last session whose next session is not after it.
    Literal(NaiveDate, Option<NaiveDate>),
    /// The same, in Spark's syntax.
    Spark(NaiveDate, Option<NaiveDate>),
    /// The parameter of a `DuckDB` macro.
    Parameter(&'static str),
}

impl Day {
    /// The day as a DATE.
    pub(super) fn sql(self) -> String {
        match self {
            Self::Literal(day, _) | Self::Spark(day, _) => literal(day),
            Self::Parameter(name) => name.to_owned(),
        }
    }

    /// The last session whose next session is not after the day, as a DATE; `None` beyond the calendar.
    pub(super) fn next_morning(self) -> Option<String> {
        match self {
            Self::Literal(_, session) | Self::Spark(_, session) => session.map(literal),
            Self::Parameter(name) => Some(format!("next_morning({name})")),
        }
    }

    /// Whether an instant is before the end of the day in Shanghai.
    pub(super) fn ended_after(self, instant: &str) -> String {
        match self {
            Self::Literal(day, _) => {
                format!("{instant} < arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", end_of(day))
            }
            Self::Spark(day, _) => format!("unix_micros({instant}) < {}", end_of(day)),
            // Shanghai is eight hours ahead. Time zones would need an extension.
            Self::Parameter(name) => {
                format!("epoch_us({instant}) < epoch_us(CAST({name} AS TIMESTAMP)) + 57600000000")
            }
        }
    }
}

/// A day as an SQL literal.
pub(super) fn literal(day: NaiveDate) -> String {
    format!("DATE '{day}'")
}

/// Quotes the name of a column or table.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes names of columns and adds a prefix to each.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>, prefix: &str) -> String {
    names.into_iter().map(|name| format!("{prefix}{}", quoted(name))).collect::<Vec<_>>().join(", ")
}
