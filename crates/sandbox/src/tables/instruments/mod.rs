//! Masters of everything but stocks: indices, industries, boards, currencies and new issues, as a day knows them.
//!
//! Data of the interfaces only; their rows are in the modules named after what they hold, the codes that lists of a
//! session share with them in `sessions::known`.

mod boards;
mod currencies;
mod indices;
mod industries;
mod issues;

use super::records::companies;
use super::text::decimal;
use crate::Cell;
use crate::market::Market;
use crate::market::moments::Moment;

/// The state of a day with cells in the order of the contract.
type Rows = fn(&Market, Option<Moment>) -> Vec<Vec<Cell>>;

/// The functions by the names that entries give them.
pub(super) const OLD: [(&str, Rows); 9] = [
    ("index_basic", indices::index_basic),
    ("index_classify", industries::index_classify),
    ("index_member_all", industries::index_member_all),
    ("ths_index", boards::ths_index),
    ("ths_member", boards::ths_member),
    ("fx_obasic", currencies::fx_obasic),
    ("new_share", issues::new_share),
    ("stock_company", companies::stock_company),
    ("bse_mapping", companies::bse_mapping),
];

/// A number in its plain spelling.
fn number(units: i64, scale: u32) -> Cell {
    Cell::Number(decimal(units, scale))
}
