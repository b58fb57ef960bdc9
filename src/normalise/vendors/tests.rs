//! Two vendors of one table, compared with a model that keeps the newest row of each.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Int64Type;
use proptest::prelude::*;

use crate::normalise::{Builder, Input, Partition};
use crate::spec::{Catalog, SpecFile, Table};

const CONTRACT: &str = r#"version = 1
type = "pair"
title = "Pairs"
checked = "2026-11-21"
[ask]
by = "session"
param = "day"
page_rows = 10
[publication]
hour = "17:00"
empty = "answer"
history_from = "2020-01-01"
[fields]
code = { type = "text", nullable = false, description = "security" }
day = { type = "date", nullable = false, description = "day" }
"#;

const PIPELINE: &str = r#"version = 1
table = "pair_cn"
title = "Pairs"
key = ["code", "day", "reason"]
partition = "year"
event = "day"
known = "event"
keeps = "latest"
[[source]]
interface = "tushare/pair"
[[source]]
interface = "asharehub/pair"
[[example]]
source = "tushare/pair"
given = '{}'
rejected = "empty"
"#;

/// The table with the vendors in this order. The second has no reasons, and counts in hundreds.
fn table(order: &[&str]) -> Table {
    let file = |name: &str, text: String| SpecFile { name: name.into(), text };
    let tushare = "interface = \"tushare/pair\"\n".to_owned()
        + CONTRACT
        + "reason = { type = \"text\", nullable = false, description = \"why\" }\n\
           vol = { type = \"number\", unit = \"share\", description = \"shares\" }\n";
    let other = "interface = \"asharehub/pair\"\n".to_owned()
        + CONTRACT
        + "vol = { type = \"number\", unit = \"lot100\", description = \"lots\" }\n";
    let own = [
        file("schemas/tushare/pair.toml", tushare),
        file("schemas/asharehub/pair.toml", other),
        file("pipelines/pair_cn.toml", PIPELINE.into()),
    ];
    let named: Vec<String> = order.iter().map(|vendor| format!("\"{vendor}\"")).collect();
    let jobs = format!("version = 1\n[tables.pair_cn]\nvendors = [{}]\n", named.join(", "));
    let (catalog, _) =
        Catalog::load(&own, Some(&file("jobs.toml", jobs))).unwrap_or_else(|problems| panic!("{problems}"));
    catalog.table("pair_cn").unwrap().as_ref().clone()
}

/// A file: whether it is from the second vendor, and shares by code and reason.
type VendorFile = (bool, BTreeMap<(u8, u8), i64>);

/// (code, reason, shares, vendor), in the order of the file.
type ModelRows = Vec<(String, Option<String>, i64, String)>;

fn build(table: &Table, files: &[VendorFile]) -> ModelRows {
    let mut builder = Builder::new(table, Partition::Year(2024));
    let vendors = ["tushare", "asharehub"];
    for (number, (second, rows)) in files.iter().enumerate() {
        let vendor = vendors[usize::from(*second)];
        let Some(source) = table.sources.iter().find(|source| source.contract.id.vendor == vendor) else { continue };
        let line = |((code, reason), vol): (&(u8, u8), &i64)| {
            if *second {
                return format!(r#"{{"code":"c{code}","day":"2024-01-02","vol":{vol}}}"#);
            }
            format!(r#"{{"code":"c{code}","day":"20240102","reason":"r{reason}","vol":{vol}}}"#)
        };
        let lines: Vec<String> = rows.iter().map(line).collect();
        let path = format!("file {number}").leak();
        let input = Input { span: true, ..Input::new(path, source) };
        builder.add(input, lines.join("\n").as_bytes()).unwrap();
    }
    let built = builder.finish(&|_| None).unwrap();
    assert_eq!(built.rejects, []);
    let text = |name: &str, row: usize| {
        let column = built.batch.column_by_name(name).unwrap().as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let vol = built.batch.column_by_name("vol").unwrap().as_primitive::<Int64Type>();
    let row = |row| (text("code", row).unwrap(), text("reason", row), vol.value(row), text("vendor", row).unwrap());
    (0..built.batch.num_rows()).map(row).collect()
}

/// The newest rows of each vendor. All rows of a code come from the first vendor that has any.
fn model(order: &[&str], files: &[VendorFile]) -> ModelRows {
    let mut newest: [BTreeMap<(u8, u8), i64>; 2] = Default::default();
    for (second, rows) in files {
        newest[usize::from(*second)].extend(rows);
    }
    let mut shown = ModelRows::new();
    for code in 0..3 {
        for vendor in order {
            let second = *vendor == "asharehub";
            let rows = newest[usize::from(second)].iter().filter(|((of, _), _)| *of == code);
            let before = shown.len();
            shown.extend(rows.map(|((_, reason), vol)| {
                let (reason, vol) = if second { (None, vol * 100) } else { (Some(format!("r{reason}")), *vol) };
                (format!("c{code}"), reason, vol, (*vendor).to_owned())
            }));
            if shown.len() > before {
                break;
            }
        }
    }
    shown
}

fn files() -> impl Strategy<Value = Vec<VendorFile>> {
    let row = ((0u8..3, 0u8..3), 1i64..5);
    let file = (any::<bool>(), proptest::collection::vec(row, 0..5));
    // The second vendor has one row per code.
    let file = file.prop_map(|(second, rows)| {
        (second, rows.into_iter().map(|((code, reason), vol)| ((code, if second { 0 } else { reason }), vol)).collect())
    });
    proptest::collection::vec(file, 0..6)
}

/// The table with every order of vendors.
static TABLES: LazyLock<Vec<(&[&str], Table)>> = LazyLock::new(|| {
    let orders: [&[&str]; 4] = [&["tushare", "asharehub"], &["asharehub", "tushare"], &["tushare"], &["asharehub"]];
    orders.into_iter().map(|order| (order, table(order))).collect()
});

proptest! {
    #[test]
    fn the_first_vendor_of_a_key_gives_whole_rows(files in files()) {
        for (order, table) in TABLES.iter() {
            let shown = build(table, &files);
            prop_assert_eq!(&shown, &model(order, &files));
            let mut keys: Vec<_> = shown.iter().map(|row| (&row.0, &row.1)).collect();
            keys.dedup();
            prop_assert_eq!(keys.len(), shown.len(), "one row a key");
            // The order in which vendors' files arrive does not matter.
            let mut sorted = files.clone();
            sorted.sort_by_key(|(second, _)| !*second);
            prop_assert_eq!(&build(table, &sorted), &shown);
            // Without the second vendor in the order, the rows of the first stay the same.
            let first: Vec<VendorFile> = files.iter().filter(|file| file.0 == (order[0] == "asharehub")).cloned().collect();
            let of_first: ModelRows = shown.into_iter().filter(|row| row.3 == order[0]).collect();
            prop_assert_eq!(build(table, &first), of_first);
        }
    }
}

#[test]
fn the_order_of_sources_is_not_a_preference() {
    assert_eq!(table(&["tushare", "asharehub"]).preferred, None);
    let other = table(&["asharehub"]);
    assert_eq!(other.preferred, Some(vec!["asharehub".to_owned()]));
    assert_eq!((other.sources.len(), other.left_out.len()), (1, 1));
    let both = other.fed_by(&["tushare", "asharehub"]).unwrap();
    assert_eq!((both.vendors(), both.common_key().len()), (vec!["tushare", "asharehub"], 2));
    assert!(both.fed_by(&["tushare", "f10"]).is_none());
}
