//! How far a query can see. What it reads is decided elsewhere.

use std::sync::Arc;

use chrono::NaiveDate;

/// The last session whose next session is not after a day, which is the last one known of data that vendors publish the
/// next morning. `None` beyond the calendar.
pub type NextMorning = Arc<dyn Fn(NaiveDate) -> Option<NaiveDate> + Send + Sync>;

/// How far a query can see.
#[derive(Clone)]
pub struct Horizon {
    /// All tables are read as of the end of this day in Shanghai; in their newest state if `None`.
    pub day: Option<NaiveDate>,
    /// Today: session joins end on it unless they name another day.
    pub today: NaiveDate,
    /// What the calendar tells about days.
    pub next_morning: NextMorning,
}

impl Default for Horizon {
    /// The newest state, without a calendar.
    fn default() -> Self {
        Self { day: None, today: NaiveDate::MAX, next_morning: Arc::new(|_| None) }
    }
}
