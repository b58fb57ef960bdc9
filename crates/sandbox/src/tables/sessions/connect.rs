//! Money that goes through the Connect in a session: `moneyflow_hsgt` both ways, `ggt_daily` to Hong Kong.

use super::item::Row;
use crate::market::Market;
use crate::market::dice::dice;
use crate::tables::text::Pen;
use crate::tables::value::{Line, fen, line, whole};
use chrono::{Datelike, NaiveDate};
use rand::RngExt;

/// Days, month before day, on which Hong Kong is closed whatever Shanghai does.
const HONG_KONG_CLOSED: [(u32, u32); 3] = [(7, 1), (12, 25), (12, 26)];
/// Fen in the smallest amount.
const GRAIN: i64 = 1_000_000;

/// Whether both markets are open.
pub(super) fn is_open(market: &Market, session: usize) -> bool {
    let day = market.calendar.day(session);
    !HONG_KONG_CLOSED.contains(&(day.month(), day.day()))
}

/// Whether a day has northbound net flows, and bought and sold apart: until 19 August 2024.
pub(super) fn still_split(day: NaiveDate) -> bool {
    (day.year(), day.ordinal()) < (2024, 232)
}

/// Both ways, by either channel and together.
pub(super) fn money(row: &Row<'_>, _: &mut Pen) -> Line<'static> {
    let mut rng = dice(row.market.seed, "connect", 0, row.session);
    let mut amounts = |low: i64, high: i64| [(); 2].map(|()| rng.random_range(low..=high) * GRAIN);
    let (north, bought, sold) = (amounts(-800_000, 900_000), amounts(300_000, 2_400_000), amounts(300_000, 2_400_000));
    let [all_north, all_bought, all_sold] = [north, bought, sold].map(|[shanghai, shenzhen]| shanghai + shenzhen);
    let split = |amount: i64| still_split(row.day).then(|| fen(amount));
    // At 30,000 to 50,000 CNY each, in hundreds.
    let mut deals = |amount: i64| whole(amount / rng.random_range(3_000_000..5_000_000) / 100 * 100);
    line! {
        hgt: split(north[0]), sgt: split(north[1]), north_money: split(all_north), ggt_ss: fen(bought[0] - sold[0]),
        ggt_sz: fen(bought[1] - sold[1]), south_money: fen(all_bought - all_sold), buy_amount: fen(all_bought),
        sell_amount: fen(all_sold), buy_volume: deals(all_bought), sell_volume: deals(all_sold),
    }
}
