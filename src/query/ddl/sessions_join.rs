//! The session join for `DuckDB`: the state of each key on the days when it changes, the newest period among these, and
//! the sessions until the next change. Our own operator is in `sessions`.

use crate::query::day::{list, quoted};
use crate::spec::{PartitionBy, Table};

/// The day in Shanghai, eight hours ahead, on which a version was first observed.
const SHOWN: &str = "CAST(make_timestamp(epoch_us(observed_at) + 28800000000) AS DATE)";

/// The macro for a table that has a session join.
pub(super) fn text(table: &Table) -> String {
    let column = |index: usize| table.columns[index].name.as_str();
    let period = quoted(table.event.map_or("", column));
    let common = table.common_key();
    let group = list(common.iter().map(|index| column(*index)), "");
    let occurrence = table.occurrence.then_some("occurrence");
    let whole = list(table.key.iter().map(|index| column(*index)).chain(occurrence), "");
    let same = |index: &usize, left: &str, right: &str| {
        let (name, sign) =
            (quoted(column(*index)), ["IS NOT DISTINCT FROM", "="][usize::from(table.columns[*index].required)]);
        format!("{left}.{name} {sign} {right}.{name}")
    };
    let of_group: Vec<String> = common.iter().map(|index| same(index, "c", "v")).collect();
    let mut of_version: Vec<String> = table.key.iter().map(|index| same(index, "s", "t")).collect();
    of_version.extend(occurrence.map(|name| format!("s.{name} = t.{name}")));
    let vendors: Vec<String> = table.vendors().iter().map(|vendor| format!("'{vendor}'")).collect();
    let has_type = table.key.iter().any(|index| column(*index) == "report_type");
    let (parameter, of_type) = if has_type { (", of_type := '1'", " AND report_type = of_type") } else { ("", "") };
    let by = format!("PARTITION BY {group}, changed_on");
    let (mut days, mut speaking, mut first) = ("known_on, withdrawn_on", String::new(), String::new());
    if vendors.len() > 1 || !table.left_out.is_empty() {
        days = "known_on, withdrawn_on, shown_on";
        speaking = format!(
            " QUALIFY coalesce(min(shown_on) OVER ({by}, vendor) <= changed_on, false) \
             OR NOT coalesce(min(shown_on) OVER ({by}) <= changed_on, false)"
        );
        let place = |(place, vendor): (u32, &String)| format!("WHEN {vendor} THEN {place}");
        let places: Vec<String> = (1..).zip(&vendors).map(place).collect();
        first = format!(" QUALIFY rank() OVER ({by} ORDER BY CASE vendor {} END) = 1", places.join(" "));
    }
    let alive = "a.changed_on <= p.changed_on AND (a.next_on IS NULL OR a.next_on > p.changed_on)";
    format!(
        "CREATE OR REPLACE MACRO {name}(first_session := DATE '0001-01-01', last_session := NULL{parameter}) AS TABLE \
         WITH v AS (SELECT {whole}, vendor, announced_on, known_on, withdrawn_on, revision, {SHOWN} AS shown_on \
         FROM {source} WHERE vendor IN ({fed}) AND {period} IS NOT NULL{of_type}), \
         changes AS (SELECT DISTINCT {group}, changed_on FROM (SELECT {group}, unnest([{days}]) AS changed_on FROM v) \
         WHERE changed_on IS NOT NULL), \
         c AS (SELECT *, lead(changed_on) OVER (PARTITION BY {group} ORDER BY changed_on) AS next_on FROM changes), \
         answers AS (SELECT * FROM (SELECT * FROM \
         (SELECT * FROM (SELECT v.*, c.changed_on, c.next_on FROM c JOIN v ON {of_group}){speaking}) \
         WHERE known_on <= changed_on AND (withdrawn_on IS NULL OR withdrawn_on > changed_on){first}) \
         QUALIFY row_number() OVER (PARTITION BY {whole}, changed_on ORDER BY CASE WHEN announced_on IS NULL THEN 1 ELSE 0 END, \
         coalesce(announced_on, known_on) DESC, revision DESC) = 1), \
         points AS (SELECT *, lead(changed_on) OVER (PARTITION BY ts_code ORDER BY changed_on) AS next_on \
         FROM (SELECT DISTINCT ts_code, changed_on FROM changes)), \
         newest AS (SELECT p.ts_code, p.changed_on, p.next_on, max(a.{period}) AS newest_period FROM points AS p \
         JOIN answers AS a ON a.ts_code = p.ts_code AND {alive} GROUP BY p.ts_code, p.changed_on, p.next_on), \
         s AS (SELECT a.* EXCLUDE (changed_on, next_on), p.changed_on, p.next_on FROM newest AS p JOIN answers AS a \
         ON a.ts_code = p.ts_code AND a.{period} = p.newest_period AND {alive}), \
         d AS (SELECT cal_date AS session FROM trade_cal \
         WHERE exchange = 'SSE' AND is_open AND cal_date BETWEEN first_session AND coalesce(last_session, current_date)), \
         r AS (SELECT s.changed_on, s.next_on, t.* FROM s JOIN {source} AS t \
         ON {of_version} AND s.vendor = t.vendor AND s.revision = t.revision) \
         SELECT * EXCLUDE (changed_on, next_on{folder}) REPLACE ({later}) FROM \
         (SELECT d.session, r.* FROM r JOIN d ON d.session > r.changed_on \
         AND d.session <= coalesce(r.next_on, DATE '9999-12-31'));\n",
        name = quoted(&format!("{}_sessions_join", table.name)),
        source = quoted(&table.name),
        fed = vendors.join(", "),
        of_group = of_group.join(" AND "),
        of_version = of_version.join(" AND "),
        folder = if table.partition == PartitionBy::None { "" } else { ", year" },
        later = later(table).join(", "),
    )
}

/// The columns filled in later than their row, as known before the session.
fn later(table: &Table) -> Vec<String> {
    let mut columns = vec!["CAST(NULL AS DATE) AS withdrawn_on".to_owned()];
    for later in &table.filled_later {
        let [filled, by] = [later.column, later.by].map(|index| quoted(&table.columns[index].name));
        let observed = format!(" WHEN {by} IS NULL AND {SHOWN} < session THEN {filled}");
        let observed = if later.column == later.by { "" } else { &observed };
        columns.push(format!("CASE WHEN {by} < session THEN {filled}{observed} END AS {filled}"));
    }
    columns
}
