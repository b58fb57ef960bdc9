//! The verbs besides running: one file each, over ledger and plan. Never argv or printing.

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
