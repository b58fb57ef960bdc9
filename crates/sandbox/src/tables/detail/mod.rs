//! What is inside a session: price levels of a stock's chips and minute bars.
//!
//! A market holds millions of such rows, so they are made for the stocks and days of a request only, and all of them
//! only for small markets.

pub(crate) mod chips;
pub(crate) mod minutes;

/// A whole in parts by weight, the sum of the first ones rounded down: so a part is never further from its due than
/// the average price, rounded down and up, times its shares.
fn parts(whole: i64, weights: &[i64]) -> Vec<i64> {
    let all = i128::from(weights.iter().sum::<i64>().max(1));
    let (mut sum, mut given) = (0, 0);
    let part = |weight: &i64| {
        sum += i128::from(*weight);
        let due = i64::try_from(i128::from(whole) * sum / all).unwrap_or(whole);
        let part = due - given;
        given = due;
        part
    };
    weights.iter().map(part).collect()
}
