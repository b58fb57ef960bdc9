//! A function that gives a table, and how the arguments of its calls are read. Never here: what a function gives.

use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, ScalarValue, plan_err};
use datafusion::prelude::Expr;
use pitlake_contract::spelling::day_in;

use crate::query::error::QueryError;
use crate::query::silver::Silver;

/// What a function has to say to the engine.
pub(super) type Answer<T> = datafusion::common::Result<T>;

/// A function: its name, how it is called, the tables that it reads, and what it gives.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// How it is called.
    pub(super) form: &'static str,
    /// The tables that it reads beside those that its arguments name.
    pub(super) reads: &'static [&'static str],
    pub(super) call: fn(&Call<'_>) -> Answer<Arc<dyn TableProvider>>,
}

/// One call of a function.
pub(super) struct Call<'a> {
    pub(super) function: &'static Function,
    pub(super) arguments: &'a [Expr],
    pub(super) silver: &'a Silver,
}

impl Call<'_> {
    /// A mistake in the call, with how it is called.
    pub(super) fn misuse<T>(&self, problem: &str) -> Answer<T> {
        plan_err!("{problem}: expected {}", self.function.form)
    }

    /// Checks how many arguments there are.
    pub(super) fn takes(&self, least: usize, most: usize) -> Answer<()> {
        let given = self.arguments.len();
        if (least..=most).contains(&given) {
            return Ok(());
        }
        let count = if least == most { most.to_string() } else { format!("{least} to {most}") };
        let plural = if most == 1 { "" } else { "s" };
        self.misuse(&format!("{} takes {count} argument{plural}, not {given}", self.function.name))
    }

    /// An argument that must be a text.
    pub(super) fn text(&self, place: usize, what: &str) -> Answer<&str> {
        match text(&self.arguments[place]) {
            Some(text) => Ok(text),
            None => self.misuse(&format!("the {what} of {} must be a text", self.function.name)),
        }
    }

    /// An argument that must be a day.
    pub(super) fn day(&self, place: usize, what: &str) -> Answer<NaiveDate> {
        match day(&self.arguments[place]) {
            Some(day) => Ok(day),
            None => self.misuse(&format!("the {what} of {} must be a date", self.function.name)),
        }
    }

    /// An argument as a day, where it is one.
    pub(super) fn as_day(&self, place: usize) -> Option<NaiveDate> {
        day(&self.arguments[place])
    }

    /// An argument as a text, where it is one.
    pub(super) fn as_text(&self, place: usize) -> Option<&str> {
        text(&self.arguments[place])
    }

    /// What a name stands for; unknown names are refused.
    pub(super) fn found<T>(&self, name: &str, found: Option<T>) -> Answer<T> {
        match found {
            Some(found) => Ok(found),
            None => plan_err!("no table `{name}` in {}; `pitlake tables` lists them", self.function.name),
        }
    }
}

/// An error of a reading, for the engine.
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

/// A day, as a date or as text.
fn day(expr: &Expr) -> Option<NaiveDate> {
    match expr {
        Expr::Literal(ScalarValue::Date32(Some(days)), _) => NaiveDate::from_epoch_days(*days),
        Expr::Cast(cast) => day(&cast.expr),
        _ => day_in(text(expr)?),
    }
}
