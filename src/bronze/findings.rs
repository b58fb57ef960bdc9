//! What was found when an answer was judged by its rows, before it was kept; it stands in the header of the file, so
//! the ledger knows it without reading rows. Never how an answer is judged.

use pitlake_contract::counted;
use serde::{Deserialize, Serialize};

/// Most codes that a header lists; their number is exact.
pub const MOST_CODES: usize = 200;

/// Why an answer is not plainly whole. It stands in the name of its file (`docs/lake-format.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Some securities are lacking, within the tolerance of the contract: asked again on a later day.
    Due,
    /// Rows were set aside, or columns that were asked for did not come.
    Damaged,
    /// The vendor has no more: looks on three days agree.
    Short,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 3] = [Self::Due, Self::Damaged, Self::Short];

    /// As in the name of a file, and as `status` calls the state.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Damaged => "damaged",
            Self::Short => "short",
        }
    }
}

/// What the rows of an answer are, as the code that builds silver reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// Securities that should have a row, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<usize>,
    /// Distinct keys that reach silver.
    pub keys: usize,
    /// Rows of the session beside it, where that has so many more that this answer is a part of its day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<usize>,
    /// Rows that were set aside.
    #[serde(skip_serializing_if = "is_zero")]
    pub set_aside: usize,
    /// Why the first of them was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Rows that repeat another one exactly.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated: usize,
    /// Securities that should have a row and have none: the first [`MOST_CODES`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    /// How many they are.
    #[serde(skip_serializing_if = "is_zero")]
    pub lacking_codes: usize,
    /// Securities with a row that the universe does not know: the first [`MOST_CODES`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// How many they are.
    #[serde(skip_serializing_if = "is_zero")]
    pub unknown_codes: usize,
    /// Columns that were asked for and did not come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// What tells the securities that should have a row did not come, or could not be read.
    #[serde(skip_serializing_if = "is_no")]
    pub is_unjudged: bool,
}

/// Whether a count says nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Whether a flag says nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_no(flag: &bool) -> bool {
    !flag
}

impl Findings {
    /// Whether rows were set aside, or columns did not come.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.set_aside > 0 || !self.columns.is_empty()
    }

    /// Adds what was found in the answer to another slice of the same file.
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

    /// Names the securities that lack a row.
    pub fn lack(&mut self, codes: impl IntoIterator<Item = String>) {
        (self.lacking, self.lacking_codes) = first(codes);
    }

    /// Names the securities that the universe does not know.
    pub fn meet(&mut self, codes: impl IntoIterator<Item = String>) {
        (self.unknown, self.unknown_codes) = first(codes);
    }

    /// What is not whole, as one sentence part; `None` where nothing is lacking.
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
                Some(expected) => format!("{codes} of {expected} lacking"),
                None => format!("{codes} lacking"),
            });
        }
        if self.is_unjudged {
            parts.push(
                "the list of securities or of suspensions that it is judged by is missing or cannot be read".to_owned(),
            );
        }
        if let Some(beside) = self.beside {
            parts.push(format!("{}, {beside} on the session beside it", counted(self.keys, "row")));
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
        assert!(
            unjudged.text().is_some_and(|text| text.ends_with("that it is judged by is missing or cannot be read"))
        );
        let part = Findings { keys: 29, beside: Some(58), ..Findings::default() };
        assert_eq!(part.text().as_deref(), Some("29 rows, 58 on the session beside it"));
        assert_eq!(text, "no `vol` in the reply; `600001.SH`, `600002.SH`, `600003.SH` and 2 more of 297 lacking");
    }

    #[test]
    fn a_plain_answer_takes_few_bytes_of_a_header() {
        let findings = Findings { expected: Some(5400), keys: 5400, ..Findings::default() };
        assert_eq!(serde_json::to_string(&findings).unwrap(), r#"{"expected":5400,"keys":5400}"#);
        assert_eq!(serde_json::from_str::<Findings>("{}").unwrap(), Findings::default());
    }
}
