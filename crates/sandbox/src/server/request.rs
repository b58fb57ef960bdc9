//! The JSON body of a call to Tushare, read as leniently as the vendor reads it: unknown keys and parameters mean nothing.
//!
//! Whether the call is allowed is not decided here.

use crate::tables::asked::Params;
use crate::tables::served::Served;
use serde::Deserialize;
use serde_json::{Map, Value};

pub(crate) struct TushareCall {
    /// `api_name`, not checked.
    pub(crate) interface: String,
    pub(crate) token: String,
    pub(crate) params: Params,
    /// Columns by name; empty for the default ones.
    fields: Vec<String>,
}

#[derive(Deserialize)]
struct Body {
    api_name: Option<String>,
    token: Option<String>,
    params: Option<Map<String, Value>>,
    fields: Option<Fields>,
}

/// Documented as a comma-separated text; some vendor samples pass a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Fields {
    Text(String),
    List(Vec<String>),
}

impl TushareCall {
    /// Reads a body posted to `path`, whose last part names the interface if the body does not.
    pub(crate) fn read(path: &str, body: &[u8]) -> serde_json::Result<Self> {
        let body: Body = serde_json::from_slice(body)?;
        let from_path = path.rsplit('/').next().unwrap_or_default();
        let fields = match body.fields {
            None => Vec::new(),
            Some(Fields::Text(text)) => text.split(',').map(str::to_owned).collect(),
            Some(Fields::List(list)) => list,
        };
        Ok(Self {
            interface: body.api_name.filter(|name| !name.is_empty()).unwrap_or_else(|| from_path.to_owned()),
            token: body.token.unwrap_or_default(),
            params: body.params.unwrap_or_default().into_iter().filter_map(param).collect(),
            fields: fields.iter().map(|field| field.trim().to_owned()).collect(),
        })
    }

    /// A number of rows: `limit` or `offset`.
    pub(crate) fn rows(&self, param: &str) -> Option<usize> {
        self.params.get(param)?.trim().parse().ok()
    }

    /// Positions of the columns to send: those named, in the order named, unknown ones left out without a
    /// word; the default ones if that leaves nothing.
    pub(crate) fn columns(&self, interface: &Served) -> Vec<usize> {
        let named: Vec<usize> = self.fields.iter().filter_map(|field| interface.column(field)).collect();
        if !named.is_empty() {
            return named;
        }
        (0..interface.fields.len()).filter(|column| !interface.fields[*column].hidden).collect()
    }
}

/// A parameter as text, whether it came as text, number or flag.
fn param((name, value): (String, Value)) -> Option<(String, String)> {
    let text = match value {
        Value::String(text) => text,
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
        value => value.to_string(),
    };
    (!text.is_empty()).then_some((name, text))
}
