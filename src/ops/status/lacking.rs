//! One line about an incomplete slice. Which slices are incomplete is decided elsewhere.

use chrono::NaiveDate;
use serde::Serialize;

/// An incomplete slice.
#[derive(Debug, Clone, Serialize)]
pub struct Lacking {
    /// Its day; for a security, the day of the fetch.
    pub day: Option<NaiveDate>,
    /// Its state.
    pub state: &'static str,
    /// The first three missing securities.
    pub codes: Vec<String>,
    /// How many more are missing.
    pub more: usize,
}

impl Lacking {
    /// The text of the line.
    #[must_use]
    pub fn text(&self) -> String {
        let day = self.day.map(|day| format!("{day} ")).unwrap_or_default();
        let more = if self.more > 0 { format!(" and {} more", self.more) } else { String::new() };
        format!("{day}{}: {}{more}", self.state, self.codes.join(", "))
    }
}
