//! Why a query failed, in one line and with a way out. Never here: how a query runs.

use anyhow::anyhow;
use datafusion::common::{Column, DataFusionError, SchemaError};

use super::engine::MEMORY;
use crate::spec::{Catalog, nearest};

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The SQL or the question is at fault: exit 2.
    #[error("{0}")]
    Misuse(String),
    /// Something else is at fault: exit 1.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// The engine's error as one line, with a hint where we know one.
pub(super) fn explain(catalog: &Catalog, error: &DataFusionError) -> QueryError {
    let root = error.find_root();
    let text = root.strip_backtrace();
    let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text);
    // The second line is often a hint; the lines after it list every signature.
    let line =
        text.lines().take(2).map(|line| line.split('\t').next().unwrap_or(line).trim()).collect::<Vec<_>>().join(" ");
    let unplanned = QueryError::Misuse(format!("cannot plan the SQL: {line}"));
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
