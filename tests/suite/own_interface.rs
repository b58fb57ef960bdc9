//! A person adds an interface that the project does not know: the four steps of the README, in files beside jobs.toml
//! and nothing else.

use std::fs;

use pitlake::spec::SpecFile;
use pitlake_sandbox::Settings;

use crate::support::{NOW, Place, Row, Vendor, settings, silver, text_of};

/// Step 1, what the vendor's page says of it (doc 104).
const SCHEMA: &str = r#"version = 1
interface = "tushare/hs_const"
type = "hs_const_cn"
title = "Stock Connect constituents"
checked = "2026-11-21"
points = 2000

[ask]
by = "snapshot"
page_rows = 2000

[ask.each]
hs_type = ["SH", "SZ"]
is_new = ["1", "0"]

# One channel must be named, and those who left come only when asked for.
[call]
required = ["hs_type"]
filters = { hs_type = "hs_type", is_new = "is_new" }
defaults = { is_new = "1" }

[publication]
hour = "00:00"
empty = "unpublished"
history_from = "2014-11-17"

[fields]
ts_code = { type = "text", nullable = false, description = "security" }
hs_type = { type = "text", description = "SH Shanghai's channel, SZ Shenzhen's" }
in_date = { type = "date", nullable = false, description = "first day inside" }
out_date = { type = "date", description = "first day outside, null while inside" }
is_new = { type = "flag", description = "whether it is inside now" }
"#;

/// Step 2, what it means here.
const PIPELINE: &str = r#"version = 1
table = "hs_const_cn"
title = "Stock Connect constituents"
description = "One row a security and stay in the list, of today."
key = ["ts_code", "in_date"]
partition = "none"
known = "observed"
keeps = "latest"

[[source]]
interface = "tushare/hs_const"

[[example]]
source = "tushare/hs_const"
given = '{"ts_code":"999999.SZ","hs_type":"SZ","in_date":"20161205","out_date":null,"is_new":"1"}'
expect = { in_date = "2016-12-05", out_date = "null", is_new = "true" }
"#;

fn write(place: &Place, name: &str, text: &str) {
    let path = place.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn own(vendor: &Vendor) -> Place {
    let place = Place::with(vendor);
    write(&place, "schemas/tushare/hs_const.toml", SCHEMA);
    write(&place, "pipelines/hs_const_cn.toml", PIPELINE);
    place
}

/// Runs `tables` on a changed file, and expects the line of the change and a hint.
fn refused(place: &Place, file: &str, (old, new): (&str, &str), parts: &[&str]) {
    let path = place.path(file);
    let text = fs::read_to_string(&path).unwrap();
    let line = 1 + text[..text.find(old).unwrap()].matches('\n').count();
    fs::write(&path, text.replacen(old, new, 1)).unwrap();
    let output = place.run(&["tables", "hs_const_cn"]);
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{new}: {printed}");
    assert!(printed.contains(&format!("{file}:{line}:")), "{new}: no {file}:{line} in\n{printed}");
    for part in parts {
        assert!(printed.contains(part), "{new}: no `{part}` in\n{printed}");
    }
    fs::write(path, text).unwrap();
}

#[test]
fn the_four_steps_of_the_readme() {
    // The sandbox serves what the schema says.
    let schema = SpecFile { name: "schemas/tushare/hs_const.toml".into(), text: SCHEMA.into() };
    let settings = Settings { stocks: 60, own: vec![schema], ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = own(&vendor);
    // Step 3: loaded, proven and shown.
    let printed = place.expect(0, &["tables", "hs_const_cn"]);
    for part in ["hs_const_cn", "Stock Connect constituents", "in_date", "first day inside", "tushare/hs_const"] {
        assert!(printed.contains(part), "no `{part}` in {printed}");
    }
    assert_eq!(vendor.calls(), 0);
    // Step 4.
    place.backfill(0, &["hs_const_cn"], &settings);
    let market = vendor.market.rows("hs_const").unwrap();
    let iso = |text: &str| format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
    let mut shown: Vec<Row> = Vec::new();
    for row in &market.rows {
        let value = |(name, cell): (&String, _)| {
            let text = text_of(cell).unwrap_or("null");
            let text = match name.as_str() {
                "is_new" => (text == "1").to_string(),
                _ if name.ends_with("_date") && text != "null" => iso(text),
                _ => text.to_owned(),
            };
            (name.clone(), text)
        };
        let mut row: Row = market.fields.iter().zip(row).map(value).collect();
        row.insert("vendor".into(), "tushare".into());
        shown.push(row);
    }
    let mut rows = silver(&place, "hs_const_cn");
    rows.sort();
    shown.sort();
    assert_eq!(rows, shown);
    let told = |column: &str, value: &str| rows.iter().any(|row| row[column] == value);
    assert!(told("hs_type", "SH") && told("hs_type", "SZ") && told("is_new", "true") && told("is_new", "false"));
    // Two channels, inside and outside; pages beyond the first prove the ends.
    let calls = vendor.server.calls()["hs_const"];
    assert!((4..=8).contains(&calls), "{calls} calls");
    // It can be read, priced and put into a job like any other.
    let sql = "select count(*) as n from hs_const_cn where is_new";
    let inside = rows.iter().filter(|row| row["is_new"] == "true").count();
    assert_eq!(place.expect(0, &["query", sql, "--format", "json"]).trim(), format!(r#"[{{"n":{inside}}}]"#));
    let jobs = fs::read_to_string(place.path("jobs.toml")).unwrap();
    place.jobs(&format!("{jobs}[jobs.mine]\ntables = [\"hs_const_cn\"]\n"));
    place.expect(0, &["run", "mine", "--now", "2026-01-06T12:00:00Z"]);
    assert_eq!(vendor.server.calls()["hs_const"], calls + 4, "a new day has its own snapshot");
    let status = place.expect(0, &["status", "hs_const_cn", "--now", NOW]);
    assert!(status.contains("hs_const_cn"), "{status}");
}

#[test]
fn what_is_wrong_is_told_with_file_line_and_a_hint() {
    let vendor = Vendor::start(settings());
    let place = own(&vendor);
    let schema = "schemas/tushare/hs_const.toml";
    let pipeline = "pipelines/hs_const_cn.toml";
    refused(&place, schema, ("page_rows", "page_row"), &["page_rows"]);
    refused(&place, schema, ("\"snapshot\"", "\"snapshots\""), &["snapshot"]);
    refused(&place, schema, ("type = \"flag\"", "type = \"falg\""), &["flag"]);
    refused(&place, schema, ("history_from", "history_form"), &["history_from"]);
    refused(&place, pipeline, ("interface = \"tushare/hs_const\"", "interface = \"tushare/hs_cons\""), &["hs_const"]);
    refused(&place, pipeline, ("[\"ts_code\", \"in_date\"]", "[\"ts_code\", \"indate\"]"), &["in_date"]);
    refused(&place, pipeline, ("partition = \"none\"", "partition = \"non\""), &["none"]);
    // Nothing of it was kept or asked.
    place.expect(0, &["tables", "hs_const_cn"]);
    assert_eq!(vendor.calls(), 0);
    let output = place.run(&["tables", "hs_cons_cn"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `hs_const_cn`?"));
}
