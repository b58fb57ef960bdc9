//! Checks that the columns exist from which a contract takes parameter values. The values themselves are in
//! `plan::values`.

use std::collections::BTreeMap;

use super::table::{ColumnType, Table};
use pitlake_contract::{Contract, Problem, Values, nearest};

/// Problems with a contract's references to columns of other tables.
pub(super) fn problems(contract: &Contract, tables: &BTreeMap<String, Table>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (param, values) in &contract.ask.each {
        let Values::Column { table, column, filter, of_day } = values else { continue };
        let file = format!("schemas/{}.toml", contract.id);
        // The line of the parameter below `[ask.each]`.
        let place = contract.text.lines().position(|line| line.trim_start().starts_with(&format!("{param} =")));
        let line = place.map_or(0, |place| place + 1);
        let mut report = |message: String, hint: Option<String>| {
            problems.push(Problem { file: file.clone(), line, message, hint });
        };
        let Some(other) = tables.get(table) else {
            report(format!("unknown table `{table}`"), nearest(table, tables.keys().map(String::as_str)));
            continue;
        };
        let texts = filter.iter().map(|(name, _)| name).chain([column]).map(|name| (name, ColumnType::Utf8));
        for (name, kind) in texts.chain(of_day.iter().map(|name| (name, ColumnType::Date))) {
            match other.columns.iter().find(|column| column.name == *name) {
                Some(column) if column.kind == kind => {}
                Some(_) => report(format!("`{table}.{name}` is not a {} column", kind.name()), None),
                None => {
                    let known = other.columns.iter().map(|column| column.name.as_str());
                    report(format!("`{table}` has no column `{name}`"), nearest(name, known));
                }
            }
        }
    }
    problems
}
