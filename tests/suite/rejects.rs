//! `rejects --replay`: rejected rows come back once their contract accepts them, and damaged answers are judged again.

use std::fs;

use pitlake_sandbox::Settings;
use serde_json::{Value, json};

use crate::proxy::{Proxy, Rows, Turn};
use crate::support::{NOW, Place, Vendor, day, settings as usual, silver};

/// A field for which the vendor starts to write `nan`, and where to declare that.
struct Case {
    table: &'static str,
    interface: &'static str,
    /// The parameter that triggers the lie, and what its value contains.
    at: (&'static str, &'static str),
    lie: fn(&mut Rows),
    /// The contract, and a field of it.
    contract: (&'static str, &'static str),
}

const BARS: Case = Case {
    table: "stock_daily_cn",
    interface: "daily",
    at: ("trade_date", "20230105"),
    lie: |rows| rows.set(0, "amount", "\"nan\""),
    contract: ("schemas/tushare/daily.toml", "amount"),
};

/// By period, in a table with versions.
const REPORTS: Case = Case {
    table: "income_cn",
    interface: "income_vip",
    at: ("period", "20220930"),
    lie: |rows| rows.set(0, "n_income", "\"nan\""),
    contract: ("schemas/tushare/income.toml", "n_income"),
};

/// By security, many to a file.
const DIVIDENDS: Case = Case {
    table: "dividend_cn",
    interface: "dividend",
    at: ("ts_code", "600001.SH"),
    lie: |rows| rows.set(0, "cash_div", "\"nan\""),
    contract: ("schemas/tushare/dividend.toml", "cash_div"),
};

fn settings() -> Settings {
    Settings { start: day("2022-09-01"), end: day("2023-01-20"), ..usual() }
}

impl Case {
    /// A vendor that lies, and a lake.
    fn lying(&self, settings: &Settings) -> (Vendor, Proxy, Place) {
        let vendor = Vendor::start(settings.clone());
        let (interface, at, lie) = (self.interface, self.at, self.lie);
        let proxy = Proxy::start(&vendor.server.url(), move |request, _| {
            let is_meant = request["params"][at.0].as_str().is_some_and(|value| value.contains(at.1));
            // Later pages begin with the last row of the previous one.
            let is_first = matches!(request["params"]["offset"].as_str(), None | Some("0"));
            if request["api_name"] == interface && is_meant && is_first { Turn::change(lie) } else { Turn::Pass }
        });
        let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
        (vendor, proxy, place)
    }

    /// Declares in files beside jobs.toml that the vendor writes `nan` for a missing value.
    fn mend(&self, place: &Place) {
        let (file, field) = self.contract;
        let text = fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let line = format!("\n{field} = {{ type = \"number\", ");
        assert!(text.contains(&line), "{file} has no number `{field}`");
        fs::create_dir_all(place.path("schemas/tushare")).unwrap();
        fs::write(place.path(file), text.replacen(&line, &format!("{line}missing = \"nan\", "), 1)).unwrap();
    }

    fn status(&self, place: &Place) -> Value {
        let printed = place.expect(0, &["status", self.table, "--format", "json", "--now", NOW]);
        serde_json::from_str::<Value>(&printed).unwrap()[0].take()
    }
}

fn replay(place: &Place, code: i32) -> Value {
    serde_json::from_str(&place.expect(code, &["rejects", "--replay", "--format", "json", "--now", NOW])).unwrap()
}

#[test]
fn rows_come_back_once_their_contract_takes_them() {
    for case in [BARS, REPORTS, DIVIDENDS] {
        let (table, settings) = (case.table, settings());
        let (_vendor, proxy, place) = case.lying(&settings);
        let printed = place.backfill(3, &[table], &settings);
        let status = case.status(&place);
        let counts = (&status["rejected"], &status["slices"]["damaged"]);
        assert_eq!(counts, (&json!(1), &json!(1)), "{status}\n{printed}");
        let (bronze, published, calls) = (place.files("bronze"), place.files("silver"), proxy.calls(case.interface));

        // Nothing is fixed yet.
        let printed = place.expect(3, &["rejects", "--replay", table, "--now", NOW]);
        for part in ["0 rows came back, 1 still rejected", "still rejected: 1 row: `", "`nan`"] {
            assert!(printed.contains(part), "{table}: no `{part}` in {printed}");
        }
        assert_eq!((place.files("bronze"), place.files("silver")), (bronze.clone(), published.clone()), "{table}");

        case.mend(&place);
        let replayed = replay(&place, 0);
        assert_eq!(replayed.as_array().unwrap().len(), 1, "{replayed}");
        let one = &replayed[0];
        assert_eq!((&one["table"], &one["came_back"], &one["set_aside"]), (&json!(table), &json!(1), &json!([])));
        assert_eq!(one["built"].as_array().unwrap().len(), 1, "{one}");
        assert!(one["notes"].to_string().contains("no longer damaged"), "{one}");
        let status = case.status(&place);
        assert_eq!((&status["rejected"], &status["slices"]["damaged"]), (&json!(0), &json!(0)), "{table}: {status}");
        assert_eq!(status["lacking"], json!([]), "{table}");
        // One new header, and only the partition with the row was built.
        let after = place.files("bronze");
        assert!(bronze.iter().all(|(path, body)| after.get(path) == Some(body)), "{table}");
        assert_eq!(after.len(), bronze.len() + 1, "{table}");
        let changed = place.files("silver").iter().filter(|(path, body)| published.get(*path) != Some(*body)).count();
        assert_eq!(changed, 1, "{table}");

        // The result is the same as if the contract had always been right.
        place.expect(0, &["normalize", table, "--now", NOW]);
        let (_vendor, _proxy, right) = case.lying(&settings);
        case.mend(&right);
        right.backfill(0, &[table], &settings);
        let sorted = |place: &Place| {
            let mut rows = silver(place, table);
            rows.sort();
            rows
        };
        assert_eq!(sorted(&place), sorted(&right), "{table}");
        assert!(!sorted(&place).is_empty(), "{table}");

        // Nothing remains to be done, here or at the vendor.
        assert_eq!(replay(&place, 0), json!([]), "{table}");
        assert_eq!(place.expect(0, &["rejects", "--replay", table, "--now", NOW]), "no rejected rows\n");
        place.expect(0, &["verify", table, "--rebuild", "100%", "--now", NOW]);
        place.backfill(0, &[table], &settings);
        assert_eq!((place.files("bronze"), proxy.calls(case.interface)), (after, calls), "{table}");
    }
}

#[test]
fn rows_that_come_back_leave_named_what_is_lacking_and_what_is_not_mended() {
    // A security is missing as well, within the tolerance for 260.
    let case = Case {
        lie: |rows| {
            rows.items.pop();
            rows.set(0, "amount", "\"nan\"");
        },
        ..BARS
    };
    let wide = Settings { stocks: 260, start: day("2023-01-03"), end: day("2023-01-06"), ..settings() };
    let (_vendor, _proxy, place) = case.lying(&wide);
    place.backfill(3, &[case.table], &wide);
    case.mend(&place);
    let replayed = replay(&place, 0);
    assert_eq!(replayed[0]["came_back"], 1, "{replayed}");
    assert!(
        replayed[0]["notes"].to_string().contains("no longer damaged, but due: 2023-01-05: missing securities"),
        "{replayed}"
    );
    let status = case.status(&place);
    assert_eq!((&status["slices"]["due"], &status["slices"]["damaged"]), (&json!(1), &json!(0)), "{status}");
    assert_eq!(status["lacking"][0]["codes"].as_array().unwrap().len(), 1, "{status}");

    // Another row stays rejected, and the day damaged.
    let case = Case {
        lie: |rows| {
            rows.set(0, "amount", "\"nan\"");
            rows.set(1, "vol", "\"nan\"");
        },
        ..BARS
    };
    let (_vendor, _proxy, place) = case.lying(&settings());
    place.backfill(3, &[case.table], &settings());
    case.mend(&place);
    let bronze = place.files("bronze");
    let replayed = replay(&place, 3);
    assert_eq!((&replayed[0]["came_back"], &replayed[0]["set_aside"][0]["rows"]), (&json!(1), &json!(1)), "{replayed}");
    assert_eq!((&case.status(&place)["slices"]["damaged"], place.files("bronze")), (&json!(1), bronze));
}

#[test]
fn rows_of_imports_come_back_too() {
    let place = Place::at("http://127.0.0.1:9");
    let csv = "ts_code,trade_date,close,vol,amount\n600001.SH,20240102,10.2,1234,1258.68\n\
               600002.SH,20240102,10.2,1234,?\n";
    fs::write(place.path("bars.csv"), csv).unwrap();
    place.expect(0, &["import", "--interface", "tushare/daily", "bars.csv", "--now", NOW]);
    place.run(&["normalize", "stock_daily_cn", "--now", NOW]);
    assert_eq!(silver(&place, "stock_daily_cn").len(), 1);
    BARS.mend(&place);
    let file = place.path(BARS.contract.0);
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("missing = \"nan\"", "missing = \"?\"")).unwrap();
    assert_eq!(replay(&place, 0)[0]["came_back"], 1);
    assert_eq!(silver(&place, "stock_daily_cn").len(), 2);
    // Misspelled names and missing lakes are usage errors.
    for args in [&["rejects", "stock_dayly_cn"][..], &["rejects", "--replay", "--lake", "typo"]] {
        assert_eq!(place.run(args).status.code(), Some(2), "{args:?}");
    }
}
