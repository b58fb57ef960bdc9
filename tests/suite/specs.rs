//! Every shipped file loads and binds, and every example row becomes what it says.

use pitlake::normalise::prove;
use pitlake::spec::{Catalog, SpecFile};

fn catalog() -> Catalog {
    Catalog::load(&[], None).unwrap_or_else(|problems| panic!("{problems}")).0
}

#[test]
fn every_example_row_becomes_what_it_says() {
    let catalog = catalog();
    let wrong: Vec<String> = catalog.tables().flat_map(|table| prove(table)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Every source of a table has one that speaks for it.
    for table in catalog.tables() {
        let said = table.examples.iter().map(|example| &example.source);
        assert!(said.count() > 0, "{}", table.name);
    }
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
    let said = problems("pipelines/stock_daily_cn.toml", |text| text + "\n[columns.vol]\nunit = \"CNY\"\n");
    assert!(said.contains("`lot100` measures shares, `CNY` measures money"), "{said}");
    assert!(said.contains("pipelines/stock_daily_cn.toml:"), "{said}");
}

#[test]
fn values_are_taken_from_columns_that_are_there() {
    let said = problems("schemas/tushare/dc_member.toml", |text| text.replace("\"dc_index_cn\"", "\"dc_index\""));
    assert!(said.contains("no table `dc_index`") && said.contains("did you mean `dc_index_cn`?"), "{said}");
    assert!(!said.contains("dc_member.toml:0"), "{said}");
    let said =
        problems("schemas/tushare/dc_member.toml", |text| text.replace("of_day = \"trade_date\"", "of_day = \"name\""));
    assert!(said.contains("`name` of `dc_index_cn` is no date"), "{said}");
}

#[test]
fn unknown_names_are_refused_with_the_near_one() {
    for (file, from, to, part) in [
        ("schemas/tushare/daily.toml", "lot100", "lots100", "did you mean `lot100`?"),
        ("schemas/tushare/daily.toml", "page_rows", "page_row", "did you mean `page_rows`?"),
        ("pipelines/adj_factor.toml", "tushare/adj_factor", "tushare/adj_facto", "did you mean `tushare/adj_factor`?"),
        ("pipelines/adj_factor.toml", "key = [\"ts_code\"", "key = [\"ts_cod\"", "did you mean `ts_code`?"),
        ("pipelines/adj_factor.toml", "event = \"trade_date\"", "event = \"adj_factor\"", "is no date"),
        ("pipelines/adj_factor.toml", "keeps = \"latest\"", "keeps = \"all\"", "unknown keeps `all`"),
    ] {
        let said = problems(file, |text| text.replace(from, to));
        assert!(said.contains(part), "{file} {to}: {said}");
    }
}

#[test]
fn every_column_has_a_description_and_every_number_a_unit() {
    for table in catalog().tables() {
        for column in &table.columns {
            assert!(!column.description.is_empty(), "{}.{}", table.name, column.name);
        }
        assert!(!table.examples.is_empty(), "{}", table.name);
    }
}
