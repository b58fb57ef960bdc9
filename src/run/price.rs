//! What a run would cost before it is made: slices, calls, minutes, quota, and the partitions that would
//! be written anew. Asks nobody.

use serde::Serialize;

/// placeholder
#[derive(Debug, Serialize)]
pub struct Price {}
/// placeholder
#[derive(Debug, Serialize)]
pub struct Asking {}
/// placeholder
pub fn price() {}
