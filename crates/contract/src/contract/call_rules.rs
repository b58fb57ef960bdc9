//! The vendor's rules for calls. Reads `[call]` strictly. Which calls are made is described by `[ask]`.

use super::ask::Ask;
use super::field::Field;
use super::template::Template;
use crate::field_type::FieldType;
use crate::problem::nearest;
use crate::toml::{At, TomlTable};

/// The vendor's rules for a call.
#[derive(Debug, Clone, Default)]
pub struct CallRules {
    /// The most rows of a reply, whatever `limit` is; `None` if no cap is known.
    pub cap: Option<usize>,
    /// Parameters that every call must have.
    pub required: Vec<String>,
    /// Parameters of which a call must have at least one.
    pub one_of: Vec<String>,
    /// The field that `start_date` and `end_date` limit.
    pub range: Option<String>,
    /// Parameters and the field that each one filters: only rows with that value, or one of several comma-separated
    /// values, are returned. For a security code, its digits or its suffix are enough.
    pub filters: Vec<(String, String)>,
    /// Additional filters in version 2 of the path.
    pub filters_v2: Vec<(String, String)>,
    /// The value of a filter that is not sent.
    pub defaults: Vec<(String, String)>,
}

impl CallRules {
    /// The field that a parameter filters.
    #[must_use]
    pub fn filter(&self, param: &str) -> Option<&str> {
        self.filters.iter().find(|(name, _)| name == param).map(|(_, field)| field.as_str())
    }

    /// The value of a parameter that is not sent.
    #[must_use]
    pub fn default_of(&self, param: &str) -> Option<&str> {
        self.defaults.iter().find(|(name, _)| name == param).map(|(_, value)| value.as_str())
    }
}

/// Reads `[call]`, which may be missing. The parameters of `ask` that name a slice are filters without being listed.
pub(super) fn call(table: Option<&TomlTable<'_>>, ask: &Ask, fields: &[Field]) -> CallRules {
    let mut call = table.map(|table| read(table, ask, fields)).unwrap_or_default();
    if let Some(field) = &ask.field {
        // `end_date` alone is a day, not the end of a range.
        let is_ranged = ask.send.iter().any(|(param, _)| param == "start_date");
        for (param, template) in &ask.send {
            let is_slice = *template == Template::day() || *template == Template::codes();
            if is_ranged && matches!(param.as_str(), "start_date" | "end_date") {
                call.range.get_or_insert_with(|| field.clone());
            } else if is_slice && call.filter(param).is_none() {
                call.filters.push((param.clone(), field.clone()));
            }
        }
    }
    call
}

fn read(table: &TomlTable<'_>, ask: &Ask, fields: &[Field]) -> CallRules {
    let cap = table.number("cap");
    if let Some(cap) = &cap
        && usize::try_from(cap.value).is_ok_and(|cap| cap < ask.page_rows)
    {
        let hint = Some("set `page_rows` to at most `cap`".into());
        table.problem(cap.offset, format!("`page_rows` {} exceeds `cap` {}", ask.page_rows, cap.value), hint);
    }
    let required = table.texts("required").map(|at| at.value).unwrap_or_default();
    let one_of = table.texts("one_of");
    let range = table.text("range");
    let (filters, filters_v2) = (filters(table, "filters", fields), filters(table, "filters_v2", fields));
    let defaults = table.entries("defaults");
    table.close();

    for name in required.iter().filter(|name| !sends(ask, &name.value)) {
        missing(table, name);
    }
    if let Some(names) = &one_of
        && !names.value.iter().any(|name| sends(ask, &name.value))
    {
        let all = names.value.iter().map(|name| format!("`{}`", name.value)).collect::<Vec<_>>().join(", ");
        table.problem(names.offset, format!("`[ask]` sends none of {all}"), None);
    }
    if let Some(at) = &range {
        let dated = |field: &&Field| matches!(field.kind, FieldType::Date | FieldType::Time | FieldType::Epoch);
        let dated: Vec<&str> = fields.iter().filter(dated).map(|field| field.name.as_str()).collect();
        if !fields.is_empty() && !dated.contains(&at.value.as_str()) {
            table.problem(at.offset, format!("`{}` is not a date or time field", at.value), nearest(&at.value, dated));
        }
    }
    for (name, _) in &defaults {
        let sent = ask.send.iter().map(|(param, _)| param.as_str());
        let mut known = filters.iter().map(|(param, _)| param.as_str()).chain(sent);
        if !known.any(|param| param == name.value) {
            let hint = nearest(&name.value, filters.iter().map(|(param, _)| param.as_str()));
            table.problem(name.offset, format!("`{}` has a default but is not a filter", name.value), hint);
        }
    }
    let texts = |texts: Vec<At<String>>| texts.into_iter().map(|at| at.value).collect();
    CallRules {
        cap: cap.and_then(|at| usize::try_from(at.value).ok()),
        required: texts(required),
        one_of: one_of.map(|at| texts(at.value)).unwrap_or_default(),
        range: range.map(|at| at.value),
        filters,
        filters_v2,
        defaults: defaults.into_iter().map(|(name, values)| (name.value, values.join(","))).collect(),
    }
}

/// Parameters and their fields, each of which must exist.
fn filters(table: &TomlTable<'_>, key: &str, fields: &[Field]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (param, field) in table.entries(key) {
        let field = field.concat();
        if !fields.is_empty() && !fields.iter().any(|known| known.name == field) {
            let hint = nearest(&field, fields.iter().map(|known| known.name.as_str()));
            table.problem(param.offset, format!("`{}` filters `{field}`, which is not a field", param.value), hint);
        }
        all.push((param.value, field));
    }
    all
}

fn missing(table: &TomlTable<'_>, name: &At<String>) {
    let hint = Some("add it to `[ask]`: `param`, `send`, `with` or `each`".into());
    table.problem(name.offset, format!("`{}` is required but never sent", name.value), hint);
}

/// Whether the calls that `ask` describes have a parameter.
fn sends(ask: &Ask, param: &str) -> bool {
    let fixed = ask.send.iter().map(|(name, _)| name).chain(ask.with.iter().map(|(name, _)| name));
    fixed.chain(ask.each.iter().map(|(name, _)| name)).any(|name| name == param)
}

#[cfg(test)]
mod tests {
    use crate::{Contract, Contracts, InterfaceId, SpecFile};

    const NAME: &str = "schemas/tushare/mine.toml";

    fn text(call: &str) -> String {
        format!(
            r#"
version = 1
interface = "tushare/mine"
type = "mine_cn"
title = "Mine"
checked = "2026-11-21"

[ask]
by = "session"
param = "trade_date"
page_rows = 100

[call]
{call}

[publication]
hour = "17:00"
empty = "answer"
history_from = "2010-01-01"

[fields]
ts_code = {{ type = "text", description = "security" }}
trade_date = {{ type = "date", description = "day" }}
limit = {{ type = "text", hidden = true, description = "U, D or Z" }}
"#
        )
    }

    fn load(call: &str) -> (Option<Contract>, Vec<String>) {
        let own = SpecFile { name: NAME.to_owned(), text: text(call) };
        let (all, problems) = Contracts::load(&[own]);
        let id = InterfaceId::parse("tushare/mine").unwrap();
        (all.get(&id).map(|contract| contract.as_ref().clone()), problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_parameter_of_a_slice_is_a_filter_without_being_listed() {
        let (contract, problems) = load("filters = { limit_type = \"limit\" }\ndefaults = { limit_type = \"U\" }");
        assert!(problems.is_empty(), "{problems:?}");
        let contract = contract.unwrap();
        assert_eq!(contract.call.filter("trade_date"), Some("trade_date"));
        assert_eq!(contract.call.filter("limit_type"), Some("limit"));
        assert_eq!(contract.call.default_of("limit_type"), Some("U"));
        assert_eq!((contract.call.cap, contract.call.range), (None, None));
        assert_eq!(contract.fields.iter().map(|field| field.hidden).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn a_rule_that_cannot_hold_is_a_problem() {
        let cases = [
            ("cap = 50", "`page_rows` 100 exceeds `cap` 50\n  hint: set `page_rows` to at most `cap`"),
            (
                "required = [\"freq\"]",
                "`freq` is required but never sent\n  hint: add it to `[ask]`: `param`, `send`, `with` or `each`",
            ),
            ("one_of = [\"ts_code\", \"period\"]", "`[ask]` sends none of `ts_code`, `period`"),
            ("range = \"ts_code\"", "`ts_code` is not a date or time field\n  hint: expected one of: trade_date"),
            (
                "filters = { code = \"ts_cod\" }",
                "`code` filters `ts_cod`, which is not a field\n  hint: did you mean `ts_code`?",
            ),
            ("defaults = { market = \"SSE\" }", "`market` has a default but is not a filter"),
        ];
        for (call, problem) in cases {
            assert_eq!(load(call).1, [format!("{NAME}:14: {problem}")]);
        }
    }
}
