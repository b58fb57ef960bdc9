//! Every shipped file loads and binds, and its examples pass. Mistakes are reported with the name that was meant.

use pitlake::normalise::prove;
use pitlake::spec::{Catalog, SpecFile};

use crate::documented::CATALOG;

#[test]
fn every_example_holds() {
    let wrong: Vec<String> = CATALOG.tables().flat_map(|table| prove(table)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_example_that_does_not_hold_is_named() {
    let text = std::fs::read_to_string(format!("{}/pipelines/adj_factor.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let text = text.replace("adj_factor = \"", "adj_factor = \"9");
    let own = [SpecFile { name: "pipelines/adj_factor.toml".into(), text }];
    let (catalog, _) = Catalog::load(&own, None).unwrap();
    let wrong = prove(catalog.table("adj_factor").unwrap());
    assert!(wrong[0].contains("pipelines/adj_factor.toml") && wrong[0].contains("expected 9"), "{wrong:?}");
}

fn problems(name: &str, change: impl FnOnce(String) -> String) -> String {
    let text = std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let own = [SpecFile { name: name.into(), text: change(text) }];
    Catalog::load(&own, None).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn units_of_different_dimensions_do_not_load() {
    let report = problems("pipelines/stock_daily_cn.toml", |text| text + "\n[columns.vol]\nunit = \"CNY\"\n");
    assert!(report.contains("`lot100` measures shares, `CNY` measures money"), "{report}");
    assert!(report.contains("pipelines/stock_daily_cn.toml:"), "{report}");
}

#[test]
fn values_come_from_columns_that_exist() {
    let report = problems("schemas/tushare/dc_member.toml", |text| text.replace("\"dc_index_cn\"", "\"dc_index\""));
    assert!(report.contains("unknown table `dc_index`") && report.contains("did you mean `dc_index_cn`?"), "{report}");
    assert!(!report.contains("dc_member.toml:0"), "{report}");
    let report =
        problems("schemas/tushare/dc_member.toml", |text| text.replace("of_day = \"trade_date\"", "of_day = \"name\""));
    assert!(report.contains("`dc_index_cn.name` is not a date column"), "{report}");
}

#[test]
fn unknown_names_are_reported_with_the_nearest() {
    for (file, from, to, part) in [
        ("schemas/tushare/daily.toml", "lot100", "lots100", "did you mean `lot100`?"),
        ("schemas/tushare/daily.toml", "page_rows", "page_row", "did you mean `page_rows`?"),
        ("pipelines/adj_factor.toml", "tushare/adj_factor", "tushare/adj_facto", "did you mean `tushare/adj_factor`?"),
        ("pipelines/adj_factor.toml", "key = [\"ts_code\"", "key = [\"ts_cod\"", "did you mean `ts_code`?"),
        ("pipelines/adj_factor.toml", "event = \"trade_date\"", "event = \"adj_factor\"", "is not a date column"),
        ("pipelines/adj_factor.toml", "keeps = \"latest\"", "keeps = \"all\"", "unknown keeps `all`"),
    ] {
        let report = problems(file, |text| text.replace(from, to));
        assert!(report.contains(part), "{file} {to}: {report}");
    }
}

#[test]
fn every_table_has_examples_and_every_column_a_description() {
    for table in CATALOG.tables() {
        for column in &table.columns {
            assert!(!column.description.is_empty(), "{}.{}", table.name, column.name);
        }
        assert!(!table.examples.is_empty(), "{}", table.name);
    }
}
