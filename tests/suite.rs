//! Tests of the whole: the binary against the sandbox, the rules against a brute-force reader, the
//! shape of the code. One binary, because each would link the whole program.
//!
//! - `architecture`: who may import whom, and which dependency lives where
//! - `specs`: every shipped file loads, every example row becomes what it says
//! - `fields`: the units of the vendors' fields, a second time; warnings where a name misleads
//! - `truth`: silver equals the sandbox's market, value by value; running again changes nothing
//! - `reports`: every version of every statement, by period and by security
//! - `nights`: forty evenings of a vendor that is late, corrects, restates and goes down
//! - `evenings`: ten evenings of tables by day of announcement, by month, security and period
//! - `reader`: versions kept by hand, to compare with
//! - `market`: the other tables by trading day, value by value
//! - `awkward`: low caps, faults, foreign lakes, hostile vendors
//! - `crash`: killed at random, run again, same bytes
//! - `vendors`: two vendors in one table, in one order or the other
//! - `diff`: what later fetches changed, and where vendors disagree
//! - `two_vendors`: two vendors of one table on the wire, and what goes when one of them goes
//! - `own_interface`: an interface that is nobody's but yours, in files beside jobs.toml
//! - `feeds`: news and quotes, which add up
//! - `quotas`: calls a day and refusals: stopped in good order, gone on with
//! - `imports`: captures of several shapes
//! - `cli`: exit codes, messages, shapes that scripts rely on

#[path = "suite/documented.rs"]
mod documented;
#[path = "suite/reader.rs"]
mod reader;
#[path = "suite/support.rs"]
mod support;

#[path = "suite/architecture.rs"]
mod architecture;
#[path = "suite/awkward.rs"]
mod awkward;
#[path = "suite/cli.rs"]
mod cli;
#[path = "suite/crash.rs"]
mod crash;
#[path = "suite/diff.rs"]
mod diff;
#[path = "suite/evenings.rs"]
mod evenings;
#[path = "suite/feeds.rs"]
mod feeds;
#[path = "suite/fields.rs"]
mod fields;
#[path = "suite/imports.rs"]
mod imports;
#[path = "suite/market.rs"]
mod market;
#[path = "suite/nights.rs"]
mod nights;
#[path = "suite/own_interface.rs"]
mod own_interface;
#[path = "suite/quotas.rs"]
mod quotas;
#[path = "suite/reports.rs"]
mod reports;
#[path = "suite/specs.rs"]
mod specs;
#[path = "suite/truth.rs"]
mod truth;
#[path = "suite/two_vendors.rs"]
mod two_vendors;
#[path = "suite/vendors.rs"]
mod vendors;
#[path = "suite/width.rs"]
mod width;
