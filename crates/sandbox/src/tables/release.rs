//! When the vendor shows a row of a session, and when it corrects it.
//!
//! This is the only place that knows. Without a moment to stand at, everything is there and right. Reports have
//! their own times, in `market::filings`; so have rows of companies, in `records`; snapshots show what a day knows.
//!
//! - An interface appears on the session's day at its hour ([`Release::hour`]); a few on the next morning.
//! - About one session in twelve is late: it appears at 09:30 of the next calendar day.
//! - About one session in fifteen of those that may be halved is half there until 23:00: the rows of every
//!   stock whose place is odd are missing.
//! - About one row in two hundred of those with drafts shows other figures at first; the right ones come at
//!   noon one to four sessions later.

use super::{Content, Interface};
use crate::market::Market;
use crate::market::dice::{Topic, dice};
use crate::market::moments::{Moment, after, on};
use rand::RngExt;

/// How an interface publishes its sessions.
#[derive(Clone, Copy)]
pub(crate) struct Release {
    /// Hour and minute; hours from 24 on are of the next calendar day.
    pub(crate) hour: (u32, u32),
    pub(crate) late: bool,
    pub(crate) halved: bool,
    pub(crate) drafts: bool,
}

/// Sessions in so many after which every draft is corrected.
const LONGEST_DRAFT: usize = 4;

/// Moments from which a session's rows are there.
#[derive(Clone, Copy)]
pub(crate) struct Opening {
    even: Moment,
    odd: Moment,
}

impl Opening {
    /// Whether the rows of the stock in that place are there at `at`.
    pub(crate) fn shows(self, stock: usize, at: Moment) -> bool {
        at >= if stock.is_multiple_of(2) { self.even } else { self.odd }
    }
}

impl Interface {
    fn release(&self) -> Release {
        match self.content {
            Content::PerSession { release, .. } | Content::Detail { release, .. } => release,
            Content::Sessions(ref sheet) => sheet.release,
            _ => Release { hour: (0, 0), late: false, halved: false, drafts: false },
        }
    }

    /// When a session's rows appear.
    pub(crate) fn opening(&self, market: &Market, session: usize) -> Opening {
        let release = self.release();
        let day = market.calendar.day(session);
        let usual = on(after(day, u64::from(release.hour.0 / 24)), release.hour.0 % 24, release.hour.1);
        let roll = dice(market.seed, Topic::Release, self.place(), session).random_range(0..60);
        match roll {
            0..5 if release.late => {
                let morning = on(after(day, 1), 9, 30);
                Opening { even: morning, odd: morning }
            }
            5..9 if release.halved => Opening { even: usual, odd: on(day, 23, 0) },
            _ => Opening { even: usual, odd: usual },
        }
    }

    /// How far, in percent and never 0, the figures of a row are off at `at`; none for right ones.
    pub(crate) fn draft(&self, market: &Market, stock: usize, session: usize, at: Option<Moment>) -> Option<i64> {
        let at = at.filter(|_| self.release().drafts)?;
        let noon = |sessions| on(market.calendar.session_after(session, sessions), 12, 0);
        if at >= noon(LONGEST_DRAFT) {
            return None;
        }
        // Interfaces lie further apart than there are stocks.
        let address = (self.place() << 20) + market.stocks[stock].security.number;
        let mut rng = dice(market.seed, Topic::Draft, address, session);
        let (roll, sessions, percent) =
            (rng.random_range(0..200), rng.random_range(1..=LONGEST_DRAFT), rng.random_range(2..=5));
        let sign = if rng.random_range(0..2) == 0 { 1 } else { -1 };
        (roll == 0 && at < noon(sessions)).then_some(percent * sign)
    }
}
