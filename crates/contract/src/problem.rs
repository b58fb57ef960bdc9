//! What is wrong with the project's files: one line a problem, all of them at once.
//!
//! Only the shape of a complaint lives here, never the rules that raise it.

use std::fmt;

/// One thing wrong in one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as a reader would open it (`schemas/tushare/daily.toml`).
    pub file: String,
    /// Line, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// What is wrong: lower case, with the name and the value.
    pub message: String,
    /// The way out, where we know one.
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

/// Everything wrong with the files that were read. Never empty when it is an error.
#[derive(Debug, Clone, Default, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}")?;
        }
        let files = self.0.iter().map(|p| &p.file).collect::<std::collections::BTreeSet<_>>().len();
        write!(f, "{} in {}; nothing was run", counted(self.0.len(), "problem"), counted(files, "file"))
    }
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The known name nearest to `name`, as a hint; the whole list where it is short and nothing is near.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    let best =
        known.iter().map(|k| (strsim::damerau_levenshtein(name, k), *k)).min_by_key(|(distance, k)| (*distance, *k))?;
    if best.0 <= 1 + name.len() / 3 {
        return Some(format!("did you mean `{}`?", best.1));
    }
    (known.len() <= 16).then(|| format!("known: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_offered_and_a_far_one_lists_the_known() {
        assert_eq!(nearest("trade_dat", ["trade_date", "vol"]).unwrap(), "did you mean `trade_date`?");
        assert_eq!(nearest("zzzzzzz", ["open", "vol"]).unwrap(), "known: open, vol");
    }
}
