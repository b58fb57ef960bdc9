//! A table function, and how the arguments of its calls are read. What each function returns is in its own file.

use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, ScalarValue, plan_err};
use datafusion::prelude::Expr;
use pitlake_contract::spelling::day_in;

use crate::query::error::QueryError;
use crate::query::silver::Silver;

/// What a function returns to the engine.
pub(super) type Answer<T> = datafusion::common::Result<T>;

/// A function: its name, its syntax, the tables it reads, and what it returns.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// Its syntax.
    pub(super) form: &'static str,
    /// The tables it reads, besides those named in its arguments.
    pub(super) reads: &'static [&'static str],
    pub(super) call: fn(&Call<'_>) -> Answer<Arc<dyn TableProvider>>,
}

/// A call of a function.
pub(super) struct Call<'a> {
    pub(super) function: &'static Function,
    pub(super) arguments: &'a [Expr],
    pub(super) silver: &'a Silver,
}

impl Call<'_> {
    /// An error in the call, with the function's syntax.
    pub(super) fn misuse<T>(&self, problem: &str) -> Answer<T> {
        plan_err!("{problem}: expected {}", self.function.form)
    }

    /// Checks the number of arguments.
    pub(super) fn takes(&self, least: usize, most: usize) -> Answer<()> {
        let given = self.arguments.len();
        if (least..=most).contains(&given) {
            return Ok(());
        }
        let count = if least == most { most.to_string() } else { format!("{least} to {most}") };
        let plural = if most == 1 { "" } else { "s" };
        self.misuse(&format!("{} takes {count} argument{plural}, not {given}", self.function.name))
    }

    /// An argument that must be a string.
    pub(super) fn text(&self, place: usize, what: &str) -> Answer<&str> {
        match text(&self.arguments[place]) {
            Some(text) => Ok(text),
            None => self.misuse(&format!("the {what} of {} must be a text", self.function.name)),
        }
    }

    /// An argument that must be a date.
    pub(super) fn day(&self, place: usize, what: &str) -> Answer<NaiveDate> {
        match day(&self.arguments[place]) {
            Some(day) => Ok(day),
            None => self.misuse(&format!("the {what} of {} must be a date", self.function.name)),
        }
    }

    /// An argument as a date, if it is one.
    pub(super) fn as_day(&self, place: usize) -> Option<NaiveDate> {
        day(&self.arguments[place])
    }

    /// An argument as a string, if it is one.
    pub(super) fn as_text(&self, place: usize) -> Option<&str> {
        text(&self.arguments[place])
    }

    /// What a name stands for. Unknown names are an error.
    pub(super) fn found<T>(&self, name: &str, found: Option<T>) -> Answer<T> {
        match found {
            Some(found) => Ok(found),
            None => plan_err!("no table `{name}` in {}; `pitlake tables` lists them", self.function.name),
        }
    }
}

/// Converts an error of a reading for the engine.
pub(super) fn planned<T>(result: Result<T, QueryError>) -> Answer<T> {
    result.map_err(|error| match error {
        QueryError::Misuse(message) => DataFusionError::Plan(message),
        QueryError::Failed(error) => DataFusionError::External(error.into()),
    })
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text), _) => {
            text.as_deref()
        }
        _ => None,
    }
}

/// A date, written as a date or a string.
fn day(expr: &Expr) -> Option<NaiveDate> {
    match expr {
        Expr::Literal(ScalarValue::Date32(Some(days)), _) => NaiveDate::from_epoch_days(*days),
        Expr::Cast(cast) => day(&cast.expr),
        _ => day_in(text(expr)?),
    }
}
