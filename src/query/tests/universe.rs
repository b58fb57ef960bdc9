//! The universe of a day, compared with a reader that looks at security after security.

use arrow::array::Float64Array;
use proptest::prelude::*;

use super::as_of::{DAYS, date};
use super::*;

/// Codes: two ordinary ones, and an old one with its replacement.
const CODES: [&str; 4] = ["a", "b", "o", "n"];

/// Listed, delisted, known, superseded, observed.
type Listing = (i32, Option<i32>, i32, Option<i32>, bool);

#[derive(Debug, Clone)]
struct Market {
    list: Vec<(usize, Listing)>,
    /// When it became known that the new code replaced the old one.
    mapped: i32,
    /// Code, start, end, known.
    names: Vec<(usize, i32, Option<i32>, i32)>,
    /// Code, day, suspended, whole day.
    suspensions: Vec<(usize, i32, bool, bool)>,
    /// Code, day.
    specials: Vec<(usize, i32)>,
    /// Code, in, out, known.
    industries: Vec<(usize, Option<i32>, Option<i32>, i32)>,
    /// Code, day of the list.
    weights: Vec<(usize, i32)>,
}

fn market() -> impl Strategy<Value = Market> {
    let day = || 0..DAYS;
    let maybe = || prop::option::weighted(0.5, 0..DAYS);
    let code = || 0..4usize;
    let list = (0..6i32, maybe(), 0..6i32, prop::option::weighted(0.3, 6..DAYS), any::<bool>());
    let list = prop::collection::btree_map(code(), list, 1..5).prop_map(|list| list.into_iter().collect());
    let names = prop::collection::vec((code(), day(), maybe(), day()), 0..8);
    let suspensions = prop::collection::vec((code(), 4..8i32, any::<bool>(), any::<bool>()), 0..6);
    let specials = prop::collection::vec((code(), 4..8i32), 0..3);
    let industries = prop::collection::vec((code(), maybe(), maybe(), day()), 0..6);
    // Days relative to which a list older than 45 days is too old.
    let weights = prop::collection::vec((code(), prop_oneof![Just(-42), Just(-38), 0..8i32]), 0..5);
    (list, day(), names, suspensions, specials, industries, weights).prop_map(
        |(list, mapped, names, suspensions, specials, industries, weights)| Market {
            list,
            mapped,
            names,
            suspensions,
            specials,
            industries,
            weights,
        },
    )
}

fn name(place: usize) -> String {
    format!("{}{place}", ["ST", "*ST", "x", "y"][place % 4])
}

fn texts(all: impl IntoIterator<Item = String>) -> Arc<StringArray> {
    Arc::new(StringArray::from_iter_values(all))
}

fn codes<T>(rows: &[T], code: impl Fn(&T) -> usize) -> Arc<StringArray> {
    texts(rows.iter().map(|row| CODES[code(row)].to_owned()))
}

fn dates<T>(rows: &[T], of: impl Fn(&T) -> Option<i32>) -> Arc<Date32Array> {
    days(&rows.iter().map(of).collect::<Vec<_>>())
}

fn write_market(lake: &Path, market: &Market) {
    let put = |path: &str, columns: Vec<(&str, arrow::array::ArrayRef)>| {
        let columns = columns.into_iter().map(|(name, column)| (name, column, true));
        write(lake, &format!("{path}/part-0.parquet"), RecordBatch::try_from_iter_with_nullable(columns).unwrap());
    };
    let rows = &market.list;
    let basis = |observed: bool| (if observed { "observed" } else { "derived" }).to_owned();
    put(
        "stock_basic_history_cn",
        vec![
            ("ts_code", codes(rows, |r| r.0)),
            ("name", texts(rows.iter().map(|r| format!("list {}", CODES[r.0])))),
            ("list_date", dates(rows, |r| Some(r.1.0))),
            ("delist_date", dates(rows, |r| r.1.1)),
            ("known_on", dates(rows, |r| Some(r.1.2))),
            ("superseded_on", dates(rows, |r| r.1.3)),
            ("known_basis", texts(rows.iter().map(|r| basis(r.1.4)))),
        ],
    );
    let one = |text: &str| texts([text.to_owned()]) as arrow::array::ArrayRef;
    let mapped: Vec<(&str, arrow::array::ArrayRef)> =
        vec![("o_code", one("o")), ("n_code", one("n")), ("known_on", days(&[Some(market.mapped)]))];
    put("bse_mapping_history_cn", mapped);
    let rows = &market.names;
    put(
        "namechange_cn",
        vec![
            ("ts_code", codes(rows, |r| r.0)),
            ("name", texts((0..rows.len()).map(name))),
            ("start_date", dates(rows, |r| Some(r.1))),
            ("end_date", dates(rows, |r| r.2)),
            ("known_on", dates(rows, |r| Some(r.3))),
            ("vendor", texts(rows.iter().map(|_| "tushare".to_owned()))),
        ],
    );
    let rows = &market.suspensions;
    let kinds = rows.iter().map(|r| (if r.2 { "S" } else { "R" }).to_owned());
    let timings: StringArray = rows.iter().map(|r| (!r.3).then_some("09:30-10:00")).collect();
    put(
        "suspend_d_cn/year=2024",
        vec![
            ("ts_code", codes(rows, |r| r.0)),
            ("trade_date", dates(rows, |r| Some(r.1))),
            ("suspend_type", texts(kinds)),
            ("suspend_timing", Arc::new(timings)),
        ],
    );
    let rows = &market.specials;
    let columns: Vec<(&str, arrow::array::ArrayRef)> =
        vec![("ts_code", codes(rows, |r| r.0)), ("trade_date", dates(rows, |r| Some(r.1)))];
    put("stock_st_cn/year=2024", columns);
    let rows = &market.industries;
    put(
        "index_member_all_history_cn",
        vec![
            ("ts_code", codes(rows, |r| r.0)),
            ("l3_code", texts((0..rows.len()).map(|place| format!("l{place}")))),
            ("in_date", dates(rows, |r| r.1)),
            ("out_date", dates(rows, |r| r.2)),
            ("known_on", dates(rows, |r| Some(r.3))),
        ],
    );
    let rows = &market.weights;
    put(
        "index_weight_cn/year=2024",
        vec![
            ("index_code", texts(rows.iter().map(|_| "I".to_owned()))),
            ("con_code", codes(rows, |r| r.0)),
            ("trade_date", dates(rows, |r| Some(r.1))),
            ("weight", Arc::new(Float64Array::from(vec![1.0; rows.len()]))),
        ],
    );
}

/// The universe of a day: code, security, name, suspended, special, industry, in the index.
fn expected(market: &Market, day: i32) -> Vec<String> {
    let of = |code: usize| if CODES[code] == "n" && market.mapped <= day { "o" } else { CODES[code] };
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string()).unwrap_or_default();
    let mut rows = Vec::new();
    for security in ["a", "b", "n", "o"] {
        let listed = market.list.iter().filter(|(code, (listed, delisted, known, until, _))| {
            of(*code) == security
                && *known <= day
                && until.is_none_or(|until| until > day)
                && *listed <= day
                && delisted.is_none_or(|delisted| delisted > day)
        });
        let chosen = listed.max_by_key(|(code, list)| (list.2, CODES[*code] == "n"));
        let Some((code, list)) = chosen else { continue };
        let named = market
            .names
            .iter()
            .enumerate()
            .filter(|(_, (code, start, _, known))| of(*code) == security && *known <= day && *start <= day);
        // A name ends after its last day, and the end is known once it has come.
        let is_over = |end: Option<i32>| end.is_some_and(|end| end < day);
        let newest = named.max_by(|(a, x), (b, y)| {
            (x.1, !is_over(x.2), x.3).cmp(&(y.1, !is_over(y.2), y.3)).then_with(|| name(*b).cmp(&name(*a)))
        });
        let own = newest.filter(|(_, row)| !is_over(row.2)).map(|(place, _)| name(place));
        let name = own.or_else(|| list.4.then(|| format!("list {}", CODES[*code])));
        let on_day = |rows: &[(usize, i32, bool, bool)]| rows.iter().any(|row| row.1 == day);
        let suspended = on_day(&market.suspensions)
            .then(|| market.suspensions.iter().any(|row| row.1 == day && of(row.0) == security && row.2 && row.3));
        let special = if market.specials.iter().any(|row| row.1 == day) {
            Some(market.specials.iter().any(|row| row.1 == day && of(row.0) == security))
        } else {
            name.as_ref().map(|name| name.contains("ST"))
        };
        let members = market.industries.iter().enumerate().filter(|(_, row)| {
            of(row.0) == security
                && row.3 <= day
                && row.1.is_none_or(|from| from <= day)
                && row.2.is_none_or(|until| until >= day)
        });
        let industry = members.max_by(|(a, x), (b, y)| x.1.cmp(&y.1).then_with(|| b.cmp(a)));
        let lists = market.weights.iter().filter(|row| row.1 < day);
        let newest = lists.map(|row| row.1).max().filter(|newest| *newest >= day - 45);
        let member = newest.map(|newest| market.weights.iter().any(|row| row.1 == newest && of(row.0) == security));
        rows.push(format!(
            "{},{security},{},{},{},{},{}",
            CODES[*code],
            name.unwrap_or_default(),
            flag(suspended),
            flag(special),
            industry.map(|(place, _)| format!("l{place}")).unwrap_or_default(),
            flag(member),
        ));
    }
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 3, ..ProptestConfig::default() })]

    #[test]
    fn the_universe_is_what_was_known(market in market(), day in 3..9i32) {
        let catalog = Catalog::load(&[], None).unwrap().0;
        let folder = tempfile::tempdir().unwrap();
        write_market(folder.path(), &market);
        let query = format!(
            "SELECT ts_code, security_id, name, is_suspended, is_st, l3_code, in_index \
             FROM universe(DATE '{}', 'I') ORDER BY 1, 2", date(day)
        );
        let horizon = Horizon {
            day: Some(date(day + 1)),
            next_morning: Arc::new(|day: chrono::NaiveDate| day.pred_opt()),
            ..Horizon::default()
        };
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let rows = runtime.block_on(sql(&catalog, (&store, None), &query, &horizon, None)).unwrap().csv().unwrap();
        let mut seen: Vec<&str> = rows.lines().skip(1).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, expected(&market, day));
    }
}

#[tokio::test]
async fn every_code_has_the_first_code_of_its_security() {
    let catalog = Catalog::load(&[], None).unwrap().0;
    let folder = tempfile::tempdir().unwrap();
    let batch = |columns: [(&str, Vec<&str>); 2]| {
        let columns = columns.map(|(name, texts)| (name, Arc::new(StringArray::from(texts)) as _, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    };
    let mapping = batch([("o_code", vec!["430001.BJ", "830002.BJ"]), ("n_code", vec!["830002.BJ", "920003.BJ"])]);
    write(folder.path(), "bse_mapping_cn/part-0.parquet", mapping);
    let list = batch([("ts_code", vec!["920003.BJ", "600000.SH"]), ("name", vec!["x", "y"])]);
    write(folder.path(), "stock_basic_cn/part-0.parquet", list);
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    let query = "SELECT * FROM security_id ORDER BY ts_code";
    let rows = sql(&catalog, (&store, None), query, &Horizon::default(), None).await.unwrap().csv().unwrap();
    let expected =
        "ts_code,security_id\n430001.BJ,430001.BJ\n600000.SH,600000.SH\n830002.BJ,430001.BJ\n920003.BJ,430001.BJ";
    assert_eq!(rows, expected);
}
