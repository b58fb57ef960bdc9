//! A row as one line of bronze, with its values byte for byte as the vendor sent them.

use serde_json::value::RawValue;

/// Appends `{"name":value,…}` and a line feed. Values are copied byte for byte. JSON strings hold no raw line breaks,
/// so only those between the tokens of a nested value become spaces.
pub fn push_object(out: &mut Vec<u8>, fields: &[String], row: &[Option<&RawValue>]) {
    out.push(b'{');
    let mut is_first = true;
    for (name, value) in fields.iter().zip(row) {
        let Some(value) = value else { continue };
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        push_string(out, name);
        out.push(b':');
        out.extend(value.get().bytes().map(|b| if b == b'\n' || b == b'\r' { b' ' } else { b }));
    }
    out.extend_from_slice(b"}\n");
}

fn push_string(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_tokens_become_spaces_and_names_are_escaped() {
        let values: Vec<Box<RawValue>> = ["9.390", "[1,\r\n2]"].map(|text| serde_json::from_str(text).unwrap()).into();
        let row: Vec<Option<&RawValue>> = vec![Some(&values[0]), None, Some(&values[1])];
        let mut out = Vec::new();
        push_object(&mut out, &["a".into(), "b".into(), "c\"".into()], &row);
        assert_eq!(out, b"{\"a\":9.390,\"c\\\"\":[1,  2]}\n");
    }
}
