//! More lists of a session, about indices, boards and whole markets: caps, points, parameters and columns.
//!
//! Data only, one column a line, as in `table`.

use super::Kind::{Code, Count10k, Day, Lots, MillionText, Percent, Price, Shares, Tag, Text, Yuan, Yuan1k, Yuan100m};
use super::table::{EVENING, NEXT_DAY};
use super::{Column, Population, Sheet, names};
use crate::tables::{Content, Interface};

/// The interfaces, in the order that addresses their dice.
pub(crate) static MARKETS: [Interface; 6] = [
    Interface {
        name: "index_daily",
        folder: "index_daily_cn",
        fields: &names(&INDEX_DAILY),
        on_request: &[],
        cap: 8000,
        points: 2000,
        per_minute: None,
        one_of: &["ts_code"],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::Sessions(Sheet {
            population: Population::Indices,
            columns: &INDEX_DAILY,
            key: &["ts_code", "trade_date"],
            release: EVENING,
        }),
    },
    Interface {
        name: "index_weight",
        folder: "index_weight_cn",
        fields: &names(&INDEX_WEIGHT),
        on_request: &[],
        cap: 5000, // undocumented
        points: 2000,
        per_minute: None,
        one_of: &["index_code"],
        filters: &["index_code"],
        renamed: &[],
        defaults: &[],
        content: Content::Sessions(Sheet {
            population: Population::Constituents,
            columns: &INDEX_WEIGHT,
            key: &["index_code", "con_code", "trade_date"],
            release: NEXT_DAY,
        }),
    },
    Interface {
        name: "dc_member",
        folder: "dc_member_cn",
        fields: &names(&DC_MEMBER),
        on_request: &[],
        cap: 5000,
        points: 6000,
        per_minute: None,
        one_of: &[],
        filters: &["con_code"],
        renamed: &[],
        defaults: &[],
        content: Content::Sessions(Sheet {
            population: Population::DcMembers,
            columns: &DC_MEMBER,
            key: &["trade_date", "ts_code", "con_code"],
            release: EVENING,
        }),
    },
    Interface {
        name: "margin",
        folder: "margin_cn",
        fields: &names(&MARGIN),
        on_request: &[],
        cap: 4000,
        points: 2000,
        per_minute: None,
        one_of: &[],
        filters: &["exchange_id"],
        renamed: &[],
        defaults: &[],
        content: Content::Sessions(Sheet {
            population: Population::MarginTotals,
            columns: &MARGIN,
            key: &["trade_date", "exchange_id"],
            release: NEXT_DAY,
        }),
    },
    Interface {
        name: "moneyflow_hsgt",
        folder: "moneyflow_hsgt_cn",
        fields: &names(&MONEYFLOW_HSGT),
        on_request: &[],
        cap: 300,
        points: 2000,
        per_minute: None,
        one_of: &["trade_date", "start_date"],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::Sessions(Sheet {
            population: Population::Connect,
            columns: &MONEYFLOW_HSGT,
            key: &["trade_date"],
            release: EVENING,
        }),
    },
    Interface {
        name: "ggt_daily",
        folder: "ggt_daily_cn",
        fields: &names(&GGT_DAILY),
        on_request: &[],
        cap: 1000,
        points: 2000,
        per_minute: None,
        one_of: &[],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::Sessions(Sheet {
            population: Population::Connect,
            columns: &GGT_DAILY,
            key: &["trade_date"],
            release: EVENING,
        }),
    },
];

static INDEX_DAILY: [Column; 11] = [
    ("ts_code", Code),
    ("trade_date", Day),
    ("close", Price),
    ("open", Price),
    ("high", Price),
    ("low", Price),
    ("pre_close", Price),
    ("change", Price),
    ("pct_chg", Percent),
    ("vol", Lots),
    ("amount", Yuan1k),
];
static INDEX_WEIGHT: [Column; 4] = [("index_code", Code), ("con_code", Code), ("trade_date", Day), ("weight", Percent)];
static DC_MEMBER: [Column; 4] = [("trade_date", Day), ("ts_code", Code), ("con_code", Code), ("name", Text)];
static MARGIN: [Column; 9] = [
    ("trade_date", Day),
    ("exchange_id", Tag),
    ("rzye", Yuan),
    ("rzmre", Yuan),
    ("rzche", Yuan),
    ("rqye", Yuan),
    ("rqmcl", Shares),
    ("rzrqye", Yuan),
    ("rqyl", Shares),
];
static MONEYFLOW_HSGT: [Column; 7] = [
    ("trade_date", Day),
    ("ggt_ss", MillionText),
    ("ggt_sz", MillionText),
    ("hgt", MillionText),
    ("sgt", MillionText),
    ("north_money", MillionText),
    ("south_money", MillionText),
];
static GGT_DAILY: [Column; 5] = [
    ("trade_date", Day),
    ("buy_amount", Yuan100m),
    ("buy_volume", Count10k),
    ("sell_amount", Yuan100m),
    ("sell_volume", Count10k),
];
