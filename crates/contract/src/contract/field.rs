//! A field of a vendor's row. Reads `[fields]` strictly.

use super::enumeration::Enumeration;
use crate::field_type::{FIELD_TYPES, FieldType};
use crate::toml::TomlTable;
use crate::unit::Unit;

/// A field of a vendor's row.
#[derive(Debug, Clone)]
pub struct Field {
    /// The vendor's name; a dotted path in a nested reply.
    pub name: String,
    /// How its values are written.
    pub kind: FieldType,
    /// The unit of a number.
    pub unit: Option<Unit>,
    /// Whether the vendor may leave it empty.
    pub nullable: bool,
    /// What it means, including pitfalls.
    pub description: String,
    /// Former names, as in older bronze.
    pub formerly: Vec<String>,
    /// The value that stands for a missing one.
    pub missing: Option<String>,
    /// The allowed values, if the vendor lists them.
    pub values: Option<Enumeration>,
    /// The value that the vendor means if the field is absent.
    pub default: Option<String>,
    /// The call parameter with the value, if the reply does not contain it.
    pub param: Option<String>,
    /// Whether the vendor sends it only if the call asks for it by name.
    pub hidden: bool,
}

/// Reads `[fields]`.
pub(super) fn fields(root: &TomlTable<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    root.need("fields", root.table("fields"));
    for (name, table) in root.named_tables("fields") {
        let kind = table.choice("type", FIELD_TYPES);
        let unit = table.choice("unit", &Unit::all());
        let nullable = table.flag("nullable").is_none_or(|at| at.value);
        let description = table.need("description", table.text("description"));
        let formerly = table.strings("formerly").unwrap_or_default();
        let missing = table.text("missing").map(|at| at.value);
        let values = values(&table, kind);
        let default = table.text("default");
        if let (Some(default), Some(values)) = (&default, &values)
            && values.canonical(&default.value) != Some(&default.value)
        {
            let hint = Some(format!("known: {}", values.list()));
            table.problem(default.offset, format!("`{}` is not one of the values", default.value), hint);
        }
        let default = default.map(|at| at.value);
        let param = table.text("param").map(|at| at.value);
        let hidden = table.flag("hidden").is_some_and(|at| at.value);
        table.need("type", kind);
        table.close();
        match kind {
            Some(FieldType::Number) => {
                table.need("unit", unit);
            }
            Some(_) if unit.is_some() => {
                table.problem(name.offset, format!("`{}` is not a number and cannot have a unit", name.value), None);
            }
            _ => {}
        }
        if let (Some(kind), Some(description)) = (kind, description) {
            let description = description.value;
            let name = name.value;
            fields.push(Field {
                name,
                kind,
                unit,
                nullable,
                description,
                formerly,
                missing,
                values,
                default,
                param,
                hidden,
            });
        }
    }
    fields
}

/// Reads `values` and `open`.
fn values(table: &TomlTable<'_>, kind: Option<FieldType>) -> Option<Enumeration> {
    let values = table.texts("values");
    let is_open = table.flag("open");
    if let (None, Some(open)) = (&values, &is_open) {
        table.problem(open.offset, "`open` needs `values`", None);
    }
    let values = values?;
    if kind.is_some_and(|kind| kind != FieldType::Text) {
        table.problem(values.offset, "only a field of type `text` has `values`", None);
    }
    if values.value.is_empty() {
        table.problem(values.offset, "`values` is empty", None);
    }
    let is_open = is_open.is_some_and(|open| open.value);
    Some(Enumeration { values: values.value.into_iter().map(|at| at.value).collect(), is_open })
}
