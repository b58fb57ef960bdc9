//! The exported lake: layout, and rows equal to the market's.

use super::{Row, settings, table, text};
use crate::{Market, Settings, export};
use flate2::read::MultiGzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A folder of its own, gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn lines(path: &Path) -> Vec<String> {
    let mut text = String::new();
    MultiGzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Rows of companies and the day that names their folder.
const DAYS: [(&str, &str); 18] = [
    ("forecast", "ann_date"),
    ("express", "ann_date"),
    ("dividend", "ann_date"),
    ("fina_audit", "ann_date"),
    ("fina_mainbz", "end_date"),
    ("disclosure_date", "end_date"),
    ("report_rc", "report_date"),
    ("namechange", "ann_date"),
    ("stk_rewards", "ann_date"),
    ("stk_managers", "ann_date"),
    ("share_float", "float_date"),
    ("repurchase", "ann_date"),
    ("top10_holders", "ann_date"),
    ("top10_floatholders", "ann_date"),
    ("pledge_stat", "end_date"),
    ("pledge_detail", "ann_date"),
    ("stk_holdernumber", "ann_date"),
    ("stk_holdertrade", "ann_date"),
];

/// Rows of each day; those without one are of the market's last day.
fn by_day(market: &Market, interface: &str, column: &'static str) -> BTreeMap<String, usize> {
    table(market, interface).iter().fold(BTreeMap::new(), |mut days, row| {
        let day = row[column].text().unwrap_or("20230228");
        *days.entry(day.to_owned()).or_default() += 1;
        days
    })
}

#[test]
fn export_writes_every_row_in_the_documented_places() {
    let market = Market::new(&Settings { stocks: 20, end: "2023-02-28".parse().unwrap(), ..settings() });
    let folder = Folder::new("sandbox-export");
    let sessions = market.sessions().len();
    let days: usize = DAYS.iter().map(|(interface, column)| by_day(&market, interface, column).len()).sum();
    let (reports, holidays, snapshots) = (4 * market.periods().len(), market.calendar.holidays.len(), 4 + 8);
    assert_eq!(export(&market, &folder.0).unwrap(), (6 + 27 + 6) * sessions + holidays + snapshots + reports + days);
    let bronze = folder.0.join("bronze/tushare");

    let mut bars = 0;
    let mut quiet_days = 0;
    for day in market.sessions() {
        let of = |kind: &str, interface: &str| {
            bronze.join(format!("{kind}/date={day}/{interface}_{}T090000000Z.jsonl.gz", day.format("%Y%m%d")))
        };
        let daily = lines(&of("stock_daily_cn", "daily"));
        assert!(daily.iter().all(|line| line.starts_with(r#"{"ts_code":""#) && line.ends_with(r#""ah_amount":null}"#)));
        bars += daily.len();
        quiet_days += usize::from(lines(&of("suspend_d_cn", "suspend_d")).is_empty());
        for (kind, interface) in
            [("stock_daily_basic_cn", "daily_basic"), ("adj_factor", "adj_factor"), ("moneyflow_cn", "moneyflow")]
        {
            assert!(!lines(&of(kind, interface)).is_empty());
        }
    }
    assert_eq!(bars, table(&market, "daily").len());
    assert!(quiet_days > 0);

    for (kind, interface) in [
        ("income_cn", "income_vip"),
        ("fina_indicator_cn", "fina_indicator_vip"),
        ("balancesheet_cn", "balancesheet_vip"),
        ("cashflow_cn", "cashflow_vip"),
    ] {
        let folders: Vec<_> = market.periods().iter().map(|period| format!("{kind}/end_date={period}")).collect();
        let of =
            |folder: &String| lines(&bronze.join(folder).join(format!("{interface}_20230228T090000000Z.jsonl.gz")));
        let rows: Vec<String> = folders.iter().flat_map(of).collect();
        let expected = table(&market, interface).into_iter();
        let first_type = |row: &Row| row.get("report_type").is_none_or(|_| text(row, "report_type") == "1");
        assert_eq!(rows.len(), expected.filter(first_type).count());
        assert!(rows.iter().all(|line| line.contains(r#""end_date":""#)));
        assert_eq!(fs::read_dir(bronze.join(kind)).unwrap().count(), folders.len());
    }

    for (interface, column) in DAYS {
        let key = if column == "end_date" { "end_date" } else { "date" };
        for (day, count) in by_day(&market, interface, column) {
            let folder = format!("{interface}_cn/{key}={}-{}-{}", &day[..4], &day[4..6], &day[6..]);
            let rows = lines(&bronze.join(folder).join(format!("{interface}_20230228T090000000Z.jsonl.gz")));
            assert_eq!(rows.len(), count, "{interface} {day}");
        }
    }

    let masters = lines(&bronze.join("stock_basic_cn/date=2023-02-28/stock_basic_20230228T090000000Z.jsonl.gz"));
    assert_eq!(masters.len(), 23);
    assert!(!bronze.join("stk_mins_cn").exists() && !bronze.join("cyq_chips_cn").exists());
    let days = lines(&bronze.join("trade_cal/date=2023-02-28/trade_cal_20230228T090000000Z.jsonl.gz"));
    assert_eq!(days.iter().collect::<BTreeSet<_>>().len(), table(&market, "trade_cal").len());
}
