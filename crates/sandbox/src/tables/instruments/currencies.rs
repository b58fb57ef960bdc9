//! `fx_obasic`: the pairs of `fx_daily` and one contract of every other class. Nothing here changes from day to day.

use crate::tables::asked::Asked;
use crate::tables::sessions::known::PAIRS;
use crate::tables::value::{Line, Value, line, whole};

const CONTRACTS: [(&str, &str, &str); 6] = [
    ("AUS200.FXCM", "澳大利亚标普200指数", "INDEX"),
    ("USOIL.FXCM", "美国原油", "COMMODITY"),
    ("XAUUSD.FXCM", "黄金", "METAL"),
    ("BUND.FXCM", "德国国债", "BUND"),
    ("BTCUSD.FXCM", "比特币", "CRYPTO"),
    ("USDOLLAR.FXCM", "道琼斯FXCM美元指数", "FX_BASKET"),
];

/// All contracts of the one dealer.
pub(super) fn contracts<'a>(_: &Asked<'a>) -> Vec<Line<'a>> {
    let pairs = PAIRS.iter().map(|&(code, rate)| {
        let name = code.trim_end_matches(".FXCM");
        // A rate above ten is quoted in hundredths.
        contract(code, &format!("{}/{}", &name[..3], &name[3..]), "FX", if rate > 1_000_000 { 100 } else { 1 })
    });
    pairs.chain(CONTRACTS.iter().map(|&(code, name, class)| contract(code, name, class, 10_000))).collect()
}

/// A contract and its pip in ten-thousandths.
fn contract(code: &str, name: &str, class: &str, pip: i64) -> Line<'static> {
    let pair = class == "FX";
    line! {
        ts_code: code, name: name, classify: class, exchange: "FXCM", min_unit: whole(1),
        max_unit: whole(if pair { 50_000 } else { 2_000 }), pip: Value::Figure(pip, 4),
        pip_cost: Value::Figure(if pair { 1_000 } else { 100_000 }, 4),
        traget_spread: (class != "CRYPTO").then_some(Value::Figure(13, 1)), min_stop_distance: whole(0),
        trading_hours: if pair { "24小时(周一至周五)" } else { "06:00-05:00" },
        break_time: (!pair).then_some("05:00-06:00"),
    }
}
