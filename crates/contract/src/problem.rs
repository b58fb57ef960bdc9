//! Problems in the project's files: one line each, reported all at once.
//!
//! The rules that raise them are elsewhere.

use std::fmt;

use crate::counted;

/// A problem in one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file's path in the project's folder (`schemas/tushare/daily.toml`).
    pub file: String,
    /// The line, counted from 1; 0 for the whole file.
    pub line: usize,
    /// What is wrong, in lower case, with name and value.
    pub message: String,
    /// How to fix it, if known.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message)?,
            line => write!(f, "{}:{line}: {}", self.file, self.message)?,
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// All problems in the files that were read. Never empty.
#[derive(Debug, Clone, Default, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}")?;
        }
        let files = self.0.iter().map(|p| &p.file).collect::<std::collections::BTreeSet<_>>().len();
        write!(f, "{} in {}; nothing was done", counted(self.0.len(), "problem"), counted(files, "file"))
    }
}

/// A hint with the known name closest to `name`, or with all known names if none is close and there are few.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    let best =
        known.iter().map(|k| (strsim::damerau_levenshtein(name, k), *k)).min_by_key(|(distance, k)| (*distance, *k))?;
    if best.0 <= 1 + name.len() / 3 {
        return Some(format!("did you mean `{}`?", best.1));
    }
    (known.len() <= 16).then(|| format!("expected one of: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_is_the_nearest_name_or_all_names() {
        assert_eq!(nearest("trade_dat", ["trade_date", "vol"]).unwrap(), "did you mean `trade_date`?");
        assert_eq!(nearest("zzzzzzz", ["open", "vol"]).unwrap(), "expected one of: open, vol");
    }
}
