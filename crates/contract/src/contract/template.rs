//! Templates for parameters (`[ask] send`): filled in from a slice's days or securities, and parsed back.

use crate::date_range::DateRange;
use crate::problem::nearest;
use crate::spelling::{code, day};

/// What to fill in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    First,
    Last,
    FirstIso,
    LastIso,
    Codes,
    PrefixedCodes,
}

const PLACEHOLDERS: &[(&str, Placeholder)] = &[
    ("{day}", Placeholder::First),
    ("{first}", Placeholder::First),
    ("{last}", Placeholder::Last),
    ("{first:iso}", Placeholder::FirstIso),
    ("{last:iso}", Placeholder::LastIso),
    ("{code}", Placeholder::Codes),
    ("{code:prefix}", Placeholder::PrefixedCodes),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Placeholder(Placeholder),
}

/// A parameter's value before the slice is known: `{last:iso} 15:00:00`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// A placeholder that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown placeholder `{name}`")]
pub struct UnknownPlaceholder {
    /// As written, with its braces.
    name: String,
}

impl UnknownPlaceholder {
    /// The placeholder that was probably meant.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        nearest(&self.name, PLACEHOLDERS.iter().map(|row| row.0))
    }
}

impl Template {
    /// The slice's day.
    #[must_use]
    pub fn day() -> Self {
        Self(vec![Part::Placeholder(Placeholder::First)])
    }

    /// The slice's securities.
    #[must_use]
    pub fn codes() -> Self {
        Self(vec![Part::Placeholder(Placeholder::Codes)])
    }

    /// Reads a template.
    ///
    /// # Errors
    /// [`UnknownPlaceholder`].
    pub fn parse(text: &str) -> Result<Self, UnknownPlaceholder> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let end = rest[open..].find('}').map_or(rest.len(), |close| open + close + 1);
            if open > 0 {
                parts.push(Part::Literal(rest[..open].to_owned()));
            }
            let name = &rest[open..end];
            let known = PLACEHOLDERS.iter().find(|row| row.0 == name);
            let known = known.ok_or_else(|| UnknownPlaceholder { name: name.to_owned() })?;
            parts.push(Part::Placeholder(known.1));
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Whether it contains securities.
    #[must_use]
    pub fn has_codes(&self) -> bool {
        let is_code = |part: &Part| matches!(part, Part::Placeholder(Placeholder::Codes | Placeholder::PrefixedCodes));
        self.0.iter().any(is_code)
    }

    /// The value for some securities and days. Placeholders for what is not given become empty.
    #[must_use]
    pub fn fill(&self, codes: &[&str], days: Option<DateRange>) -> String {
        let first = days.map(|days| days.first);
        let last = days.map(|days| days.last);
        let iso = |day: chrono::NaiveDate| day.to_string();
        let fill = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Placeholder(Placeholder::First) => first.map(day::compact).unwrap_or_default(),
            Part::Placeholder(Placeholder::Last) => last.map(day::compact).unwrap_or_default(),
            Part::Placeholder(Placeholder::FirstIso) => first.map(iso).unwrap_or_default(),
            Part::Placeholder(Placeholder::LastIso) => last.map(iso).unwrap_or_default(),
            Part::Placeholder(Placeholder::Codes) => codes.join(","),
            Part::Placeholder(Placeholder::PrefixedCodes) => {
                codes.iter().map(|code| code::prefixed(code)).collect::<Vec<_>>().join(",")
            }
        };
        self.0.iter().map(fill).collect()
    }

    /// The securities in a value that [`Template::fill`] made from a template with a single placeholder, as in
    /// `600519.SH`.
    #[must_use]
    pub fn read_codes(&self, value: &str) -> Vec<String> {
        let codes = value.split(',').filter(|code| !code.is_empty());
        match self.0[..] {
            [Part::Placeholder(Placeholder::Codes)] => codes.map(str::to_owned).collect(),
            [Part::Placeholder(Placeholder::PrefixedCodes)] => codes.map(code::unprefixed).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, codes: &[&str], days: Option<DateRange>) -> String {
        Template::parse(template).unwrap().fill(codes, days)
    }

    #[test]
    fn placeholders_are_filled_from_the_slice() {
        let days = Some(DateRange::month("2024-02-01".parse().unwrap()));
        assert_eq!(fill("{first:iso} 09:00:00", &[], days), "2024-02-01 09:00:00");
        assert_eq!(fill("{day}-{last}", &[], days), "20240201-20240229");
        assert_eq!(fill("{code:prefix}", &["600519.SH", "000001.SZ"], None), "SH.600519,SZ.000001");
        assert_eq!(fill("{code}", &["600519.SH", "000001.SZ"], None), "600519.SH,000001.SZ");
        assert_eq!(fill("plain", &["600519.SH"], days), "plain");
    }

    #[test]
    fn securities_are_read_back() {
        let codes = ["600519.SH", "BRK.B.US", "odd"];
        for template in ["{code}", "{code:prefix}"] {
            let template = Template::parse(template).unwrap();
            assert!(template.has_codes());
            assert_eq!(template.read_codes(&template.fill(&codes, None)), codes);
        }
        assert!(!Template::day().has_codes());
        assert_eq!(Template::day().read_codes("20240102"), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_placeholder_is_named_with_the_nearest_one() {
        let error = Template::parse("x {frist:iso}").unwrap_err();
        assert_eq!(error.to_string(), "unknown placeholder `{frist:iso}`");
        assert_eq!(error.hint().unwrap(), "did you mean `{first:iso}`?");
        assert!(Template::parse("{code").is_err());
    }
}
