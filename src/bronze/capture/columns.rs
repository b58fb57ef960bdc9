//! Resolves two columns that are the same field of the vendor: one is enough if they agree; otherwise the user chooses.
//! How a file is read is up to the format modules.

use pitlake_contract::spelling::{Dialect, FieldReader, Value};

use super::{CaptureError, CaptureReader, Cell, bare, is_empty};

impl CaptureReader<'_> {
    /// Resolves cells of the same field: the column chosen by the user wins, otherwise the one with a value. Empty
    /// cells are dropped where the user set a value for the field.
    pub(super) fn distinct<'v>(&self, cells: Vec<Cell<'v>>) -> Result<Vec<Cell<'v>>, CaptureError> {
        let known = |cell: &Cell<'_>| self.fields[cell.0].known;
        let mut kept: Vec<Cell<'v>> = Vec::with_capacity(cells.len());
        for cell in cells {
            let twin = kept.iter_mut().find(|other| known(&cell).is_some() && known(other) == known(&cell));
            let is_chosen = |cell: &Cell<'_>| self.fields[cell.0].is_chosen;
            match twin {
                None => kept.push(cell),
                Some(twin) if is_chosen(twin) != is_chosen(&cell) => {
                    if is_chosen(&cell) {
                        *twin = cell;
                    }
                }
                Some(twin) if is_empty(&twin.1) => *twin = cell,
                Some(twin) if is_empty(&cell.1) || self.agree(twin, &cell) => {}
                Some(twin) => return Err(self.ambiguous(twin, &cell)),
            }
        }
        let is_filled = |cell: &Cell<'_>| self.fill.iter().any(|fill| known(cell) == Some(fill.field));
        kept.retain(|cell| !(is_empty(&cell.1) && is_filled(cell)));
        Ok(kept)
    }

    /// Whether two cells of a field have the same value.
    fn agree(&self, one: &Cell<'_>, other: &Cell<'_>) -> bool {
        let [one_text, other_text] = [one, other].map(|cell| bare(&cell.1));
        let Some(field) = self.fields[one.0].known else { return one_text == other_text };
        let reader = FieldReader::of(&self.rules.contract.fields[field], Dialect::Part);
        match (reader.read(one_text), reader.read(other_text)) {
            (Ok(Value::Number(one)), Ok(Value::Number(other))) => one.equals(other),
            (Ok(one), Ok(other)) => one == other,
            _ => one_text == other_text,
        }
    }

    /// The error for two columns of a field that differ.
    fn ambiguous(&self, one: &Cell<'_>, other: &Cell<'_>) -> CaptureError {
        let column = |cell: &Cell<'_>| self.fields.get_index(cell.0).map_or("", |(column, _)| column.as_str());
        let (first, second) = (column(one), column(other));
        let field = self.fields[one.0].known.map_or("", |field| self.rules.contract.fields[field].name.as_str());
        let problem = format!(
            "the columns `{first}` and `{second}` are both the field `{field}`, and differ: `{}` and `{}`",
            bare(&one.1),
            bare(&other.1)
        );
        self.error(Some(self.rows + 1), problem, &format!("choose one with `--map {first}={field}`"))
    }
}
