//! One page, judged: are the columns there, are the rows of the day that was asked, which keys.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::value::RawValue;

use super::Failure;
use crate::spec::{Contract, Wire};
use crate::vendor::{Page, Refusal, push_object};

/// What every row of a slice must show.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// The vendor's names of the key fields.
    pub key: Vec<String>,
    /// The key fields that a reply may lack.
    pub optional: Vec<String>,
    /// A field and what it must hold, as the vendor may spell it.
    pub fixed: Option<(String, Vec<String>)>,
    /// A field, and the first and last day that it may hold. Looked at where it is a date, or a time without a zone:
    /// others are another day there than here, and that is for the normaliser to sort out.
    pub within: Option<(String, (NaiveDate, NaiveDate))>,
    /// The field of the event day, where the days of the rows are wanted.
    pub event: Option<String>,
    /// Rows of one key may be several: only a whole row may not come twice, and twins may.
    pub repeats: bool,
    /// How many rows there must be, where that is known.
    pub rows: Rows,
}

/// What is known of the rows of an answer before it comes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rows {
    /// All the market could have: an answer of so many is whole.
    pub most: Option<usize>,
    /// As many as the newest answer to the slice had: another one of so many is whole as that one was.
    pub before: Option<usize>,
}

impl Expect {
    /// What a field must hold when a security was asked for: its code as vendors write it.
    #[must_use]
    pub fn spelled(code: &str) -> Vec<String> {
        let (number, exchange) = code.split_once('.').unwrap_or((code, ""));
        vec![format!("\"{code}\""), format!("\"{exchange}.{number}\""), format!("\"{number}\"")]
    }
}

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

/// Whether fields of the contract lie below this one of a nested reply.
fn is_branch(contract: &Contract, name: &str) -> bool {
    contract.fields.iter().any(|field| field.name.split_once('.').is_some_and(|(top, _)| top == name))
}

pub(super) fn understand(page: &Page<'_>, contract: &Contract, expect: &Expect) -> Result<PageRows, Failure> {
    let mut out = PageRows { rows: page.rows.len(), ..PageRows::default() };
    if page.rows.is_empty() {
        return Ok(out);
    }
    let names: Vec<Option<&str>> =
        page.fields.iter().map(|name| contract.field(name).map(|i| contract.fields[i].name.as_str())).collect();
    for (name, known) in page.fields.iter().zip(&names) {
        if known.is_none() && !is_branch(contract, name) {
            out.unknown.insert(name.clone().into_owned());
        } else if known.is_some() && names.iter().filter(|other| *other == known).count() > 1 {
            return Err(Refusal::Transient(format!("the reply has the field `{name}` twice")).into());
        }
    }
    let replied = contract.fields.iter().filter(|field| field.param.is_none() && !field.name.contains('.'));
    out.absent = replied.map(|f| &f.name).filter(|f| !names.contains(&Some(f.as_str()))).cloned().collect();
    let place = |field: &String| names.iter().position(|name| *name == Some(field.as_str()));
    let mut key = Vec::new();
    for field in &expect.key {
        match place(field) {
            Some(index) => key.push(index),
            None if expect.optional.contains(field) => {}
            None => {
                let fields = page.fields.join(", ");
                let message = format!("the reply lacks the key field `{field}`; it has {fields}");
                return Err(Refusal::BadCall(message).into());
            }
        }
    }
    let fixed = expect.fixed.as_ref().and_then(|(field, all)| Some((place(field)?, field, all)));
    let event = expect.event.as_ref().and_then(place);
    let wire = |field: &str| contract.field(field).map(|index| contract.fields[index].wire);
    let is_local = |field: &str| matches!(wire(field), Some(Wire::Date | Wire::Time));
    let within = expect.within.as_ref().filter(|(field, _)| is_local(field));
    let within = within.and_then(|(field, days)| Some((place(field)?, field, days)));
    let text = |row: &[Option<&RawValue>], index: usize| row[index].map_or("null", RawValue::get).to_owned();
    for row in &page.rows {
        if let Some((index, field, (first, last))) = within {
            let value = text(row, index);
            let digits: String = value.chars().filter(char::is_ascii_digit).take(8).collect();
            let compact = |day: &NaiveDate| day.format("%Y%m%d").to_string();
            let is_undated = digits.is_empty() && first != last;
            if !is_undated && !has_zone(&value) && (digits < compact(first) || digits > compact(last)) {
                let asked = if first == last { first.to_string() } else { format!("{first} to {last}") };
                return Err(Failure::Untrusted(format!("asked for {asked}, got a row whose `{field}` is {value}")));
            }
        }
        if let Some((index, field, all)) = fixed {
            let value = text(row, index);
            if !all.contains(&value) {
                return Err(Failure::Untrusted(format!("asked for {}, got a row whose `{field}` is {value}", all[0])));
            }
        }
        if let Some(index) = event {
            out.events.insert(text(row, index).trim_matches('"').to_owned());
        }
        let start = out.lines.len();
        push_object(&mut out.lines, &page.fields as &[Cow<'_, str>], row);
        if expect.repeats {
            out.keys.push(out.lines[start..].into());
        } else {
            let key: Vec<String> = key.iter().map(|index| text(row, *index)).collect();
            out.keys.push(key.join(",").into_bytes().into_boxed_slice());
        }
    }
    Ok(out)
}

/// Whether a time of the day is followed by `Z` or an offset.
fn has_zone(value: &str) -> bool {
    let time = value.split_once(['T', ' ']).map_or("", |(_, time)| time);
    time.contains(['Z', '+', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Catalog, InterfaceId};
    use crate::vendor::{Received, named};

    fn judge(body: &str) -> Result<PageRows, Failure> {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let contract = catalog.contract(&InterfaceId::parse("tushare/adj_factor").unwrap()).unwrap();
        let day = NaiveDate::from_ymd_opt(2024, 1, 2).unwrap();
        let expect = Expect {
            key: vec!["ts_code".into(), "trade_date".into()],
            optional: Vec::new(),
            within: Some(("trade_date".into(), (day, day))),
            ..Expect::default()
        };
        let body = format!(r#"{{"code":0,"data":{body}}}"#);
        understand(
            &named("tushare").unwrap().read(Received { status: 200, retry_after: None, body: body.as_bytes() })?,
            contract,
            &expect,
        )
    }

    #[test]
    fn a_row_of_another_day_spoils_the_slice() {
        let page = judge(r#"{"fields":["ts_code","trade_date"],"items":[["a","20240103"]]}"#);
        assert!(matches!(page, Err(Failure::Untrusted(text)) if text.contains("20240103")));
    }

    #[test]
    fn only_days_of_the_market_are_compared() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let day = NaiveDate::from_ymd_opt(2024, 1, 2).unwrap();
        let is_fine = |interface: &str, field: &str, value: &str| {
            let contract = catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
            let expect = Expect { within: Some((field.into(), (day, day))), ..Expect::default() };
            let value: Box<RawValue> = serde_json::from_str(value).unwrap();
            let page = Page { fields: vec![field.into()], rows: vec![vec![Some(&value)]] };
            understand(&page, contract, &expect).is_ok()
        };
        let news = |value: &str| is_fine("asharehub/news_flash", "publish_time", value);
        assert!(news(r#""2024-01-02 09:30:00""#) && news(r#""2024-01-02T23:59:59""#));
        assert!(!news(r#""2024-01-03 00:00:00""#) && !news("null"));
        // The evening of the day before there is the day here.
        assert!(news(r#""2024-01-01T16:30:00Z""#) && news(r#""2024-01-01 16:30:00+00:00""#));
        assert!(is_fine("f10/earnings_price_history", "trading_day", "1704153600"));
    }

    #[test]
    fn a_missing_key_field_fails_and_other_fields_are_told() {
        let page = judge(r#"{"fields":["ts_code"],"items":[["a"]]}"#);
        assert!(matches!(page, Err(Failure::Refused(Refusal::BadCall(text))) if text.contains("`trade_date`")));
        let page = judge(r#"{"fields":["trade_date","ts_code","new"],"items":[["20240102","a",1]]}"#).unwrap();
        assert_eq!(page.unknown.iter().collect::<Vec<_>>(), ["new"]);
        assert_eq!(page.absent.iter().collect::<Vec<_>>(), ["adj_factor"]);
    }

    #[test]
    fn the_top_of_a_nested_reply_is_known_by_what_lies_below() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let contract = catalog.contract(&InterfaceId::parse("f10/valuation_detail").unwrap()).unwrap();
        let body = br#"{"ret_code":0,"data":{"trend":{"current_value":1},"trends":{}}}"#;
        let page = named("f10").unwrap().read(Received { status: 200, retry_after: None, body }).unwrap();
        let page = understand(&page, contract, &Expect::default()).unwrap();
        assert_eq!(page.unknown.iter().collect::<Vec<_>>(), ["trends"]);
    }
}
