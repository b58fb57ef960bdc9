//! When the vendor shows a row of a session, and when it corrects it.
//!
//! This is the only place that knows. Without a moment to stand at, everything is there and right. Records of companies
//! carry their own times; snapshots show what a day knows.
//!
//! - A session appears at the hour of the contract.
//! - About one session in twelve is late, where the entry says so: it appears at 09:30 of the next calendar day.
//! - About one session in fifteen of those that may be halved is half there until 23:00: the rows of every
//!   stock with an odd number are missing.
//! - About one row in two hundred of those with drafts shows other figures at first; the right ones come at
//!   noon one to four sessions later.

use super::served::Served;
use crate::market::dice::dice;
use crate::market::moments::{Moment, after, on};
use crate::market::{Market, Stock};
use rand::RngExt;

/// Addresses of the dice, past that of every row.
const SESSION: usize = 1 << 30;
const DRAFT: usize = 1 << 31;
/// Sessions in so many after which every draft is corrected.
const LONGEST_DRAFT: usize = 4;

/// Moments from which a session's rows are there.
#[derive(Clone, Copy)]
pub(crate) struct Opening {
    even: Moment,
    odd: Moment,
}

impl Opening {
    /// Whether the rows of a stock, or of anything else, are there at a moment.
    pub(crate) fn shows(self, stock: Option<&Stock>, at: Moment) -> bool {
        let odd = stock.is_some_and(|stock| stock.security.number % 2 == 1);
        at >= if odd { self.odd } else { self.even }
    }
}

impl Served {
    /// When the rows of a session, or of a holiday counted on after the last one, appear.
    pub(crate) fn opening(&self, market: &Market, session: usize) -> Opening {
        let publication = &self.contract.publication;
        let day = market.calendar.day(session);
        let usual = after(day, u64::from(publication.next_day)).and_time(publication.hour);
        let roll = dice(market.seed, &self.contract.kind, SESSION, session).random_range(0..60);
        match roll {
            0..5 if self.flaws.late => {
                let morning = on(after(day, 1), 9, 30);
                Opening { even: morning, odd: morning }
            }
            5..9 if self.flaws.halved => Opening { even: usual, odd: on(day, 23, 0) },
            _ => Opening { even: usual, odd: usual },
        }
    }

    /// How far, in percent and never 0, the figures of a row are off at `at`; none for right ones.
    pub(crate) fn draft(&self, market: &Market, stock: &Stock, session: usize, at: Option<Moment>) -> Option<i64> {
        let at = at.filter(|_| self.flaws.drafts)?;
        let noon = |sessions| on(market.calendar.session_after(session, sessions), 12, 0);
        if at >= noon(LONGEST_DRAFT) {
            return None;
        }
        let mut rng = dice(market.seed, &self.contract.kind, DRAFT + stock.security.number, session);
        let (roll, sessions, percent) =
            (rng.random_range(0..200), rng.random_range(1..=LONGEST_DRAFT), rng.random_range(2..=5));
        let sign = if rng.random_range(0..2) == 0 { 1 } else { -1 };
        (roll == 0 && at < noon(sessions)).then_some(percent * sign)
    }
}
