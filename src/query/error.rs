//! Why a query failed, in one line with what to do. How queries run is decided elsewhere.

use std::error::Error;

use anyhow::anyhow;
use arrow::error::ArrowError;
use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::object_store;
use parquet::errors::ParquetError;

use super::engine::MEMORY;
use super::place;
use crate::spec::{Catalog, nearest};

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A mistake in the SQL or the question. Exit code 2.
    #[error("{0}")]
    Misuse(String),
    /// Any other failure. Exit code 1.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl QueryError {
    /// Adds the position in the SQL, if the engine tells.
    pub(super) fn located(self, sql: &str, error: &DataFusionError) -> Self {
        let Self::Misuse(message) = self else { return self };
        let told = error.diagnostic().and_then(|diagnostic| diagnostic.span);
        // The parser names it in the message.
        let named = place::named(&message);
        let line = told.filter(|_| named.is_none());
        let line = line.map(|span| format!("\n  line {}, column {}", span.start.line, span.start.column));
        let place = told.or(named).and_then(|span| place::shown(sql, span));
        Self::Misuse(match place {
            Some(place) => format!("{message}{}\n{place}", line.unwrap_or_default()),
            None => message,
        })
    }
}

/// Functions that require OVER. Without it, the engine reports them as unknown.
const WINDOW: [&str; 11] = [
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

/// Our wording for verbose messages of the engine; `None` if its own will do.
fn said(line: &str) -> Option<String> {
    let quoted = |rest: &str, end: &str| rest.split_once(end).map(|(name, _)| name.to_owned());
    let after = |mark: &str| line.split_once(mark).map(|(_, rest)| rest);
    if let Some(name) = after("Invalid function '").and_then(|rest| quoted(rest, "'")) {
        let is_window = WINDOW.contains(&name.to_lowercase().as_str());
        return is_window
            .then(|| format!("`{name}` needs a window: write `{name}(…) OVER (PARTITION BY … ORDER BY …)`"));
    }
    if let Some(name) = after("While expanding wildcard, column \"").and_then(|rest| quoted(rest, "\" must appear")) {
        return Some(format!("`{name}` is neither in GROUP BY nor in an aggregate function such as max(…)"));
    }
    let name = after("Function '").filter(|rest| rest.contains("failed to match any signature"))?;
    let name = quoted(name, "'")?;
    let mut taken: Vec<&str> = Vec::new();
    let mut received = None;
    for wanted in line.split(" requires ").skip(1) {
        let Some((kind, rest)) = wanted.split_once(", but received ") else { continue };
        if !taken.contains(&kind) {
            taken.push(kind);
        }
        received = received.or_else(|| rest.split_once(" (").map(|(kind, _)| kind));
    }
    Some(match received {
        Some(received) => format!("`{name}` takes {}, but was given {received}", taken.join(", ")),
        None => format!("`{name}` does not take these arguments"),
    })
}

/// The engine's error in one line, with a hint if we have one.
pub(super) fn explain(catalog: &Catalog, error: &DataFusionError) -> QueryError {
    let root = error.find_root();
    let text = root.strip_backtrace();
    let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text);
    // The second line is often a hint. The lines after it list every signature.
    let line =
        text.lines().take(2).map(|line| line.split('\t').next().unwrap_or(line).trim()).collect::<Vec<_>>().join(" ");
    // Cut off what the engine's own types look like.
    let line = line.split_once(" { ").map_or(line.as_str(), |(line, _)| line).to_owned();
    let unplanned = QueryError::Misuse(format!("cannot plan the SQL: {}", said(&line).unwrap_or(line.clone())));
    let hinted = |problem: String, hint: String| QueryError::Misuse(format!("{problem}; {hint}"));
    match root {
        DataFusionError::SQL(parser, _) => {
            let problem = parser.to_string();
            let problem = problem.strip_prefix("sql parser error: ").unwrap_or(&problem);
            QueryError::Misuse(format!("cannot parse the SQL: {problem}"))
        }
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let named = |column: &Column| match field.relation {
                    Some(_) => column.flat_name(),
                    None => column.name.clone(),
                };
                let valid: Vec<String> = valid_fields.iter().map(named).collect();
                let hint = nearest(&named(field), valid.iter().map(String::as_str));
                let hint = hint.unwrap_or_else(|| "`pitlake tables TABLE` lists the columns".into());
                hinted(format!("no column `{}`", named(field)), hint)
            }
            _ => unplanned,
        },
        DataFusionError::Plan(plan) => {
            let unknown = plan.strip_prefix("table '").and_then(|rest| rest.split_once("' not found"));
            let Some((path, _)) = unknown else { return unplanned };
            let name = path.strip_prefix("datafusion.public.").unwrap_or(path);
            let hint = nearest(name, catalog.tables().map(|table| table.name.as_str()));
            let hint = hint.unwrap_or_else(|| "`pitlake tables` lists them".into());
            hinted(format!("no table `{name}`"), hint)
        }
        DataFusionError::NotImplemented(_) => unplanned,
        DataFusionError::ResourcesExhausted(_) => QueryError::Failed(anyhow!(
            "the query needs more than {} GiB of memory: select fewer columns or days ({line})",
            MEMORY >> 30
        )),
        _ => QueryError::Failed(anyhow!("the query failed: {line}")),
    }
}

/// Where a file of one of these tables could not be decoded. `None` for other errors.
pub(super) fn damaged(error: &DataFusionError, tables: &[String]) -> Option<QueryError> {
    let what = match error.find_root() {
        // What a pushed-down filter or the store says comes through the decoder as well.
        DataFusionError::ParquetError(what) => match what.as_ref() {
            ParquetError::External(cause) if is_of_filter(cause.as_ref()) || cause.is::<object_store::Error>() => {
                return None;
            }
            what => what.to_string(),
        },
        DataFusionError::ArrowError(what, _) => match what.as_ref() {
            ArrowError::ParquetError(what) => what.clone(),
            _ => return None,
        },
        _ => return None,
    };
    if tables.is_empty() || what.contains("Object Store error") {
        return None;
    }
    // Without what the decoder's own types look like.
    let what = what.lines().next().and_then(|line| line.split(" { ").next()).unwrap_or_default();
    // Decoders do not tell which file they read.
    Some(QueryError::Failed(anyhow!(
        "cannot decode a file of silver ({what}): if a build is running, query again, otherwise run `pitlake verify {}` to find the damaged file",
        tables.join(" ")
    )))
}

fn is_of_filter(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
    matches!(cause.downcast_ref(), Some(ArrowError::ComputeError(_)))
}

/// Where the engine panicked.
pub(super) fn panicked(text: &str, tables: &[String]) -> QueryError {
    QueryError::Failed(match tables {
        [] => anyhow!("internal error: {text}"),
        tables => anyhow!(
            "internal error: {text}; a damaged file may be the cause: run `pitlake verify {}`",
            tables.join(" ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn what_the_engine_says_at_length_is_said_in_a_line() {
        for (line, expected) in [
            (
                "Invalid function 'lag'. Did you mean 'log'?",
                "`lag` needs a window: write `lag(…) OVER (PARTITION BY … ORDER BY …)`",
            ),
            (
                "Internal error: Function 'sum' failed to match any signature, errors: Error during planning: Function 'sum' \
                 requires Decimal, but received String (DataType: Utf8).,Error during planning: Function 'sum' requires \
                 Int64, but received String (DataType: Utf8).. This issue was likely caused by a bug in DataFusion's code.",
                "`sum` takes Decimal, Int64, but was given String",
            ),
            (
                "Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column \
                 \"a.ts_code\" must appear in the GROUP BY clause or must be part of an aggregate function",
                "`a.ts_code` is neither in GROUP BY nor in an aggregate function such as max(…)",
            ),
        ] {
            assert_eq!(said(line).as_deref(), Some(expected));
        }
        for line in ["Ambiguous reference to unqualified field ts_code", "Invalid function 'foo'. Did you mean 'row'?"]
        {
            assert_eq!(said(line), None);
        }
    }
}
