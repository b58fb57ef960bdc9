//! Masters of everything but stocks: indices, industries, boards, currencies and new issues, as a day knows them.
//!
//! Data of the interfaces only; their rows are in the modules named after what they hold, the codes that lists of a
//! session share with them in `sessions::known`.

mod boards;
mod currencies;
mod indices;
mod industries;
mod issues;

use super::text::decimal;
use super::{Content, Interface};
use crate::Cell;

/// The interfaces, in the order that addresses their dice. Where no cap is documented it is 5,000, and where no points
/// are, 2,000.
pub(crate) static INSTRUMENTS: [Interface; 7] = [
    Interface {
        name: "index_basic",
        folder: "index_basic_cn",
        fields: indices::INDEX_BASIC,
        on_request: &[],
        cap: 5000,
        points: 2000,
        per_minute: None,
        one_of: &[],
        filters: &["ts_code", "symbol", "name", "market", "publisher", "category"],
        renamed: &[],
        defaults: &[("market", "SSE")],
        content: Content::Snapshot { rows: indices::index_basic, date: None },
    },
    Interface {
        name: "index_classify",
        folder: "index_classify_cn",
        fields: industries::INDEX_CLASSIFY,
        on_request: &["src"],
        cap: 5000,
        points: 2000,
        per_minute: None,
        one_of: &[],
        filters: &["index_code", "level", "parent_code", "src"],
        renamed: &[],
        defaults: &[("src", "SW2021")],
        content: Content::Snapshot { rows: industries::index_classify, date: None },
    },
    Interface {
        name: "index_member_all",
        folder: "index_member_all_cn",
        fields: industries::INDEX_MEMBER_ALL,
        on_request: &[],
        cap: 2000,
        points: 2000,
        per_minute: None,
        one_of: &[],
        filters: &["l1_code", "l2_code", "l3_code", "ts_code", "is_new"],
        renamed: &[],
        defaults: &[("is_new", "Y")],
        content: Content::Snapshot { rows: industries::index_member_all, date: None },
    },
    Interface {
        name: "ths_index",
        folder: "ths_index_cn",
        fields: boards::THS_INDEX,
        on_request: &[],
        cap: 5000,
        points: 6000,
        per_minute: None,
        one_of: &[],
        filters: &["ts_code", "exchange", "type"],
        renamed: &[],
        defaults: &[],
        content: Content::Snapshot { rows: boards::ths_index, date: None },
    },
    Interface {
        name: "ths_member",
        folder: "ths_member_cn",
        fields: boards::THS_MEMBER,
        on_request: &["weight", "in_date", "out_date", "is_new"],
        cap: 5000,
        points: 6000,
        per_minute: Some(200),
        one_of: &[],
        filters: &["ts_code", "con_code"],
        renamed: &[],
        defaults: &[],
        content: Content::Snapshot { rows: boards::ths_member, date: None },
    },
    Interface {
        name: "fx_obasic",
        folder: "fx_obasic",
        fields: currencies::FX_OBASIC,
        on_request: &[],
        cap: 5000,
        points: 2000,
        per_minute: None,
        one_of: &[],
        filters: &["exchange", "classify", "ts_code"],
        renamed: &[],
        defaults: &[],
        content: Content::Snapshot { rows: currencies::fx_obasic, date: None },
    },
    Interface {
        name: "new_share",
        folder: "new_share_cn",
        fields: issues::NEW_SHARE,
        on_request: &[],
        cap: 2000,
        points: 120,
        per_minute: None,
        one_of: &[],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::Snapshot { rows: issues::new_share, date: Some("ipo_date") },
    },
];

/// A number in its plain spelling.
fn number(units: i64, scale: u32) -> Cell {
    Cell::Number(decimal(units, scale))
}
