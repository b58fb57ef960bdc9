//! Flattens nested answers into rows with the contract's fields, for tests to compare silver with.

use crate::Cell;
use pitlake_contract::Contract;
use serde_json::Value;

/// The rows of a list in an answer, or of the answer itself.
pub(crate) struct Flat<'a> {
    pub(crate) contract: &'a Contract,
    list: Option<&'a str>,
    fields: Vec<usize>,
}

impl<'a> Flat<'a> {
    /// The fields of that list and those outside of any list; `None` if the contract has no such list.
    pub(crate) fn new(contract: &'a Contract, list: Option<&'a str>) -> Option<Self> {
        if list.is_some_and(|list| contract.lists().all(|other| other != list)) {
            return None;
        }
        let inside = |path: &str, list: &str| within(path, list).is_some();
        let wanted = |path: &str| contract.lists().all(|other| list == Some(other) || !inside(path, other));
        let fields = (0..contract.fields.len()).filter(|place| wanted(&contract.fields[*place].name)).collect();
        Some(Self { contract, list, fields })
    }

    pub(crate) fn fields(&self) -> Vec<String> {
        self.fields.iter().map(|place| self.contract.fields[*place].name.clone()).collect()
    }

    /// The rows of an answer to a call with these parameters.
    pub(crate) fn rows(&self, params: &[(&str, &str)], answer: &Value) -> Vec<Vec<Cell>> {
        let elements: Vec<&Value> = match self.list {
            None => vec![&Value::Null],
            Some(list) => find(answer, list).and_then(Value::as_array).into_iter().flatten().collect(),
        };
        let row =
            |element: &Value| self.fields.iter().map(|place| self.cell(*place, params, answer, element)).collect();
        elements.into_iter().map(row).collect()
    }

    fn cell(&self, place: usize, params: &[(&str, &str)], answer: &Value, element: &Value) -> Cell {
        let field = &self.contract.fields[place];
        if let Some(param) = &field.param {
            let sent = params.iter().find(|(name, _)| name == param);
            return sent.map_or(Cell::Null, |(_, value)| Cell::Text((*value).to_owned()));
        }
        let value = match self.list.and_then(|list| within(&field.name, list)) {
            Some(path) => find(element, path),
            None => find(answer, &field.name),
        };
        match value {
            None | Some(Value::Null) => Cell::Null,
            Some(Value::String(text)) => Cell::Text(text.clone()),
            Some(value) => Cell::Number(value.to_string()),
        }
    }
}

/// The part of a path below a list.
fn within<'a>(path: &'a str, list: &str) -> Option<&'a str> {
    path.strip_prefix(list)?.strip_prefix('.')
}

fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}
