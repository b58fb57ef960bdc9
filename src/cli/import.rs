//! `import`: puts files that users already have into bronze. How a file is read is decided in `ops`.

use std::path::PathBuf;

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;
use comfy_table::{Table, presets};
use pitlake_contract::counted;
use serde_json::value::RawValue;

use super::config;
use super::context::{Context, Format, day, print};
use super::language::{heading, labelled, listed, local, say};
use crate::ops::import::{self, ImportRequest, Imported, PreviewValue};
use crate::ops::imports::{self, Import};
use crate::report::Exit;

/// The most reasons and codes listed in text output; JSON has all.
const SOME: usize = 3;

/// The most rows previewed in text output; JSON has more.
const SHOWN: usize = 2;

/// Import files you already have into bronze
///
/// Takes CSV, JSON lines, raw JSON replies, Parquet and Feather, gzipped or not, and folders of them.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The interface that the rows come from, such as tushare/daily
    #[arg(long, value_name = "VENDOR/INTERFACE", required_unless_present_any = ["list", "withdraw"])]
    interface: Option<String>,
    /// Files, or folders of them
    #[arg(required_unless_present_any = ["list", "withdraw"], value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read a column of the files as a field of the vendor, as in `日期=trade_date`; repeatable
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = pair)]
    map: Vec<(String, String)>,
    /// Give a field to all rows that lack it, as in exchange=SSE; repeatable
    #[arg(long, value_name = "FIELD=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Day on which the vendor returned these rows [default: the day of the import]
    #[arg(long, value_name = "DAY", value_parser = day)]
    captured_on: Option<NaiveDate>,
    /// Import prices that look adjusted
    #[arg(long)]
    force: bool,
    /// Only show what would be imported, and how the first rows would look in silver
    #[arg(long)]
    dry_run: bool,
    /// List the imports of the lake, or of --interface, with their IDs
    #[arg(long, conflicts_with_all = ["files", "map", "set", "captured_on", "force", "dry_run", "withdraw"])]
    list: bool,
    /// Take an import back: its file moves to `withdrawn/`
    #[arg(long, value_name = "ID", conflicts_with_all = ["interface", "files", "map", "set", "captured_on", "force", "dry_run"])]
    withdraw: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl ImportArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::world(context)?;
        let Self { interface, files, map, set, captured_on, force, dry_run, list, withdraw, format } = self;
        if list {
            let imports = imports::list(&config::existing(context)?, interface.as_deref()).await?;
            print(&if format == Format::Json { serde_json::to_string_pretty(&imports)? } else { table(&imports) })?;
            return Ok(Exit::Done);
        }
        if let Some(id) = withdraw {
            let withdrawn = imports::withdraw(&config::existing(context)?, &id).await?;
            let text = match format {
                Format::Json => serde_json::to_string_pretty(&withdrawn)?,
                Format::Text => say!(
                    "{} is now {}\nrun `pitlake normalize {}` to build silver without it",
                    withdrawn.import.bronze,
                    withdrawn.withdrawn,
                    withdrawn.table
                ),
            };
            print(&text)?;
            return Ok(Exit::Done);
        }
        let interface = interface.unwrap_or_default();
        let request = ImportRequest { interface, files, map, set, captured_on, force, dry_run };
        let imported = import::import(&world, &request).await?;
        if format == Format::Json {
            print(&serde_json::to_string_pretty(&imported)?)?;
            return Ok(Exit::Done);
        }
        for file in &imported {
            print(&text(file))?;
        }
        match imported.first().filter(|_| dry_run) {
            None => print(&local("run `pitlake normalize` to build silver"))?,
            Some(first) => print(&format!("\n{}\n{}", preview(first), local("nothing was written")))?,
        }
        Ok(Exit::Done)
    }
}

/// What became of a file, followed by what to look at.
fn text(file: &Imported) -> String {
    let (read, aside) = (counted(file.read, "row"), file.rows - file.read);
    let mut parts = vec![say!("{read} read"), say!("{aside} set aside")];
    parts.extend(file.days.map(|days| local(&days.to_string())));
    let done = labelled(&file.file, &listed(&parts));
    let mut lines = vec![match &file.bronze {
        Some(path) if file.known => say!("{done} was already imported as {path}"),
        Some(path) => format!("{done} -> {path}"),
        None => done,
    }];
    for one in file.set_aside.iter().take(SOME) {
        lines.push(say!(
            "  set aside: {}: {}; the first is row {}: {}",
            counted(one.rows, "row"),
            one.reason,
            one.row,
            one.example
        ));
    }
    let more: usize = file.set_aside.iter().skip(SOME).map(|one| one.rows).sum();
    if more > 0 {
        lines.push(say!("  set aside: {more} more, for other reasons (see --format json)"));
    }
    if !file.unknown.is_empty() {
        lines.push(say!("  columns outside the contract, kept: {}", file.unknown.join(", ")));
    }
    for (what, columns) in
        [("read as missing", &file.null_words), ("values outside the contract, kept", &file.unlisted_values)]
    {
        for (column, values) in columns {
            let values: Vec<String> = values.iter().map(|(value, count)| format!("`{value}` ({count})")).collect();
            let values = values[..values.len().min(SOME)].join(", ");
            lines.push(format!("  {}", labelled(&local(what), &labelled(column, &values))));
        }
    }
    if let Some(codes) = file.unknown_codes.get(..file.unknown_codes.len().min(SOME)).filter(|codes| !codes.is_empty())
    {
        let more = file.unknown_codes.len() - codes.len();
        let codes = codes.join(", ");
        lines.push(match more {
            0 => say!("  not in the list of securities (`stock_basic_cn`): {codes}"),
            more => say!("  not in the list of securities (`stock_basic_cn`): {codes} and {more} more"),
        });
    }
    lines.join("\n")
}

/// The first rows of a file, as in the file and as they would be in silver.
fn preview(file: &Imported) -> String {
    let shown = &file.preview[..file.preview.len().min(SHOWN)];
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let heads = shown.iter().flat_map(|row| [say!("row {}", row.row), local("in silver")]);
    table.set_header(["heading: column", "heading: unit"].map(heading).into_iter().chain(heads));
    let columns = shown.iter().map(|row| row.values.len()).max().unwrap_or_default();
    for place in 0..columns {
        let values: Vec<&PreviewValue> = shown.iter().filter_map(|row| row.values.get(place)).collect();
        let Some(first) = values.first().filter(|_| values.iter().any(|value| value.file.is_some())) else { continue };
        let cells = values.iter().flat_map(|value| [plain(value.file.as_deref()), plain(value.silver.as_deref())]);
        let head = [first.column.clone(), first.unit.clone().unwrap_or_default()];
        table.add_row(head.into_iter().chain(cells));
    }
    let aside =
        shown.iter().filter_map(|row| Some(say!("\nrow {} is set aside: {}", row.row, row.set_aside.as_ref()?)));
    format!("{}:\n{}{}", file.file, table.trim_fmt(), aside.collect::<String>())
}

/// A JSON value without its quotes; empty if there is none.
fn plain(value: Option<&RawValue>) -> String {
    match value.map(RawValue::get) {
        None | Some("null") => "-".to_owned(),
        Some(text) => serde_json::from_str::<String>(text).unwrap_or_else(|_| decimal(text)),
    }
}

/// A JSON number without an exponent. Anything else is unchanged.
fn decimal(text: &str) -> String {
    let float = text.contains(['e', 'E']).then(|| text.parse::<f64>().ok()).flatten();
    float.map_or_else(|| text.to_owned(), |float| float.to_string())
}

/// The imports of a lake.
fn table(imports: &[Import]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(
        ["heading: id", "heading: file", "heading: rows", "heading: days", "heading: captured on"].map(heading),
    );
    for import in imports {
        table.add_row([
            import.id.clone(),
            import.file.clone(),
            import.rows.to_string(),
            import.days.map_or_else(|| "-".to_owned(), |days| days.to_string()),
            import.captured_on.map_or_else(|| "-".to_owned(), |day| day.to_string()),
        ]);
    }
    table.trim_fmt()
}

/// Parses `name=value`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("invalid `{text}`: expected NAME=VALUE"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
