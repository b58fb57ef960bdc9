//! The months or days that a file covers when its rows leave the day of its folder. A header lists months (`2024-06`)
//! or, if they are few, days (`2024-06-03`).
//!
//! Which partition a day belongs to is decided elsewhere.

use std::collections::BTreeSet;

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The months or days of a file's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Months, each by its first day.
    Months(BTreeSet<NaiveDate>),
    /// Days.
    Days(BTreeSet<NaiveDate>),
}

impl Span {
    /// The months that contain `days`.
    #[must_use]
    pub fn months(days: impl IntoIterator<Item = NaiveDate>) -> Self {
        Self::Months(days.into_iter().map(|day| day.with_day(1).unwrap_or(day)).collect())
    }

    /// The days themselves.
    #[must_use]
    pub fn days(days: impl IntoIterator<Item = NaiveDate>) -> Self {
        Self::Days(days.into_iter().collect())
    }

    /// Whether it lists days. Months only say that some of their days have an event.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Days(_))
    }

    /// Each day, or the first day of each month, oldest first.
    pub fn first_days(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        let (Self::Months(days) | Self::Days(days)) = self;
        days.iter().copied()
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let format = if self.is_exact() { "%Y-%m-%d" } else { "%Y-%m" };
        let texts: Vec<String> = self.first_days().map(|day| day.format(format).to_string()).collect();
        texts.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let days: Option<BTreeSet<NaiveDate>> = texts.iter().map(|text| text.parse().ok()).collect();
        if let Some(days) = days.filter(|days| !days.is_empty()) {
            return Ok(Self::Days(days));
        }
        let month = |text: &String| {
            format!("{text}-01").parse().map_err(|_| {
                serde::de::Error::custom(format!(
                    "invalid span: expected YYYY-MM or YYYY-MM-DD throughout, found `{text}`"
                ))
            })
        };
        texts.iter().map(month).collect::<Result<_, _>>().map(Self::Months)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn months_and_days_are_written_as_they_were_read() {
        for (text, is_exact, first) in
            [(r#"["2023-12","2024-06"]"#, false, "2023-12-01"), (r#"["2023-12-31","2024-06-03"]"#, true, "2023-12-31")]
        {
            let span: Span = serde_json::from_str(text).unwrap();
            assert_eq!((span.is_exact(), span.first_days().next()), (is_exact, Some(day(first))));
            assert_eq!(serde_json::to_string(&span).unwrap(), text);
        }
    }

    #[test]
    fn days_of_one_month_are_one_month() {
        let days = ["2024-06-03", "2024-06-28", "2024-02-29"].map(day);
        assert_eq!(serde_json::to_string(&Span::months(days)).unwrap(), r#"["2024-02","2024-06"]"#);
        assert_eq!(Span::days(days).first_days().count(), 3);
    }

    #[test]
    fn months_beside_days_are_an_error() {
        let error = serde_json::from_str::<Span>(r#"["2024-06","2024-06-03"]"#).unwrap_err().to_string();
        assert!(error.contains("found `2024-06-03`"), "{error}");
    }
}
