//! A session's volume and turnover dealt out to four order sizes, twice: what was bought and what was sold.

use super::item::Row;
use super::quotes::parts;
use crate::market::walk::divide;
use crate::tables::text::Pen;
use crate::tables::value::{Line, whole};

/// Columns of lots and of hundreds of CNY by side, each from the smallest orders up.
const COLUMNS: [[[&str; 4]; 2]; 2] = [
    [
        ["buy_sm_vol", "buy_md_vol", "buy_lg_vol", "buy_elg_vol"],
        ["sell_sm_vol", "sell_md_vol", "sell_lg_vol", "sell_elg_vol"],
    ],
    [
        ["buy_sm_amount", "buy_md_amount", "buy_lg_amount", "buy_elg_amount"],
        ["sell_sm_amount", "sell_md_amount", "sell_lg_amount", "sell_elg_amount"],
    ],
];

/// Either side is the whole session.
pub(super) fn flows(row: &Row<'_>, pen: &mut Pen) -> Line<'static> {
    let bar = row.item.quote.bar;
    let weights = [(); 2].map(|()| [(); 4].map(|()| pen.between(1, 100)));
    let totals = [divide(bar.shares, 100), divide(bar.turnover, 100)];
    let mut dealt = totals.map(|total| weights.map(|weights| parts(total, &weights)));
    if let Some(percent) = row.item.draft {
        // Booked under the wrong size before the correction; the sum is right.
        let bought = &mut dealt[1][0];
        let moved = (bought[0] / 100 * percent.abs()).max(1);
        bought[0] -= moved;
        bought[2] += moved;
    }
    // Net inflow by a made-up formula, like the vendor's not the sum of the columns.
    let net = |sides: &[Vec<i64>; 2]| {
        let surplus = |size: usize| sides[0][size] - sides[1][size];
        whole(((surplus(2) + surplus(3)) * 7 / 10 - surplus(0) / 8) * 100)
    };
    let [lots, money] = &dealt;
    let sums = [("net_mf_vol", net(lots)), ("net_mf_amount", net(money)), ("trade_count", whole(totals[0] / 12 + 1))];
    let columns = COLUMNS.as_flattened().as_flattened().iter().copied();
    let values = dealt.as_flattened().iter().flatten().map(|part| whole(part * 100));
    columns.zip(values).chain(sums).collect()
}
