//! What a vendor no longer shows: from which day it no longer counts, and which answers withdraw it.

use super::tests::{Fetch, SAME, fetch, import, on, read, row, table};
use crate::normalise::Wholeness;

const DAYS: [&str; 5] = [
    "2024-05-01T12:00:00Z",
    "2024-05-02T12:00:00Z",
    "2024-05-03T12:00:00Z",
    "2024-05-04T12:00:00Z",
    "2024-05-05T12:00:00Z",
];

/// Each version of company `a` as `income known withdrawn`.
fn versions(fetches: &[Fetch]) -> Vec<String> {
    let seen = read(&table("income_cn"), fetches).into_iter().filter(|version| version.code == "a");
    let day = |day: Option<String>| day.map_or("-".to_owned(), |day| day["2024-".len()..].to_owned());
    seen.map(|one| format!("{} {} {}", one.income.unwrap_or_default(), day(one.known), day(one.withdrawn))).collect()
}

/// Rows of this many other companies, so that one key is less than a tenth of an answer.
fn others(count: u8) -> Vec<String> {
    let other = |n: u8| on("20240420", "0", "1").replace("a00001.SZ", &format!("{}00002.SZ", char::from(b'b' + n)));
    (0..count).map(other).collect()
}

fn with_others(rows: &[String]) -> Vec<String> {
    [rows, &others(12)].concat()
}

#[test]
fn a_version_that_another_one_replaced_is_withdrawn_on_the_day_it_was_seen() {
    let fetches = [fetch(DAYS[0], &[on("20240420", "0", "100")]), fetch(DAYS[1], &[on("20240420", "0", "90")])];
    assert_eq!(versions(&fetches), ["100 04-20 05-02", "90 05-02 -"]);
}

#[test]
fn an_undated_version_does_not_silence_the_dated_one() {
    let undated = row("a", ("null", "null"), "null", "100", "1");
    let fetches = [fetch(DAYS[0], &[undated]), fetch(DAYS[1], &[on("20240420", "0", "200")])];
    assert_eq!(versions(&fetches), ["100 05-01 05-02", "200 05-02 -"]);
}

#[test]
fn a_version_that_is_dated_a_day_earlier_counts() {
    let fetches = [fetch(DAYS[0], &[on("20240421", "0", "100")]), fetch(DAYS[1], &[on("20240420", "0", "100")])];
    assert_eq!(versions(&fetches), ["100 04-21 05-02", "100 05-02 -"]);
}

#[test]
fn a_key_that_a_whole_answer_lacks_is_withdrawn_and_shown_again_is_a_new_revision() {
    let shows = || with_others(&[on("20240420", "0", "100")]);
    let fetches = [fetch(DAYS[0], &shows()), fetch(DAYS[1], &others(12)), fetch(DAYS[2], &shows())];
    assert_eq!(versions(&fetches[..2]), ["100 04-20 05-02"]);
    assert_eq!(versions(&fetches), ["100 04-20 05-02", "100 05-03 -"]);
}

#[test]
fn an_answer_that_lacks_over_a_tenth_withdraws_nothing_until_a_look_on_another_day_agrees() {
    let one = || vec![on("20240420", "0", "100")];
    for empty in [vec![], others(1)] {
        let first = || if empty.is_empty() { one() } else { [one(), others(1)].concat() };
        let single = [fetch(DAYS[0], &first()), fetch(DAYS[1], &empty)];
        assert_eq!(versions(&single), ["100 04-20 -"]);
        // The same answer on the same day is not another look.
        let same_day = [fetch(DAYS[0], &first()), fetch(DAYS[1], &empty), fetch("2024-05-02T13:00:00Z", &empty)];
        assert_eq!(versions(&same_day), ["100 04-20 -"]);
        let agreed = [fetch(DAYS[0], &first()), fetch(DAYS[1], &empty), fetch(DAYS[2], &empty)];
        assert_eq!(versions(&agreed), ["100 04-20 05-03"]);
        let repeated = [fetch(DAYS[0], &first()), fetch(DAYS[1], &empty), fetch(DAYS[2], &[SAME.to_owned()])];
        assert_eq!(versions(&repeated), ["100 04-20 05-03"]);
        // Shown in between, so it was never gone.
        let back = [fetch(DAYS[0], &first()), fetch(DAYS[1], &empty), fetch(DAYS[2], &first()), fetch(DAYS[3], &empty)];
        assert_eq!(versions(&back), ["100 04-20 -"]);
    }
}

#[test]
fn only_whole_answers_and_short_ones_about_their_keys_withdraw() {
    let (before, after) = (on("20240420", "0", "100"), on("20240420", "0", "90"));
    for (wholeness, withdrawn) in [(Wholeness::Partial, "-"), (Wholeness::Short, "05-02"), (Wholeness::Whole, "05-02")]
    {
        let first = fetch(DAYS[0], std::slice::from_ref(&before));
        let second = Fetch { wholeness, ..fetch(DAYS[1], std::slice::from_ref(&after)) };
        let expected = [format!("100 04-20 {withdrawn}"), "90 05-02 -".to_owned()];
        assert_eq!(versions(&[first, second]), expected, "{wholeness:?}");
        // A key missing from the answer.
        let first = fetch(DAYS[0], &with_others(std::slice::from_ref(&before)));
        let second = Fetch { wholeness, ..fetch(DAYS[1], &others(12)) };
        let withdrawn = if wholeness == Wholeness::Whole { "05-02" } else { "-" };
        assert_eq!(versions(&[first, second]), [format!("100 04-20 {withdrawn}")], "{wholeness:?}");
    }
    let first = fetch(DAYS[0], &[before]);
    assert_eq!(versions(&[first, import(DAYS[1], &[after])]), ["100 04-20 -"]);
}

#[test]
fn an_answer_withdraws_what_an_import_showed() {
    let theirs = import(DAYS[0], &[on("20240420", "0", "90")]);
    let fetches = [theirs, fetch(DAYS[1], &[on("20240420", "0", "100")])];
    assert_eq!(versions(&fetches), ["90 04-20 05-02", "100 05-02 -"]);
}

#[test]
fn a_correction_is_the_last_revision_where_an_answer_shows_both_flags() {
    let (original, correction) = (on("20240420", "0", "90"), on("20240420", "1", "100"));
    let fetches = [
        fetch(DAYS[0], std::slice::from_ref(&correction)),
        fetch(DAYS[1], &[original.clone(), correction.clone()]),
        fetch(DAYS[2], &[correction, original]),
    ];
    assert_eq!(versions(&fetches), ["100 04-20 05-02", "90 05-02 -", "100 05-02 -"]);
}
