//! Adjusted prices, compared with a reader that multiplies bar by bar.

use proptest::prelude::*;

use super::as_of::{DAYS, date};
use super::*;

/// The factor of a day: its value, and a later value with the day it was observed.
type Factor = (f64, Option<(i32, f64)>);

/// Bars and factors for the days from 2024-01-02 on.
type Market = Vec<(Option<f64>, Option<Factor>)>;

fn market() -> impl Strategy<Value = Market> {
    let number = || (1..40i32).prop_map(f64::from);
    let factor = (number(), prop::option::weighted(0.3, (1..6i32, number())));
    let day = (prop::option::weighted(0.8, number()), prop::option::weighted(0.8, factor));
    prop::collection::vec(day, 14)
}

fn write_market(lake: &Path, market: &Market) {
    let at = |n: usize| Some(i32::try_from(n).unwrap());
    let codes = |n: usize| Arc::new(StringArray::from(vec!["a"; n]));
    let bars: Vec<(usize, f64)> = market.iter().enumerate().filter_map(|(n, day)| Some((n, day.0?))).collect();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", codes(bars.len()) as _, true),
        ("trade_date", days(&bars.iter().map(|bar| at(bar.0)).collect::<Vec<_>>()) as _, true),
        ("close", Arc::new(bars.iter().map(|bar| Some(bar.1)).collect::<Float64Array>()) as _, true),
        ("vol", Arc::new(Int64Array::from(vec![7; bars.len()])) as _, true),
    ]);
    write(lake, "stock_daily_cn/year=2024/part-0.parquet", batch.unwrap());
    let factors: Vec<(usize, Factor)> = market.iter().enumerate().filter_map(|(n, day)| Some((n, day.1?))).collect();
    let newest = factors.iter().map(|(n, (first, later))| (*n, later.map_or(*first, |later| later.1)));
    let newest: Vec<(usize, f64)> = newest.collect();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", codes(newest.len()) as _, true),
        ("trade_date", days(&newest.iter().map(|f| at(f.0)).collect::<Vec<_>>()) as _, true),
        ("adj_factor", Arc::new(newest.iter().map(|f| Some(f.1)).collect::<Float64Array>()) as _, true),
    ]);
    write(lake, "adj_factor/year=2024/part-0.parquet", batch.unwrap());
    let former: Vec<(usize, f64, i32)> =
        factors.iter().filter_map(|(n, (first, later))| Some((*n, *first, later.as_ref()?.0))).collect();
    let until = |row: &(usize, f64, i32)| at(row.0).map(|n| n + row.2);
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", codes(former.len()) as _, true),
        ("trade_date", days(&former.iter().map(|f| at(f.0)).collect::<Vec<_>>()) as _, true),
        ("adj_factor", Arc::new(former.iter().map(|f| Some(f.1)).collect::<Float64Array>()) as _, true),
        ("known_on", days(&former.iter().map(|f| at(f.0)).collect::<Vec<_>>()) as _, true),
        ("superseded_on", days(&former.iter().map(until).collect::<Vec<_>>()) as _, true),
        ("why", Arc::new(StringArray::from(vec!["changed"; former.len()])) as _, true),
    ]);
    write(lake, "adj_factor_superseded/year=2024/part-0.parquet", batch.unwrap());
}

/// The factor of a day as of another.
fn factor(market: &Market, day: i32, known: i32) -> Option<f64> {
    let (first, later) = market[usize::try_from(day).ok()?].1?;
    let later = later.filter(|(after, _)| day + after <= known);
    (day <= known).then_some(later.map_or(first, |later| later.1))
}

/// Closing prices as of a day, adjusted by the anchor's factor if there is an anchor.
fn expected(market: &Market, anchor: Option<i32>, known: i32) -> String {
    let by = anchor.map(|anchor| (0..=anchor).rev().find_map(|day| factor(market, day, known)));
    let mut rows = Vec::new();
    for day in 0..DAYS.min(known + 1) {
        let Some(close) = market[usize::try_from(day).unwrap()].0 else { continue };
        let price = factor(market, day, known).and_then(|factor| match by {
            None => Some(close * factor),
            Some(by) => Some(close * factor / by?),
        });
        rows.push(format!("{},{},7", date(day), price.map(|price| format!("{price:?}")).unwrap_or_default()));
    }
    rows.join(";")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 6, ..ProptestConfig::default() })]

    #[test]
    fn prices_are_adjusted_by_factors_known_then(market in market(), anchor in 0..DAYS, more in 0..DAYS) {
        let catalog = Catalog::load(&[], None).unwrap().0;
        let folder = tempfile::tempdir().unwrap();
        write_market(folder.path(), &market);
        let known = (anchor + more).min(DAYS - 1);
        let read = |call: &str| format!("SELECT trade_date, close, vol FROM adjusted({call}) ORDER BY 1");
        let seen = |call: &str| run(&catalog, folder.path(), &read(call));
        prop_assert_eq!(seen("'hfq'"), expected(&market, None, 99));
        prop_assert_eq!(seen(&format!("'qfq', DATE '{}'", date(anchor))), expected(&market, Some(anchor), 99));
        let call = format!("'qfq', DATE '{}', DATE '{}'", date(anchor), date(known));
        prop_assert_eq!(seen(&call), expected(&market, Some(anchor), known));
    }
}
