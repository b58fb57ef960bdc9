//! What judging an answer by its rows found before it was kept. It is stored in the file's header, so the ledger knows
//! it without reading rows. How an answer is judged is decided in `fetch`, not here.

use pitlake_contract::counted;
use serde::{Deserialize, Serialize};

/// How many codes a header lists at most. Their number is exact in any case.
pub const MOST_CODES: usize = 200;

/// Why an answer is not simply whole. Part of its file name (`docs/lake-format.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Some securities are missing, within the contract's tolerance. Fetched again on a later day.
    Due,
    /// Rows were rejected, or requested columns did not come.
    Damaged,
    /// The vendor has no more: looks on three days agree.
    Short,
}

impl Mark {
    /// All marks.
    pub const ALL: [Self; 3] = [Self::Due, Self::Damaged, Self::Short];

    /// The name used in file names and by `status`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Damaged => "damaged",
            Self::Short => "short",
        }
    }
}

/// The state of an answer's rows, as read by the code that builds silver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// How many securities should have a row, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<usize>,
    /// Number of distinct keys that reach silver.
    pub keys: usize,
    /// Rows of a neighbouring session, if it has so many more that this answer must be partial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<usize>,
    /// Number of rejected rows.
    #[serde(skip_serializing_if = "is_zero")]
    pub set_aside: usize,
    /// Why the first of them was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of rows that exactly repeat another.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated: usize,
    /// Securities that should have a row but do not: the first [`MOST_CODES`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    /// How many there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub lacking_codes: usize,
    /// Securities with a row that the universe does not know: the first [`MOST_CODES`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// How many there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub unknown_codes: usize,
    /// Requested columns that did not come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Whether the securities that should have a row are unknown, because what tells them did not come or could not be
    /// read.
    #[serde(skip_serializing_if = "is_no")]
    pub is_unjudged: bool,
}

/// Whether to leave a count out of the header.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Whether to leave a flag out of the header.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_no(flag: &bool) -> bool {
    !flag
}

impl Findings {
    /// Whether rows were rejected, or columns did not come.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.set_aside > 0 || !self.columns.is_empty()
    }

    /// Adds the findings of another slice's answer in the same file.
    pub fn add(&mut self, other: Self) {
        self.keys += other.keys;
        self.set_aside += other.set_aside;
        self.repeated += other.repeated;
        self.reason = self.reason.take().or(other.reason);
        for column in other.columns {
            if !self.columns.contains(&column) {
                self.columns.push(column);
            }
        }
    }

    /// Records securities without a row.
    pub fn lack(&mut self, codes: impl IntoIterator<Item = String>) {
        (self.lacking, self.lacking_codes) = first(codes);
    }

    /// Records securities that the universe does not know.
    pub fn meet(&mut self, codes: impl IntoIterator<Item = String>) {
        (self.unknown, self.unknown_codes) = first(codes);
    }

    /// What is missing, as part of a sentence. `None` if nothing is.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.set_aside > 0 {
            let rows = counted(self.set_aside, "row");
            parts.push(match &self.reason {
                Some(reason) => format!("{rows} set aside ({reason})"),
                None => format!("{rows} set aside"),
            });
        }
        if !self.columns.is_empty() {
            parts.push(format!("no {} in the reply", named(&self.columns, self.columns.len())));
        }
        if self.lacking_codes > 0 {
            let codes = named(&self.lacking, self.lacking_codes);
            parts.push(match self.expected {
                Some(expected) => format!("missing securities (of {expected}): {codes}"),
                None => format!("missing securities: {codes}"),
            });
        }
        if self.is_unjudged {
            parts.push(
                "the list of securities or suspensions that it is checked against is missing or cannot be read"
                    .to_owned(),
            );
        }
        if let Some(beside) = self.beside {
            parts.push(format!("{}, but {beside} on the neighbouring session", counted(self.keys, "row")));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// The first three names, and how many more there are.
fn named(names: &[String], count: usize) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    let more = count - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn first(codes: impl IntoIterator<Item = String>) -> (Vec<String>, usize) {
    let mut all: Vec<String> = codes.into_iter().collect();
    let count = all.len();
    all.truncate(MOST_CODES);
    (all, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_name_what_is_lacking() {
        let mut findings = Findings { expected: Some(297), keys: 290, ..Findings::default() };
        assert_eq!((findings.text(), findings.is_damaged()), (None, false));
        findings.lack((1..=5).map(|n| format!("60000{n}.SH")));
        findings.columns.push("vol".into());
        assert!(findings.is_damaged());
        let text = findings.text().unwrap();
        let unjudged = Findings { is_unjudged: true, ..Findings::default() };
        let text_of = unjudged.text();
        assert!(text_of.is_some_and(|text| text.ends_with("checked against is missing or cannot be read")));
        let part = Findings { keys: 29, beside: Some(58), ..Findings::default() };
        assert_eq!(part.text().as_deref(), Some("29 rows, but 58 on the neighbouring session"));
        let codes = "`600001.SH`, `600002.SH`, `600003.SH` and 2 more";
        assert_eq!(text, format!("no `vol` in the reply; missing securities (of 297): {codes}"));
    }

    #[test]
    fn a_plain_answer_takes_few_bytes_of_a_header() {
        let findings = Findings { expected: Some(5400), keys: 5400, ..Findings::default() };
        assert_eq!(serde_json::to_string(&findings).unwrap(), r#"{"expected":5400,"keys":5400}"#);
        assert_eq!(serde_json::from_str::<Findings>("{}").unwrap(), Findings::default());
    }
}
