//! Versions by brute force: a reader looks at what the vendor shows, evening by evening, and records what is new. It is
//! `docs/point-in-time.md` implemented a second time, row by row on text, for comparison.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use pitlake_sandbox::Market;

use crate::documented;
use crate::support::{Row, text_of};

/// How the versions of a table are told apart.
pub(crate) struct Rules {
    pub(crate) interface: &'static str,
    key: &'static [&'static str],
    announced: &'static [&'static str],
    labels: &'static [&'static str],
}

pub(crate) const INCOME: Rules = Rules {
    interface: "income",
    key: &["ts_code", "end_date", "report_type"],
    announced: &["ann_date", "f_ann_date"],
    labels: &["comp_type", "end_type", "update_flag", "vendor"],
};

pub(crate) const INDICATORS: Rules = Rules {
    interface: "fina_indicator",
    key: &["ts_code", "end_date"],
    announced: &["ann_date"],
    labels: &["update_flag", "vendor"],
};

/// A version as it should be in silver.
#[derive(Debug, Clone)]
struct Note {
    row: Row,
    announced: Option<String>,
    known: String,
    is_announced: bool,
    observed: DateTime<Utc>,
    withdrawn: Option<String>,
}

pub(crate) struct Reader<'a> {
    rules: &'a Rules,
    sessions: BTreeSet<String>,
    /// The first day of the calendar. The session after an earlier day is unknown.
    first: String,
    notes: BTreeMap<Vec<String>, Vec<Note>>,
    /// Indices of the notes shown by the newest look at a key.
    shown: BTreeMap<Vec<String>, Vec<usize>>,
    /// The periods that were looked at.
    looked: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(rules: &'a Rules, market: &Market) -> Self {
        let calendar = market.rows("trade_cal").expect("a calendar");
        let open = calendar.rows.iter().filter(|row| text_of(&row[0]) == Some("SSE") && text_of(&row[2]) == Some("1"));
        let sessions = open.map(|row| iso(text_of(&row[1]).expect("a day"))).collect();
        let first = calendar.rows.iter().filter_map(|row| text_of(&row[1])).min().map(iso).expect("a day");
        Self { rules, sessions, first, notes: BTreeMap::new(), shown: BTreeMap::new(), looked: BTreeSet::new() }
    }

    /// Looks at some periods as the vendor shows them at a moment.
    pub(crate) fn look(&mut self, market: &Market, at: DateTime<Utc>, periods: &[NaiveDate]) {
        let today = at.with_timezone(&FixedOffset::east_opt(8 * 3600).expect("Shanghai")).date_naive().to_string();
        let periods: Vec<String> = periods.iter().map(ToString::to_string).collect();
        let mut there: BTreeMap<Vec<String>, Vec<Row>> = BTreeMap::new();
        for row in documented::tushare(market, self.rules.interface, Some(at)) {
            let is_wanted = row.get("report_type").is_none_or(|kind| kind == "1");
            if is_wanted && periods.contains(&row["end_date"]) {
                let key = self.rules.key.iter().map(|name| row[*name].clone()).collect();
                there.entry(key).or_default().push(row);
            }
        }
        let known: Vec<Vec<String>> = self.notes.keys().filter(|key| periods.contains(&key[1])).cloned().collect();
        for key in known.into_iter().chain(there.keys().cloned()).collect::<BTreeSet<_>>() {
            let rows = there.remove(&key).unwrap_or_default();
            self.look_at_key(&key, rows, at, &today);
        }
        self.looked.extend(periods);
    }

    fn look_at_key(&mut self, key: &[String], mut rows: Vec<Row>, at: DateTime<Utc>, today: &str) {
        rows.sort_by_key(|row| row["update_flag"].clone());
        let mut versions: Vec<(Row, Option<String>, bool)> = Vec::new();
        for row in rows {
            let announced = self.announced(&row);
            match versions
                .iter_mut()
                .find(|(other, day, _)| *day == announced && self.differs(other, &row, true).is_none())
            {
                Some((other, _, _)) => self.join(other, &row),
                None => {
                    let is_correction = versions.iter().any(|(_, day, _)| *day == announced);
                    versions.push((row, announced, is_correction));
                }
            }
        }
        versions.sort_by_key(|(_, day, _)| day.clone().unwrap_or_else(|| "9".to_owned()));
        let before = self.shown.remove(key).unwrap_or_default();
        let is_first = !self.notes.contains_key(key);
        let is_looked_at = self.looked.contains(&key[1]);
        let mut now = Vec::new();
        for (row, announced, is_correction) in versions.clone() {
            let notes = self.notes.get(key).cloned().unwrap_or_default();
            let same = |place: &&usize| {
                let note = &notes[**place];
                note.announced == announced && self.differs(&note.row, &row, false).is_none()
            };
            if let Some(place) = before.iter().find(same) {
                now.push(*place);
                continue;
            }
            let trusted = is_first && !is_correction && !is_looked_at;
            let (known, is_announced) = match &announced {
                Some(day) if trusted => (day.clone(), true),
                Some(day) if day.as_str() > today => (day.clone(), true),
                _ => (today.to_owned(), false),
            };
            now.push(notes.len());
            let note = Note { row, announced, known, is_announced, observed: at, withdrawn: None };
            self.notes.entry(key.to_vec()).or_default().push(note);
        }
        let notes = self.notes.entry(key.to_vec()).or_default();
        for place in before.iter().filter(|place| !now.contains(place)) {
            notes[*place].withdrawn = Some(today.to_owned());
        }
        // A correction next to its original is the last revision for its announcement.
        for (place, (row, announced, _)) in now.clone().into_iter().zip(&versions) {
            let is_original =
                |(other, day, _): &(Row, Option<String>, bool)| other["update_flag"] == "0" && day == announced;
            let is_correction = row["update_flag"] == "1" && versions.iter().any(is_original);
            let is_mate = |later: &Note| later.announced == *announced && later.withdrawn.is_none();
            if is_correction && notes[place + 1..].iter().any(is_mate) {
                let (known, is_announced) = match announced {
                    Some(day) if day.as_str() > today => (day.clone(), true),
                    _ => (today.to_owned(), false),
                };
                let again = Note { known, is_announced, observed: at, ..notes[place].clone() };
                notes[place].withdrawn = Some(today.to_owned());
                now.retain(|shown| *shown != place);
                now.push(notes.len());
                notes.push(again);
            }
        }
        self.shown.insert(key.to_vec(), now);
    }

    fn announced(&self, row: &Row) -> Option<String> {
        let dates = self.rules.announced.iter().map(|name| row[*name].clone());
        dates.filter(|day| day != "null" && *day >= row["end_date"]).max()
    }

    /// The first column in which two rows differ. Between `twins`, a value and a null do not differ.
    fn differs(&self, a: &Row, b: &Row, twins: bool) -> Option<String> {
        let is_compared = |name: &&String| {
            let name = name.as_str();
            !(self.rules.key.contains(&name)
                || self.rules.announced.contains(&name)
                || self.rules.labels.contains(&name))
        };
        let differs = |name: &&String| {
            let (a, b) = (&a[*name], &b[*name]);
            if a == b || (twins && (a == "null" || b == "null")) {
                return false;
            }
            match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(x), Ok(y)) => {
                    !(is_rounding(a, b) || is_rounding(b, a)) || (x - y).abs() > 1e-4 * x.abs().max(y.abs())
                }
                _ => true,
            }
        };
        a.keys().filter(is_compared).find(differs).cloned()
    }

    /// Takes from `row` what `first` lacks or has with fewer digits.
    fn join(&self, first: &mut Row, row: &Row) {
        for (name, value) in first.iter_mut() {
            let is_label = self.rules.labels.contains(&name.as_str()) || self.rules.announced.contains(&name.as_str());
            if !is_label
                && (value == "null" || (row[name] != "null" && row[name] != *value && is_rounding(value, &row[name])))
            {
                value.clone_from(&row[name]);
            }
        }
    }

    /// Every version, as silver shows it.
    pub(crate) fn versions(&self) -> Vec<Row> {
        let mut all = Vec::new();
        for notes in self.notes.values() {
            for (revision, note) in (1..).zip(notes) {
                let mut row = note.row.clone();
                let after = self.sessions.range(note.known.clone()..).find(|day| **day > note.known);
                let tradable = after.filter(|_| note.known >= self.first);
                row.insert("announced_on".into(), note.announced.clone().unwrap_or_else(|| "null".into()));
                row.insert("known_on".into(), note.known.clone());
                row.insert("tradable_on".into(), tradable.cloned().unwrap_or_else(|| "null".into()));
                row.insert("known_basis".into(), if note.is_announced { "announced" } else { "observed" }.into());
                row.insert("observed_at".into(), note.observed.to_rfc3339());
                row.insert("revision".into(), format!("{revision}"));
                row.insert("withdrawn_on".into(), note.withdrawn.clone().unwrap_or_else(|| "null".into()));
                all.push(row);
            }
        }
        all
    }

    /// The figure of each key as known at the end of a day.
    pub(crate) fn as_of(&self, day: &str, figure: &str) -> BTreeMap<String, String> {
        let newest = |notes: &Vec<Note>| {
            let stands = |note: &Note| note.withdrawn.as_ref().is_none_or(|withdrawn| withdrawn.as_str() > day);
            let known = notes.iter().enumerate().filter(|(_, note)| note.known.as_str() <= day && stands(note));
            let last = known.max_by_key(|(place, note)| {
                let announced = note.announced.clone().unwrap_or(note.known.clone());
                (note.announced.is_some(), announced, *place)
            });
            last.map(|(_, note)| note.row[figure].clone())
        };
        self.notes.iter().filter_map(|(key, notes)| Some((key[..2].join(" "), newest(notes)?))).collect()
    }
}

/// Whether `coarse` is `fine` with fewer decimals.
fn is_rounding(coarse: &str, fine: &str) -> bool {
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, part)| if part == "0" { 0 } else { part.len() });
    let (few, many) = (decimals(coarse), decimals(fine));
    let (Ok(x), Ok(y)) = (coarse.parse::<f64>(), fine.parse::<f64>()) else { return false };
    // Doubles of this size are off by some millionths.
    let unit = 10f64.powi(-i32::try_from(few).expect("short"));
    few < many && (x - y).abs() <= unit * 0.5001
}

fn iso(day: &str) -> String {
    format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])
}
