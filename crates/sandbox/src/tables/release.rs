//! When the vendor shows a row of a session, and when it corrects it. Without a moment to stand at, all is there and right.
//!
//! A session appears at the hour of the contract. Where the entry says so, one in twelve is late, at 09:30 of the next
//! day; one in fifteen lacks every stock with an odd number until 23:00; and one row in two hundred shows other figures
//! until noon one to four sessions later.

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
        let (even, odd) = match roll {
            0..5 if self.flaws.late => (on(after(day, 1), 9, 30), on(after(day, 1), 9, 30)),
            5..9 if self.flaws.halved => (usual, on(day, 23, 0)),
            _ => (usual, usual),
        };
        Opening { even, odd }
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
