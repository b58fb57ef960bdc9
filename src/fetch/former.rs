//! Answers that a former version kept without judging their rows: judged once, from the rows, and remembered by a file
//! beside them that holds a header only. Never a request.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use pitlake_contract::Answered;

use super::Reply;
use super::judge::{Judge, Verdict, compare_before};
use crate::bronze::{self, Findings, Mark, NewFile, Provenance};
use crate::ledger::{Ledger, LedgerFile};
use crate::plan::Facts;
use crate::report::Marked;
use crate::spec::{Contract, DateRange};
use crate::world::Run;

/// Judges answers of former versions, newest first, and writes what was found where they are not plainly whole. The look
/// is theirs: the new file has their time.
///
/// # Errors
/// When the lake cannot be read or written. A damaged file says nothing; its build names it.
pub async fn judge_former(run: Run<'_>, facts: Facts<'_>, ledger: &Ledger, files: &[Arc<LedgerFile>]) -> Result<()> {
    let table = ledger.table();
    let judges: Vec<Judge<'_>> = table.sources.iter().map(|source| Judge::new(facts, table, source)).collect();
    for file in files {
        let Some(provenance) = file.provenance() else { continue };
        let contract = &table.sources[file.source].contract;
        let judge = &judges[file.source];
        let rows = ledger.repeated(file).unwrap_or(file);
        let body = run.world.store.read(&rows.file.path).await?;
        let mut lines = Vec::new();
        if bronze::inflate(&body, &mut lines).is_err() || bronze::digest(&lines) != provenance.digest {
            continue;
        }
        let mut reply = Reply {
            rows: provenance.rows,
            rows_of: provenance.rows_of.clone(),
            absent: absent(contract, &lines),
            lines,
            ..Reply::default()
        };
        let (mut found, codes) = judge.found(provenance.params.clone(), &mut reply).await?;
        let mark = match Answered::parse(&provenance.slice, contract.ask.axis, file.file.day) {
            Answered::Slice(slice) => {
                judge.compare(&slice, &codes, &mut found);
                compare_before(&judge.reported(&slice), &codes, &mut found);
                match judge.verdict(&slice, &reply, &found) {
                    Verdict::Whole => None,
                    Verdict::Kept(mark) => Some(mark),
                    Verdict::Partial => Some(Mark::Due),
                }
            }
            _ => found.is_damaged().then_some(Mark::Damaged),
        };
        let Some(mark) = mark else { continue };
        let marked = Marked {
            slice: provenance.slice.clone(),
            mark,
            lacking: found.text().unwrap_or_else(|| "no rows".to_owned()),
            agreed: false,
        };
        let note = format!("judged anew what a former version kept: {}", marked.text());
        run.journal.table(&table.name, |report| report.notes.extend([note])).await;
        remember(run, contract, (file, provenance), (found, mark), reply.lines).await?;
        run.ledgers.written(contract).await;
    }
    Ok(())
}

/// Writes a header beside an answer that tells what was found in it.
async fn remember(
    run: Run<'_>,
    contract: &Contract,
    (file, provenance): (&LedgerFile, &Provenance),
    (found, mark): (Findings, Mark),
    lines: Vec<u8>,
) -> Result<()> {
    let answer = NewFile {
        slice: provenance.slice.clone(),
        day: file.file.day,
        params: provenance.params.clone(),
        rows_of: provenance.rows_of.clone(),
        pages: provenance.pages,
        lines,
        event_days: provenance.first.zip(provenance.last).map(DateRange::from),
        span: provenance.span.clone(),
        found: Some(found),
        mark: Some(mark),
        captured_on: None,
        ordinal: file.file.ordinal + 1,
    };
    let before = Some((file.file.path.as_str(), provenance));
    bronze::write(&run.world.store, contract, answer, file.file.written_at(), before).await?;
    Ok(())
}

/// The fields that no row has, as of a reply that lacks a column.
fn absent(contract: &Contract, lines: &[u8]) -> BTreeSet<String> {
    let first = lines.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // Rows that cannot be read are set aside, which is said already.
    let Ok(row) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(first) else {
        return BTreeSet::new();
    };
    let has = |name: &str| row.keys().any(|key| contract.field(key) == contract.field(name));
    let replied = contract.fields.iter().filter(|field| field.param.is_none() && !field.name.contains('.'));
    replied.map(|field| &field.name).filter(|name| !has(name)).cloned().collect()
}
