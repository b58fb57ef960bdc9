//! Rows of `fx_obasic`: the pairs of `fx_daily` and one contract of every other class.
//!
//! Nothing here changes from day to day.

use super::number;
use crate::Cell;
use crate::market::Market;
use crate::market::moments::Moment;
use crate::tables::sessions::known::PAIRS;
use crate::tables::text::{optional_text, text};

const CONTRACTS: [(&str, &str, &str); 6] = [
    ("AUS200.FXCM", "澳大利亚标普200指数", "INDEX"),
    ("USOIL.FXCM", "美国原油", "COMMODITY"),
    ("XAUUSD.FXCM", "黄金", "METAL"),
    ("BUND.FXCM", "德国国债", "BUND"),
    ("BTCUSD.FXCM", "比特币", "CRYPTO"),
    ("USDOLLAR.FXCM", "道琼斯FXCM美元指数", "FX_BASKET"),
];

/// All contracts of the one dealer.
pub(crate) fn fx_obasic(_: &Market, _: Option<Moment>) -> Vec<Vec<Cell>> {
    let pairs = PAIRS.iter().map(|&(code, rate)| {
        let name = code.trim_end_matches(".FXCM");
        // A rate above ten is quoted in hundredths.
        row(code, &format!("{}/{}", &name[..3], &name[3..]), "FX", if rate > 1_000_000 { 100 } else { 1 })
    });
    pairs.chain(CONTRACTS.iter().map(|&(code, name, class)| row(code, name, class, 10_000))).collect()
}

/// A contract and its pip in ten-thousandths.
fn row(code: &str, name: &str, class: &str, pip: i64) -> Vec<Cell> {
    let pair = class == "FX";
    vec![
        text(code),
        text(name),
        text(class),
        text("FXCM"),
        number(1, 0),
        number(if pair { 50_000 } else { 2_000 }, 0),
        number(pip, 4),
        number(if pair { 1_000 } else { 100_000 }, 4),
        if class == "CRYPTO" { Cell::Null } else { number(13, 1) },
        number(0, 1),
        text(if pair { "24小时(周一至周五)" } else { "06:00-05:00" }),
        optional_text((!pair).then_some("05:00-06:00")),
    ]
}
