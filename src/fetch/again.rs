//! Judges answers in bronze again: those that a former version kept without judging their rows, and damaged ones after
//! a contract was corrected. The findings are stored beside them in a header-only file. Sends no requests.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use pitlake_contract::{Answered, Slice};

use super::Reply;
use super::judge::{Judge, Verdict};
use crate::bronze::{self, Findings, Mark, NewFile, Provenance};
use crate::ledger::{Ledger, LedgerFile};
use crate::plan::Facts;
use crate::report::Marked;
use crate::spec::{Contract, DateRange};
use crate::world::Run;

/// Judges answers again, newest first, and stores the findings if the mark changed. The look stays the original one, so
/// the new file carries its time. What the header says of columns and missing securities stands, unless contracts or
/// rows say otherwise.
/// rows do not tell otherwise.
///
/// # Errors
/// When the lake cannot be listed or written. Damaged files are skipped; the build reports them.
pub async fn judge_again(run: Run<'_>, facts: Facts<'_>, ledger: &Ledger, files: &[Arc<LedgerFile>]) -> Result<()> {
    let table = ledger.table();
    let judges: Vec<Judge<'_>> = table.sources.iter().map(|source| Judge::new(facts, table, source)).collect();
    for file in files {
        let Some(provenance) = file.provenance() else { continue };
        let contract = &table.sources[file.source].contract;
        let judge = &judges[file.source];
        if let Some(same_as) = &provenance.same_as {
            ledger.read(&run.world.store, |other| other.file.name() == same_as.as_str()).await;
        }
        let rows = ledger.repeated(file).unwrap_or(file);
        let Ok(body) = run.world.store.read(&rows.file.path).await else { continue };
        let mut lines = Vec::new();
        if bronze::read(&body, &mut lines).is_err() || bronze::digest(&lines) != provenance.digest {
            continue;
        }
        let mut reply = Reply {
            rows: provenance.rows,
            rows_of: provenance.rows_of.clone(),
            absent: absent(contract, &lines),
            lines,
            ..Reply::default()
        };
        let (mut found, codes) = judge.found(provenance.params.to_vec(), &mut reply).await?;
        let former = provenance.found.clone();
        if let Some(former) = &former {
            found.columns = former.columns.iter().filter(|column| contract.field(column).is_some()).cloned().collect();
        }
        let lacking: BTreeSet<String> = former.into_iter().flat_map(|former| former.lacking).collect();
        let mark = match Answered::parse(&provenance.slice, contract.ask.axis, file.file.day) {
            Answered::Slice(slice) => {
                let mut reported = judge.reported(&slice);
                match slice {
                    Slice::Period(_) => reported.extend(lacking),
                    _ => judge.expect(lacking),
                }
                judge.compare(&slice, &codes, &mut found);
                judge.compare_before(&reported, &codes, &mut found);
                if judge.is_judged_by_rows(&slice, &found) && reply.rows > 0 {
                    judge.compare_rows(file.file.day, None, &mut found);
                }
                match judge.verdict(&slice, &reply, &found) {
                    Verdict::Whole => None,
                    Verdict::Kept(mark) => Some(mark),
                    Verdict::Partial => Some(Mark::Due),
                }
            }
            _ => found.is_damaged().then_some(Mark::Damaged),
        };
        // A mark without findings is kept, because nothing says what it was for.
        if mark == file.file.mark || (mark.is_none() && provenance.found.is_none()) {
            continue;
        }
        let marked = mark.map(|mark| {
            let lacking = found.text().unwrap_or_else(|| "no rows".to_owned());
            Marked { slice: provenance.slice.clone(), mark, lacking, agreed: false }.text()
        });
        let note = match (file.file.mark, marked) {
            (Some(Mark::Damaged), None) => format!("no longer damaged: {}", provenance.slice),
            (Some(Mark::Damaged), Some(marked)) => format!("no longer damaged, but {marked}"),
            (_, marked) => {
                let marked = marked.unwrap_or_default();
                format!("re-evaluated an answer kept by an earlier version of pitlake: {marked}")
            }
        };
        run.journal.table(&table.name, |report| report.notes.extend([note])).await;
        remember(run, contract, (file, provenance), (found, mark), reply.lines).await?;
        run.ledgers.written(contract).await;
    }
    Ok(())
}

/// Writes a header-only file with the findings beside an answer.
async fn remember(
    run: Run<'_>,
    contract: &Contract,
    (file, provenance): (&LedgerFile, &Provenance),
    (found, mark): (Findings, Option<Mark>),
    lines: Vec<u8>,
) -> Result<()> {
    let answer = NewFile {
        slice: provenance.slice.clone(),
        day: file.file.day,
        params: provenance.params.to_vec(),
        rows_of: provenance.rows_of.clone(),
        pages: provenance.pages,
        lines,
        event_days: provenance.first.zip(provenance.last).map(DateRange::from),
        span: provenance.span.clone(),
        found: Some(found),
        mark,
        captured_on: None,
        ordinal: file.file.ordinal + 1,
    };
    let before = Some((file.file.path.as_str(), provenance));
    let at = (file.came(), file.file.written_at());
    bronze::write_named(&run.world.store, contract, answer, at, before).await?;
    Ok(())
}

/// The fields that no row has, as if the reply had lacked the column.
fn absent(contract: &Contract, lines: &[u8]) -> BTreeSet<String> {
    let first = lines.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // Rows that cannot be parsed are rejected, which is reported already.
    let Ok(row) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(first) else {
        return BTreeSet::new();
    };
    let has = |name: &str| row.keys().any(|key| contract.field(key) == contract.field(name));
    let replied = contract.fields.iter().filter(|field| field.param.is_none() && !field.name.contains('.'));
    replied.map(|field| &field.name).filter(|name| !has(name)).cloned().collect()
}
