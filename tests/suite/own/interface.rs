//! Adding an interface of a known vendor, in the four steps of `docs/interfaces.md`.

use std::fs;

use pitlake::spec::SpecFile;
use pitlake_sandbox::Settings;

use super::{expected, file, place, serving, sorted};
use crate::support::{NOW, Place, settings};

/// Step 1: from the vendor's page (doc 104).
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

[call]
filters = { hs_type = "hs_type", is_new = "is_new" }

[publication]
hour = "00:00"
empty = "unpublished"
history_from = "2014-11-17"

[fields]
ts_code = { type = "text", nullable = false, description = "security" }
hs_type = { type = "text", nullable = false, description = "SH Shanghai's channel, SZ Shenzhen's" }
in_date = { type = "date", nullable = false, description = "first day inside" }
out_date = { type = "date", description = "first day outside, null while inside" }
is_new = { type = "flag", nullable = false, description = "whether it is inside now" }
"#;

/// Step 2: what its rows mean here.
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

fn own() -> Vec<SpecFile> {
    vec![file("schemas/tushare/hs_const.toml", SCHEMA), file("pipelines/hs_const_cn.toml", PIPELINE)]
}

/// Runs `tables` on a changed file, and expects an error with the line of the change and a hint.
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
fn an_interface_in_four_steps() {
    let settings = Settings { stocks: 60, ..settings() };
    let files = own();
    let vendor = serving(&files, &settings);
    let place = place(&vendor, &[vendor.account("tushare", "points = 5000")], &files);
    // Step 3: the files load, their example passes, and the table is printed.
    let printed = place.expect(0, &["tables", "hs_const_cn"]);
    for part in ["hs_const_cn", "Stock Connect constituents", "in_date", "first day inside", "tushare/hs_const"] {
        assert!(printed.contains(part), "no `{part}` in {printed}");
    }
    assert_eq!(vendor.calls(), 0);
    // Step 4.
    place.backfill(0, &["hs_const_cn"], &settings);
    let rows = sorted(&place, "hs_const_cn");
    assert_eq!(rows, expected(&vendor, &files, "hs_const_cn", &[]));
    let has = |column: &str, value: &str| rows.iter().any(|row| row[column] == value);
    assert!(has("hs_type", "SH") && has("hs_type", "SZ") && has("is_new", "true") && has("is_new", "false"));
    // Two channels, current and former members; further pages prove the ends.
    let calls = vendor.server.calls()["hs_const"];
    assert!((4..=8).contains(&calls), "{calls} calls");
    // It can be queried and put into a job like any other table.
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
fn mistakes_are_reported_with_file_line_and_a_hint() {
    let files = own();
    let vendor = serving(&files, &settings());
    let place = place(&vendor, &[vendor.account("tushare", "points = 5000")], &files);
    let schema = "schemas/tushare/hs_const.toml";
    let pipeline = "pipelines/hs_const_cn.toml";
    refused(&place, schema, ("page_rows", "page_row"), &["page_rows"]);
    refused(&place, schema, ("\"snapshot\"", "\"snapshots\""), &["snapshot"]);
    refused(&place, schema, ("type = \"flag\"", "type = \"falg\""), &["flag"]);
    refused(&place, schema, ("history_from", "history_form"), &["history_from"]);
    refused(&place, pipeline, ("interface = \"tushare/hs_const\"", "interface = \"tushare/hs_cons\""), &["hs_const"]);
    refused(&place, pipeline, ("[\"ts_code\", \"in_date\"]", "[\"ts_code\", \"indate\"]"), &["in_date"]);
    refused(&place, pipeline, ("partition = \"none\"", "partition = \"non\""), &["none"]);
    // The files are as before, and no call was made.
    place.expect(0, &["tables", "hs_const_cn"]);
    assert_eq!(vendor.calls(), 0);
    let output = place.run(&["tables", "hs_cons_cn"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `hs_const_cn`?"));
}
