//! What a vendor says about an interface (`schemas/<vendor>/<interface>.toml`) and about itself
//! (`schemas/<vendor>.toml`). What we make of it is in `pipelines/`.

mod ask;
mod call_rules;
mod enumeration;
mod field;
mod interface;
mod limit;
mod publication;
mod template;
mod vendor;

pub use ask::{Ask, Axis, Paging, Values};
pub use call_rules::CallRules;
pub use enumeration::Enumeration;
pub use field::Field;
pub(crate) use interface::read;
pub use interface::{Contract, InterfaceId};
pub use limit::Limit;
pub use publication::{Covered, Empty, Publication};
pub use template::{Template, UnknownPlaceholder};
pub(crate) use vendor::read_vendor;
pub use vendor::{TokenIn, Vendor, WireFormat};
