//! `query` without SQL on a terminal: a prompt with history and completion. How rows are printed is in `asked`.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, Helper};

use super::asked::Asked;
use super::terminal::Restored;
use crate::cli::config;
use crate::cli::context::{Context, print};
use crate::cli::language::{labelled, local, local_error, say};
use crate::interrupt::{Interrupted, Signal};
use crate::query::{functions, statements};
use crate::report::Exit;
use crate::spec::Catalog;

const PROMPT: &str = "pitlake> ";

const GREETING: &str = "A statement ends with a semicolon and may span several lines. `help` shows more, Ctrl-D exits.";

const HELP: &str = "\
SHOW TABLES;                       the tables of the lake
DESCRIBE stock_daily_cn;           the columns of one
SELECT ... ;                       rows; Tab completes names, the arrow keys recall earlier statements
SELECT * FROM as_of('income_cn', DATE '2024-03-15');    a table as it was known at the end of a day
Ctrl-C                             cancels the running query, or clears the line
exit, quit, \\q or Ctrl-D           exit";

/// Words to complete besides names.
const KEYWORDS: [&str; 22] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "USING",
    "HAVING",
    "DISTINCT",
    "BETWEEN",
    "DATE",
    "COUNT",
    "AVG",
    "SUM",
    "MIN",
    "MAX",
    "OVER",
    "PARTITION BY",
    "SHOW TABLES",
    "DESCRIBE",
];

/// Reads and answers statements until the user leaves.
pub(super) async fn run(context: &Context, asked: Asked) -> Result<Exit> {
    let asked = &Arc::new(asked);
    let restored = Restored::on_drop();
    let settings = Config::builder().completion_type(CompletionType::List).max_history_size(10_000)?.build();
    let mut editor = Editor::<Names, FileHistory>::with_config(settings)?;
    editor.set_helper(Some(Names::of(&asked.world.catalog)));
    let history = history();
    if let Some(history) = history.as_ref().filter(|history| history.is_file()) {
        editor.load_history(history).with_context(|| format!("cannot read `{}`", history.display()))?;
    }
    print(&local(GREETING))?;
    loop {
        let line;
        // On a separate thread, so that signals are handled in the meantime.
        (editor, line) = tokio::task::spawn_blocking(move || {
            let line = editor.readline(PROMPT);
            (editor, line)
        })
        .await?;
        let text = match line {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        };
        if text.trim().is_empty() {
            continue;
        }
        editor.add_history_entry(text.trim())?;
        match Command::of(&text) {
            Some(Command::Leave) => break,
            Some(Command::Help) => print(&local(HELP))?,
            None => {
                for sql in statements(&text).0 {
                    answer(context, asked, sql).await?;
                }
            }
        }
    }
    if let Some(history) = history {
        keep(&mut editor, &history).with_context(|| format!("cannot write `{}`", history.display()))?;
    }
    drop(restored);
    Ok(Exit::Done)
}

/// Answers a statement, or prints why not. Ctrl-C ends the query, not the prompt.
async fn answer(context: &Context, asked: &Arc<Asked>, sql: &str) -> Result<()> {
    let _orderly = context.interrupt.orderly();
    let (of_query, sql) = (Arc::clone(asked), sql.to_owned());
    // A separate task, because a running computation cannot be interrupted.
    let query = tokio::spawn(async move { of_query.rows(&sql).await });
    let running = query.abort_handle();
    let signal = match context.interrupt.or(query).await {
        Ok(rows) => match rows? {
            Ok(rows) => return print(&asked.text(&rows)?),
            Err(error) => return print(&labelled(&local("error"), &local_error(&error))),
        },
        Err(signal) => signal,
    };
    running.abort();
    if signal == Signal::Interrupt {
        context.interrupt.resume();
        return print(&say!("query cancelled"));
    }
    Err(Interrupted { signal, state: "a query changes nothing".to_owned() }.into())
}

/// Input other than SQL.
enum Command {
    Help,
    Leave,
}

impl Command {
    fn of(text: &str) -> Option<Self> {
        match text.trim().trim_end_matches(';').to_ascii_lowercase().as_str() {
            "help" | "?" | "\\?" | "\\h" => Some(Self::Help),
            "exit" | "quit" | "\\q" => Some(Self::Leave),
            _ => None,
        }
    }
}

/// Where earlier statements are kept.
fn history() -> Option<PathBuf> {
    let home = || config::variable("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = config::variable("XDG_STATE_HOME").or_else(|| config::variable("LOCALAPPDATA")).map(PathBuf::from);
    Some(state.or_else(home)?.join("pitlake/query-history"))
}

fn keep(editor: &mut Editor<Names, FileHistory>, history: &PathBuf) -> Result<()> {
    if let Some(folder) = history.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(editor.append_history(history)?)
}

/// The names to complete.
struct Names {
    words: Vec<String>,
    /// Tables with their columns.
    tables: Vec<(String, Vec<String>)>,
}

impl Names {
    fn of(catalog: &Catalog) -> Self {
        let columns = |table: &crate::spec::Table| table.columns.iter().map(|column| column.name.clone()).collect();
        let tables: Vec<(String, Vec<String>)> =
            catalog.tables().map(|table| (table.name.clone(), columns(table))).collect();
        let companions = catalog.tables().filter_map(|table| table.companion());
        let words = KEYWORDS.iter().copied().chain(functions()).map(str::to_owned);
        let words = words.chain(tables.iter().map(|(name, _)| name.clone())).chain(companions).collect();
        Self { words, tables }
    }

    /// The completions for the word at the end of a text, and where the word begins. Columns are those of the tables
    /// named in `line`.
    fn completions(&self, before: &str, line: &str) -> (usize, Vec<&str>) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let start = before
            .rfind(|c: char| !is_part(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let word = before[start..].to_lowercase();
        if word.is_empty() {
            return (start, Vec::new());
        }
        let named = self.tables.iter().filter(|(table, _)| line.contains(table.as_str()));
        let columns = named.flat_map(|(_, columns)| columns);
        let mut found: Vec<&str> = self.words.iter().chain(columns).map(String::as_str).collect();
        found.retain(|name| name.to_lowercase().starts_with(&word));
        found.sort_unstable();
        found.dedup();
        (start, found)
    }
}

impl Helper for Names {}
impl Hinter for Names {
    type Hint = String;
}
impl Highlighter for Names {}

impl Completer for Names {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &rustyline::Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, found) = self.completions(&line[..at], line);
        let pair = |name: &str| Pair { display: name.to_owned(), replacement: name.to_owned() };
        Ok((start, found.into_iter().map(pair).collect()))
    }
}

impl Validator for Names {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        let is_complete = Command::of(text).is_some() || statements(text).1.is_empty();
        Ok(if is_complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_complete_and_columns_do_where_their_table_is_named() {
        let names = Names::of(&Catalog::load(&[], None).unwrap().0);
        assert_eq!(
            names.completions("SELECT * FROM stock_daily_basic_cn_s", "").1,
            ["stock_daily_basic_cn_superseded"]
        );
        assert_eq!(names.completions("sel", "sel"), (0, vec!["SELECT"]));
        assert_eq!(names.completions("数 pct_c", "").1, [""; 0]);
        let line = "SELECT pct_c FROM stock_daily_cn";
        assert_eq!(names.completions("SELECT pct_c", line), (7, vec!["pct_chg"]));
        assert!(names.completions("SELECT as_", "").1.contains(&"as_of"));
    }
}
