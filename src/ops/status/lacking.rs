//! A slice that lacks something, in one line. Never which slices do.

use chrono::NaiveDate;
use serde::Serialize;

/// A slice that lacks something.
#[derive(Debug, Clone, Serialize)]
pub struct Lacking {
    /// Its day; of a security the day on which it was asked.
    pub day: Option<NaiveDate>,
    /// Its state.
    pub state: &'static str,
    /// The first three securities that it lacks.
    pub codes: Vec<String>,
    /// How many more it lacks.
    pub more: usize,
}

impl Lacking {
    /// In one line.
    #[must_use]
    pub fn text(&self) -> String {
        let day = self.day.map(|day| format!("{day} ")).unwrap_or_default();
        let more = if self.more > 0 { format!(" and {} more", self.more) } else { String::new() };
        format!("{day}{}: {}{more}", self.state, self.codes.join(", "))
    }
}
