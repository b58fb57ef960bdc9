//! The calls that answer slices. Whether a slice is requested is not decided here.

use chrono::{Months, NaiveDate};
use pitlake_contract::{DateRange, Slice};

use crate::spec::Contract;
use crate::wire::Call;

/// A parameter that takes one call per value, and its values.
pub type Chosen = (String, Vec<String>);

/// The calls that answer slices requested together, not counting pages: a single slice, or securities that one call may
/// name. There is one call for each combination of the `chosen` values, and for each window of the history if the
/// contract asks in windows; those extend to `today`.
#[must_use]
pub fn calls(contract: &Contract, slices: &[&Slice], chosen: &[Chosen], today: NaiveDate) -> Vec<Call> {
    let codes: Vec<&str> = slices.iter().filter_map(|slice| slice.code()).collect();
    let days = slices.first().and_then(|slice| slice.days());
    let windows: Vec<Option<DateRange>> = match (days, contract.ask.window_years) {
        (None, Some(years)) => windows(contract.publication.history_from, years, today).into_iter().map(Some).collect(),
        _ => vec![days],
    };
    let mut all = Vec::new();
    for window in windows {
        let mut params: Vec<Vec<(String, String)>> = vec![contract.ask.with.clone()];
        for (name, template) in &contract.ask.send {
            params[0].push((name.clone(), template.fill(&codes, window)));
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

/// From `first` in steps of this many years until `today` is included.
fn windows(first: NaiveDate, years: u32, today: NaiveDate) -> Vec<DateRange> {
    let mut all = Vec::new();
    let mut start = first;
    while start <= today {
        let Some(next) = start.checked_add_months(Months::new(12 * years)) else { break };
        all.push(DateRange::new(start, next.pred_opt().unwrap_or(next)));
        start = next;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn windows_follow_each_other_without_a_gap() {
        let all = windows(day("2010-01-01"), 5, day("2021-06-01"));
        let ends: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(ends, ["2010-01-01 to 2014-12-31", "2015-01-01 to 2019-12-31", "2020-01-01 to 2024-12-31"]);
    }
}
