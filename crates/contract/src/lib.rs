//! What vendors say: the contracts for their interfaces (`schemas/`), units, and every way they spell values.
//!
//! Pure: text in; values, or all problems at once, out. The tables of silver, the network and the clock are not handled
//! here.

pub mod contract;
mod contracts;
mod counted;
mod date_range;
pub mod decimal;
pub mod exact;
mod field_type;
pub mod period;
pub mod problem;
pub mod scale;
pub mod slice;
pub mod spelling;
pub mod toml;
pub mod unit;
mod word;

pub use contract::{
    Ask, Axis, CallRules, Contract, Covered, Empty, Enumeration, Field, InterfaceId, Limit, Paging, Publication,
    Template, TokenIn, Values, Vendor, WireFormat,
};
pub use contracts::{Contracts, SpecFile};
pub use counted::counted;
pub use date_range::DateRange;
pub use field_type::FieldType;
pub use problem::{Problem, Problems, nearest};
pub use slice::{Answered, Slice};
pub use unit::{Dimension, Unit, UnitMismatch};
