//! Money that goes through the Connect in a session: `moneyflow_hsgt` both ways, `ggt_daily` to Hong Kong.
//!
//! Stocks of the Connect are in `items`.

use crate::market::Market;
use crate::market::dice::dice;
use crate::tables::value::{Value, fen, whole};
use chrono::Datelike;
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

/// What a column says.
pub(super) fn value(market: &Market, session: usize, word: &str) -> Value {
    let mut rng = dice(market.seed, "connect", 0, session);
    let mut amount = |low: i64, high: i64| rng.random_range(low..=high) * GRAIN;
    // By either channel.
    let north = [(); 2].map(|()| amount(-800_000, 900_000));
    let bought = [(); 2].map(|()| amount(300_000, 2_400_000));
    let sold = [(); 2].map(|()| amount(300_000, 2_400_000));
    // At 30,000 to 50,000 CNY each, in hundreds.
    let [buys, sales] = [bought, sold].map(|parts| (parts[0] + parts[1]) / rng.random_range(3_000_000..5_000_000));
    match word {
        "hgt" => fen(north[0]),
        "sgt" => fen(north[1]),
        "north_money" => fen(north[0] + north[1]),
        "ggt_ss" => fen(bought[0] - sold[0]),
        "ggt_sz" => fen(bought[1] - sold[1]),
        "south_money" => fen(bought[0] + bought[1] - sold[0] - sold[1]),
        "buy_amount" => fen(bought[0] + bought[1]),
        "sell_amount" => fen(sold[0] + sold[1]),
        "buy_volume" => whole(buys / 100 * 100),
        _ => whole(sales / 100 * 100),
    }
}
