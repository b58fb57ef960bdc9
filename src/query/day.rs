//! The day of a reading, in the words of the engine that reads: a literal for ours and for Spark, the parameter of a macro for
//! `DuckDB`. Never here: which rows a day shows.

use chrono::NaiveDate;
use pitlake_contract::spelling::instant::end_of;

/// A day, and what its end knows of the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Day {
    /// A day in Shanghai, and the last session whose next session is not after it.
    Literal(NaiveDate, Option<NaiveDate>),
    /// The same, in the words of Spark.
    Spark(NaiveDate, Option<NaiveDate>),
    /// The parameter of a macro in `DuckDB`.
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

    /// The last session whose next session is not after the day, as a DATE; `None` where the calendar does not reach it.
    pub(super) fn next_morning(self) -> Option<String> {
        match self {
            Self::Literal(_, session) | Self::Spark(_, session) => session.map(literal),
            Self::Parameter(name) => Some(format!("next_morning({name})")),
        }
    }

    /// Whether an instant lies before the end of the day in Shanghai.
    pub(super) fn ended_after(self, instant: &str) -> String {
        match self {
            Self::Literal(day, _) => {
                format!("{instant} < arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", end_of(day))
            }
            Self::Spark(day, _) => format!("unix_micros({instant}) < {}", end_of(day)),
            // Shanghai is eight hours ahead; no zones, which need an extension.
            Self::Parameter(name) => {
                format!("epoch_us({instant}) < epoch_us(CAST({name} AS TIMESTAMP)) + 57600000000")
            }
        }
    }
}

/// A day as a literal of SQL.
pub(super) fn literal(day: NaiveDate) -> String {
    format!("DATE '{day}'")
}

/// A name of a column or table, quoted.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names of columns, quoted, with a prefix each.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>, prefix: &str) -> String {
    names.into_iter().map(|name| format!("{prefix}{}", quoted(name))).collect::<Vec<_>>().join(", ")
}
