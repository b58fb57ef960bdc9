//! Strict reading of a TOML file: keys are read by name, a key that nothing reads is a problem, and every problem has a
//! line number. What keys mean is up to the caller.

use std::cell::RefCell;
use std::collections::BTreeSet;

use ::toml::de::{DeTable, DeValue};
use chrono::NaiveDate;

use crate::problem::{Problem, nearest};
use crate::spelling::day;

/// A file, and the problems found in it so far.
pub struct TomlFile<'a> {
    name: &'a str,
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> TomlFile<'a> {
    /// A file, with its name for problems.
    #[must_use]
    pub fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, problems: RefCell::default() }
    }

    /// Reads the file with `read`. Returns a value only if there are no problems.
    ///
    /// # Errors
    /// All problems in the file.
    pub fn parse<T>(&self, read: impl FnOnce(&TomlTable<'_>) -> Option<T>) -> Result<T, Vec<Problem>> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            self.problem(at, error.message().to_lowercase(), None);
        }
        let value = if errors.is_empty() {
            let table = TomlTable::new(self, root.get_ref(), 0, String::new());
            let value = read(&table);
            table.close();
            value
        } else {
            None
        };
        let mut problems = self.problems.take();
        problems.sort();
        problems.dedup();
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            _ => Err(problems),
        }
    }

    /// Reads part of a file whose problems are reported elsewhere.
    pub fn peek<T>(&self, read: impl FnOnce(&TomlTable<'_>) -> Option<T>) -> Option<T> {
        let (root, _) = DeTable::parse_recoverable(self.text);
        read(&TomlTable::new(self, root.get_ref(), 0, String::new()))
    }

    fn problem(&self, at: usize, message: String, hint: Option<String>) {
        let line = 1 + self.text[..at.min(self.text.len())].matches('\n').count();
        self.problems.borrow_mut().push(Problem { file: self.name.into(), line, message, hint });
    }
}

/// A table in the file. Call [`TomlTable::close`] after reading all known keys.
pub struct TomlTable<'a> {
    source: &'a TomlFile<'a>,
    body: &'a DeTable<'a>,
    at: usize,
    path: String,
    read: RefCell<BTreeSet<String>>,
}

/// A value and its position in the file.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its byte offset.
    pub offset: usize,
}

/// An entry in a list of strings and tables.
pub enum TextOrTable<'a> {
    /// A string.
    Text(At<String>),
    /// A table.
    Table(TomlTable<'a>),
}

impl<'a> TomlTable<'a> {
    fn new(source: &'a TomlFile<'a>, body: &'a DeTable<'a>, at: usize, path: String) -> Self {
        Self { source, body, at, path, read: RefCell::default() }
    }

    /// The offset of the table, for [`TomlTable::problem`].
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Reports a problem at an offset of the file.
    pub fn problem(&self, offset: usize, message: impl Into<String>, hint: Option<String>) {
        self.source.problem(offset, message.into(), hint);
    }

    /// Reports every key that was not read, with the closest one that was.
    pub fn close(&self) {
        let read = self.read.borrow();
        for (key, _) in self.body {
            if !read.contains(key.get_ref().as_ref()) {
                self.problem(
                    key.span().start,
                    format!("unknown key `{}{}`", self.path, key.get_ref()),
                    nearest(key.get_ref(), read.iter().map(String::as_str)),
                );
            }
        }
    }

    fn get(&self, key: &str) -> Option<(usize, &'a DeValue<'a>)> {
        self.read.borrow_mut().insert(key.to_owned());
        let (_, value) = self.body.iter().find(|(k, _)| k.get_ref() == key)?;
        Some((value.span().start, value.get_ref()))
    }

    fn typed<T>(&self, key: &str, expected: &str, read: impl FnOnce(&'a DeValue<'a>) -> Option<T>) -> Option<At<T>> {
        let (offset, value) = self.get(key)?;
        let read = read(value);
        if read.is_none() {
            let message = match value.as_integer() {
                Some(number) => format!("invalid `{}{key}`: expected {expected}, found {}", self.path, number.as_str()),
                None => {
                    format!("invalid type for `{}{key}`: expected {expected}, found {}", self.path, value.type_str())
                }
            };
            self.problem(offset, message, None);
        }
        Some(At { value: read?, offset })
    }

    /// A string.
    pub fn text(&self, key: &str) -> Option<At<String>> {
        self.typed(key, "a string", |v| v.as_str().map(str::to_owned))
    }

    /// A non-negative integer.
    pub fn number(&self, key: &str) -> Option<At<u32>> {
        self.typed(key, "a non-negative whole number", |v| v.as_integer()?.as_str().replace('_', "").parse().ok())
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &str) -> Option<At<bool>> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// A date.
    pub fn date(&self, key: &str) -> Option<NaiveDate> {
        let at = self.text(key)?;
        let date = day::date(&at.value);
        if date.is_none() {
            self.problem(at.offset, format!("invalid date `{}`: expected YYYY-MM-DD", at.value), None);
        }
        date
    }

    /// Checks `version`, the format of the file. Only 1 exists.
    pub fn version(&self) {
        if let Some(at) = self.need("version", self.number("version"))
            && at.value != 1
        {
            self.problem(at.offset, format!("unsupported version {}: this program reads version 1", at.value), None);
        }
    }

    /// A list of strings, each with its offset.
    pub fn texts(&self, key: &str) -> Option<At<Vec<At<String>>>> {
        self.typed(key, "a list of strings", |v| {
            let one = |v: &::toml::Spanned<DeValue<'_>>| {
                Some(At { value: v.get_ref().as_str()?.to_owned(), offset: v.span().start })
            };
            v.as_array()?.iter().map(one).collect()
        })
    }

    /// A list of strings.
    pub fn strings(&self, key: &str) -> Option<Vec<String>> {
        Some(self.texts(key)?.value.into_iter().map(|at| at.value).collect())
    }

    /// A sub-table; the caller closes it.
    pub fn table(&self, key: &str) -> Option<TomlTable<'a>> {
        let at = self.typed(key, "a table", DeValue::as_table)?;
        Some(TomlTable::new(self.source, at.value, at.offset, format!("{}{key}.", self.path)))
    }

    /// An array of tables (`[[key]]`); the caller closes each.
    pub fn tables(&self, key: &str) -> Vec<TomlTable<'a>> {
        let list = self.typed(key, "an array of tables", |v| {
            let one = |v: &'a ::toml::Spanned<DeValue<'a>>| Some((v.span().start, v.get_ref().as_table()?));
            v.as_array()?.iter().map(one).collect::<Option<Vec<_>>>()
        });
        let path = format!("{}{key}.", self.path);
        let tables = list.map(|at| at.value).unwrap_or_default();
        tables.into_iter().map(|(at, table)| TomlTable::new(self.source, table, at, path.clone())).collect()
    }

    /// A list of strings and tables; the caller closes each table.
    pub fn texts_or_tables(&self, key: &str) -> Vec<TextOrTable<'a>> {
        let list = self.typed(key, "a list of strings and tables", |v| {
            let one = |v: &'a ::toml::Spanned<DeValue<'a>>| {
                let offset = v.span().start;
                match v.get_ref() {
                    DeValue::String(text) => Some((offset, Ok(text.to_string()))),
                    DeValue::Table(table) => Some((offset, Err(table))),
                    _ => None,
                }
            };
            v.as_array()?.iter().map(one).collect::<Option<Vec<_>>>()
        });
        let path = format!("{}{key}.", self.path);
        let entries = list.map(|at| at.value).unwrap_or_default().into_iter();
        let entry = |(offset, value)| match value {
            Ok(value) => TextOrTable::Text(At { value, offset }),
            Err(table) => TextOrTable::Table(TomlTable::new(self.source, table, offset, path.clone())),
        };
        entries.map(entry).collect()
    }

    /// A table (`[key]`) or an array of tables; the caller closes each.
    pub fn one_or_more(&self, key: &str) -> Vec<TomlTable<'a>> {
        let is_list = self.get(key).is_some_and(|(_, value)| value.as_array().is_some());
        if is_list { self.tables(key) } else { self.table(key).into_iter().collect() }
    }

    /// The tables inside a table whose keys are names, in file order.
    pub fn named_tables(&self, key: &str) -> Vec<(At<String>, TomlTable<'a>)> {
        let Some(parent) = self.table(key) else { return Vec::new() };
        let mut entries: Vec<_> = parent.body.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let mut found = Vec::new();
        for (name, value) in entries {
            let at = At { value: name.get_ref().to_string(), offset: name.span().start };
            match value.get_ref().as_table() {
                Some(table) => {
                    let path = format!("{}{}.", parent.path, at.value);
                    found.push((at.clone(), TomlTable::new(self.source, table, at.offset, path)));
                }
                None => self.problem(
                    at.offset,
                    format!("invalid type for `{}{}`: expected a table", parent.path, at.value),
                    None,
                ),
            }
        }
        found
    }

    /// The strings and lists of strings inside a table whose keys are names, in file order.
    pub fn entries(&self, key: &str) -> Vec<(At<String>, Vec<String>)> {
        let Some(parent) = self.table(key) else { return Vec::new() };
        let mut entries: Vec<_> = parent.body.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let mut found = Vec::new();
        for (name, value) in entries {
            let at = At { value: name.get_ref().to_string(), offset: name.span().start };
            let texts = match value.get_ref() {
                DeValue::String(text) => Some(vec![text.to_string()]),
                DeValue::Array(list) => list.iter().map(|v| v.get_ref().as_str().map(str::to_owned)).collect(),
                _ => None,
            };
            match texts {
                Some(texts) => found.push((at, texts)),
                None => {
                    self.problem(
                        at.offset,
                        format!(
                            "invalid type for `{}{}`: expected a string or a list of strings",
                            parent.path, at.value
                        ),
                        None,
                    );
                }
            }
        }
        found
    }

    /// The keys of a table whose keys are names, in file order.
    pub fn keys(&self) -> Vec<At<String>> {
        let mut keys: Vec<_> = self.body.keys().map(|key| (key.span().start, key.get_ref().to_string())).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(offset, value)| At { value, offset }).collect()
    }

    /// Whether a key holds a table.
    pub fn holds_table(&self, key: &str) -> bool {
        self.body.iter().any(|(k, value)| k.get_ref() == key && value.get_ref().is_table())
    }

    /// Reports a required key that is missing; `value` is what was read.
    pub fn need<T>(&self, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.body.iter().any(|(k, _)| k.get_ref() == key) {
            self.problem(self.at, format!("missing key `{}{key}`", self.path), None);
        }
        value
    }

    /// Looks up one of several names.
    pub fn choice<T: Clone>(&self, key: &str, known: &[(&str, T)]) -> Option<T> {
        let at = self.text(key)?;
        let value = known.iter().find(|(name, _)| *name == at.value).map(|(_, value)| value.clone());
        if value.is_none() {
            let message = format!("unknown {} `{}`", key.replace('_', " "), at.value);
            self.problem(at.offset, message, nearest(&at.value, known.iter().map(|(name, _)| *name)));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unknown_key_is_reported_with_its_line() {
        let source = TomlFile::new("x.toml", "version = 1\nverion = 2\n\n[a]\ncolour = \"red\"\n");
        let read = source.parse(|root| {
            root.number("version");
            let a = root.table("a")?;
            a.text("color");
            a.close();
            Some(())
        });
        let problems = read.unwrap_err();
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(lines[0], "x.toml:2: unknown key `verion`\n  hint: did you mean `version`?");
        assert_eq!(lines[1], "x.toml:5: unknown key `a.colour`\n  hint: did you mean `color`?");
    }

    #[test]
    fn a_wrong_type_is_reported_with_the_expected_one() {
        let source = TomlFile::new("x.toml", "version = \"1\"\n");
        let problems = source.parse(|root| root.number("version").map(|at| at.value)).unwrap_err();
        assert_eq!(
            problems[0].message,
            "invalid type for `version`: expected a non-negative whole number, found string"
        );
    }
}
