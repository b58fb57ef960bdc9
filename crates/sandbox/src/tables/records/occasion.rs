//! When companies announce something: with their reports, or on weekdays within the market's range, in the evening.

use crate::market::accounts::{Accounts, accounts};
use crate::market::calendar::weekday_before;
use crate::market::dice::dice;
use crate::market::filings::first_told;
use crate::market::moments::{Moment, after, on};
use crate::market::quarters::Quarter;
use crate::market::walk::Era;
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use crate::tables::record::Record;
use crate::tables::value::Line;
use chrono::{Datelike, NaiveDate};
use rand::RngExt;
use rand::distr::uniform::SampleUniform;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// A day on which a company has something to announce.
pub(super) struct Occasion<'a> {
    pub(super) market: &'a Market,
    pub(super) stock: &'a Stock,
    /// The quarter that is reported, or the last one that ended before the day.
    pub(super) quarter: Quarter,
    pub(super) day: NaiveDate,
    /// When the vendor has it.
    pub(super) from: Moment,
    pub(super) rng: ChaCha8Rng,
}

impl Occasion<'_> {
    /// A row that comes now and stays.
    pub(super) fn record<'l>(&self, line: Line<'l>) -> Record<'l> {
        Record::new(self.from, line)
    }

    pub(super) fn number(&self) -> usize {
        self.stock.security.number
    }

    /// A number from a range.
    pub(super) fn roll<T: SampleUniform + PartialOrd>(&mut self, range: Range<T>) -> T {
        self.rng.random_range(range)
    }

    /// True about once in `times`.
    pub(super) fn once_in(&mut self, times: u32) -> bool {
        self.rng.random_range(0..times) == 0
    }

    /// One of a list.
    pub(super) fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.roll(0..list.len())]
    }

    /// When the vendor has what is announced on a day.
    pub(super) fn evening(&mut self, day: NaiveDate) -> Moment {
        evening(&mut self.rng, day)
    }

    /// The company's books at the end of the quarter.
    pub(super) fn books(&self) -> Accounts {
        accounts(self.market.seed, &self.stock.security, self.quarter, 0)
    }

    /// Its capital and price in fen on the day.
    pub(super) fn capital(&self) -> Option<(Era, i64)> {
        let session = self.market.calendar.session_by(self.day);
        Some((*self.stock.history.capital(session)?, self.stock.history.price(session)?))
    }
}

/// When the vendor has what was announced on a day: from five to ten in the evening, once in twelve the next morning.
pub(super) fn evening(rng: &mut ChaCha8Rng, day: NaiveDate) -> Moment {
    let (hour, minute) = (rng.random_range(17..22), rng.random_range(0..60));
    if rng.random_range(0..12) == 0 { on(after(day, 1), 9, 30) } else { on(day, hour, minute) }
}

/// The days on which a company's reports are announced.
pub(super) fn of_reports<'a>(
    asked: &Asked<'a>,
    stock: &'a Stock,
    topic: &'static str,
) -> impl Iterator<Item = Occasion<'a>> + use<'a> {
    let market = asked.market;
    asked.quarters(stock).map(move |quarter| {
        let mut rng = dice(market.seed, topic, stock.security.number, quarter.moment());
        let day = first_told(market, &stock.security, quarter);
        Occasion { market, stock, quarter, day, from: evening(&mut rng, day), rng }
    })
}

/// Different weekdays, one in every stretch of so many days of a company's life.
pub(super) fn of_days<'a>(
    asked: &Asked<'a>,
    stock: &'a Stock,
    (topic, every): (&'static str, u32),
) -> impl Iterator<Item = Occasion<'a>> + use<'a> {
    let market = asked.market;
    let stretch = move |day: NaiveDate| day.num_days_from_ce().unsigned_abs() / every;
    let life = life(market, stock).into_iter();
    let mut last_day = None;
    life.flat_map(move |(first, last)| {
        (stretch(first)..=stretch(last)).filter_map(move |stretch| {
            let mut rng = dice(market.seed, topic, stock.security.number, usize::try_from(stretch).ok()?);
            let days = i32::try_from(stretch * every + rng.random_range(0..every)).ok()?;
            let day = weekday_before(NaiveDate::from_num_days_from_ce_opt(days)?);
            let fits = first <= day && day <= last && last_day.replace(day) != Some(day);
            let quarter = Quarter(Quarter::of(day).0 - 1);
            fits.then(|| Occasion { market, stock, quarter, day, from: evening(&mut rng, day), rng })
        })
    })
}

/// First and last day of the market's range on which a company is listed.
pub(super) fn life(market: &Market, stock: &Stock) -> Option<(NaiveDate, NaiveDate)> {
    let first = stock.security.listed_on()?.max(market.calendar.start);
    let last = stock.security.delisted_on().map_or(market.calendar.end, |day| day.min(market.calendar.end));
    (first < last).then_some((first, last))
}
