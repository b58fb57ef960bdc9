//! What vendors say: the contracts of their interfaces (`schemas/`), units, and every way they spell a value.
//!
//! Pure: text in, values or every problem at once out. Never here: a table of silver, a network, a clock.

pub mod contract;
mod contracts;
pub mod decimal;
pub mod period;
pub mod problem;
pub mod slice;
pub mod spelling;
pub mod toml;
pub mod unit;

pub use contract::{
    Ask, Axis, Call, Contract, Covered, Empty, Field, InterfaceId, Limit, Paging, Publication, Values, VendorFacts,
    Wire,
};
pub use contracts::{Contracts, SpecFile};
pub use problem::{Problem, Problems, nearest};
pub use slice::{Answered, Slice};
pub use unit::{Dimension, Unit, UnitMismatch};
