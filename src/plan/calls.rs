//! The calls that answer slices. Never whether a slice is asked.

use chrono::{Months, NaiveDate};
use pitlake_contract::Slice;

use crate::spec::Contract;
use crate::vendor::Call;

/// A parameter that is asked value by value, and its values.
pub type Chosen = (String, Vec<String>);

/// The calls that answer some slices together, pages aside: one slice, or securities that one call may name.
/// One call for each combination of the `chosen` values, and for each window of the history where the contract
/// asks in windows; those reach up to `today`.
#[must_use]
pub fn calls(contract: &Contract, slices: &[&Slice], chosen: &[Chosen], today: NaiveDate) -> Vec<Call> {
    let codes: Vec<&str> = slices.iter().filter_map(|slice| slice.code()).collect();
    let days = slices.first().and_then(|slice| slice.days());
    let windows: Vec<Option<(NaiveDate, NaiveDate)>> = match (days, contract.ask.window_years) {
        (None, Some(years)) => windows(contract.publication.history_from, years, today).into_iter().map(Some).collect(),
        _ => vec![days],
    };
    let mut all = Vec::new();
    for window in windows {
        let mut params: Vec<Vec<(String, String)>> = vec![contract.ask.with.clone()];
        for (name, template) in &contract.ask.send {
            params[0].push((name.clone(), fill(template, &codes, window)));
        }
        for (name, values) in chosen {
            let with = |before: &Vec<(String, String)>| -> Vec<Vec<(String, String)>> {
                values.iter().map(|value| [before.clone(), vec![(name.clone(), value.clone())]].concat()).collect()
            };
            params = params.iter().flat_map(with).collect();
        }
        all.extend(params.into_iter().map(|params| Call {
            api: contract.id.name.clone(),
            path: contract.path.clone(),
            params,
            fields: contract.field_list(),
            paging: contract.ask.paging,
        }));
    }
    all
}

/// From `first` in steps of so many years until `today` is in.
fn windows(first: NaiveDate, years: u32, today: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    let mut all = Vec::new();
    let mut start = first;
    while start <= today {
        let Some(next) = start.checked_add_months(Months::new(12 * years)) else { break };
        all.push((start, next.pred_opt().unwrap_or(next)));
        start = next;
    }
    all
}

/// A template with what it stands for.
fn fill(template: &str, codes: &[&str], days: Option<(NaiveDate, NaiveDate)>) -> String {
    let mut text = template.to_owned();
    if let Some((first, last)) = days {
        for (name, day) in [("day", first), ("first", first), ("last", last)] {
            text = text.replace(&format!("{{{name}}}"), &day.format("%Y%m%d").to_string());
            text = text.replace(&format!("{{{name}:iso}}"), &day.to_string());
        }
    }
    if !codes.is_empty() {
        let prefixed = |code: &&str| match code.split_once('.') {
            Some((number, exchange)) => format!("{exchange}.{number}"),
            None => (*code).to_owned(),
        };
        text = text.replace("{code:prefix}", &codes.iter().map(prefixed).collect::<Vec<_>>().join(","));
        text = text.replace("{code}", &codes.join(","));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn templates_are_filled_by_slice() {
        let days = Slice::Month(day("2024-02-01")).days();
        assert_eq!(fill("{first:iso} 09:00:00", &[], days), "2024-02-01 09:00:00");
        assert_eq!(fill("{last}", &[], days), "20240229");
        assert_eq!(fill("{code:prefix}", &["600519.SH", "000001.SZ"], None), "SH.600519,SZ.000001");
        assert_eq!(fill("{day}", &[], Slice::Day(day("2024-02-03")).days()), "20240203");
    }

    #[test]
    fn windows_follow_each_other_without_a_gap() {
        let all = windows(day("2010-01-01"), 5, day("2021-06-01"));
        let ends: Vec<String> = all.iter().map(|(start, end)| format!("{start} {end}")).collect();
        assert_eq!(ends, ["2010-01-01 2014-12-31", "2015-01-01 2019-12-31", "2020-01-01 2024-12-31"]);
    }
}
