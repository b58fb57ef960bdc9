//! Table functions, one file each. Nothing they return is from after the day of the whole query. How a table is read as
//! of a day is in `reading`.

mod adjusted;
mod as_of;
mod call;
mod sessions_join;
mod universe;

use std::sync::Arc;

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::prelude::SessionContext;

use call::{Answer, Call, Function};

use super::silver::Silver;

const FUNCTIONS: &[Function] = &[as_of::FUNCTION, sessions_join::FUNCTION, adjusted::FUNCTION, universe::FUNCTION];

/// Whether a query calls a table function.
#[must_use]
pub fn calls_function(sql: &str) -> bool {
    called(sql).next().is_some()
}

/// The names of the functions that read tables.
pub fn functions() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

/// The tables that the functions in a query read, including those that may be named in arguments.
pub(super) fn reads(sql: &str) -> Vec<&str> {
    let named = sql.split('\'').skip(1).step_by(2);
    called(sql).flat_map(|function| function.reads.iter().copied()).chain(named).collect()
}

/// Registers the functions called by a query with the engine.
pub(super) fn register(context: &SessionContext, sql: &str, silver: &Arc<Silver>) {
    for function in called(sql) {
        let bound = Arc::new(Bound { function, silver: Arc::clone(silver) });
        // The engine is case-sensitive here.
        context.register_udtf(&function.name.to_ascii_uppercase(), Arc::clone(&bound) as _);
        context.register_udtf(function.name, bound);
    }
}

/// The functions whose names are followed by a parenthesis.
fn called(sql: &str) -> impl Iterator<Item = &'static Function> {
    let sql = sql.to_ascii_lowercase();
    FUNCTIONS.iter().filter(move |function| {
        let mut found = sql.match_indices(function.name);
        found.any(|(at, name)| sql[at + name.len()..].trim_start().starts_with('('))
    })
}

/// A function with the tables of a query.
struct Bound {
    function: &'static Function,
    silver: Arc<Silver>,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.function.name)
    }
}

impl TableFunctionImpl for Bound {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Answer<Arc<dyn TableProvider>> {
        (self.function.call)(&Call { function: self.function, arguments: args.exprs(), silver: &self.silver })
    }
}
