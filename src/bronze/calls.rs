//! The parameters of many calls in few bytes, since a header holds some thousands of them. A single call is written
//! in full; of several calls, each value is written once.
//!
//! Never here: which parameters a vendor knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

type CallParams = Vec<(String, String)>;

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum EncodedCalls {
    Plain(Vec<CallParams>),
    Table(CallTable),
}

/// Calls that all have the same parameters.
#[derive(Serialize, Deserialize)]
struct CallTable {
    names: Vec<String>,
    /// The values of each parameter.
    values: Vec<Vec<String>>,
    /// For each call and parameter, the place of the value.
    calls: Vec<Vec<usize>>,
}

pub(super) fn serialize<S: Serializer>(calls: &[CallParams], serializer: S) -> Result<S::Ok, S::Error> {
    let names: Vec<String> = calls.first().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let has_same_names = |params: &CallParams| params.iter().map(|(name, _)| name).eq(&names);
    if calls.len() < 2 || !calls.iter().all(has_same_names) {
        return calls.serialize(serializer);
    }
    let mut table = CallTable { values: vec![Vec::new(); names.len()], names, calls: Vec::with_capacity(calls.len()) };
    let mut places: Vec<BTreeMap<&str, usize>> = vec![BTreeMap::new(); table.names.len()];
    for params in calls {
        let mut row = Vec::with_capacity(params.len());
        for (column, (_, value)) in params.iter().enumerate() {
            let next = places[column].len();
            let place = *places[column].entry(value).or_insert(next);
            if place == next {
                table.values[column].push(value.clone());
            }
            row.push(place);
        }
        table.calls.push(row);
    }
    table.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CallParams>, D::Error> {
    let table = match EncodedCalls::deserialize(deserializer)? {
        EncodedCalls::Plain(calls) => return Ok(calls),
        EncodedCalls::Table(table) => table,
    };
    let call = |row: &Vec<usize>| -> Option<CallParams> {
        let value = |(column, place): (usize, &usize)| {
            Some((table.names.get(column)?.clone(), table.values.get(column)?.get(*place)?.clone()))
        };
        row.iter().enumerate().map(value).collect()
    };
    let calls: Option<Vec<CallParams>> = table.calls.iter().map(call).collect();
    calls.ok_or_else(|| serde::de::Error::custom("a call refers to a missing value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct TestHeader {
        #[serde(with = "super")]
        calls: Vec<CallParams>,
    }

    fn call(code: usize, kind: &str) -> CallParams {
        vec![("ts_code".into(), format!("{code:06}.SZ")), ("report_type".into(), kind.into())]
    }

    #[test]
    fn many_calls_take_few_bytes_and_are_read_back() {
        let calls: Vec<CallParams> = (0..500).flat_map(|code| ["1", "2", "3"].map(|kind| call(code, kind))).collect();
        let header = TestHeader { calls };
        let text = serde_json::to_string(&header).unwrap();
        assert!(text.len() < 30_000, "{} bytes", text.len());
        assert_eq!(serde_json::from_str::<TestHeader>(&text).unwrap(), header);
    }

    #[test]
    fn a_single_call_and_unlike_calls_are_written_in_full() {
        let unlike = vec![call(1, "1"), vec![("exchange".to_owned(), "SSE".to_owned())]];
        for calls in [vec![call(1, "1")], unlike, Vec::new()] {
            let header = TestHeader { calls };
            let text = serde_json::to_string(&header).unwrap();
            assert!(!text.contains("names"), "{text}");
            assert_eq!(serde_json::from_str::<TestHeader>(&text).unwrap(), header);
        }
    }
}
