//! All rows of an interface that has no entry: one that a contract alone describes.
//!
//! It has rows for every trading stock of a session; by days and securities, for every stock now and then; by periods,
//! for every report; as a snapshot, one row a stock, dated its listing. Columns with a known name and measure tell the
//! truth of the market here too.

use super::asked::Asked;
use super::served::Served;
use super::sessions::column::MadeColumn;
use super::sessions::item::Item;
use crate::Cell;
use crate::market::Stock;
use crate::market::dice::dice;
use crate::market::filings::first_told;
use crate::market::moments::{Moment, on};
use crate::market::quarters::Quarter;
use chrono::NaiveDate;
use pitlake_contract::Axis;
use rand::RngExt;

/// All rows of an interface without an entry that are there.
pub(super) fn rows(interface: &Served, columns: &[MadeColumn], asked: &Asked<'_>) -> Vec<Vec<Cell>> {
    let row = |stock: &Stock, day: NaiveDate| {
        let session = asked.market.calendar.session_by(day).unwrap_or_default();
        interface.row(columns, asked.market, &Item::of_stock(stock, session), (session, day))
    };
    let days = |stock| days(interface, asked, stock).into_iter();
    let there = |from: Moment| asked.at.is_none_or(|at| from <= at);
    let stocks = asked.stocks.iter().copied().filter(|stock| stock.security.listed.is_some());
    stocks
        .flat_map(|stock| days(stock).filter(move |(_, from)| there(*from)).map(move |(day, _)| row(stock, day)))
        .collect()
}

/// The days on which a stock has a row, and when the row appears.
fn days(interface: &Served, asked: &Asked<'_>, stock: &Stock) -> Vec<(NaiveDate, Moment)> {
    let (market, life) = (asked.market, &stock.security.life);
    let evening = |day: NaiveDate| {
        let publication = &interface.contract.publication;
        let day_after = if publication.next_day { day.succ_opt().unwrap_or(day) } else { day };
        (day, day_after.and_time(publication.hour))
    };
    let sessions = &market.calendar.sessions[life.clone()];
    match interface.contract.ask.axis {
        Axis::Snapshot => stock.security.listed_on().map(|day| (day, on(day, 0, 0))).into_iter().collect(),
        Axis::Period => {
            let quarters = stock.reports.clone().map(Quarter);
            quarters.map(|quarter| (quarter.end(), on(first_told(market, &stock.security, quarter), 18, 0))).collect()
        }
        Axis::Day | Axis::Security => {
            let drawn = |(place, day): (usize, &NaiveDate)| {
                let roll = dice(market.seed, "records", stock.security.number, place).random_range(0..20);
                (roll == 0).then(|| evening(*day))
            };
            sessions.iter().enumerate().filter_map(drawn).collect()
        }
        Axis::Session | Axis::Month | Axis::SecurityMonth => sessions
            .iter()
            .zip(life.clone())
            .filter(|(_, session)| stock.history.bar(*session).is_some())
            .map(|(day, _)| evening(*day))
            .collect(),
    }
}
