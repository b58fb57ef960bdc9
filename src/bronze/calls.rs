//! The parameters of many calls in little room: a header holds some thousands of them. One call is written
//! out; of several, each value once.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

type Params = Vec<(String, String)>;

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(Vec<Params>),
    Table(Table),
}

/// Every call has the same parameters.
#[derive(Serialize, Deserialize)]
struct Table {
    names: Vec<String>,
    /// The values of each parameter.
    values: Vec<Vec<String>>,
    /// For each call the place of its value, parameter by parameter.
    calls: Vec<Vec<usize>>,
}

pub(super) fn serialize<S: Serializer>(calls: &[Params], serializer: S) -> Result<S::Ok, S::Error> {
    let names: Vec<String> = calls.first().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let is_alike = |params: &Params| params.iter().map(|(name, _)| name).eq(&names);
    if calls.len() < 2 || !calls.iter().all(is_alike) {
        return calls.serialize(serializer);
    }
    let mut table = Table { values: vec![Vec::new(); names.len()], names, calls: Vec::with_capacity(calls.len()) };
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

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Params>, D::Error> {
    let table = match Written::deserialize(deserializer)? {
        Written::Plain(calls) => return Ok(calls),
        Written::Table(table) => table,
    };
    let call = |row: &Vec<usize>| -> Option<Params> {
        let value = |(column, place): (usize, &usize)| {
            Some((table.names.get(column)?.clone(), table.values.get(column)?.get(*place)?.clone()))
        };
        row.iter().enumerate().map(value).collect()
    };
    let calls: Option<Vec<Params>> = table.calls.iter().map(call).collect();
    calls.ok_or_else(|| serde::de::Error::custom("a call names a value that is not there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Header {
        #[serde(with = "super")]
        calls: Vec<Params>,
    }

    fn call(code: usize, kind: &str) -> Params {
        vec![("ts_code".into(), format!("{code:06}.SZ")), ("report_type".into(), kind.into())]
    }

    #[test]
    fn many_calls_take_little_room_and_come_back() {
        let calls: Vec<Params> = (0..500).flat_map(|code| ["1", "2", "3"].map(|kind| call(code, kind))).collect();
        let header = Header { calls };
        let text = serde_json::to_string(&header).unwrap();
        assert!(text.len() < 30_000, "{} bytes", text.len());
        assert_eq!(serde_json::from_str::<Header>(&text).unwrap(), header);
    }

    #[test]
    fn one_call_and_unlike_ones_are_written_out() {
        let unlike = vec![call(1, "1"), vec![("exchange".to_owned(), "SSE".to_owned())]];
        for calls in [vec![call(1, "1")], unlike, Vec::new()] {
            let header = Header { calls };
            let text = serde_json::to_string(&header).unwrap();
            assert!(!text.contains("names"), "{text}");
            assert_eq!(serde_json::from_str::<Header>(&text).unwrap(), header);
        }
    }
}
