//! The language of output for people: English, or Chinese from the catalogue `zh.toml`. Text is translated where it is
//! printed; the modules below write English only. Output for programs is the same in every language: JSON, CSV, rows of
//! a query. (The JSON of `tables` has both languages, so that other programs can show either.)
//!
//! `catalogue` translates sentences by `template`; `help` translates the command line and clap's errors, `comments`
//! those of a configuration, `tables` the descriptions of tables and columns; `columns` measures and wraps, and `hint`
//! completes commands in texts.

mod catalogue;
mod columns;
mod comments;
mod help;
mod hint;
mod tables;
mod template;

use std::env;
use std::sync::{LazyLock, OnceLock};

use clap::ValueEnum;

use catalogue::Catalogue;
pub(super) use columns::{padded, width, wrapped};
#[cfg(test)]
pub(super) use help::lacking;
pub(super) use help::{command, parse};
pub(super) use tables::{chinese_glossary, chinese_prose, glossary, prose};

/// The option that chooses a language. It is read before the command line is parsed, so that parse errors are
/// translated too.
const OPTION: &str = "--lang";

/// The variable that chooses a language.
pub(super) const VARIABLE: &str = "PITLAKE_LANG";

/// The variables of a locale; the first one that is set counts.
const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// English
    En,
    /// 中文
    Zh,
}

static LANGUAGE: OnceLock<Language> = OnceLock::new();

static CHINESE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::parse(include_str!("zh.toml")));

/// Chooses the language of this process from its arguments and the environment.
pub(super) fn choose(variable: impl Fn(&str) -> Option<String>) {
    let arguments = env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let _ = LANGUAGE.set(chosen(&arguments.collect::<Vec<_>>(), variable));
}

fn chosen(arguments: &[String], variable: impl Fn(&str) -> Option<String>) -> Language {
    let arguments = arguments.split(|argument| argument == "--").next().unwrap_or_default();
    let value = |(place, argument): (usize, &String)| {
        let rest = argument.strip_prefix(OPTION)?;
        if rest.is_empty() { arguments.get(place + 1).cloned() } else { rest.strip_prefix('=').map(str::to_owned) }
    };
    let named = arguments.iter().enumerate().filter_map(value).next_back().or_else(|| variable(VARIABLE));
    if let Some(language) = named.and_then(|name| Language::from_str(&name, true).ok()) {
        return language;
    }
    let locale = LOCALE.iter().find_map(|name| variable(name)).unwrap_or_default();
    if locale.to_lowercase().starts_with("zh") { Language::Zh } else { Language::En }
}

/// Whether the language is Chinese.
pub(super) fn is_chinese() -> bool {
    LANGUAGE.get() == Some(&Language::Zh)
}

/// The options to add to commands in texts, so that they find the same lake when pasted.
static OPTIONS: OnceLock<String> = OnceLock::new();

/// Sets these options.
pub(super) fn name_with(options: String) {
    OPTIONS.get_or_init(|| options);
}

/// Translates a text into the language of this process. It stays English if there is no translation.
pub(super) fn local(text: &str) -> String {
    let text = if is_chinese() { CHINESE.text(text) } else { text.to_owned() };
    match OPTIONS.get() {
        Some(options) => hint::with_options(&text, options),
        None => text,
    }
}

/// Translates a text into Chinese whatever the language of this process. It stays English if there is no translation.
pub(super) fn chinese(text: &str) -> String {
    CHINESE.text(text)
}

/// Translates the comments of a configuration.
pub(super) fn commented(text: String) -> String {
    if is_chinese() { comments::commented(&text, &chinese) } else { text }
}

/// Translates an error and its causes, each on its own.
pub(super) fn local_error(error: &anyhow::Error) -> String {
    if !is_chinese() {
        return local(&format!("{error:#}"));
    }
    error.chain().map(|cause| local(&cause.to_string())).collect::<Vec<_>>().join("：")
}

/// Joins parts of a sentence into a list.
pub(super) fn listed(parts: &[String]) -> String {
    parts.join(if is_chinese() { "，" } else { ", " })
}

/// A text followed by parts in brackets.
pub(super) fn aside(text: &str, parts: &[String]) -> String {
    let parts = listed(parts);
    if is_chinese() { format!("{text}（{parts}）") } else { format!("{text} ({parts})") }
}

/// The heading of a column. Looked up as `heading: rows` because a single word may be a name.
pub(super) fn heading(text: &str) -> String {
    let head = local(text);
    head.strip_prefix("heading: ").map_or(head.clone(), str::to_owned)
}

/// A text preceded by what it is about.
pub(super) fn labelled(label: &str, text: &str) -> String {
    format!("{label}{}{text}", if is_chinese() { "：" } else { ": " })
}

/// Formats a sentence with its values in the language of this process.
macro_rules! say {
    ($($sentence:tt)+) => {
        $crate::cli::language::local(&format!($($sentence)+))
    };
}
pub(super) use say;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A duplicate key would make all output English.
    #[test]
    fn the_catalogue_is_valid_toml() {
        let read = toml::from_str::<BTreeMap<String, BTreeMap<String, String>>>(include_str!("zh.toml"));
        assert!(read.is_ok_and(|sections| sections.len() > 10));
    }

    #[test]
    fn the_summary_names_an_exit_code_in_chinese() {
        let next = "run again; only what is missing is fetched";
        let exit = chinese(&format!("exit 3, incomplete: {next}"));
        assert_eq!(exit, "退出码 3，未全部完成：请再次运行，只会抓取缺少的内容");
        let exit = chinese(&format!("exit 5, token rejected, or the account may not call an interface: {next}"));
        assert_eq!(exit, "退出码 5，token 被拒，或账号无权调用某个接口：请再次运行，只会抓取缺少的内容");
    }

    #[test]
    fn what_others_say_is_missing_stays_english() {
        assert_eq!(chinese("Required field encodings is missing"), "Required field encodings is missing");
        let ours = "missing securities (of 297): `600001.SH`, `600002.SH` and 2 more";
        assert_eq!(chinese(ours), "应有 297 只证券，缺 `600001.SH`, `600002.SH`，另有 2 个");
    }

    fn language(arguments: &[&str], variables: &[(&str, &str)]) -> Language {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let of = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        chosen(&arguments, of)
    }

    #[test]
    fn the_option_comes_before_the_variable_and_that_before_the_locale() {
        assert_eq!(language(&["pitlake", "run"], &[]), Language::En);
        assert_eq!(language(&["pitlake", "run", "--lang", "zh"], &[("PITLAKE_LANG", "en")]), Language::Zh);
        assert_eq!(language(&["pitlake", "--lang=en", "run"], &[("LANG", "zh_CN.UTF-8")]), Language::En);
        assert_eq!(language(&["pitlake"], &[("PITLAKE_LANG", "zh"), ("LC_ALL", "C")]), Language::Zh);
        assert_eq!(language(&["pitlake", "query", "--", "--lang", "zh"], &[]), Language::En);
    }

    #[test]
    fn the_first_variable_of_the_locale_holds() {
        assert_eq!(language(&["pitlake"], &[("LANG", "zh_CN.UTF-8")]), Language::Zh);
        assert_eq!(language(&["pitlake"], &[("LC_ALL", "en_US.UTF-8"), ("LANG", "zh_CN.UTF-8")]), Language::En);
        assert_eq!(language(&["pitlake"], &[("LC_MESSAGES", "zh_TW.UTF-8"), ("LANG", "C")]), Language::Zh);
        // A language that pitlake does not have is rejected by clap, in the language of the locale.
        assert_eq!(language(&["pitlake", "--lang", "fr"], &[("LANG", "zh_CN.UTF-8")]), Language::Zh);
    }
}
