//! Accounts with vendors (`[vendors.NAME]` in `jobs.toml`). They hold no secrets, only the names of the environment
//! variables that do.

use pitlake_contract::Vendor;
use pitlake_contract::toml::{At, TomlTable};

/// An account with one vendor.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The base URL; the vendor's own if `None`.
    pub base_url: Option<String>,
    /// The environment variable that holds the token; the vendor's own if `None`.
    pub token_env: Option<String>,
    /// Points of the account.
    pub points: u32,
    /// Calls per minute, instead of what the contracts allow.
    pub requests_per_minute: Option<u32>,
    /// The daily quota over all interfaces.
    pub requests_per_day: Option<u32>,
    /// The most calls in flight at once.
    pub max_in_flight: Option<u32>,
    /// Headers sent with every call.
    pub headers: Vec<(String, String)>,
    /// Paths by interface, overriding those of the contracts.
    pub paths: Vec<(String, String)>,
}

impl Account {
    /// The environment variable that holds the token of this account with `vendor`.
    #[must_use]
    pub fn token_variable<'a>(&'a self, vendor: &'a Vendor) -> &'a str {
        self.token_env.as_deref().unwrap_or(&vendor.token_env)
    }

    /// Whether a token is required: the vendor refuses calls without one, or `jobs.toml` names its variable.
    #[must_use]
    pub fn needs_token(&self, vendor: &Vendor) -> bool {
        vendor.needs_token || self.token_env.is_some()
    }

    /// The base URL of this account with `vendor`; `None` if neither names one.
    #[must_use]
    pub fn base_url<'a>(&'a self, vendor: &'a Vendor) -> Option<&'a str> {
        self.base_url.as_deref().or(vendor.home.as_deref())
    }
}

/// Whether a text is a URL that calls can be sent to.
#[must_use]
pub fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
}

/// A URL for display, without user, password, query and fragment, any of which may be secret.
#[must_use]
pub fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    // The last `@`, because a password may contain `@` too.
    let rest = rest.rsplit('@').next().unwrap_or_default();
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") }
}

/// Whether a text is a variable's name. If not, the user may have pasted the token itself.
fn is_variable(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') && text.chars().all(is_part)
}

/// Reads an account.
pub(super) fn read(table: &TomlTable<'_>) -> Account {
    let single = |pairs: Vec<(At<String>, Vec<String>)>| {
        pairs.into_iter().map(|(name, values)| (name.value, values.concat())).collect()
    };
    let base_url = table.text("base_url");
    if let Some(at) = base_url.as_ref().filter(|at| !is_url(&at.value)) {
        let shown = without_secrets(&at.value);
        let hint = format!("did you mean `https://{shown}`? Use `http://` only if the vendor has no https");
        let hint = (!at.value.contains("://")).then_some(hint);
        table.problem(at.offset, format!("invalid `base_url` `{shown}`: expected https://HOST"), hint);
    }
    let token_env = table.text("token_env");
    if let Some(at) = token_env.as_ref().filter(|at| !is_variable(&at.value)) {
        let hint = "name the variable, as in `token_env = \"TUSHARE_TOKEN\"`, and put the token into it";
        let problem = "invalid `token_env`: expected the name of an environment variable in capitals, not the token";
        table.problem(at.offset, problem, Some(hint.to_owned()));
    }
    let account = Account {
        base_url: base_url.map(|at| at.value),
        token_env: token_env.map(|at| at.value),
        points: table.number("points").map_or(0, |at| at.value),
        requests_per_minute: some(table, "requests_per_minute"),
        requests_per_day: some(table, "requests_per_day"),
        max_in_flight: some(table, "max_in_flight"),
        headers: single(table.entries("headers")),
        paths: single(table.entries("paths")),
    };
    table.close();
    account
}

/// An optional number that must not be 0.
fn some(table: &TomlTable<'_>, key: &str) -> Option<u32> {
    let at = table.number(key)?;
    if at.value == 0 {
        let hint = "remove the key to use the limit of your points, or the vendor's default";
        table.problem(at.offset, format!("`{key}` is 0, which allows no call"), Some(hint.to_owned()));
    }
    Some(at.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_secrets() {
        for (url, shown) in [
            ("https://api.tushare.pro", "https://api.tushare.pro"),
            ("http://me:p@s?s/w@127.0.0.1:8711/a", "http://127.0.0.1:8711/a"),
            ("https://host/path?key=secret", "https://host/path"),
            ("me:secret@host", "host"),
            ("host?key=secret", "host"),
        ] {
            assert_eq!(without_secrets(url), shown, "{url}");
        }
    }

    #[test]
    fn names_of_variables_are_told_from_tokens() {
        assert!(is_variable("TUSHARE_TOKEN") && is_variable("_T2"));
        assert!(!is_variable("0f3a9c") && !is_variable("abcdef0123") && !is_variable("") && !is_variable("A B"));
    }
}
