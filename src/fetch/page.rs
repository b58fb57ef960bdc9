//! One page: its fields against the contract, its rows against what was expected.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Failure;
use super::checks::{Checks, Expect};
use crate::spec::Contract;
use crate::wire::{Page, Refusal, push_object};

/// The rows of a page, owned.
#[derive(Debug, Default)]
pub(super) struct PageRows {
    pub(super) lines: Vec<u8>,
    pub(super) rows: usize,
    pub(super) keys: Vec<Box<[u8]>>,
    pub(super) unknown: BTreeSet<String>,
    pub(super) absent: BTreeSet<String>,
    pub(super) events: BTreeSet<String>,
}

impl PageRows {
    /// Forgets the first row.
    pub(super) fn drop_first(&mut self) {
        let end = memchr::memchr(b'\n', &self.lines).map_or(self.lines.len(), |end| end + 1);
        self.lines.drain(..end);
        self.keys.remove(0);
        self.rows -= 1;
    }
}

/// The bytes of a value: the largest seen are some thousand, of texts.
const MOST_OF_A_VALUE: usize = 1 << 20;

/// Checks a page and takes over its rows.
pub(super) fn understand(page: &Page<'_>, contract: &Contract, expect: &Expect) -> Result<PageRows, Failure> {
    let mut out = PageRows { rows: page.rows.len(), ..PageRows::default() };
    if page.rows.is_empty() {
        return Ok(out);
    }
    let fields = fields(page, contract, &mut out)?;
    let checks = Checks::new(expect, contract, &fields)?;
    for row in &page.rows {
        let large = row.iter().position(|cell| cell.is_some_and(|cell| cell.get().len() > MOST_OF_A_VALUE));
        if let Some(name) = large.and_then(|place| page.fields.get(place)) {
            return Err(Failure::TooLarge(format!("a value of `{name}` is larger than 1 MiB")));
        }
        checks.row(row)?;
        out.events.extend(checks.event(row));
        let start = out.lines.len();
        push_object(&mut out.lines, &page.fields, row);
        let key = if expect.repeats { out.lines[start..].to_vec() } else { checks.key(row).into_bytes() };
        out.keys.push(key.into_boxed_slice());
    }
    Ok(out)
}

/// The fields of a page by their names in the contract, `None` for those that it lacks.
fn fields<'a>(page: &Page<'_>, contract: &'a Contract, out: &mut PageRows) -> Result<Vec<Option<&'a str>>, Failure> {
    let known = |name: &Cow<'_, str>| contract.field(name).map(|index| contract.fields[index].name.as_str());
    let fields: Vec<Option<&str>> = page.fields.iter().map(known).collect();
    for (name, known) in page.fields.iter().zip(&fields) {
        if known.is_none() && !is_branch(contract, name) {
            out.unknown.insert(name.clone().into_owned());
        } else if known.is_some() && fields.iter().filter(|other| *other == known).count() > 1 {
            return Err(Refusal::Transient(format!("the reply has the field `{name}` twice")).into());
        }
    }
    let replied = contract.fields.iter().filter(|field| field.param.is_none() && !field.name.contains('.'));
    out.absent = replied.map(|f| &f.name).filter(|f| !fields.contains(&Some(f.as_str()))).cloned().collect();
    Ok(fields)
}

/// Whether the contract has fields below this one of a nested reply.
fn is_branch(contract: &Contract, name: &str) -> bool {
    contract.fields.iter().any(|field| field.name.split_once('.').is_some_and(|(top, _)| top == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use pitlake_contract::DateRange;
    use serde_json::value::RawValue;

    use crate::spec::{Catalog, InterfaceId, WireFormat};
    use crate::wire::{self, Received};

    fn judge(body: &str) -> Result<PageRows, Failure> {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let contract = catalog.contract(&InterfaceId::parse("tushare/adj_factor").unwrap()).unwrap();
        let day = NaiveDate::from_ymd_opt(2024, 1, 2).unwrap();
        let expect = Expect {
            key: vec!["ts_code".into(), "trade_date".into()],
            optional: Vec::new(),
            within: Some(("trade_date".into(), DateRange::day(day))),
            ..Expect::default()
        };
        let body = format!(r#"{{"code":0,"data":{body}}}"#);
        understand(
            &wire::of(WireFormat::Tushare).read(Received { status: 200, retry_after: None, body: body.as_bytes() })?,
            contract,
            &expect,
        )
    }

    #[test]
    fn a_row_of_another_day_is_not_trusted() {
        let page = judge(r#"{"fields":["ts_code","trade_date"],"items":[["a","20240103"]]}"#);
        assert!(matches!(page, Err(Failure::Untrusted(text)) if text.contains("20240103")));
    }

    #[test]
    fn a_value_larger_than_a_mebibyte_is_refused() {
        let of = |bytes: usize| {
            let text = "x".repeat(bytes);
            judge(&format!(r#"{{"fields":["ts_code","trade_date"],"items":[["{text}","20240102"]]}}"#))
        };
        assert!(of(MOST_OF_A_VALUE - 2).is_ok());
        assert_eq!(of(MOST_OF_A_VALUE - 1).unwrap_err().to_string(), "a value of `ts_code` is larger than 1 MiB");
    }

    #[test]
    fn only_days_without_a_zone_are_compared() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let day = NaiveDate::from_ymd_opt(2024, 1, 2).unwrap();
        let is_fine = |interface: &str, field: &str, value: &str| {
            let contract = catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
            let expect = Expect { within: Some((field.into(), DateRange::day(day))), ..Expect::default() };
            let value: Box<RawValue> = serde_json::from_str(value).unwrap();
            let page = Page { fields: vec![field.into()], rows: vec![vec![Some(&value)]] };
            understand(&page, contract, &expect).is_ok()
        };
        let news = |value: &str| is_fine("asharehub/news_flash", "publish_time", value);
        assert!(news(r#""2024-01-02 09:30:00""#) && news(r#""2024-01-02T23:59:59""#));
        assert!(!news(r#""2024-01-03 00:00:00""#) && !news("null"));
        // The evening before in another zone is the day in Shanghai.
        assert!(news(r#""2024-01-01T16:30:00Z""#) && news(r#""2024-01-01 16:30:00+00:00""#));
        assert!(is_fine("f10/earnings_price_history", "trading_day", "1704153600"));
    }

    #[test]
    fn a_missing_key_field_fails_and_other_fields_are_listed() {
        let page = judge(r#"{"fields":["ts_code"],"items":[["a"]]}"#);
        assert!(matches!(page, Err(Failure::Refused(Refusal::BadCall(text))) if text.contains("`trade_date`")));
        let page = judge(r#"{"fields":["trade_date","ts_code","new"],"items":[["20240102","a",1]]}"#).unwrap();
        assert_eq!(page.unknown.iter().collect::<Vec<_>>(), ["new"]);
        assert_eq!(page.absent.iter().collect::<Vec<_>>(), ["adj_factor"]);
    }

    #[test]
    fn the_top_field_of_a_nested_reply_is_known_by_the_fields_below() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let contract = catalog.contract(&InterfaceId::parse("f10/valuation_detail").unwrap()).unwrap();
        let body = br#"{"ret_code":0,"data":{"trend":{"current_value":1},"trends":{}}}"#;
        let page = wire::of(WireFormat::F10).read(Received { status: 200, retry_after: None, body }).unwrap();
        let page = understand(&page, contract, &Expect::default()).unwrap();
        assert_eq!(page.unknown.iter().collect::<Vec<_>>(), ["trends"]);
    }
}
