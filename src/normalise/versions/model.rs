//! As-of readings against a model that sees only the fetches made so far, on made-up histories.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::{Fetch, ReadVersion, SAME, fetch, read, row, table};

/// A made-up history: the rows of two companies that the vendor shows each evening.
fn evenings() -> impl Strategy<Value = Vec<Vec<(usize, u8, u8, u8)>>> {
    // Company, day of announcement (0 for none), flag, figure.
    let line = (0usize..2, 0u8..12, 0u8..2, 1u8..4);
    let evening = proptest::collection::vec(line, 0..5);
    // Each may be repeated for some evenings.
    let evenings = proptest::collection::vec((evening, 1usize..3), 1..6);
    evenings.prop_map(|all| all.into_iter().flat_map(|(evening, times)| vec![evening; times]).collect())
}

fn lines(evening: &[(usize, u8, u8, u8)]) -> Vec<String> {
    let line = |&(company, announced, flag, figure): &(usize, u8, u8, u8)| {
        let day = if announced == 0 { "null".to_owned() } else { format!("\"202404{announced:02}\"") };
        row(["a", "b"][company], (&day, &day), &format!("\"{flag}\""), &format!("{figure}00"), "1")
    };
    evening.iter().map(line).collect()
}

/// (known, announced or known, figure) of each company, in the order of arrival.
type Notes = BTreeMap<usize, Vec<(u8, u8, u8)>>;

/// The model sees only the fetches made so far: after each evening it notes what is new. Written independently of the
/// code it checks.
fn model(evenings: &[Vec<(usize, u8, u8, u8)>]) -> Notes {
    let mut all = Notes::new();
    let mut shown: BTreeMap<usize, Vec<(u8, u8)>> = BTreeMap::new();
    for (number, evening) in (1u8..).zip(evenings) {
        for company in 0..2 {
            let mut now: Vec<(u8, u8, bool)> = Vec::new();
            let mut rows: Vec<_> = evening.iter().filter(|line| line.0 == company).collect();
            rows.sort_by_key(|line| line.2);
            for line in rows {
                let is_duplicate = now.iter().any(|known| (known.0, known.1) == (line.1, line.3));
                if !is_duplicate {
                    let beside = now.iter().any(|known| known.0 == line.1);
                    now.push((line.1, line.3, beside));
                }
            }
            now.sort_by_key(|known| if known.0 == 0 { 99 } else { known.0 });
            let before = shown.insert(company, now.iter().map(|known| (known.0, known.1)).collect());
            let notes = all.entry(company).or_default();
            let is_new_company = notes.is_empty();
            for (announced, figure, is_correction) in now {
                if before.as_ref().is_some_and(|before| before.contains(&(announced, figure))) {
                    continue;
                }
                // It was announced before, and the last evening's answer lacked it.
                let was_late = number > 1 && announced < number;
                let trusted = is_new_company && !is_correction && announced > 0 && !was_late;
                let known = if trusted { announced } else { announced.max(number) };
                notes.push((known, if announced == 0 { known } else { announced }, figure));
            }
        }
    }
    all
}

proptest! {
    #[test]
    fn as_of_an_evening_equals_the_model_of_the_fetches_so_far(evenings in evenings()) {
        let table = table("income_cn");
        let at = |number: usize| format!("2024-04-{number:02}T12:00:00Z").leak() as &'static str;
        let answer = |n: usize| -> Vec<String> {
            let is_same = n > 0 && evenings[n] == evenings[n - 1];
            if is_same { vec![SAME.to_owned()] } else { lines(&evenings[n]) }
        };
        let fetches: Vec<Fetch> = (0..evenings.len()).map(|n| fetch(at(n + 1), &answer(n))).collect();
        let all = read(&table, &fetches);
        let as_of = |seen: &[ReadVersion], company: usize, day: usize| -> Option<f64> {
            let day = format!("2024-04-{day:02}");
            let of_company = seen.iter().filter(|v| v.code == ["a", "b"][company]);
            let known = of_company.filter(|v| v.known.as_ref().is_some_and(|known| *known <= day));
            let last = known.max_by_key(|v| (v.announced.clone().or(v.known.clone()), v.revision));
            last.and_then(|v| v.income)
        };
        for evening in 1..=evenings.len() {
            let so_far = read(&table, &fetches[..evening]);
            let notes = model(&evenings[..evening]);
            for company in 0..2 {
                // Later fetches only append.
                let of = |seen: &[ReadVersion]| -> Vec<ReadVersion> {
                    seen.iter().filter(|v| v.code == ["a", "b"][company]).cloned().collect()
                };
                let (early, late) = (of(&so_far), of(&all));
                prop_assert_eq!(&late[..early.len()], early.as_slice());
                // As of that evening the table agrees with the model.
                let known = notes.get(&company).into_iter().flatten().enumerate();
                let expected = known
                    .filter(|(_, note)| usize::from(note.0) <= evening)
                    .max_by_key(|(place, note)| (note.1, *place))
                    .map(|(_, note)| f64::from(note.2) * 100.0);
                prop_assert_eq!(as_of(&all, company, evening), expected);
                prop_assert_eq!(as_of(&so_far, company, evening), expected);
            }
        }
    }
}
