//! The SQL for what is derived from several tables and never stored: adjusted prices, the universe of a day, the
//! identity of securities. Used by our engine and in the macros for `DuckDB`. How one table is read as of a day is in
//! `reading`.

use super::day::Day;
use super::dialect::Dialect;

/// Daily bars.
pub(super) const BARS: &str = "stock_daily_cn";

/// Adjustment factors.
pub(super) const FACTORS: &str = "adj_factor";

/// The list of securities.
pub(super) const SECURITIES: &str = "stock_basic_cn";

/// The history of the list of securities.
pub(super) const HISTORY: &str = "stock_basic_history_cn";

/// Old and new codes.
pub(super) const MAPPING: &str = "bse_mapping_cn";

/// Index members.
pub(super) const INDEX: &str = "index_weight_cn";

/// The table of codes and the securities they stand for.
pub(super) const IDENTITY: &str = "security_id";

/// What the universe reads as of its day, except for the list of securities and the index.
pub(super) const STATES: &[&str] = &[MAPPING, "namechange_cn", "suspend_d_cn", "stock_st_cn", "index_member_all_cn"];

/// Everything the universe reads.
pub(super) const INPUTS: &[&str] =
    &[SECURITIES, MAPPING, "namechange_cn", "suspend_d_cn", "stock_st_cn", "index_member_all_cn", INDEX];

/// The number of days after which an index's list counts as missing. Lists are monthly.
const LIST_DAYS: u32 = 45;

/// Bars with their prices multiplied by the factor of their day and divided by the anchor's, which is the last one up
/// to that day. Null without a factor.
pub(super) fn adjusted(bars: &str, factors: &str, anchor: Option<&str>, dialect: Dialect<'_>) -> String {
    let by = if anchor.is_some() { "adj_factor / pitlake_anchor" } else { "adj_factor" };
    let prices = ["open", "high", "low", "close", "pre_close", "change"]
        .map(|price| (price.to_owned(), format!("\"{price}\" * {by}")));
    let joined =
        format!("FROM {bars} AS d LEFT JOIN {factors} AS f ON f.ts_code = d.ts_code AND f.trade_date = d.trade_date");
    let prices = dialect.replaced(&prices);
    let Some(anchor) = anchor else {
        return format!("SELECT {prices} FROM (SELECT d.*, f.adj_factor {joined}) AS j");
    };
    let shown = dialect.without("pitlake_anchor");
    format!(
        "SELECT {shown} FROM (SELECT {prices} FROM (SELECT d.*, f.adj_factor, a.pitlake_anchor {joined} LEFT JOIN (\
         SELECT ts_code, adj_factor AS pitlake_anchor FROM (SELECT ts_code, adj_factor, \
         row_number() OVER (PARTITION BY ts_code ORDER BY trade_date DESC) AS pitlake_place FROM {factors} \
         WHERE trade_date <= {anchor} AND adj_factor IS NOT NULL) AS n WHERE pitlake_place = 1\
         ) AS a ON a.ts_code = d.ts_code) AS j) AS p"
    )
}

/// Codes given to a security that already had one, each with the security's first code.
fn former(mapping: &str) -> String {
    let step = format!("(SELECT n_code, min(o_code) AS o_code FROM {mapping} WHERE n_code <> o_code GROUP BY n_code)");
    format!(
        "SELECT a.n_code AS code, coalesce(b.o_code, a.o_code) AS security_id \
         FROM {step} AS a LEFT JOIN {step} AS b ON b.n_code = a.o_code"
    )
}

/// Every code with the first code its security ever had.
pub(super) fn identity(securities: &str, mapping: &str) -> String {
    format!(
        "SELECT c.ts_code, coalesce(f.security_id, c.ts_code) AS security_id \
         FROM (SELECT ts_code FROM {securities} UNION SELECT o_code FROM {mapping} UNION SELECT n_code FROM {mapping}) AS c \
         LEFT JOIN ({}) AS f ON f.code = c.ts_code WHERE c.ts_code IS NOT NULL",
        former(mapping)
    )
}

/// The securities listed on a day. `relation` names a table as of that day, and the list's history as is; `index` is
/// the code of an index, as SQL.
pub(super) fn universe(relation: &dyn Fn(&str) -> String, day: Day, index: Option<&str>) -> String {
    let on = day.sql();
    // The rows of a table with the security of each, whichever of its codes they use.
    let of = |table: &str, code: &str| {
        format!(
            "(SELECT t.*, coalesce(f.security_id, t.{code}) AS of_security FROM {} AS t LEFT JOIN former AS f ON f.code = t.{code})",
            relation(table)
        )
    };
    let (names, suspensions, specials, industries) = (
        of("namechange_cn", "ts_code"),
        of("suspend_d_cn", "ts_code"),
        of("stock_st_cn", "ts_code"),
        of("index_member_all_cn", "ts_code"),
    );
    let (mut more, mut shown, mut joined) = (String::new(), String::new(), "");
    if let Some(index) = index {
        let newest = format!("(SELECT max(trade_date) FROM {} WHERE index_code = {index})", relation(INDEX));
        more = format!(
            ", members AS (SELECT DISTINCT of_security FROM {} AS w WHERE index_code = {index} AND trade_date = {newest})",
            of(INDEX, "con_code")
        );
        shown = format!(
            ", CASE WHEN {newest} >= {on} - INTERVAL '{LIST_DAYS} days' THEN m.of_security IS NOT NULL END AS in_index"
        );
        joined = " LEFT JOIN members AS m ON m.of_security = l.security_id";
    }
    format!(
        "WITH former AS ({former}), \
         listed AS (SELECT h.*, h.of_security AS security_id FROM {list} AS h \
         WHERE h.known_on <= {on} AND (h.superseded_on IS NULL OR h.superseded_on > {on}) \
         AND h.list_date <= {on} AND (h.delist_date IS NULL OR h.delist_date > {on}) \
         QUALIFY row_number() OVER (PARTITION BY h.of_security ORDER BY h.known_on DESC, \
         CASE WHEN h.ts_code = h.of_security THEN 1 ELSE 0 END, h.ts_code) = 1), \
         names AS (SELECT n.* FROM {names} AS n WHERE n.start_date <= {on} AND n.name IS NOT NULL \
         QUALIFY row_number() OVER (PARTITION BY n.of_security ORDER BY n.start_date DESC, \
         CASE WHEN n.end_date < {on} THEN 1 ELSE 0 END, n.known_on DESC, n.name) = 1), \
         suspended AS (SELECT of_security, \
         max(CASE WHEN suspend_type = 'S' AND suspend_timing IS NULL THEN 1 ELSE 0 END) AS whole_day \
         FROM {suspensions} AS s WHERE trade_date = {on} GROUP BY of_security), \
         special AS (SELECT DISTINCT of_security FROM {specials} AS s WHERE trade_date = {on}), \
         industry AS (SELECT i.* FROM {industries} AS i \
         WHERE (i.in_date IS NULL OR i.in_date <= {on}) AND (i.out_date IS NULL OR i.out_date >= {on}) \
         QUALIFY row_number() OVER (PARTITION BY i.of_security ORDER BY CASE WHEN i.in_date IS NULL THEN 1 ELSE 0 END, \
         i.in_date DESC, i.l3_code) = 1){more}, \
         described AS (SELECT l.*, CASE WHEN n.end_date IS NULL OR n.end_date >= {on} THEN n.name END AS own_name, \
         CASE WHEN l.known_basis = 'observed' THEN l.name END AS list_name \
         FROM listed AS l LEFT JOIN names AS n ON n.of_security = l.security_id) \
         SELECT l.ts_code, l.security_id, coalesce(l.own_name, l.list_name) AS name, l.exchange, l.market, l.list_date, \
         CASE WHEN l.delist_date <= {on} THEN l.delist_date END AS delist_date, \
         CASE WHEN (SELECT count(*) FROM {suspend} WHERE trade_date = {on}) > 0 \
         THEN coalesce(s.whole_day = 1, false) END AS is_suspended, \
         CASE WHEN (SELECT count(*) FROM {st} WHERE trade_date = {on}) > 0 THEN t.of_security IS NOT NULL \
         ELSE coalesce(l.own_name, l.list_name) LIKE 'ST%' OR coalesce(l.own_name, l.list_name) LIKE '*ST%' \
         OR coalesce(l.own_name, l.list_name) LIKE 'S*ST%' OR coalesce(l.own_name, l.list_name) LIKE 'SST%' END AS is_st, \
         i.l1_code, i.l1_name, i.l2_code, i.l2_name, i.l3_code, i.l3_name{shown} \
         FROM described AS l LEFT JOIN suspended AS s ON s.of_security = l.security_id \
         LEFT JOIN special AS t ON t.of_security = l.security_id \
         LEFT JOIN industry AS i ON i.of_security = l.security_id{joined}",
        former = former(&relation(MAPPING)),
        list = of(HISTORY, "ts_code"),
        suspend = relation("suspend_d_cn"),
        st = relation("stock_st_cn"),
    )
}
