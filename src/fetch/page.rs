//! One page: its fields against the contract, its rows against what is expected. How pages make up a reply is decided
//! in `whole`, not here.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher as _};

use chrono::NaiveDate;
use pitlake_contract::spelling::day_in;
use serde_json::value::RawValue;

use super::Failure;
use super::checks::{Checks, Expect};
use crate::spec::Contract;
use crate::wire::{Page, Refusal, RowReader, push_object};

/// The text of a page is freed in pieces of this many bytes.
const PIECE: usize = 4 << 20;

/// Most bytes per row besides its text while being judged: its key, its security, its findings.
const ROW: usize = 128;

/// The rows of a page.
#[derive(Debug, Default)]
pub(super) struct PageRows {
    pub(super) lines: Vec<u8>,
    pub(super) rows: usize,
    /// A hash of each row's key.
    pub(super) keys: Vec<u64>,
    pub(super) unknown: BTreeSet<String>,
    pub(super) absent: BTreeSet<String>,
    pub(super) events: BTreeSet<NaiveDate>,
}

impl PageRows {
    /// Removes the first row.
    pub(super) fn drop_first(&mut self) {
        let end = memchr::memchr(b'\n', &self.lines).map_or(self.lines.len(), |end| end + 1);
        self.lines.drain(..end);
        self.keys.remove(0);
        self.rows -= 1;
    }
}

/// Limit for the size of a value. The largest seen are texts of some thousand bytes.
const MOST_OF_A_VALUE: usize = 1 << 20;

/// A page without its text: enough to read that in pieces and free each one afterwards.
#[derive(Debug)]
pub(super) struct Outline {
    fields: Vec<String>,
    /// Start and end of each row in the text.
    rows: Vec<(u32, u32)>,
}

impl Outline {
    /// The outline of a page parsed from `body`.
    pub(super) fn of(page: Page<'_>, body: &[u8]) -> Self {
        let begin = body.as_ptr().addr();
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let of = |row: &&RawValue| {
            let first = row.get().as_ptr().addr() - begin;
            (place(first), place(first + row.get().len()))
        };
        Self { rows: page.rows.iter().map(of).collect(), fields: page.fields }
    }

    /// Splits the text into pieces that start at a row, last first, so that each can be freed once read.
    fn pieces(&self, mut body: Vec<u8>) -> Vec<(usize, Vec<u8>)> {
        let mut pieces = Vec::new();
        let mut end = body.len();
        for (first, _) in self.rows.iter().rev() {
            let first = *first as usize;
            if end - first >= PIECE {
                pieces.push((first, body.split_off(first)));
                body.shrink_to_fit();
                end = first;
            }
        }
        pieces.push((0, body));
        pieces
    }
}

/// Checks a page and takes its rows, which may take `most` bytes together with the `held` ones of the answer.
pub(super) fn understand(
    outline: &Outline,
    body: Vec<u8>,
    (contract, expect): (&Contract, &Expect),
    (held, most): (usize, usize),
) -> Result<PageRows, Failure> {
    let mut out = PageRows { rows: outline.rows.len(), ..PageRows::default() };
    if outline.rows.is_empty() {
        return Ok(out);
    }
    let fields = fields(&outline.fields, contract, &mut out)?;
    let checks = Checks::new(expect, contract, &fields)?;
    let reader = RowReader::new(&outline.fields);
    let mut pieces = outline.pieces(body);
    let (mut begin, mut text) = pieces.pop().unwrap_or_default();
    for (first, end) in &outline.rows {
        let (first, end) = (*first as usize, *end as usize);
        if pieces.last().is_some_and(|(begin, _)| *begin <= first) {
            (begin, text) = pieces.pop().unwrap_or_default();
        }
        let invalid = |_| Failure::from(Refusal::Transient("invalid reply (a row cannot be read)".into()));
        let row = std::str::from_utf8(text.get(first - begin..end - begin).unwrap_or_default());
        let row =
            reader.read(row.map_err(|_| Failure::from(Refusal::Transient("the reply is not UTF-8 text".into())))?);
        let row = row.map_err(invalid)?;
        let large = row.iter().position(|cell| cell.is_some_and(|cell| cell.get().len() > MOST_OF_A_VALUE));
        if let Some(name) = large.and_then(|place| outline.fields.get(place)) {
            return Err(Failure::TooLarge(format!("a value of `{name}` is larger than 1 MiB")));
        }
        checks.row(&row)?;
        out.events.extend(checks.event(&row).and_then(|text| day_in(&text)));
        let start = out.lines.len();
        push_object(&mut out.lines, &outline.fields, &row);
        out.keys.push(if expect.repeats { hash(&out.lines[start..]) } else { hash(checks.key(&row).as_bytes()) });
        if held + memory(out.lines.len(), out.keys.len()) > most {
            return Err(too_many_rows(most));
        }
    }
    Ok(out)
}

/// The failure of an answer whose rows take more than `most` bytes.
pub(super) fn too_many_rows(most: usize) -> Failure {
    Failure::TooLarge(format!("the rows of the answer take more than {} MiB", most >> 20))
}

/// The failure of a reply larger than `most` bytes.
pub(super) fn too_large(most: usize) -> Failure {
    Failure::TooLarge(format!(
        "the reply is larger than {} MiB, the memory of all replies: see `reply_memory` of [fetch] in jobs.toml, and \
         --memory-limit",
        most >> 20
    ))
}

/// Memory for rows with this many bytes of text.
pub(super) fn memory(bytes: usize, rows: usize) -> usize {
    bytes + rows * ROW
}

/// A hash. Collisions are unlikely enough to ignore.
fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}

/// The fields of a page by their names in the contract. `None` for those not in it.
fn fields<'a>(names: &[String], contract: &'a Contract, out: &mut PageRows) -> Result<Vec<Option<&'a str>>, Failure> {
    let known = |name: &String| contract.field(name).map(|index| contract.fields[index].name.as_str());
    let fields: Vec<Option<&str>> = names.iter().map(known).collect();
    for (name, known) in names.iter().zip(&fields) {
        if known.is_none() && !is_branch(contract, name) {
            out.unknown.insert(name.clone());
        } else if known.is_some() && fields.iter().filter(|other| *other == known).count() > 1 {
            return Err(Refusal::Transient(format!("the reply has the field `{name}` twice")).into());
        }
    }
    let replied = contract.fields.iter().filter(|field| field.param.is_none() && !field.name.contains('.'));
    out.absent = replied.map(|f| &f.name).filter(|f| !fields.contains(&Some(f.as_str()))).cloned().collect();
    Ok(fields)
}

/// Whether the contract has fields below this field of a nested reply.
fn is_branch(contract: &Contract, name: &str) -> bool {
    contract.fields.iter().any(|field| field.name.split_once('.').is_some_and(|(top, _)| top == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use pitlake_contract::DateRange;

    use crate::spec::{Catalog, InterfaceId, WireFormat};
    use crate::wire::{self, Received};

    fn read(wire: WireFormat, body: &str, contract: &Contract, expect: &Expect) -> Result<PageRows, Failure> {
        let page = wire::of(wire).read(Received { status: 200, retry_after: None, body: body.as_bytes() })?;
        let outline = Outline::of(page, body.as_bytes());
        understand(&outline, body.as_bytes().to_vec(), (contract, expect), (0, 64 << 20))
    }

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
        read(WireFormat::Tushare, &body, contract, &expect)
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
    fn rows_are_the_same_however_many_pieces_their_text_has() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let contract = catalog.contract(&InterfaceId::parse("tushare/adj_factor").unwrap()).unwrap();
        let text = "x".repeat(MOST_OF_A_VALUE - 2);
        let rows: Vec<String> = (0..11).map(|row| format!(r#"["{row}","20240102","{text}"]"#)).collect();
        let items = rows.join(" , ");
        let body =
            format!(r#"{{"code":0,"data":{{"fields":["ts_code","trade_date","adj_factor"],"items":[{items}]}}}}"#);
        let page = read(WireFormat::Tushare, &body, contract, &Expect::default()).unwrap();
        let lines: Vec<String> = (0..11)
            .map(|row| format!("{{\"ts_code\":\"{row}\",\"trade_date\":\"20240102\",\"adj_factor\":\"{text}\"}}\n"))
            .collect();
        assert!(page.lines == lines.concat().as_bytes());
        assert_eq!((page.rows, page.keys.len()), (11, 11));
        let bytes = page.lines.len();
        let page = wire::of(WireFormat::Tushare);
        let page = page.read(Received { status: 200, retry_after: None, body: body.as_bytes() }).unwrap();
        let outline = Outline::of(page, body.as_bytes());
        assert_eq!(outline.pieces(body.clone().into_bytes()).len(), 3);
        let of = |held: usize| {
            understand(&outline, body.clone().into_bytes(), (contract, &Expect::default()), (held, 12 << 20))
        };
        assert!(of(0).is_ok());
        // Each row takes memory, whatever it holds.
        let left = (12 << 20) - bytes;
        assert!(of(left - 11 * ROW).is_ok() && of(left - 11 * ROW + 1).is_err());
        // Rows of earlier pages count too.
        assert_eq!(of(3 << 20).unwrap_err().to_string(), "the rows of the answer take more than 12 MiB");
    }

    #[test]
    fn only_days_without_a_zone_are_compared() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let day = NaiveDate::from_ymd_opt(2024, 1, 2).unwrap();
        let is_fine = |interface: &str, field: &str, value: &str| {
            let contract = catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
            let expect = Expect { within: Some((field.into(), DateRange::day(day))), ..Expect::default() };
            let body = format!(r#"{{"code":0,"data":{{"fields":["{field}"],"items":[[{value}]]}}}}"#);
            read(WireFormat::Tushare, &body, contract, &expect).is_ok()
        };
        let news = |value: &str| is_fine("asharehub/news_flash", "publish_time", value);
        assert!(news(r#""2024-01-02 09:30:00""#) && news(r#""2024-01-02T23:59:59""#));
        assert!(!news(r#""2024-01-03 00:00:00""#) && !news("null"));
        // The evening before in another time zone is this day in Shanghai.
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
        let body = r#"{"ret_code":0,"data":{"trend":{"current_value":1},"trends":{}}}"#;
        let page = read(WireFormat::F10, body, contract, &Expect::default()).unwrap();
        assert_eq!(page.unknown.iter().collect::<Vec<_>>(), ["trends"]);
    }
}
