//! Imports with unknown day of capture, in either order.

use super::tests::{Fetch, JUNE_1, MAY_1, import, on, row, version, versions};
use crate::normalise::shown::Shown;

/// An import without a day of capture.
fn undated(at: &'static str, lines: &[String]) -> Fetch {
    Fetch { shown: Shown::Before, ..import(at, lines) }
}

#[test]
fn of_imports_without_a_day_of_capture_none_is_known_to_be_the_original() {
    let day = "\"20240420\"";
    let line = |income: &str| [row("a", (day, day), "null", income, "1")];
    // Whichever comes first, neither figure is known before it was observed.
    for (first, second) in [("100", "200"), ("200", "100")] {
        let expected = |first_known: &str, basis: &str| {
            [
                version(first_known, basis, first.parse().unwrap()),
                version("2024-06-01", "observed", second.parse().unwrap()),
            ]
        };
        let files = [undated(MAY_1, &line(first)), undated(JUNE_1, &line(second))];
        assert_eq!(versions(&files), expected("2024-05-01", "observed"));
        // A capture is a look on its day, and the first of these shows what was there.
        let files = [import(MAY_1, &line(first)), undated(JUNE_1, &line(second))];
        assert_eq!(versions(&files), expected("2024-04-20", "announced"));
    }
    // If they agree, or have different announcements, nothing changes.
    let files = [undated(MAY_1, &line("100")), undated(JUNE_1, &line("100.0"))];
    assert_eq!(versions(&files), [version("2024-04-20", "announced", 100.0)]);
    let other = row("a", ("\"20240430\"", "\"20240430\""), "null", "200", "1");
    let expected = [version("2024-04-20", "announced", 100.0), version("2024-06-01", "observed", 200.0)];
    assert_eq!(versions(&[undated(MAY_1, &line("100")), undated(JUNE_1, &[other])]), expected);
    // If one of them has both figures, its order decides.
    let both = [line("100")[0].clone(), line("200")[0].clone()];
    let expected = [version("2024-04-20", "announced", 100.0), version("2024-06-01", "observed", 200.0)];
    assert_eq!(versions(&[undated(MAY_1, &line("100")), undated(JUNE_1, &both)]), expected);
}

#[test]
fn a_flag_tells_which_of_two_undated_imports_is_the_original() {
    let (original, correction) = ([on("20240420", "0", "100")], [on("20240420", "1", "200")]);
    let expected = [version("2024-04-20", "announced", 100.0), version("2024-06-01", "observed", 200.0)];
    assert_eq!(versions(&[undated(MAY_1, &original), undated(JUNE_1, &correction)]), expected);
    // The correction came first, so its date stays unknown.
    let expected = [version("2024-05-01", "observed", 200.0), version("2024-06-01", "observed", 100.0)];
    assert_eq!(versions(&[undated(MAY_1, &correction), undated(JUNE_1, &original)]), expected);
}
