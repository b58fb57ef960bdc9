//! Compares as-of readings of random histories with a reader that sees only the files so far and remembers only what
//! currently stands. Written independently of the code under test.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use crate::normalise::{Builder, Input, Partition, Shown, Wholeness};
use crate::spec::{InterfaceId, Table};

use super::tests::{ReadVersion, read_batch, table};

static INCOME: LazyLock<Arc<Table>> = LazyLock::new(|| table("income_cn"));

const COMPANIES: [&str; 3] = ["600001.SH", "600002.SH", "600003.SH"];
const PERIODS: [&str; 2] = ["20230930", "20231231"];

/// A row: company, period, day of announcement in April (0: none), flag (2: none), figure.
type Row = (usize, usize, u8, u8, u8);

/// Whether a company and period was shown or requested for every vendor. From then on, what is read never changes.
fn is_looked_at(files: &[File], company: usize, period: usize) -> bool {
    let is_covered = |vendor: usize| {
        files.iter().filter(|file| file.vendor == vendor && file.wholeness == Wholeness::Whole).any(|file| {
            match file.kind {
                Kind::Period(of) => of == period,
                Kind::Company(of) => of == company,
                Kind::Import | Kind::Foreign => false,
            }
        })
    };
    let shows = |file: &File| file.rows.iter().any(|row| (row.0, row.1) == (company, period));
    files.iter().any(shows) || (is_covered(0) && is_covered(1))
}

/// The kind of a file: the slice an answer covers, or a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Period(usize),
    Company(usize),
    Import,
    Foreign,
}

#[derive(Debug, Clone)]
struct File {
    day: u8,
    vendor: usize,
    kind: Kind,
    wholeness: Wholeness,
    rows: Vec<Row>,
}

fn file() -> impl Strategy<Value = File> {
    let kind = prop_oneof![
        4 => (0..2usize).prop_map(Kind::Period),
        3 => (0..3usize).prop_map(Kind::Company),
        1 => Just(Kind::Import),
        1 => Just(Kind::Foreign),
    ];
    let wholeness =
        prop_oneof![6 => Just(Wholeness::Whole), 1 => Just(Wholeness::Short), 1 => Just(Wholeness::Partial)];
    let row = (0..3usize, 0..2usize, 0u8..9, 0u8..3, 1u8..4);
    (0..2usize, kind, wholeness, proptest::collection::vec(row, 0..5)).prop_map(
        |(vendor, kind, wholeness, mut rows)| {
            // AShareHub has no interface by company here.
            let kind = match kind {
                Kind::Company(company) if vendor == 1 => Kind::Period(company % 2),
                kind => kind,
            };
            rows.retain(|row| match kind {
                Kind::Period(period) => row.1 == period,
                Kind::Company(company) => row.0 == company,
                Kind::Import | Kind::Foreign => true,
            });
            File { day: 0, vendor, kind, wholeness, rows }
        },
    )
}

/// Files in order of arrival, some on the same day, some repeating an earlier one of the same vendor.
fn history() -> impl Strategy<Value = Vec<File>> {
    proptest::collection::vec((file(), 0u8..3, 0u8..4), 1..9).prop_map(|drawn| {
        let mut day = 1;
        let mut files: Vec<File> = Vec::new();
        for (mut file, later, again) in drawn {
            day += later;
            file.day = day;
            if again == 0 {
                let of_slice = |other: &&File| (other.vendor, other.kind) == (file.vendor, file.kind);
                file.rows = files.iter().rev().find(of_slice).map_or(file.rows, |other| other.rows.clone());
            }
            files.push(file);
        }
        files
    })
}

fn line(vendor: usize, &(company, period, announced, flag, figure): &Row) -> String {
    let period = PERIODS[period];
    let (announced, period, figure) = if vendor == 0 {
        let announced = if announced == 0 { "null".to_owned() } else { format!("\"202404{announced:02}\"") };
        (announced, period.to_owned(), format!("{figure}00"))
    } else {
        let announced = if announced == 0 { "null".to_owned() } else { format!("\"2024-04-{announced:02}\"") };
        (announced, format!("{}-{}-{}", &period[..4], &period[4..6], &period[6..]), format!("\"{figure}00.0000\""))
    };
    let flag = if flag == 2 { "null".to_owned() } else { format!("\"{flag}\"") };
    format!(
        r#"{{"ts_code":"{}","ann_date":{announced},"f_ann_date":{announced},"end_date":"{period}","report_type":"1","comp_type":"1","basic_eps":null,"n_income":{figure},"update_flag":{flag}}}"#,
        COMPANIES[company]
    )
}

fn build(table: &Table, files: &[File]) -> Vec<ReadVersion> {
    let mut builder = Builder::new(table, Partition::Year(2023));
    for (number, file) in files.iter().enumerate() {
        let path = format!("file {number}").leak();
        let at = format!("2024-04-{:02}T0{number}:00:00Z", file.day);
        let (id, params) = match (file.vendor, file.kind) {
            (0, Kind::Period(period)) => {
                ("tushare/income_vip", vec![("period", PERIODS[period].to_owned()), ("report_type", "1".to_owned())])
            }
            (0, Kind::Company(company)) => ("tushare/income", vec![("ts_code", COMPANIES[company].to_owned())]),
            (_, Kind::Period(period)) => {
                let day = format!("{}-{}-{}", &PERIODS[period][..4], &PERIODS[period][4..6], &PERIODS[period][6..]);
                ("asharehub/financials_income", vec![("start_date", day.clone()), ("end_date", day)])
            }
            (0, _) => ("tushare/income_vip", Vec::new()),
            _ => ("asharehub/financials_income", Vec::new()),
        };
        let calls: Vec<Vec<(String, String)>> = if params.is_empty() {
            Vec::new()
        } else {
            vec![params.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()]
        };
        let source = table.source(&InterfaceId::parse(id).unwrap()).unwrap();
        // An answer that repeats the previous one to its question holds no rows.
        let of_slice = |other: &&File| (other.vendor, other.kind) == (file.vendor, file.kind);
        let before = files[..number].iter().rev().find(of_slice);
        let is_own = !matches!(file.kind, Kind::Import | Kind::Foreign);
        let is_repeat = is_own && before.is_some_and(|before| before.rows == file.rows);
        let input = Input {
            observed: Some(at.parse().unwrap()),
            calls: &calls,
            shown: if file.kind == Kind::Import { Shown::Before } else { Shown::Then },
            wholeness: file.wholeness,
            is_repeat,
            ..Input::new(path, source)
        };
        let lines: Vec<String> = file.rows.iter().map(|row| line(file.vendor, row)).collect();
        let text = if is_repeat { String::new() } else { lines.join("\n") };
        builder.add(input, text.as_bytes()).unwrap();
    }
    read_batch(&builder.finish(&|_| None).unwrap().batch)
}

/// A slice of a vendor.
type Slice = (usize, Kind);

/// A company and period of a slice, with the day of the first doubted answer that lacked it.
type Missing = ((usize, usize), Option<u8>);

/// Something that a vendor currently shows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Standing {
    announced: u8,
    figure: u8,
    missing_since: Option<u8>,
}

/// What the model knows about a company and period at a vendor, in order of appearance.
#[derive(Debug, Clone, Default)]
struct Held {
    standing: Vec<Standing>,
    is_shown: bool,
    is_answered: bool,
}

/// The figure that can be read after the last of some files, on its day.
fn model(files: &[File], company: usize, period: usize) -> Option<u8> {
    let today = files.last()?.day;
    // For each slice, the (company, period) pairs it holds, with the day of the first doubted answer that lacked each.
    let mut slices: Vec<(Slice, Vec<Missing>)> = Vec::new();
    let mut held: [Held; 2] = Default::default();
    for file in files {
        let is_own = !matches!(file.kind, Kind::Import | Kind::Foreign);
        let mut is_doubted = false;
        if is_own {
            let place = (file.vendor, file.kind);
            if !slices.iter().any(|(slice, _)| *slice == place) {
                slices.push((place, Vec::new()));
            }
            let (_, keys) = slices.iter_mut().find(|(slice, _)| *slice == place).unwrap();
            let shows = |key: &(usize, usize)| file.rows.iter().any(|row| (row.0, row.1) == *key);
            let lacking = keys.iter().filter(|(key, _)| !shows(key)).count();
            let is_whole = file.wholeness == Wholeness::Whole;
            is_doubted = is_whole && lacking > 0 && (file.rows.is_empty() || lacking * 10 > keys.len());
            if is_whole {
                keys.retain_mut(|(key, since)| {
                    if shows(key) {
                        return true;
                    }
                    let stays = is_doubted && since.is_none_or(|since| since == file.day);
                    *since = since.or(Some(file.day));
                    stays
                });
            }
            for row in &file.rows {
                keys.retain(|(key, _)| *key != (row.0, row.1));
                keys.push(((row.0, row.1), None));
            }
        }
        let covers = match file.kind {
            Kind::Period(of) => of == period,
            Kind::Company(of) => of == company,
            _ => false,
        };
        let mut rows: Vec<&Row> = file.rows.iter().filter(|row| (row.0, row.1) == (company, period)).collect();
        let one = &mut held[file.vendor];
        if (!is_own && (rows.is_empty() || one.is_answered)) || (is_own && !covers) {
            continue;
        }
        if is_own && file.wholeness != Wholeness::Whole && rows.is_empty() {
            continue;
        }
        if !rows.is_empty() || one.is_shown {
            one.is_answered = if is_own { !rows.is_empty() } else { one.is_answered };
        }
        // Originals, rows without a flag, corrections; then by announcement, with unannounced ones last.
        rows.sort_by_key(|row| [0, 2, 1][usize::from(row.3)]);
        let mut now: Vec<(u8, u8, u8)> = Vec::new();
        for row in rows {
            if !now.iter().any(|known| (known.0, known.1) == (row.2, row.4)) {
                now.push((row.2, row.4, row.3));
            }
        }
        now.sort_by_key(|one| if one.0 == 0 { u8::MAX } else { one.0 });
        one.is_shown |= !now.is_empty();
        let before = one.standing.clone();
        let takes = is_own && file.wholeness != Wholeness::Partial;
        one.standing.retain_mut(|standing| {
            let is_shown = now.iter().any(|one| (one.0, one.1) == (standing.announced, standing.figure));
            if is_shown {
                standing.missing_since = None;
            }
            if is_shown || !takes {
                return true;
            }
            let stays = is_doubted && standing.missing_since.is_none_or(|since| since == file.day);
            standing.missing_since = standing.missing_since.or(Some(file.day));
            stays
        });
        let is_known = |announced, figure| before.iter().any(|one| (one.announced, one.figure) == (announced, figure));
        for (announced, figure, _) in &now {
            if !is_known(*announced, *figure) {
                one.standing.push(Standing { announced: *announced, figure: *figure, missing_since: None });
            }
        }
        // A correction next to its original is the last for its announcement.
        for (announced, figure, flag) in &now {
            if *flag == 1 && takes && now.iter().any(|other| (other.0, other.2) == (*announced, 0)) {
                let at =
                    one.standing.iter().position(|one| (one.announced, one.figure) == (*announced, *figure)).unwrap();
                if one.standing[at + 1..].iter().any(|one| one.announced == *announced) {
                    let correction = one.standing.remove(at);
                    one.standing.push(correction);
                }
            }
        }
    }
    held.iter().find_map(|held| {
        let readable = held.standing.iter().enumerate().filter(|(_, one)| one.announced <= today);
        // A dated one is preferred to an undated one.
        readable.max_by_key(|(place, one)| (one.announced, *place)).map(|(_, one)| one.figure)
    })
}

/// The rule for reading as of a day, applied to the columns of silver.
fn as_of(versions: &[ReadVersion], company: usize, period: &str, day: u8) -> Option<f64> {
    let (month_day, end) =
        (format!("2024-04-{day:02}"), format!("{}-{}-{}", &period[..4], &period[4..6], &period[6..]));
    let of_key = || versions.iter().filter(|one| one.code.eq_ignore_ascii_case(COMPANIES[company]) && one.end == end);
    let is_readable = |one: &&ReadVersion| {
        one.known.as_ref().is_some_and(|known| *known <= month_day)
            && one.withdrawn.as_ref().is_none_or(|day| *day > month_day)
    };
    let has_shown = |vendor: &str| {
        of_key().any(|one| one.vendor == vendor && one.observed.as_ref().is_some_and(|at| at[..10] <= month_day[..]))
    };
    let all = ["tushare", "asharehub"];
    let nobody = !all.iter().any(|vendor| has_shown(vendor));
    all.iter().filter(|vendor| nobody || has_shown(vendor)).find_map(|vendor| {
        let readable = of_key().filter(|one| one.vendor == *vendor).filter(is_readable);
        let last = readable
            .max_by_key(|one| (one.announced.is_some(), one.announced.clone().or(one.known.clone()), one.revision));
        last.and_then(|one| one.income)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 4, ..ProptestConfig::default() })]

    #[test]
    fn as_of_every_day_equals_a_reader_that_sees_only_the_files_so_far(files in history()) {
        let table = &*INCOME;
        let all = build(table, &files);
        let mut revisions = std::collections::BTreeMap::new();
        for one in &all {
            let expected = revisions.entry((&one.code, &one.end, &one.vendor)).or_insert(0);
            *expected += 1;
            prop_assert_eq!(one.revision, *expected);
        }
        for day in files.iter().map(|file| file.day) {
            let so_far: Vec<File> = files.iter().filter(|file| file.day <= day).cloned().collect();
            let next = files.iter().map(|file| file.day).find(|next| *next > day).unwrap_or(20);
            for (company, (place, period)) in (0..3).flat_map(|company| PERIODS.iter().enumerate().map(move |p| (company, p))) {
                if !is_looked_at(&so_far, company, place) {
                    continue;
                }
                let expected = model(&so_far, company, place).map(|figure| f64::from(figure) * 100.0);
                prop_assert_eq!(as_of(&all, company, period, day), expected, "company {} period {} day {}", company, period, day);
                // Days without a file only add what was announced for them.
                let of_gap = build(table, &so_far);
                for later in day + 1..next {
                    prop_assert_eq!(as_of(&all, company, period, later), as_of(&of_gap, company, period, later));
                }
            }
        }
    }
}
