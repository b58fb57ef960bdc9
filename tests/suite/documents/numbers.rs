//! Numbers in the documentation match the code: counts, constants, exit codes, lengths.

use std::collections::BTreeMap;
use std::fs;

use clap::CommandFactory as _;
use pitlake::cli::Cli;
use pitlake::report::Exit;
use pitlake::spec::{Catalog, LOOKBACK};

use super::markdown::{Document, root};

#[test]
fn readmes_keep_their_length() {
    for (path, most) in [("README.md", 200), ("README.zh-CN.md", 220)] {
        let lines = Document::read(path).text.lines().count();
        assert!(lines <= most, "{path} has {lines} lines; move what is more into docs/");
    }
}

/// The text of a document without its line breaks.
fn in_one_line(path: &str) -> String {
    Document::read(path).text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The numbers that precede a word.
fn counts(text: &str, word: &str) -> Vec<usize> {
    let before =
        text.match_indices(word).map(|(at, _)| text[..at].trim_end().rsplit(|c: char| !c.is_ascii_digit()).next());
    before.filter_map(|digits| digits?.parse().ok()).collect()
}

#[test]
fn counts_of_tables_and_interfaces_are_right() {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    let tables = catalog.tables().count();
    let of = |vendor: &str| catalog.contracts().filter(|contract| contract.id.vendor == vendor).count();
    let versions = catalog.tables().filter(|table| table.versions.is_some()).count();
    for (path, words, right) in [
        ("README.md", vec![" tables"], tables),
        ("README.md", vec![" interfaces"], of("tushare")),
        ("README.md", vec![" endpoints"], of("asharehub")),
        ("README.zh-CN.md", vec![" 张表"], tables),
        ("README.zh-CN.md", vec![" 个接口"], of("tushare")),
        ("README.zh-CN.md", vec![" 个端点"], of("asharehub")),
        ("docs/point-in-time.md", vec![" of them:"], versions),
        ("docs/zh/point-in-time.md", vec![" 张："], versions),
    ] {
        let text = in_one_line(path);
        let found: Vec<usize> = words.iter().flat_map(|word| counts(&text, word)).collect();
        assert!(
            !found.is_empty() && found.iter().all(|count| *count == right),
            "{path}: {words:?} {found:?}, not {right}"
        );
    }
}

/// A constant in the code, a document, and what the document says about it.
const CONSTANTS: &[(&str, &str, &str, &str)] = &[
    ("src/fetch/batch.rs", "const BATCH: usize = 200;", "docs/lake-format.md", "up to 200 securities"),
    ("src/fetch/batch.rs", "const BATCH: usize = 200;", "docs/zh/lake-format.md", "最多容纳 200 只证券"),
    ("src/fetch/batch.rs", "const BATCH: usize = 200;", "docs/operations.md", "up to 200 securities at a time"),
    ("src/fetch/batch.rs", "const BATCH: usize = 200;", "docs/zh/operations.md", "每 200 只证券保存一次"),
    ("src/fetch/left.rs", "TimeDelta::hours(1)", "docs/operations.md", "Within an hour, on the same day"),
    ("src/fetch/left.rs", "TimeDelta::hours(1)", "docs/zh/operations.md", "同一天、一小时之内"),
    ("src/fetch/gather.rs", "Duration::from_mins(2)", "docs/object-stores.md", "at the latest two minutes after"),
    ("src/fetch/gather.rs", "Duration::from_mins(2)", "docs/zh/object-stores.md", "第一个应答两分钟后"),
    ("src/bronze/file.rs", "const MOST: usize = 60 * 1024;", "docs/lake-format.md", "at most 60 KiB"),
    ("src/bronze/file.rs", "const MOST: usize = 60 * 1024;", "docs/zh/lake-format.md", "最多 60 KiB"),
    ("src/bronze/header.rs", "*b\"AL\"", "docs/lake-format.md", "subfield `AL`"),
    ("src/silver/parquet.rs", "const ROW_GROUP: usize = 32_768;", "docs/lake-format.md", "up to 32,768 rows"),
    ("src/silver/parquet.rs", "const ROW_GROUP: usize = 32_768;", "docs/zh/lake-format.md", "最多 32,768 行"),
    ("src/silver/parquet.rs", "const ROW_GROUP: usize = 32_768;", "docs/decisions/year-partitions.md", "32,768 rows"),
    ("src/silver/parquet.rs", "WriterVersion::PARQUET_1_0", "docs/lake-format.md", "format version 1"),
    ("src/store/lease/term.rs", "TimeDelta::minutes(5)", "docs/operations.md", "lasts 5 minutes"),
    ("src/store/lease/term.rs", "TimeDelta::minutes(5)", "docs/zh/operations.md", "有效期 5 分钟"),
    ("src/store/lease/term.rs", "Duration::from_mins(1)", "docs/operations.md", "renewed every minute"),
    ("src/store/lease/term.rs", "Duration::from_mins(1)", "docs/zh/operations.md", "每分钟续期一次"),
    ("src/fetch/breaker.rs", "const OF_INTERFACE: usize = 5;", "docs/operations.md", "After five pages in a row"),
    ("src/fetch/breaker.rs", "const OF_INTERFACE: usize = 5;", "docs/zh/operations.md", "连续五页"),
    ("src/fetch/breaker.rs", "const OF_VENDOR: usize = 10;", "docs/operations.md", "after ten its vendor"),
    ("src/fetch/breaker.rs", "const OF_VENDOR: usize = 10;", "docs/zh/operations.md", "连续十页"),
    ("src/fetch/client.rs", "const IN_FLIGHT: u32 = 4;", "docs/configuration.md", "| `max_in_flight` | 4 |"),
    ("src/fetch/client.rs", "const IN_FLIGHT: u32 = 4;", "docs/zh/configuration.md", "| `max_in_flight` | 4 |"),
    ("src/fetch/client.rs", ".with_max_times(5)", "docs/operations.md", "up to five times"),
    ("src/fetch/client.rs", ".with_max_times(5)", "docs/zh/operations.md", "最多重试五次"),
    ("src/cli/config.rs", "const LAKE: &str = \"data\";", "docs/configuration.md", "else `data`"),
    ("src/cli/config.rs", "const CONFIG: &str = \"jobs.toml\";", "docs/configuration.md", "`jobs.toml` by default"),
    ("crates/contract/src/decimal.rs", "const NEAR: f64 = 1e-4;", "docs/point-in-time.md", "within 1e-4"),
    ("crates/contract/src/decimal.rs", "const NEAR: f64 = 1e-4;", "docs/zh/point-in-time.md", "1e-4 以内"),
];

#[test]
fn constants_are_those_of_the_code() {
    let mut wrong = Vec::new();
    for (file, constant, page, phrase) in CONSTANTS {
        let code = fs::read_to_string(root().join(file)).unwrap_or_default();
        if !code.contains(constant) || !in_one_line(page).contains(phrase) {
            wrong.push(format!("{page} says `{phrase}`, {file} `{constant}`: one of them does not"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let row = format!("| `lookback` | {LOOKBACK} |");
    for page in ["docs/configuration.md", "docs/zh/configuration.md"] {
        assert!(Document::read(page).text.contains(&row), "{page}: {row}");
    }
}

#[test]
fn exit_codes_are_those_of_the_binary() {
    let help = Cli::command().render_long_help().to_string();
    let listed = help.split("Exit codes:").nth(1).expect("the help lists exit codes");
    let (listed, order) = listed.split_once("If several apply, the first of ").unwrap();
    let code = |line: &str| -> Option<(u8, String)> {
        let (code, meaning) = line.trim().split_once(' ')?;
        Some((code.parse().ok()?, meaning.trim().to_owned()))
    };
    let listed: BTreeMap<u8, String> = listed.lines().filter_map(code).collect();
    let page = Document::read("docs/operations.md");
    let rows = page.rows().into_iter().filter_map(|row| Some((row[0].parse().ok()?, row[1].clone())));
    assert_eq!(rows.collect::<BTreeMap<u8, String>>(), listed);
    for code in 0..=u8::MAX {
        assert_eq!(
            Exit::try_from(code).is_ok(),
            listed.contains_key(&code),
            "the help and the code differ about {code}"
        );
    }
    // Which of several codes is returned, according to the help, the page and the code.
    let order = order.split_once(" is returned").unwrap().0.trim();
    assert!(page.text.contains(order), "docs/operations.md does not say `{order}`");
    let chinese = Document::read("docs/zh/operations.md").text;
    assert!(chinese.contains(&order.replace(", ", "、")), "docs/zh/operations.md does not say `{order}`");
    let codes: Vec<u8> = order.split(", ").map(|code| code.parse().unwrap()).collect();
    for pair in codes.windows(2) {
        let both = pair.iter().map(|code| Exit::try_from(*code).unwrap());
        assert_eq!(Exit::worst(both) as u8, pair[0], "{pair:?}");
    }
}

#[test]
fn exit_codes_are_said_in_chinese_as_the_program_says_them() {
    let catalogue = fs::read_to_string(root().join("src/cli/language/zh.toml")).unwrap();
    let meanings = |path: &str| -> Vec<String> {
        let rows = Document::read(path).rows().into_iter();
        rows.filter(|row| row[0].parse::<u8>().is_ok()).map(|row| row[1].clone()).collect()
    };
    let chinese = meanings("docs/zh/operations.md");
    let english = meanings("docs/operations.md");
    assert!(english.len() > 10 && english.len() == chinese.len(), "{english:?} {chinese:?}");
    for (english, chinese) in english.iter().zip(&chinese) {
        let line = format!("\"{english}\" = \"{chinese}\"");
        assert!(catalogue.lines().any(|known| known == line), "the catalogue does not have {line}");
    }
}
