//! A vendor that lies in about a quarter of its replies: each lie alone and all mixed, for tables by session, by period
//! and by announcement day. What silver lacks is reported, and once the lies stop, the lake becomes the truth.
//! `.ci/full` tries more seeds.

mod kinds;
mod truth;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{Days, NaiveDate};
use pitlake_sandbox::Settings;

use self::kinds::{LIARS, LIES, Lie, turn};
use self::truth::{Kept, Named, assert_true, unnamed};
use crate::dice::Dice;
use crate::proxy::{Proxy, Turn};
use crate::support::{Place, Vendor, day, number, settings as usual};

/// The tables fed by the lying interfaces.
const TABLES: [&str; 5] = ["stock_daily_cn", "stock_daily_basic_cn", "adj_factor", "income_cn", "stk_holdertrade_cn"];
const START: &str = "2024-03-18";
/// The first of the newest eight periods.
const FIRST_PERIOD: &str = "2022-03-31";
/// Sessions before the first evening.
const BEFORE: usize = 8;
/// Evenings with lies, apart from the backfill on the first, and evenings without.
const EVENINGS: (usize, usize) = (2, 2);
/// Concurrent trials. Vendors that refuse temporarily must be waited for.
const TOGETHER: u64 = 4;

/// The parameters of a series of evenings.
struct Trial {
    seed: u64,
    /// Whether a lie about a slice is repeated whenever that is requested.
    is_stubborn: bool,
    /// The lies told by each interface in [`LIARS`].
    lies: [Vec<(&'static str, Lie)>; 5],
}

/// A lake over some evenings with a vendor that lies.
struct Evenings<'a> {
    trial: &'a Trial,
    vendor: Vendor,
    place: Place,
    is_lying: Arc<AtomicBool>,
    sessions: Vec<NaiveDate>,
}

fn at(day: NaiveDate) -> String {
    format!("{day}T13:30:00Z")
}

impl<'a> Evenings<'a> {
    fn new(trial: &'a Trial) -> Self {
        let market = Settings { start: day(START), end: day("2024-05-10"), stocks: 12, ..usual() };
        let vendor = Vendor::start(Settings { seed: market.seed + trial.seed, ..market });
        let is_lying = Arc::new(AtomicBool::new(false));
        let (lying, seed, is_stubborn) = (Arc::clone(&is_lying), trial.seed, trial.is_stubborn);
        let (lies, before) = (trial.lies.clone(), Mutex::<HashMap<String, u64>>::default());
        let proxy = Proxy::start(&vendor.server.url(), move |request, _| {
            let Some(place) = LIARS.iter().position(|liar| request["api_name"] == liar.0) else { return Turn::Pass };
            let nth = {
                let mut before = before.lock().unwrap();
                let nth = before.entry(request.to_string()).or_default();
                *nth += 1;
                *nth
            };
            let mut dice = Dice::of((seed, request.to_string(), if is_stubborn { 0 } else { nth }));
            let is_told = lying.load(Ordering::Relaxed) && dice.once_in(4);
            let (_, lie) = lies[place][dice.below(lies[place].len())];
            // Call failures do not last for ever.
            let is_over = is_stubborn && matches!(lie, Lie::Hiccup | Lie::Cut) && nth % 3 == 0;
            turn((is_told && !is_over).then_some(lie), request, dice)
        });
        let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
        let jobs = std::fs::read_to_string(place.path("jobs.toml")).unwrap();
        place.jobs(&format!("{jobs}[jobs.all]\ntables = {TABLES:?}\n"));
        let sessions = vendor.market.sessions().iter().copied().filter(|session| *session >= day(START)).collect();
        Self { trial, vendor, place, is_lying, sessions }
    }

    /// Runs commands on an evening, and checks that everything silver lacks is reported. Returns the largest exit code.
    fn evening(&self, today: NaiveDate, commands: &[Vec<&str>]) -> i32 {
        let (mut code, mut printed) = (0, String::new());
        for command in commands {
            let output = self.place.run(&[command.as_slice(), &["--now", &at(today)]].concat());
            code = code.max(output.status.code().unwrap());
            printed += &String::from_utf8_lossy(&output.stdout);
        }
        assert!([0, 3, 8].contains(&code), "{today} {}: {code} {printed}", self.trial);
        let named = Named::of(&self.place, &TABLES, &at(today));
        let unnamed = unnamed(&self.vendor, &self.place, (day(START), today), (&named, &Kept::of(&self.place)));
        assert!(unnamed.is_empty() || code != 0, "{today} {}: {unnamed:#?}\n{printed}\n{named:#?}", self.trial);
        let is_honest = !self.is_lying.load(Ordering::Relaxed);
        assert!(code == 0 || !is_honest, "{today} {}: {code} {printed}", self.trial);
        code
    }

    /// The evenings with lies, then those without, then a `backfill --short`.
    fn pass(&self) {
        let evenings = &self.sessions[BEFORE..];
        let (first, today) = (START, evenings[0]);
        let reference = ["trade_cal", "stock_basic_cn", "suspend_d_cn"];
        let range = ["--start", first, "--end", &today.to_string(), "--now", &at(today)];
        self.place.expect(0, &[&["backfill"][..], &reference, &range].concat());
        let periods = ["--start", FIRST_PERIOD, "--end", &today.to_string(), "--now", &at(today)];
        self.place.expect(0, &[&["backfill", "disclosure_date_cn"][..], &periods].concat());
        self.is_lying.store(true, Ordering::Relaxed);
        let mut codes = vec![self.backfill(today, &[])];
        codes.extend(evenings[1..=EVENINGS.0].iter().map(|today| self.evening(*today, &[vec!["run"]])));
        self.is_lying.store(false, Ordering::Relaxed);
        let honest = &evenings[EVENINGS.0 + 1..][..EVENINGS.1];
        codes.extend(honest.iter().map(|today| self.evening(*today, &[vec!["run"]])));
        let last = honest[EVENINGS.1 - 1] + Days::new(1);
        codes.push(self.backfill(last, &["--short"]));
        println!("{}: {codes:?}", self.trial);
        let named = Named::of(&self.place, &TABLES, &at(last));
        assert!(named.is_held(), "{}: {named:#?}", self.trial);
        let days = (day(START), honest[EVENINGS.1 - 1]);
        assert_true(&self.vendor, &self.place, days, &self.trial.to_string());
    }

    /// Backfills the newest eight periods, and the sessions and announcement days.
    fn backfill(&self, today: NaiveDate, more: &[&str]) -> i32 {
        let end = today.to_string();
        let of = |tables: &[&'static str], start| -> Vec<&str> {
            [&["backfill"][..], tables, &["--start", start, "--end", &end], more].concat()
        };
        let days: Vec<&str> = TABLES.into_iter().filter(|table| *table != "income_cn").collect();
        self.evening(today, &[of(&["income_cn"], FIRST_PERIOD), of(&days, START)])
    }
}

impl std::fmt::Display for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lies: Vec<String> = LIARS
            .iter()
            .zip(&self.lies)
            .map(|(liar, lies)| match lies.as_slice() {
                [(name, _)] => format!("{}: {name}", liar.0),
                _ => format!("{}: all", liar.0),
            })
            .collect();
        let stubborn = if self.is_stubborn { "stubborn, " } else { "" };
        write!(f, "seed {}, {stubborn}{}", self.seed, lies.join(", "))
    }
}

/// Runs as many trials of a kind as requested.
fn trials(usual: u64, trial: impl Fn(u64) -> Trial + Sync) {
    let count = number("PITLAKE_TEST_LIES", usual);
    for first in (0..count).step_by(usize::try_from(TOGETHER).unwrap()) {
        std::thread::scope(|scope| {
            for seed in first..count.min(first + TOGETHER) {
                let trial = &trial;
                scope.spawn(move || Evenings::new(&trial(seed)).pass());
            }
        });
    }
}

/// Each interface tells one lie per trial: after four trials every lie was told, after twenty by every interface.
#[test]
fn every_lie_alone_is_named_and_mended() {
    let step = LIES.len() / LIARS.len();
    let lie = |seed: usize, place: usize| vec![LIES[(seed + place * step) % LIES.len()]];
    trials(4, |seed| Trial {
        seed,
        is_stubborn: (seed + seed / 20) % 2 == 1,
        lies: std::array::from_fn(|place| lie(usize::try_from(seed).unwrap(), place)),
    });
}

#[test]
fn all_lies_mixed_are_named_and_mended() {
    let lies = || std::array::from_fn(|_| LIES.to_vec());
    trials(4, |seed| Trial { seed, is_stubborn: seed % 2 == 1, lies: lies() });
}
