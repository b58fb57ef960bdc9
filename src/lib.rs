//! ashare-lake
pub mod bronze;
pub mod clock;
pub mod fetch;
pub mod normalise;
pub mod plan;
pub mod progress;
pub mod sandbox;
pub mod silver;
pub mod spec;
pub mod store;
pub mod vendor;
