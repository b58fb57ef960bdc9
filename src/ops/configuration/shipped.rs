//! Adapts the shipped `jobs.toml` to some accounts, paragraph by paragraph and keeping comments. What keys mean is up
//! to `spec`.

use super::covered::{Chosen, closed};
use crate::spec::Catalog;

const SHIPPED: &str = include_str!("../../../jobs.toml");

/// The vendor of jobs and interfaces whose names have no vendor prefix.
pub const MAIN: &str = "tushare";

/// Jobs that take hours with fewer points than this, and their schedule in that case.
const WEEKLY: [(&str, u32, &str); 1] = [("reports", 5000, "schedule = \"0 10 * * 6\"              # 43,000 calls")];

/// The configuration for some accounts.
pub(super) fn text(catalog: &Catalog, lake: &str, accounts: &[Chosen]) -> String {
    let mut paragraphs = vec![head(accounts)];
    for paragraph in SHIPPED.split("\n\n") {
        match heading(paragraph) {
            Some("lake") => paragraphs.push(format!("[lake]\nurl = {}", quoted(lake))),
            Some("fetch") => paragraphs.push(paragraph.to_owned()),
            Some(name) => match name.split_once('.') {
                Some(("vendors", vendor)) => paragraphs.push(of_vendor(paragraph, vendor, accounts)),
                Some(("jobs", job)) => paragraphs.extend(of_job(paragraph, job, catalog, accounts)),
                _ => {}
            },
            None => {}
        }
    }
    paragraphs.join("\n\n") + "\n"
}

fn head(accounts: &[Chosen]) -> String {
    let names = accounts.iter().map(|Chosen { vendor, points }| match points {
        0 => vendor.clone(),
        points => format!("{vendor} ({} points)", grouped(*points)),
    });
    let names = names.collect::<Vec<_>>().join(", ");
    format!(
        "# Vendors and jobs, written by `pitlake config init` for {names}. docs/configuration.md explains every key.\n\
         # Tokens are never written here. `pitlake config check` reads this file; `pitlake plan JOB` prints what a night \
         costs.\nversion = 1"
    )
}

/// The table heading of a paragraph, commented out or not.
fn heading(paragraph: &str) -> Option<&str> {
    let mut lines = paragraph.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
    lines.find_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
}

/// An account: active and with its points if chosen, otherwise commented out.
fn of_vendor(paragraph: &str, vendor: &str, accounts: &[Chosen]) -> String {
    let chosen = accounts.iter().find(|account| account.vendor == vendor);
    let lines = paragraph.lines().filter_map(|line| {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let key = bare.split([' ', '=']).next().unwrap_or_default();
        let is_entry = bare.starts_with('[') || bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        match chosen {
            // The text above the first account is about all of them.
            _ if !is_entry => None,
            None => Some(format!("# {bare}")),
            Some(Chosen { points, .. }) if key == "points" => {
                let comment = bare.split_once('#').map_or("", |(_, comment)| comment);
                Some(format!("{:<38} #{comment}", format!("points = {points}")))
            }
            // Only some gateways have these.
            Some(_) if matches!(key, "headers" | "paths") => Some(line.to_owned()),
            Some(_) if vendor == "f10" && key == "token_env" => Some(line.to_owned()),
            Some(_) => Some(bare.to_owned()),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A job of one of the accounts, with tables they give no access to commented out. `None` if no table is left.
fn of_job(paragraph: &str, job: &str, catalog: &Catalog, accounts: &[Chosen]) -> Option<String> {
    let mut vendors = catalog.vendors().map(|vendor| vendor.name.as_str());
    let vendor = vendors.find(|vendor| job.split('_').next() == Some(*vendor)).unwrap_or(MAIN);
    let account: Vec<Chosen> = accounts.iter().filter(|account| account.vendor == vendor).cloned().collect();
    if account.is_empty() {
        return None;
    }
    let is_comment = paragraph.contains("# [jobs.");
    let (mut lines, mut open, mut is_entry) = (Vec::new(), 0, false);
    for line in paragraph.lines() {
        // The text above its heading describes the job.
        is_entry |= line.contains("[jobs.");
        let line = line.strip_prefix("# ").filter(|_| is_comment && is_entry).unwrap_or(line);
        let table = line.trim_start().strip_prefix('"').and_then(|rest| rest.split_once("\","));
        if let Some((name, comment)) = table {
            if let Some(closed) = catalog.table(name).and_then(|table| closed(table, &account)) {
                let needed = closed
                    .points
                    .map_or_else(|| comment.to_owned(), |needed| format!("   # {} points", grouped(needed)));
                lines.push(format!("    # \"{name}\",{needed}"));
                continue;
            }
            open += 1;
        }
        let weekly = WEEKLY.iter().find(|(name, points, _)| *name == job && account[0].points < *points);
        if let Some((.., schedule)) = weekly.filter(|_| line.starts_with("schedule")) {
            lines.push((*schedule).to_owned());
            continue;
        }
        // Short lists are on one line.
        open += usize::from(line.starts_with("tables = [\""));
        lines.push(line.to_owned());
    }
    (open > 0).then(|| lines.join("\n"))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A number with thousands separators.
fn grouped(number: u32) -> String {
    match number / 1000 {
        0 => number.to_string(),
        thousands => format!("{thousands},{:03}", number % 1000),
    }
}
