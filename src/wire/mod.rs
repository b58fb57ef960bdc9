//! Wire formats: what is sent to a vendor, and what the bytes of its reply mean. Pure: no network, clock or store.
//!
//! A [`Wire`] is two pure functions, the request for a page and the meaning of a reply; [`crate::fetch`] sends, waits
//! and retries for all of them. Which vendor speaks which format is in `schemas/<vendor>.toml`.

mod alphafin;
mod exchange;
mod f10;
mod line;
mod objects;
mod rest;
mod row;
mod status;
mod tushare;
mod url;
mod wording;

pub use exchange::{Call, Page, Received, Refusal, Request, Window, Wire};
pub use line::push_object;
pub use row::RowReader;

use crate::spec::WireFormat;

/// The implementation of a format.
#[must_use]
pub fn of(format: WireFormat) -> &'static dyn Wire {
    match format {
        WireFormat::Alphafin => &alphafin::Alphafin,
        WireFormat::F10 => &f10::F10,
        WireFormat::Rest => &rest::Rest,
        WireFormat::Tushare => &tushare::Tushare,
    }
}
