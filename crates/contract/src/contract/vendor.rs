//! What a vendor says about all its interfaces. Reads `schemas/<vendor>.toml` strictly.

use super::limit::{Limit, limits};
use crate::problem::Problem;
use crate::toml::{TomlFile, TomlTable};

/// How requests and replies are laid out on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFormat {
    /// A POST of JSON with the interface's name, parameters and fields. The reply has rows of values under a list of
    /// field names.
    Tushare,
    /// A GET with parameters, `limit` and `offset` in the query. The reply is a bare array of objects.
    Rest,
    /// A GET. The reply's envelope has a `code`, and one object per company.
    Alphafin,
    /// A GET. The reply's envelope has a `ret_code`, and an object or a list of `records`.
    F10,
}

const WIRE_FORMATS: &[(&str, WireFormat)] = &[
    ("tushare", WireFormat::Tushare),
    ("rest", WireFormat::Rest),
    ("alphafin", WireFormat::Alphafin),
    ("f10", WireFormat::F10),
];

/// Where a request carries the account's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenIn {
    /// In the JSON that is posted, as `token`.
    Body,
    /// In the header of this name.
    Header(String),
    /// In the header `Authorization`, after `Bearer`.
    Bearer,
}

const TOKEN_IN: &[(&str, TokenIn)] =
    &[("body", TokenIn::Body), ("header", TokenIn::Header(String::new())), ("bearer", TokenIn::Bearer)];

/// What a vendor says about itself and all its interfaces.
///
/// A vendor that uses one of the [`WireFormat`]s can be added with files beside `jobs.toml` alone:
/// `schemas/<vendor>.toml`, contracts in `schemas/<vendor>/`, and `pipelines/<table>.toml` with a `[[source]]` for it
/// (`docs/interfaces.md`). `[vendors.<vendor>]` in `jobs.toml` or the variable `<VENDOR>_BASE_URL` then enables the
/// account, and the token is taken from [`Vendor::token_env`]. The program itself contains no vendor names.
#[derive(Debug, Clone)]
pub struct Vendor {
    /// Its name, the `<vendor>` of `schemas/<vendor>.toml`.
    pub name: String,
    /// Its wire format.
    pub wire: WireFormat,
    /// The base URL, unless `jobs.toml` has another. `None` if only the account's owner knows it.
    pub home: Option<String>,
    /// The environment variable that holds the token, unless `jobs.toml` names another.
    pub token_env: String,
    /// The vendor's page where users find their token.
    pub token_page: Option<String>,
    /// Where a request carries the token.
    pub token_in: TokenIn,
    /// Whether calls without a token are refused.
    pub needs_token: bool,
    /// Limits by points, lowest first.
    pub limits: Vec<Limit>,
}

impl Vendor {
    /// The environment variable `<NAME>_<suffix>`.
    #[must_use]
    pub fn variable(&self, suffix: &str) -> String {
        variable(&self.name, suffix)
    }
}

/// Whether a text is a valid name for a vendor or an interface.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn variable(vendor: &str, suffix: &str) -> String {
    format!("{}_{suffix}", vendor.to_uppercase())
}

/// Reads `schemas/<vendor>.toml`.
pub(crate) fn read_vendor(file: &str, text: &str) -> Result<Vendor, Vec<Problem>> {
    TomlFile::new(file, text).parse(|root| {
        root.version();
        let name = root.need("vendor", root.text("vendor"));
        if let Some(at) = &name {
            if !is_name(&at.value) {
                let message = format!("invalid vendor name `{}`: expected letters, digits and underscores", at.value);
                root.problem(at.offset, message, None);
            } else if file != format!("schemas/{}.toml", at.value) {
                root.problem(at.offset, format!("`{}` does not match the name of the file", at.value), None);
            }
        }
        let wire = root.need("wire", root.choice("wire", WIRE_FORMATS));
        let home = root.text("home").map(|at| at.value);
        let token_env = root.text("token_env").map(|at| at.value);
        let token_page = root.text("token_page").map(|at| at.value);
        let token_in = token_in(root, wire);
        let needs_token = root.flag("needs_token").is_none_or(|at| at.value);
        let limits = limits(root);
        let name = name?.value;
        Some(Vendor {
            wire: wire?,
            home,
            token_env: token_env.unwrap_or_else(|| variable(&name, "TOKEN")),
            token_page,
            token_in: token_in?,
            needs_token,
            limits: limits?,
            name,
        })
    })
}

/// Reads `token_in`, and the `token_header` that goes with `token_in = "header"`.
fn token_in(root: &TomlTable<'_>, wire: Option<WireFormat>) -> Option<TokenIn> {
    let token_in = root.need("token_in", root.choice("token_in", TOKEN_IN));
    let header = root.text("token_header");
    match (token_in?, header) {
        (TokenIn::Header(_), header) => {
            let at = root.need("token_header", header)?;
            let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
            if at.value.is_empty() || !at.value.bytes().all(is_token) {
                root.problem(at.offset, format!("invalid header name `{}`", at.value), None);
            }
            Some(TokenIn::Header(at.value))
        }
        (_, Some(at)) => {
            root.problem(at.offset, "`token_header` needs `token_in = \"header\"`", None);
            None
        }
        (TokenIn::Body, None) if wire.is_some_and(|wire| wire != WireFormat::Tushare) => {
            let hint = "write `token_in = \"header\"` with a `token_header`, or `token_in = \"bearer\"`";
            root.problem(
                root.offset(),
                "this wire sends requests without a body: `token_in = \"body\"` is not possible",
                Some(hint.into()),
            );
            None
        }
        (other, None) => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: &str = "version = 1\nvendor = \"my_gateway\"\nwire = \"tushare\"\ntoken_in = \"body\"\n";

    fn read(text: &str) -> Result<Vendor, String> {
        read_vendor("schemas/my_gateway.toml", text).map_err(|problems| problems[0].to_string())
    }

    #[test]
    fn a_vendor_needs_its_wire_and_the_place_of_its_token() {
        let vendor = read(GATEWAY).unwrap();
        assert_eq!((vendor.wire, &vendor.token_in, vendor.needs_token), (WireFormat::Tushare, &TokenIn::Body, true));
        assert_eq!((vendor.home.as_deref(), vendor.token_env.as_str()), (None, "MY_GATEWAY_TOKEN"));
        assert_eq!(vendor.variable("BASE_URL"), "MY_GATEWAY_BASE_URL");
        let header = GATEWAY.replace("\"body\"", "\"header\"\ntoken_header = \"X-Key\"\nhome = \"http://a\"");
        let vendor = read(&header).unwrap();
        assert_eq!((vendor.token_in, vendor.home.as_deref()), (TokenIn::Header("X-Key".into()), Some("http://a")));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_line() {
        for (old, new, expected) in [
            ("tushare", "soap", "schemas/my_gateway.toml:3: unknown wire `soap`"),
            ("wire = \"tushare\"\n", "", "schemas/my_gateway.toml:1: missing key `wire`"),
            ("my_gateway", "gateway", "schemas/my_gateway.toml:2: `gateway` does not match the name of the file"),
            (
                "my_gateway",
                "my-gateway",
                "schemas/my_gateway.toml:2: invalid vendor name `my-gateway`: expected letters",
            ),
            (
                "tushare",
                "rest",
                "schemas/my_gateway.toml:1: this wire sends requests without a body: `token_in = \"body\"` is not possible",
            ),
            ("\"body\"", "\"header\"", "schemas/my_gateway.toml:1: missing key `token_header`"),
            ("\"body\"", "\"header\"\ntoken_header = \"X: \"", "schemas/my_gateway.toml:5: invalid header name `X: `"),
            ("\"body\"", "\"bearer\"\ntoken_header = \"X\"", "schemas/my_gateway.toml:5: `token_header` needs"),
        ] {
            let error = read(&GATEWAY.replace(old, new)).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
