//! The Chinese descriptions of tables, columns and interfaces, by the English in `pipelines` and `schemas`. The
//! program's own messages and the titles of tables are in the catalogue.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::{chinese, is_chinese};
use crate::query::Glossary;

/// Abbreviations that do not end a sentence.
const ABBREVIATIONS: [&str; 4] = ["e.g.", "i.e.", "incl.", "excl."];

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables::parse(include_str!("zh-tables.toml")));

/// The sections of the file, each by English text.
#[derive(Debug, Default)]
struct Tables {
    units: HashMap<String, String>,
    columns: HashMap<String, String>,
    sentences: HashMap<String, String>,
}

impl Tables {
    /// Parses the file. It is part of the program, so tests catch its mistakes.
    fn parse(text: &str) -> Self {
        let mut sections: BTreeMap<String, HashMap<String, String>> = toml::from_str(text).unwrap_or_default();
        let mut section = |name| sections.remove(name).unwrap_or_default();
        let (units, columns) = (section("units"), section("columns"));
        Self { units, columns, sentences: section("tables").into_iter().chain(section("notes")).collect() }
    }

    fn unit(&self, english: &str) -> String {
        self.units.get(english).cloned().unwrap_or_else(|| english.to_owned())
    }

    /// A column's description, or the one for its name, if it has one.
    fn column(&self, name: &str, english: &str) -> String {
        let line = line(english);
        let found = self.columns.get(&format!("{name}: {line}")).or_else(|| self.columns.get(&line));
        found.cloned().unwrap_or_else(|| english.to_owned())
    }

    /// Translates a text of several sentences, if all of them are known.
    fn prose(&self, english: &str) -> String {
        let known = sentences(english).into_iter().map(|sentence| self.sentences.get(&sentence));
        let known: Option<Vec<&str>> = known.map(|sentence| sentence.map(String::as_str)).collect();
        known.map_or_else(|| english.to_owned(), |known| known.concat())
    }
}

/// Titles, units and columns in the language of this process.
pub(in crate::cli) fn glossary() -> Glossary {
    if is_chinese() { chinese_glossary() } else { Glossary::default() }
}

/// Titles, units and columns in Chinese, whatever the language of this process.
pub(in crate::cli) fn chinese_glossary() -> Glossary {
    Glossary {
        text: chinese,
        unit: |english| TABLES.unit(english),
        column: |name, english, unit| {
            let about = TABLES.column(name, english);
            unit.map_or(about.clone(), |unit| measured(&about, &TABLES.unit(unit)))
        },
    }
}

/// A Chinese description with the unit after its first part: 收盘价（元/股），未复权.
fn measured(about: &str, unit: &str) -> String {
    let mut depth = 0;
    let end = about.char_indices().find(|(_, c)| {
        depth += i32::from(*c == '（') - i32::from(*c == '）');
        depth == 0 && ['，', '；'].contains(c)
    });
    let (first, rest) = about.split_at(end.map_or(about.len(), |(at, _)| at));
    format!("{first}（{unit}）{rest}")
}

/// Translates a description or notes of several sentences into the language of this process. Unchanged if a sentence
/// has no translation.
pub(in crate::cli) fn prose(text: &str) -> String {
    if is_chinese() { chinese_prose(text) } else { text.to_owned() }
}

/// The same in Chinese, whatever the language of this process.
pub(in crate::cli) fn chinese_prose(text: &str) -> String {
    TABLES.prose(text)
}

/// The sentences of a text, each on one line.
fn sentences(text: &str) -> Vec<String> {
    let (mut sentences, mut words) = (Vec::new(), Vec::new());
    for word in text.split_whitespace() {
        words.push(word);
        if word.ends_with(['.', '!', '?']) && !ABBREVIATIONS.contains(&word.trim_start_matches('(')) {
            sentences.push(words.join(" "));
            words.clear();
        }
    }
    sentences.extend(Some(words.join(" ")).filter(|rest| !rest.is_empty()));
    sentences
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::normalise::{added, added_to_states};
    use crate::spec::Catalog;

    /// What `pitlake tables` prints for values without a unit.
    const KINDS: [&str; 5] = ["text", "date", "flag", "instant", "number"];

    /// What users may be shown.
    #[derive(Default)]
    struct Shown {
        units: BTreeSet<String>,
        /// Names with descriptions.
        columns: BTreeSet<(String, String)>,
        sentences: BTreeSet<String>,
    }

    fn shown() -> Shown {
        let mut shown = Shown { units: KINDS.map(str::to_owned).into(), ..Shown::default() };
        for table in Catalog::load(&[], None).unwrap().0.tables() {
            for column in &table.columns {
                shown.units.extend(column.unit.map(|unit| unit.to_string()));
                shown.columns.insert((column.name.clone(), line(&column.description)));
            }
            for column in added(table).into_iter().chain(added_to_states(table)) {
                shown.columns.insert((column.name.to_owned(), line(column.description)));
            }
            let notes = table.sources.iter().map(|source| &source.contract.notes);
            shown.sentences.extend(notes.chain([&table.description]).flat_map(|text| sentences(text)));
        }
        shown
    }

    /// The key that applies to a column.
    fn key((name, english): &(String, String)) -> String {
        let own = format!("{name}: {english}");
        if TABLES.columns.contains_key(&own) { own } else { english.clone() }
    }

    #[test]
    fn the_file_is_valid_toml_with_these_sections() {
        let sections: BTreeMap<String, BTreeMap<String, String>> =
            toml::from_str(include_str!("zh-tables.toml")).unwrap();
        assert_eq!(sections.keys().collect::<Vec<_>>(), ["columns", "notes", "tables", "units"]);
        assert_eq!(TABLES.sentences.len(), sections["tables"].len() + sections["notes"].len(), "a sentence in both");
    }

    #[test]
    fn all_that_is_shown_of_a_table_has_a_translation() {
        let shown = shown();
        let columns = shown.columns.iter().filter(|column| !TABLES.columns.contains_key(&key(column)));
        let sentences = shown.sentences.iter().filter(|text| !TABLES.sentences.contains_key(*text));
        let units = shown.units.iter().filter(|unit| !TABLES.units.contains_key(*unit));
        let lacking: Vec<&String> = columns.map(|(_, text)| text).chain(sentences).chain(units).collect();
        assert!(lacking.is_empty(), "add the Chinese of these to src/cli/language/zh-tables.toml: {lacking:#?}");
    }

    #[test]
    fn every_translation_has_what_it_translates() {
        let shown = shown();
        let columns: BTreeSet<String> = shown.columns.iter().map(key).collect();
        let all = [(&TABLES.columns, &columns), (&TABLES.sentences, &shown.sentences), (&TABLES.units, &shown.units)];
        let unused = all.into_iter().flat_map(|(known, used)| known.keys().filter(|key| !used.contains(*key)));
        let unused: Vec<&String> = unused.collect();
        assert!(unused.is_empty(), "remove from src/cli/language/zh-tables.toml what no table has: {unused:#?}");
    }

    #[test]
    fn a_translation_names_the_same_commands_and_columns() {
        let spans = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
        let pairs = TABLES.columns.iter().chain(&TABLES.sentences);
        let wrong: Vec<_> = pairs.filter(|(english, translation)| spans(english) != spans(translation)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_unit_stands_behind_what_it_measures() {
        assert_eq!(measured("成交额", "元"), "成交额（元）");
        assert_eq!(measured("收盘价，未复权", "元/股"), "收盘价（元/股），未复权");
        assert_eq!(measured("昨收价（除权价，非收盘价）；见下", "元/股"), "昨收价（除权价，非收盘价）（元/股）；见下");
    }

    #[test]
    fn a_text_with_an_unknown_sentence_stays_as_it_is() {
        let tables = Tables::parse(
            r#"
            [columns]
            "turnover" = "成交额"
            "turnover_rate: turnover" = "换手率"
            [tables]
            "One row a day (e.g. Monday)." = "每天一行（如周一）。"
            [notes]
            "Yuan." = "以元计。"
            "#,
        );
        assert_eq!(tables.column("amount", "turnover"), "成交额");
        assert_eq!(tables.column("turnover_rate", "turnover"), "换手率");
        assert_eq!(tables.column("amount", "my own"), "my own");
        assert_eq!(tables.prose("One row a day\n(e.g. Monday). Yuan."), "每天一行（如周一）。以元计。");
        assert_eq!(tables.prose("Yuan. My own words."), "Yuan. My own words.");
        assert_eq!(tables.unit("lot"), "lot");
    }
}
