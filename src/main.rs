//! ashare-lake
fn main() {}
