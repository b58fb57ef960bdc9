//! `[notify]` in `jobs.toml`: who is told about runs, and about which ones. Messages are written and sent elsewhere.

use std::collections::BTreeSet;

use pitlake_contract::toml::TomlTable;

/// The variable for the webhook's URL, unless the file names another. The one for its key has the suffix `_SECRET`.
pub const WEBHOOK: &str = "PITLAKE_WEBHOOK";

/// An event of a run that can be announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// It failed, or left something undone that waiting will not fix.
    Failed,
    /// Data that is due is not published yet.
    Late,
    /// The past changed: figures that readers have seen are different now.
    Changed,
}

const EVENTS: &[(&str, Event)] = &[("failed", Event::Failed), ("late", Event::Late), ("changed", Event::Changed)];

impl Event {
    /// Its name in `jobs.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        EVENTS.iter().find(|(_, event)| *event == self).map_or("", |(name, _)| name)
    }
}

/// The format of a webhook's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A `DingTalk` group robot.
    DingTalk,
    /// A Feishu (Lark) group robot.
    Feishu,
    /// A `WeCom` group robot.
    WeCom,
    /// A JSON object with the facts and the text, for a user's own program.
    Json,
}

const FORMS: &[(&str, Form)] =
    &[("dingtalk", Form::DingTalk), ("feishu", Form::Feishu), ("wecom", Form::WeCom), ("json", Form::Json)];

impl Form {
    /// Its name in `jobs.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        FORMS.iter().find(|(_, form)| *form == self).map_or("", |(name, _)| name)
    }
}

/// Who is told about runs.
#[derive(Debug, Clone)]
pub struct Notify {
    /// Which events to announce.
    pub on: BTreeSet<Event>,
    /// A command with its arguments, which reads the text from stdin.
    pub command: Vec<String>,
    /// The format of the webhook's messages; `None` without a webhook.
    pub form: Option<Form>,
    /// The variable with the webhook's URL, which is secret: anyone who knows it can write to the group.
    pub webhook_env: String,
    /// The variable with the key for signing messages, if the robot requires that.
    pub secret_env: String,
}

/// Reads `[notify]`.
pub(super) fn read(table: &TomlTable<'_>) -> Notify {
    let listed = table.texts("on");
    let mut on: BTreeSet<Event> = EVENTS.iter().map(|(_, event)| *event).collect();
    if let Some(listed) = listed {
        on.clear();
        for name in &listed.value {
            match EVENTS.iter().find(|(known, _)| *known == name.value) {
                Some((_, event)) => drop(on.insert(*event)),
                None => {
                    let known: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
                    let hint = format!("expected one of: {}", known.join(", "));
                    table.problem(name.offset, format!("unknown event `{}`", name.value), Some(hint));
                }
            }
        }
    }
    let form = table.choice("form", FORMS);
    let webhook_env = table.text("webhook_env").map(|at| at.value);
    let command = table.strings("command").unwrap_or_default();
    if command.is_empty() && form.is_none() {
        let hint = "add `command = [\"PROGRAM\", \"ARGUMENT\"]`, or `form = \"dingtalk\"` for a webhook";
        table.problem(table.offset(), "[notify] has neither `command` nor `form`", Some(hint.into()));
    }
    let secret_env = table.text("secret_env").map(|at| at.value);
    table.close();
    let webhook_env = webhook_env.unwrap_or_else(|| WEBHOOK.to_owned());
    let secret_env = secret_env.unwrap_or_else(|| format!("{webhook_env}_SECRET"));
    Notify { on, command, form, webhook_env, secret_env }
}
