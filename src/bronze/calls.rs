//! A compact form for the parameters of many calls, in headers and in memory, since one header may hold thousands. A
//! single call is written in full; for several calls each value is written once.
//!
//! Which parameters a vendor has is not known here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

type CallParams = Vec<(String, String)>;

/// The parameters of an answer's calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Encoded", into = "Encoded")]
pub struct Calls(Encoded);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Encoded {
    Plain(Vec<CallParams>),
    Table(CallTable),
}

/// Calls that all have the same parameters, as a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CallTable {
    names: Vec<String>,
    /// The values of each parameter.
    values: Vec<Vec<String>>,
    /// For each call, the index of the value of each parameter.
    calls: Vec<Box<[u32]>>,
}

impl Calls {
    /// Whether there are no calls, as in an import.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Encoded::Plain(calls) if calls.is_empty())
    }

    /// The parameters of each call.
    pub fn iter(&self) -> impl Iterator<Item = Vec<(&str, &str)>> {
        let (plain, table) = match &self.0 {
            Encoded::Plain(calls) => (Some(calls), None),
            Encoded::Table(table) => (None, Some(table)),
        };
        let plain = plain.into_iter().flatten();
        let plain = plain.map(|call| call.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect());
        plain.chain(table.into_iter().flat_map(CallTable::iter))
    }

    /// The same as owned strings.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Vec<(String, String)>> {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        self.iter().map(|call| call.into_iter().map(own).collect()).collect()
    }

    /// The values of one parameter over all calls.
    #[must_use]
    pub fn values(&self, param: &str) -> BTreeSet<&str> {
        match &self.0 {
            Encoded::Plain(calls) => {
                let pairs = calls.iter().flatten().filter(|(name, _)| name == param);
                pairs.map(|(_, value)| value.as_str()).collect()
            }
            Encoded::Table(CallTable { names, values, .. }) => {
                let columns = names.iter().zip(values).filter(|(name, _)| *name == param);
                columns.flat_map(|(_, values)| values).map(String::as_str).collect()
            }
        }
    }
}

impl CallTable {
    fn iter(&self) -> impl Iterator<Item = Vec<(&str, &str)>> {
        let call = |row: &[u32]| {
            let cells = row.iter().zip(&self.names).zip(&self.values);
            cells.map(|((place, name), values)| (name.as_str(), values[*place as usize].as_str())).collect()
        };
        self.calls.iter().map(move |row| call(row))
    }

    /// Whether every call has a value for each parameter.
    fn is_whole(&self) -> bool {
        let is_there = |(place, values): (&u32, &Vec<String>)| (*place as usize) < values.len();
        let columns = self.names.len();
        self.values.len() == columns
            && self.calls.iter().all(|row| row.len() == columns && row.iter().zip(&self.values).all(is_there))
    }
}

impl From<Vec<CallParams>> for Calls {
    fn from(calls: Vec<CallParams>) -> Self {
        let names: Vec<String> = calls.first().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let has_same_names = |params: &CallParams| params.iter().map(|(name, _)| name).eq(&names);
        if calls.len() < 2 || !calls.iter().all(has_same_names) {
            return Self(Encoded::Plain(calls));
        }
        let mut values = vec![Vec::new(); names.len()];
        let mut places: Vec<BTreeMap<String, u32>> = vec![BTreeMap::new(); names.len()];
        let mut rows = Vec::with_capacity(calls.len());
        for params in calls {
            let place = |(column, (_, value)): (usize, (String, String))| {
                let known = &mut places[column];
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                *known.entry(value).or_insert_with_key(|value| {
                    values[column].push(value.clone());
                    next
                })
            };
            rows.push(params.into_iter().enumerate().map(place).collect());
        }
        Self(Encoded::Table(CallTable { names, values, calls: rows }))
    }
}

impl TryFrom<Encoded> for Calls {
    type Error = &'static str;

    fn try_from(encoded: Encoded) -> Result<Self, Self::Error> {
        match encoded {
            Encoded::Plain(calls) => Ok(calls.into()),
            Encoded::Table(table) if table.is_whole() => Ok(Self(Encoded::Table(table))),
            Encoded::Table(_) => Err("a call refers to a missing value"),
        }
    }
}

impl From<Calls> for Encoded {
    fn from(calls: Calls) -> Self {
        calls.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct TestHeader {
        calls: Calls,
    }

    fn call(code: usize, kind: &str) -> CallParams {
        vec![("ts_code".into(), format!("{code:06}.SZ")), ("report_type".into(), kind.into())]
    }

    #[test]
    fn many_calls_take_few_bytes_and_are_read_back() {
        let calls: Vec<CallParams> = (0..500).flat_map(|code| ["1", "2", "3"].map(|kind| call(code, kind))).collect();
        let header = TestHeader { calls: calls.clone().into() };
        let text = serde_json::to_string(&header).unwrap();
        assert!(text.len() < 30_000, "{} bytes", text.len());
        assert_eq!(serde_json::from_str::<TestHeader>(&text).unwrap(), header);
        assert_eq!(header.calls.to_vec(), calls);
        assert_eq!(header.calls.values("report_type"), ["1", "2", "3"].into());
    }

    #[test]
    fn a_single_call_and_unlike_calls_are_written_in_full() {
        let unlike = vec![call(1, "1"), vec![("exchange".to_owned(), "SSE".to_owned())]];
        for calls in [vec![call(1, "1")], unlike, Vec::new()] {
            let header = TestHeader { calls: calls.clone().into() };
            let text = serde_json::to_string(&header).unwrap();
            assert!(!text.contains("names"), "{text}");
            assert_eq!(serde_json::from_str::<TestHeader>(&text).unwrap(), header);
            assert_eq!(header.calls.to_vec(), calls);
            assert_eq!(header.calls.is_empty(), calls.is_empty());
        }
    }

    #[test]
    fn a_call_without_its_value_is_an_error() {
        let text = r#"{"calls":{"names":["ts_code"],"values":[["000001.SZ"]],"calls":[[0],[1]]}}"#;
        let error = serde_json::from_str::<TestHeader>(text).unwrap_err().to_string();
        assert!(error.contains("a call refers to a missing value"), "{error}");
    }
}
