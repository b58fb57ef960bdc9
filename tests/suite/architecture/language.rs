//! Chinese translations: the catalogue has one for every English sentence in the source, and none for sentences that no
//! longer exist. Help is tested beside the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::graph::rust_files;
use super::source::texts;

const CATALOGUE: &str = "src/cli/language/zh.toml";

/// Sections whose keys are not literally in the source: clap's words, sentences that code joins, nouns after numbers,
/// comments of `jobs.toml`.
const ELSEWHERE: [&str; 4] = ["clap", "joined", "counted", "comments"];

/// Files whose text is for programs (SQL, pages, schedulers' formats, vendors' words), or that describe columns.
const NOT_SAID: &[&str] = &[
    "src/announce/metrics.rs",
    "src/build/histories",
    "src/build/together.rs",
    "src/cli/language/",
    "src/cli/schedule/forms.rs",
    "src/normalise/output.rs",
    "src/normalise/versions/",
    "src/ops/configuration/",
    "src/ops/page",
    "src/query/day.rs",
    "src/query/ddl/",
    "src/query/derived.rs",
    "src/query/dialect.rs",
    "src/query/reading.rs",
    "src/query/sessions/",
    "src/wire/wording.rs",
];

/// Strings that look like sentences but are not, or are written to a file.
const NO_SENTENCE: &[&str] = &[
    "(NaiveDate, NaiveDate)",
    "SQLite format 3\\0",
    "Server returned non-2xx status code:",
    "not implemented",
    "' not found",
    "{}   --as-of {}",
    "--start {} --end {}",
    "pitlake backfill {} --start {} --end {}",
    "# begin of `pitlake schedule` for {}",
    "# end of `pitlake schedule` for {}",
    "AND cal_date {} {}",
    "\" must appear",
    "Invalid function '",
    "While expanding wildcard, column \"",
    "but received",
    "failed to match any signature",
    "Global options",
    "at line",
    "GROUP BY",
    "LEFT JOIN",
    "ORDER BY",
    "Object Store error",
    "PARTITION BY",
    "SHOW TABLES",
    "The lake of the session",
    "a build has one input, not {}",
    "no worker here",
    "not an RFC 3339 moment: {}",
    "one input",
    "`put_opts` with mode `PutMode::Update` and no tag",
    "adjusted('hfq'), adjusted('qfq', DATE 'ANCHOR') or adjusted('qfq', DATE 'ANCHOR', DATE 'KNOWN')",
    "as_of('TABLE', DATE 'YYYY-MM-DD')",
    "client error (Connect)",
    "error sending request",
    "no crontab",
    "pitlake build\\0",
    "pitlake query\\0",
    "others are kept",
    "rejects --replay",
    "sql parser error:",
    "universe(DATE 'DAY') or universe(DATE 'DAY', 'INDEX_CODE')",
    "{} `{}`: expected {}",
    "{} securities, {} to {}",
    "{}: former states of `{}`",
    "{}{}{} where a row lacks it",
];

const SQL: [&str; 8] = ["SELECT ", " FROM ", "WHERE ", "CASE WHEN ", "CAST(", "PARTITION BY ", "QUALIFY ", "ORDER BY "];

/// The keys of the catalogue by section, with `{}` for every place.
fn catalogue() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join(CATALOGUE)).unwrap();
    let mut sections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').clone_into(&mut section);
        } else if let Some((key, _)) = line.strip_prefix('"').and_then(|rest| rest.split_once("\" = \"")) {
            sections.entry(section.clone()).or_default().insert(template(&unescaped(key)));
        }
    }
    sections
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A string with its escapes resolved.
fn unescaped(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars().peekable());
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('\n')) => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            ('\\', Some('n')) => {
                chars.next();
                out.push('\n');
            }
            ('\\', Some('"' | '\\')) => out.extend(chars.next()),
            (c, _) => out.push(c),
        }
    }
    out
}

/// A format string with `{}` for every place; doubled braces stay.
fn template(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('{') {
        let is_brace = rest[at + 1..].starts_with('{');
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
        out.push_str(&rest[..at]);
        out.push_str(if is_brace { "{{" } else { "{}" });
        rest = &rest[if is_brace { at + 2 } else { end }..];
    }
    out + rest
}

/// The lines of a text, without what joins them to others.
fn sentences(text: &str) -> Vec<String> {
    let bare = |line: &str| {
        let line = line.trim();
        let mark = ["! ", ", ", "; ", ": "].iter().find_map(|mark| line.strip_prefix(mark));
        mark.unwrap_or(line).trim().to_owned()
    };
    template(&unescaped(text)).lines().map(bare).collect()
}

/// The description in a line of a help list: `  0  done`, `normalize  Build stale partitions`.
fn listed(line: &str) -> &str {
    line.rsplit("  ").next().unwrap_or(line).trim()
}

/// Whether a text consists of words.
fn is_sentence(text: &str) -> bool {
    let words = text.replace("{}", " ");
    let words = words.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1).count();
    words > 1 && text.contains(' ') && !SQL.iter().any(|word| text.contains(word))
}

/// A Python module whose documentation and errors exist in both languages.
const MODULE: &str = "src/query/ddl/polars.py";

/// The only file of the sandbox that speaks to people: what the others say are words of vendors.
const SANDBOX: &str = "crates/sandbox/src/server/mod.rs";

/// The texts in the source, each with a file that has it, and whether that file is for people.
fn said() -> BTreeMap<String, (String, bool)> {
    let module = fs::read_to_string(root().join(MODULE)).unwrap();
    let documented = module.split("\"\"\"").skip(1).step_by(2);
    let errors = module.split("ValueError(f\"").skip(1).filter_map(|rest| rest.split('"').next());
    let of_module = documented.chain(errors).flat_map(sentences).filter(|sentence| !sentence.is_empty());
    let mut said: BTreeMap<_, _> = of_module.map(|sentence| (sentence, (MODULE.to_owned(), true))).collect();
    let folders = ["src", "crates/cluster/src", "crates/contract/src"];
    let of_folders = folders.iter().flat_map(|folder| rust_files(&root().join(folder)));
    for path in of_folders.chain([root().join(SANDBOX)]) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let is_said = !name.contains("tests") && !NOT_SAID.iter().any(|file| name.starts_with(file));
        for (word, text) in texts(&fs::read_to_string(&path).unwrap()) {
            let is_said = is_said && !["expect", "reason", "assert", "panic", "unreachable"].contains(&word.as_str());
            for sentence in sentences(&text) {
                let entry = said.entry(sentence).or_insert((name.clone(), is_said));
                entry.1 |= is_said;
            }
        }
    }
    said
}

/// The titles of the tables.
fn titles() -> BTreeSet<String> {
    let files = fs::read_dir(root().join("pipelines")).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let title = |text: String| {
        Some(text.lines().find_map(|line| line.strip_prefix("title = \""))?.trim_end_matches('"').to_owned())
    };
    texts.filter_map(title).collect()
}

/// Paragraphs of doc comments in the command line, which become help.
fn help() -> BTreeSet<String> {
    let mut paragraphs = BTreeSet::new();
    for path in ["src/cli", "crates/cluster/src"].iter().flat_map(|folder| rust_files(&root().join(folder))) {
        let mut paragraph = String::new();
        for line in fs::read_to_string(&path).unwrap().lines().chain([""]) {
            let comment = line.trim().strip_prefix("///").map(str::trim);
            match comment.filter(|comment| !comment.is_empty()) {
                Some(comment) if paragraph.is_empty() => comment.clone_into(&mut paragraph),
                Some(comment) => paragraph.extend([" ", comment]),
                None => drop(paragraphs.insert(std::mem::take(&mut paragraph))),
            }
        }
    }
    paragraphs
}

#[test]
fn every_sentence_has_a_translation() {
    let keys: BTreeSet<String> = catalogue().into_values().flatten().collect();
    let is_known =
        |sentence: &str| keys.contains(sentence) || keys.contains(listed(sentence)) || NO_SENTENCE.contains(&sentence);
    let lacking = said()
        .into_iter()
        .filter(|(sentence, (_, is_said))| *is_said && is_sentence(sentence) && !is_known(sentence))
        .map(|(sentence, (file, _))| format!("{file}: {sentence}"));
    let lacking: Vec<String> = lacking.chain(titles().into_iter().filter(|title| !is_known(title))).collect();
    assert!(lacking.is_empty(), "add the Chinese of these to {CATALOGUE}: {lacking:#?}");
}

#[test]
fn every_translation_has_its_sentence() {
    let said: BTreeSet<String> = said().into_keys().chain(help()).chain(titles()).collect();
    let inner: BTreeSet<&str> = said.iter().map(|text| listed(text)).collect();
    let unused: Vec<String> = catalogue()
        .into_iter()
        .filter(|(section, _)| !ELSEWHERE.contains(&section.as_str()))
        .flat_map(|(_, keys)| keys)
        .filter(|key| !inner.contains(key.as_str()) && !said.contains(key))
        .collect();
    assert!(unused.is_empty(), "remove from {CATALOGUE} what no source has: {unused:#?}");
}

#[test]
fn every_noun_that_is_counted_has_a_translation() {
    let nouns = catalogue().remove("counted").unwrap_or_default();
    let mut lacking = BTreeSet::new();
    for path in rust_files(&root().join("src")) {
        for call in fs::read_to_string(&path).unwrap().split("counted(").skip(1) {
            let call = &call[..call.find(')').unwrap_or(0)];
            let noun = call.split('"').nth(1).filter(|_| call.ends_with('"'));
            lacking.extend(
                noun.filter(|noun| !nouns.contains(*noun) && !noun.contains(|c: char| c.is_ascii_digit()))
                    .map(str::to_owned),
            );
        }
    }
    lacking.remove("withdrawn");
    assert!(lacking.is_empty(), "add these to [counted] of {CATALOGUE}: {lacking:?}");
}
