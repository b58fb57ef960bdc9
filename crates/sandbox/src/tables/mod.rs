//! The interfaces on offer: columns, caps, points and filters as the vendor documents them.
//!
//! Nothing here knows HTTP, accounts or files. Row contents are in the modules named after what they hold.

mod balance;
mod cashflow;
mod daily;
mod daily_basic;
mod detail;
mod income;
mod indicators;
mod instruments;
mod limits;
mod masters;
mod moneyflow;
mod records;
mod release;
mod report_columns;
mod reports;
pub(crate) mod select;
pub(crate) mod sessions;
mod statement_columns;
pub(crate) mod text;

use super::Cell;
use super::market::filings::Statement;
use super::market::moments::Moment;
use super::market::{Market, Stock};
use detail::DETAILS;
use instruments::INSTRUMENTS;
use records::{COMPANIES, Records};
use release::Release;
use select::Params;
use sessions::{MARKETS, SHEETS, Sheet};
use text::Pen;

/// Which rows an interface has and how one is made.
pub(crate) enum Content {
    /// The present state, in the order the vendor sends it, with the column that dates can narrow.
    Snapshot { rows: fn(&Market, Option<Moment>) -> Vec<Vec<Cell>>, date: Option<&'static str> },
    /// Rows per session and stock: how many there are, and the cells of one of them.
    PerSession { count: fn(&Stock, usize) -> usize, cells: fn(&mut Pen, &Place<'_>) -> Vec<Cell>, release: Release },
    /// Many rows per session and stock, made together and for the stocks asked for only; the key's order.
    Detail { rows: fn(&mut Pen, &Place<'_>, &Params) -> Vec<Vec<Cell>>, release: Release },
    /// Rows per session and item, cells by kind of column.
    Sessions(Sheet),
    /// Versions of a report per quarter and stock.
    Reports(Statement),
    /// Rows per stock, each with its own day.
    Records(Records),
}

/// One row of a per-session interface.
pub(crate) struct Place<'a> {
    pub(crate) market: &'a Market,
    pub(crate) stock: &'a Stock,
    pub(crate) session: usize,
    /// Which of the stock's rows of the session.
    pub(crate) ordinal: usize,
    /// How far, in percent, figures are off that await their correction.
    pub(crate) draft: Option<i64>,
}

/// An interface as documented (vendor pages `doc_id` 25, 26, 27, 28, 32, 33, 79, 170, 198, 214, 298).
pub(crate) struct Interface {
    pub(crate) name: &'static str,
    /// Folder of the lake that holds it.
    pub(crate) folder: &'static str,
    /// All columns in the vendor's order.
    pub(crate) fields: &'static [&'static str],
    /// Those of `fields` that come only when named.
    pub(crate) on_request: &'static [&'static str],
    /// Most rows a reply holds.
    pub(crate) cap: usize,
    /// Points an account needs.
    pub(crate) points: u32,
    /// Most calls a minute for any account, where the vendor says so.
    pub(crate) per_minute: Option<u32>,
    /// Parameters of which one is needed, or all for [`Content::Detail`]; none are if empty.
    pub(crate) one_of: &'static [&'static str],
    /// Parameters that must equal (one of) the column of the same name, or the one that `renamed` says.
    pub(crate) filters: &'static [&'static str],
    /// Those of `filters` whose column has another name, and its name.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
    /// Values of `filters` for callers who send none.
    pub(crate) defaults: &'static [(&'static str, &'static str)],
    pub(crate) content: Content,
}

impl Interface {
    /// Place among [`interfaces`]: the address of its dice.
    pub(crate) fn place(&self) -> usize {
        interfaces().position(|other| other.name == self.name).unwrap_or_default()
    }

    /// Whether a call names what it must.
    pub(crate) fn is_complete(&self, params: &Params) -> bool {
        let named = |name: &&str| params.contains_key(*name);
        match self.content {
            Content::Detail { .. } => self.one_of.iter().all(named),
            _ => self.one_of.is_empty() || self.one_of.iter().any(named),
        }
    }

    /// Position of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| *field == name)
    }
}

/// The interface of that name.
pub(crate) fn find(name: &str) -> Option<&'static Interface> {
    interfaces().find(|interface| interface.name == name)
}

/// Every interface on offer, in the order that addresses their dice: new ones come last.
pub(crate) fn interfaces() -> impl Iterator<Item = &'static Interface> {
    INTERFACES.iter().chain(&SHEETS).chain(&MARKETS).chain(&INSTRUMENTS).chain(&DETAILS).chain(&COMPANIES)
}

/// The interfaces described one by one; lists of a session are in [`SHEETS`] and [`MARKETS`], masters of everything
/// but stocks in [`INSTRUMENTS`], what is inside a session in [`DETAILS`], what companies announce in
/// [`COMPANIES`].
static INTERFACES: [Interface; 13] = [
    Interface {
        name: "stock_basic",
        folder: "stock_basic_cn",
        fields: masters::STOCK_BASIC,
        on_request: &["fullname", "enname", "exchange", "curr_type", "list_status", "delist_date", "is_hs"],
        cap: 6000,
        points: 2000,
        per_minute: Some(50),
        one_of: &[],
        filters: &["ts_code", "name", "market", "list_status", "exchange", "is_hs"],
        renamed: &[],
        defaults: &[("list_status", "L")],
        content: Content::Snapshot { rows: masters::stock_basic, date: None },
    },
    Interface {
        name: "trade_cal",
        folder: "trade_cal",
        fields: masters::TRADE_CAL,
        on_request: &[],
        cap: 20_000, // undocumented; large enough for the whole calendar of one exchange
        points: 2000,
        per_minute: None,
        one_of: &[],
        filters: &["exchange", "is_open"],
        renamed: &[],
        defaults: &[("exchange", "SSE")],
        content: Content::Snapshot { rows: masters::trade_cal, date: Some("cal_date") },
    },
    Interface {
        name: "daily",
        folder: "stock_daily_cn",
        fields: daily::DAILY,
        on_request: &["ah_vol", "ah_amount"],
        cap: 6000,
        points: 120,
        per_minute: None,
        one_of: &[],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::PerSession {
            count: daily::bars,
            cells: daily::daily,
            release: Release { hour: (16, 45), late: true, halved: true, drafts: true },
        },
    },
    Interface {
        name: "daily_basic",
        folder: "stock_daily_basic_cn",
        fields: daily_basic::DAILY_BASIC,
        on_request: &["limit_status"],
        cap: 6000,
        points: 2000,
        per_minute: None,
        one_of: &["ts_code", "trade_date"],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::PerSession {
            count: daily::bars,
            cells: daily_basic::daily_basic,
            release: Release { hour: (17, 45), late: true, halved: true, drafts: true },
        },
    },
    Interface {
        name: "adj_factor",
        folder: "adj_factor",
        fields: daily::ADJ_FACTOR,
        on_request: &[],
        cap: 6000,
        points: 2000,
        per_minute: None,
        one_of: &[],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::PerSession {
            count: daily::listed,
            cells: daily::adj_factor,
            release: Release { hour: (16, 30), late: true, halved: true, drafts: true },
        },
    },
    Interface {
        name: "suspend_d",
        folder: "suspend_d_cn",
        fields: daily::SUSPEND_D,
        on_request: &[],
        cap: 5000,
        points: 120,
        per_minute: None,
        one_of: &[],
        filters: &["suspend_type"],
        renamed: &[],
        defaults: &[],
        content: Content::PerSession {
            count: daily::notices,
            cells: daily::suspend_d,
            release: Release { hour: (16, 30), late: false, halved: false, drafts: false },
        },
    },
    Interface {
        name: "moneyflow",
        folder: "moneyflow_cn",
        fields: moneyflow::MONEYFLOW,
        on_request: &["trade_count"],
        cap: 6000,
        points: 2000,
        per_minute: None,
        one_of: &["ts_code", "trade_date", "start_date"],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::PerSession {
            count: moneyflow::flows,
            cells: moneyflow::moneyflow,
            release: Release { hour: (18, 45), late: true, halved: true, drafts: true },
        },
    },
    Interface {
        name: "limit_list_d",
        folder: "limit_list_cn",
        fields: limits::LIMIT_LIST_D,
        on_request: &["swing"],
        cap: 2500,
        points: 5000,
        per_minute: Some(200),
        one_of: &[],
        filters: &["limit_type", "exchange"],
        renamed: &[("limit_type", "limit")],
        defaults: &[],
        content: Content::PerSession { count: limits::limited, cells: limits::limit_list_d, release: LIMIT_LISTS },
    },
    Interface {
        name: "limit_list",
        folder: "limit_list_cn",
        fields: limits::LIMIT_LIST,
        on_request: &[],
        cap: 1000,
        points: 2000,
        per_minute: None,
        one_of: &[],
        filters: &["limit_type"],
        renamed: &[("limit_type", "limit")],
        defaults: &[],
        content: Content::PerSession {
            count: limits::closed_at_limit,
            cells: limits::limit_list,
            release: LIMIT_LISTS,
        },
    },
    Interface { name: "income", cap: 10_000, points: 2000, one_of: &["ts_code"], ..INCOME_VIP },
    INCOME_VIP,
    Interface { name: "fina_indicator", cap: 100, points: 2000, one_of: &["ts_code"], ..FINA_INDICATOR_VIP },
    FINA_INDICATOR_VIP,
];

const LIMIT_LISTS: Release = Release { hour: (17, 30), late: true, halved: false, drafts: false };

const INCOME_VIP: Interface = Interface {
    name: "income_vip",
    folder: "income_cn",
    fields: report_columns::INCOME,
    on_request: report_columns::INCOME_ON_REQUEST,
    cap: 9000,
    points: 5000,
    per_minute: None,
    one_of: &["period"],
    filters: &["ann_date", "f_ann_date", "report_type", "comp_type"],
    renamed: &[],
    defaults: &[("report_type", "1")],
    content: Content::Reports(Statement::Income),
};

const FINA_INDICATOR_VIP: Interface = Interface {
    name: "fina_indicator_vip",
    folder: "fina_indicator_cn",
    fields: report_columns::FINA_INDICATOR,
    on_request: report_columns::FINA_INDICATOR_ON_REQUEST,
    cap: 12_000,
    points: 5000,
    per_minute: None,
    one_of: &["period"],
    filters: &["ann_date"],
    renamed: &[],
    defaults: &[],
    content: Content::Reports(Statement::Indicators),
};
