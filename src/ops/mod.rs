//! Every command except running: one file each, over ledger and plan. Does not parse arguments or print.

pub mod changed;
pub mod check;
pub mod configuration;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod import;
pub mod imports;
pub mod page;
pub mod price;
pub mod rejects;
pub mod schedule;
pub mod status;
pub mod verify;

#[cfg(test)]
mod tests;
