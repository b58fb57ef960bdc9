//! How far a query sees. Never here: what it reads.

use std::sync::Arc;

use chrono::NaiveDate;

/// The last session whose next session is not after a day: what vendors publish the next morning is known up to it. `None`
/// where the calendar does not reach it.
pub type NextMorning = Arc<dyn Fn(NaiveDate) -> Option<NaiveDate> + Send + Sync>;

/// How far a query sees.
#[derive(Clone)]
pub struct Horizon {
    /// The day in Shanghai at whose end all tables are read; without one their newest state is.
    pub day: Option<NaiveDate>,
    /// The day of the question: session joins end with it unless they name another.
    pub today: NaiveDate,
    /// What the calendar tells of days.
    pub next_morning: NextMorning,
}

impl Default for Horizon {
    /// The newest state, without a calendar.
    fn default() -> Self {
        Self { day: None, today: NaiveDate::MAX, next_morning: Arc::new(|_| None) }
    }
}
