//! Writes the market as another program's bronze: gzipped JSON lines in the documented layout.
//!
//! There is no provenance in the files and no knowledge of the lake's code: only the layout is shared.

use super::market::calendar::stamp;
use super::tables::select::Params;
use super::tables::{Content, Interface, interfaces};
use super::{Cell, Market};
use anyhow::Context;
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::{fs, iter};

/// Their sisters write the same rows or more.
const LEFT_OUT: [&str; 8] = [
    "limit_list",
    "income",
    "fina_indicator",
    "balancesheet",
    "cashflow",
    "forecast_vip",
    "express_vip",
    "fina_mainbz_vip",
];

/// Writes the rows of the market below `lake` and returns the number of files: one per session for daily
/// interfaces, also when it has no row, one per period for the reports of the first type, one per announcement
/// or other day for rows of companies, and one dated the market's last day for each snapshot. What is inside a
/// session, chips and minutes, is left out: too much.
///
/// # Errors
/// When a folder or file cannot be written.
pub fn export(market: &Market, lake: &Path) -> anyhow::Result<usize> {
    let mut files = 0;
    let last = stamp(market.calendar.end);
    for interface in interfaces().filter(|interface| !LEFT_OUT.contains(&interface.name)) {
        match interface.content {
            Content::Snapshot { .. } => {
                write_file(interface, lake, ("date", &last), &last, &interface.all(market, None))?;
                files += 1;
            }
            Content::PerSession { .. } => {
                for session in 0..market.calendar.sessions.len() {
                    write_day(interface, market, lake, session)?;
                    files += 1;
                }
            }
            Content::Sessions(ref sheet) => {
                for day in sheet.days(market) {
                    write_day(interface, market, lake, day)?;
                    files += 1;
                }
            }
            Content::Detail { .. } => {}
            Content::Reports(_) => {
                for period in market.periods().into_iter().map(stamp) {
                    let params = Params::from([("period".to_owned(), period.clone())]);
                    let rows = interface.select(market, None, &params, 0, usize::MAX);
                    write_file(interface, lake, ("end_date", &period), &last, &rows)?;
                    files += 1;
                }
            }
            Content::Records(ref records) => {
                let key = if records.day == "end_date" { "end_date" } else { "date" };
                for (day, rows) in by_day(interface, records.day, &last, interface.all(market, None)) {
                    write_file(interface, lake, (key, &day), &last, &rows)?;
                    files += 1;
                }
            }
        }
    }
    Ok(files)
}

/// Rows by the day in a column; those without one belong to the day on which they were fetched.
fn by_day(
    interface: &Interface,
    column: &str,
    fetched: &str,
    rows: Vec<Vec<Cell>>,
) -> BTreeMap<String, Vec<Vec<Cell>>> {
    let column = interface.column(column);
    let mut days: BTreeMap<String, Vec<Vec<Cell>>> = BTreeMap::new();
    for row in rows {
        let day = column.and_then(|column| row[column].text()).unwrap_or(fetched).to_owned();
        days.entry(day).or_default().push(row);
    }
    days
}

/// The file of a session, or of a holiday counted as the calendar does.
fn write_day(interface: &Interface, market: &Market, lake: &Path, day: usize) -> anyhow::Result<()> {
    let day = market.calendar.stamp(day);
    let params = Params::from([("trade_date".to_owned(), day.clone())]);
    write_file(interface, lake, ("date", &day), &day, &interface.select(market, None, &params, 0, usize::MAX))
}

/// A file fetched on `fetched` into the folder of a day: the name of the folder's key and its value. Days are
/// YYYYMMDD.
fn write_file(
    interface: &Interface,
    lake: &Path,
    (key, day): (&str, &str),
    fetched: &str,
    rows: &[Vec<Cell>],
) -> anyhow::Result<()> {
    let (year, month, date) = (&day[..4], &day[4..6], &day[6..]);
    let folder = lake.join("bronze/tushare").join(interface.folder).join(format!("{key}={year}-{month}-{date}"));
    let path = folder.join(format!("{}_{fetched}T090000000Z.jsonl.gz", interface.name));
    let written = fs::create_dir_all(&folder).and_then(|()| {
        let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
        for row in rows {
            gzip.write_all(line(interface, row).as_bytes())?;
        }
        fs::write(&path, gzip.finish()?)
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// One row as a JSON object with its keys in column order.
fn line(interface: &Interface, row: &[Cell]) -> String {
    let mut out = String::new();
    for ((name, cell), mark) in interface.fields.iter().zip(row).zip(iter::once('{').chain(iter::repeat(','))) {
        out.push(mark);
        out.push('"');
        out.push_str(name);
        out.push_str("\":");
        cell.write(&mut out);
    }
    out.push_str("}\n");
    out
}
