//! Everything a vendor says about an interface. Reads `schemas/<vendor>/<interface>.toml` strictly.

use std::fmt;

use chrono::NaiveDate;

use super::ask::{Ask, ask};
use super::call_rules::{CallRules, call};
use super::field::{Field, fields};
use super::limit::{Limit, limits, reached};
use super::publication::{Publication, publication};
use super::vendor::{Vendor, is_name};
use crate::problem::Problem;
use crate::toml::TomlFile;

/// A vendor and one of its interfaces: `tushare/daily`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceId {
    /// The vendor.
    pub vendor: String,
    /// The vendor's name of the interface.
    pub name: String,
}

impl InterfaceId {
    /// Reads `vendor/interface`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (vendor, name) = text.split_once('/')?;
        (is_name(vendor) && is_name(name)).then(|| Self { vendor: vendor.into(), name: name.into() })
    }
}

impl fmt::Display for InterfaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.vendor, self.name)
    }
}

/// What a vendor says about an interface.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The interface.
    pub id: InterfaceId,
    /// The bronze folder (`stock_daily_cn`).
    pub kind: String,
    /// Its path, with `{name}` for parameters, if each interface of the vendor has its own.
    pub path: Option<String>,
    /// A title.
    pub title: String,
    /// Pitfalls.
    pub notes: String,
    /// The day it was last compared with the vendor's page.
    pub checked: NaiveDate,
    /// The points that an account needs.
    pub points: u32,
    /// Its own limits, lowest points first. Empty if only the vendor's apply.
    pub limits: Vec<Limit>,
    /// How it is requested.
    pub ask: Ask,
    /// The parameters a call may have, and what they mean.
    pub call: CallRules,
    /// When it is published.
    pub publication: Publication,
    /// Its fields in the vendor's order.
    pub fields: Vec<Field>,
    /// The paths of the lists in a nested reply.
    pub(crate) lists: Vec<String>,
    /// The text of the file, which is an input of every partition built with it.
    pub text: String,
}

impl Contract {
    /// The fields of the reply, comma-separated.
    #[must_use]
    pub fn field_list(&self) -> String {
        let replied = self.fields.iter().filter(|field| field.param.is_none());
        replied.map(|f| f.name.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The paths of the lists in a nested reply.
    pub fn lists(&self) -> impl Iterator<Item = &str> + Clone {
        self.lists.iter().map(String::as_str)
    }

    /// The index of the field with a name, in any case, or with a former name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<usize> {
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        self.fields
            .iter()
            .position(|f| same(&f.name))
            .or_else(|| self.fields.iter().position(|f| f.formerly.iter().any(|old| same(old))))
    }

    /// Calls per minute for an account with `points`: the lower of the contract's limit and the vendor's.
    #[must_use]
    pub fn requests_per_minute(&self, facts: &Vendor, points: u32) -> u32 {
        let general = reached(&facts.limits, points).map_or(50, |limit| limit.requests_per_minute);
        reached(&self.limits, points).map_or(general, |own| own.requests_per_minute.min(general))
    }

    /// Calls per second for an account with `points`, if the vendor limits those.
    #[must_use]
    pub fn requests_per_second(&self, facts: &Vendor, points: u32) -> Option<u32> {
        let of = |limits: &[Limit]| reached(limits, points).and_then(|limit| limit.requests_per_second);
        [of(&self.limits), of(&facts.limits)].into_iter().flatten().min()
    }

    /// Calls per day for an account with `points`, if there is a limit.
    #[must_use]
    pub fn requests_per_day(&self, facts: &Vendor, points: u32) -> Option<u32> {
        let of = |limits: &[Limit]| reached(limits, points).and_then(|limit| limit.requests_per_day);
        [of(&self.limits), of(&facts.limits)].into_iter().flatten().min()
    }
}

/// Reads `schemas/<vendor>/<interface>.toml`. `file` gives the text of another contract, whose fields this one may
/// copy.
pub(crate) fn read<'f>(
    name: &str,
    text: &str,
    file: &dyn Fn(&str) -> Option<&'f str>,
) -> Result<Contract, Vec<Problem>> {
    TomlFile::new(name, text).parse(|root| {
        root.version();
        let id_text = root.need("interface", root.text("interface"));
        let id = id_text.and_then(|at| {
            let id = InterfaceId::parse(&at.value);
            if id.as_ref().is_none_or(|id| name != format!("schemas/{id}.toml")) {
                let hint = Some("write vendor/interface, as in schemas/tushare/daily.toml".into());
                root.problem(at.offset, format!("`{}` does not match the name of the file", at.value), hint);
            }
            id
        });
        let kind = root.need("type", root.text("type"));
        let path = root.text("path").map(|at| at.value);
        let title = root.need("title", root.text("title"));
        let notes = root.text("notes").map(|at| at.value).unwrap_or_default();
        let checked = root.need("checked", root.date("checked"));
        let lists = root.strings("lists").unwrap_or_default();
        let points = root.number("points").map_or(0, |at| at.value);
        let limits = limits(root);
        let (fields, text) = match root.text("fields_of") {
            None => (fields(root), text.to_owned()),
            Some(other) => match file(&format!("schemas/{}.toml", other.value)) {
                // Problems in that file are reported when it is read itself.
                Some(theirs) => (
                    TomlFile::new("", theirs).peek(|root| Some(fields(root))).unwrap_or_default(),
                    format!("{text}{theirs}"),
                ),
                None => {
                    root.problem(other.offset, format!("no contract for `{}`", other.value), None);
                    (Vec::new(), text.to_owned())
                }
            },
        };
        let ask = root.need("ask", root.table("ask")).and_then(|t| ask(&t, &fields));
        let call_table = root.table("call");
        let call = ask.as_ref().map(|ask| call(call_table.as_ref(), ask, &fields));
        let publication = root.need("publication", root.table("publication")).and_then(|t| publication(&t));
        Some(Contract {
            id: id?,
            kind: kind?.value,
            path,
            title: title?.value,
            notes,
            checked: checked?,
            points,
            limits: limits?,
            ask: ask?,
            call: call?,
            publication: publication?,
            fields,
            lists,
            text,
        })
    })
}
