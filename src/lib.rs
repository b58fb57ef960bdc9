//! ashare-lake
pub mod clock;
pub mod progress;
pub mod spec;
pub mod store;
