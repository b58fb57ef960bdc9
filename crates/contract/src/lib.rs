//! What vendors say: the contracts of their interfaces (`schemas/`), units, and every way they spell a value.
//!
//! Pure: text in, values or all problems at once out. Never here: the tables of silver, a network, a clock.

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
