//! What to request, and why: pure functions of the jobs, what bronze holds, the calendar, the universe and the clock.
//!
//! `work` is what a command wants, `phases` the order of tables, `sources` and `range` which interfaces to ask for
//! which days, `slices` which of these days to request, `question` all of it for one interface, `judged` the days whose
//! answers other tables help to judge, `calls` the calls for an answer, `unit` a backfill in pieces, `due` when a job
//! runs, `retry` when it runs again, `price` what it costs. Sending, listing and writing happen elsewhere.

mod calendar;
mod calls;
mod due;
mod judged;
mod phases;
mod price;
mod question;
mod range;
mod retry;
mod slices;
mod sources;
mod unit;
mod universe;
mod values;
mod work;

pub use calendar::Calendar;
pub use calls::{Chosen, calls};
pub use due::{Cause, Due, Ran, due};
pub use judged::JudgedDays;
pub use phases::{Phases, wanted_by};
pub use price::{InterfacePrice, Price, Quota, Reason, at_the_limits, estimated_calendar, expected_calls};
pub use question::{Question, questions};
pub use range::window;
pub use slices::{Again, Plan, Wanted, Why, believed, plan};
pub use sources::{Allowance, allowance, asked_first, by_security, needs_universe, scheduled, seller};
pub use unit::{ListedUnit, Unit, units};
pub use universe::{Cover, Expected, Universe};
pub use values::{ParamValues, SliceValues, named_values, tables_of};
pub use work::{Halves, Reach, Rebuild, Work};

use crate::clock::Clock;
use crate::spec::{Catalog, Jobs};

/// The table that is the trading calendar.
pub const CALENDAR: &str = "trade_cal";

/// The table that is the universe: listed, delisted, suspended and approved securities.
pub const UNIVERSE: &str = "stock_basic_cn";

/// The table of suspensions, which determine how many rows a day should have.
pub const SUSPENSIONS: &str = "suspend_d_cn";

/// The table of former and current codes of the Beijing exchange.
pub const RENUMBERED: &str = "bse_mapping_cn";

/// The table of disclosure plans, which tells which companies have reported on a period.
pub const DISCLOSURES: &str = "disclosure_date_cn";

/// What a plan depends on, besides what bronze holds.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Vendors and tables.
    pub catalog: &'a Catalog,
    /// Accounts and jobs.
    pub jobs: &'a Jobs,
    /// The current time.
    pub clock: Clock,
    /// Trading days.
    pub calendar: &'a Calendar,
    /// Securities.
    pub universe: &'a Universe,
}
