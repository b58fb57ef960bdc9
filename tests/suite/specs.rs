//! Every shipped file loads and binds, and every example row becomes what it says.

use ashare_lake::normalise::{Builder, Input, Partition, day_of, event_field};
use ashare_lake::spec::{Catalog, PartitionBy, SpecFile};

use crate::support::texts;

fn catalog() -> Catalog {
    Catalog::load(&[], None).unwrap_or_else(|problems| panic!("{problems}")).0
}

#[test]
fn every_example_row_becomes_what_it_says() {
    let catalog = catalog();
    let mut run = 0;
    for table in catalog.tables() {
        for example in &table.examples {
            let source = table.source(&example.source).unwrap();
            let given: serde_json::Value = serde_json::from_str(&example.given).unwrap();
            let event = event_field(table, source).filter(|_| table.partition != PartitionBy::None);
            let day = event.and_then(|field| day_of(given[&field.name].to_string().trim_matches('"')));
            let partition = day.map_or(Partition::Whole, |day| Partition::of(table, day));
            let mut builder = Builder::new(table, partition);
            let observed = Some("2024-07-01T12:00:00Z".parse().unwrap());
            let calls = if example.call.is_empty() { vec![] } else { vec![example.call.clone()] };
            let calls = &calls[..];
            let input = Input { path: "example", source, span: false, observed, calls, rows_of: &[], is_repeat: false };
            builder.add(input, example.given.as_bytes()).unwrap();
            let built = builder.finish(&|_| None).unwrap();
            if let Some(part) = &example.rejected {
                assert!(built.rejects[0].reason.contains(part), "{}: {:?}", table.name, built.rejects);
            } else {
                assert_eq!(built.rejects, [], "{}", table.name);
                let row = &texts(&built.batch)[0];
                for (column, value) in &example.expect {
                    assert_eq!(row.get(column), Some(value), "{}.{column} of {}", table.name, example.given);
                }
            }
            run += 1;
        }
    }
    assert!(run >= 10, "{run} examples");
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
