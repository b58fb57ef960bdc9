//! Who is listed: codes, boards, names and listing lives of the made-up securities.
//!
//! Prices and events are elsewhere. Codes look real but names do not belong to them.

use super::calendar::{Calendar, stamp, weekday_before};
use super::dice::dice;
use super::names::{Company, company};
use chrono::{Days, NaiveDate};
use pitlake_contract::spelling::day;
use rand::RngExt;
use std::ops::Range;

/// Beyond this the codes of two series would meet.
const MOST_STOCKS: usize = 9000;
/// From this many sessions on, the range holds listings, delistings and events.
pub(crate) const EVENTFUL_SESSIONS: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Board {
    ShanghaiMain,
    ShenzhenMain,
    ChiNext,
    Star,
    Beijing,
}

use Board::{Beijing, ChiNext, ShanghaiMain, ShenzhenMain, Star};

/// Boards of twenty securities in a row; 5 % are in Beijing.
#[rustfmt::skip]
const BOARDS: [Board; 20] = [
    ShanghaiMain, ShenzhenMain, ShenzhenMain, ChiNext, Beijing, Star, ShanghaiMain,
    ShanghaiMain, ChiNext, ShenzhenMain, ShanghaiMain, ShenzhenMain, ChiNext, Star,
    ShanghaiMain, ShenzhenMain, ChiNext, ShanghaiMain, ShenzhenMain, ShenzhenMain,
];

impl Board {
    /// First codes, used in turn, and their suffix; `exchange` and `market` of `stock_basic`.
    fn facts(self) -> (&'static [usize], &'static str, &'static str, &'static str) {
        match self {
            ShanghaiMain => (&[600_000, 601_000, 603_000], "SH", "SSE", "主板"),
            ShenzhenMain => (&[0, 2_000], "SZ", "SZSE", "主板"),
            ChiNext => (&[300_000], "SZ", "SZSE", "创业板"),
            Star => (&[688_000], "SH", "SSE", "科创板"),
            Beijing => (&[920_000], "BJ", "BSE", "北交所"),
        }
    }

    pub(crate) fn exchange(self) -> &'static str {
        self.facts().2
    }

    pub(crate) fn market(self) -> &'static str {
        self.facts().3
    }

    /// Daily price limit in percent of the reference price (exchange rules, without ST shares).
    pub(crate) fn limit(self) -> i64 {
        match self {
            ShanghaiMain | ShenzhenMain => 10,
            ChiNext | Star => 20,
            Beijing => 30,
        }
    }
}

/// One security as the master shows it at the end of the range.
pub(crate) struct Security {
    /// Order of creation: addresses its dice and decides which special cases it plays.
    pub(crate) number: usize,
    /// `NNNNNN.SH`, `.SZ` or `.BJ`.
    pub(crate) code: String,
    pub(crate) board: Board,
    pub(crate) company: Company,
    /// `L`, `D`, `P` or `G`, see `stock_basic.list_status`.
    pub(crate) status: &'static str,
    /// YYYYMMDD; none before the first trading day.
    pub(crate) listed: Option<String>,
    /// YYYYMMDD; the last bar is of a session before it.
    pub(crate) delisted: Option<String>,
    /// Sessions of the range on which it is listed, by index.
    pub(crate) life: Range<usize>,
    /// Whether the first session of `life` is its first ever.
    pub(crate) debut: bool,
}

/// Put before a name on the delisting day.
const DELISTED: &str = "退市";

impl Security {
    /// One without a day of listing yet.
    fn new(seed: u64, number: usize, (board, code): (Board, String)) -> Self {
        let company = company(seed, number, board.exchange());
        Self { number, code, board, company, status: "L", listed: None, delisted: None, life: 0..0, debut: false }
    }

    pub(crate) fn listed_on(&self) -> Option<NaiveDate> {
        day::date(self.listed.as_deref()?)
    }

    pub(crate) fn delisted_on(&self) -> Option<NaiveDate> {
        day::date(self.delisted.as_deref()?)
    }

    /// The name it had before it was delisted.
    pub(crate) fn name_while_listed(&self) -> &str {
        let name = &self.company.name;
        name.strip_prefix(DELISTED).unwrap_or(name)
    }
}

pub(crate) fn securities(seed: u64, stocks: usize, calendar: &Calendar) -> Vec<Security> {
    let mut codes = Codes::default();
    let mut all: Vec<Security> = (0..stocks.min(MOST_STOCKS))
        .map(|number| {
            let board = BOARDS[number % BOARDS.len()];
            trading(seed, number, board, codes.next(board), calendar)
        })
        .collect();
    for (board, status) in [(ShanghaiMain, "D"), (ShenzhenMain, "P"), (ChiNext, "G")] {
        all.push(dormant(all.len(), board, codes.next(board), status, calendar.start));
    }
    all.sort_by(|a, b| a.code.cmp(&b.code));
    all
}

/// A security with bars: old, listed inside the range, or delisted inside it.
fn trading(seed: u64, number: usize, board: Board, code: String, calendar: &Calendar) -> Security {
    let sessions = calendar.sessions.len();
    let mut rng = dice(seed, "life", number, 0);
    let age = rng.random_range(200..9000);
    let mut pick = |from: usize, to: usize| {
        if from < to { rng.random_range(from..to) } else { from }
    };
    let mut security = Security::new(seed, number, (board, code));
    security.listed = Some(stamp(years_before(calendar.start, age)));
    security.life = 0..sessions;
    if sessions < EVENTFUL_SESSIONS {
        return security;
    }
    if matches!(number % 25, 5 | 8) {
        let first = if number == 5 { sessions / 4 } else { pick(sessions / 8, sessions * 3 / 4) };
        security.listed = Some(calendar.stamps[first].clone());
        security.life.start = first;
        security.debut = true;
    } else if number % 75 == 6 {
        let last = if number == 6 { sessions * 3 / 5 } else { pick(sessions / 2, sessions * 9 / 10) };
        security.status = "D";
        security.delisted = Some(calendar.stamps[last].clone());
        security.life.end = last;
        security.company.name = format!("{DELISTED}{}", security.company.name);
    }
    security
}

/// A security that has a row in the master but never a bar in the range.
fn dormant(number: usize, board: Board, code: String, status: &'static str, start: NaiveDate) -> Security {
    let listed = (status != "G").then(|| stamp(years_before(start, 9000)));
    let delisted = (status == "D").then(|| stamp(years_before(start, 1800)));
    Security { status, listed, delisted, ..Security::new(0, number, (board, code)) }
}

fn years_before(start: NaiveDate, days: u64) -> NaiveDate {
    weekday_before(start.checked_sub_days(Days::new(days)).unwrap_or(start))
}

#[derive(Default)]
struct Codes {
    used: [usize; 5],
}

impl Codes {
    fn next(&mut self, board: Board) -> String {
        let used = &mut self.used[board as usize];
        let (bases, suffix, ..) = board.facts();
        let code = bases[*used % bases.len()] + *used / bases.len() + 1;
        *used += 1;
        format!("{code:06}.{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_largest_market_differ() {
        let start = NaiveDate::from_ymd_opt(2023, 1, 1).unwrap();
        let calendar = Calendar::new(start, start);
        let mut all = securities(1, usize::MAX, &calendar);
        all.dedup_by(|a, b| a.code == b.code);
        assert_eq!(all.len(), MOST_STOCKS + 3);
    }
}
