//! The state of tasks as terminal lines, and as a sentence for the log. Where these are written is not decided here.

use std::time::Duration;

use pitlake_contract::counted;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::meter::Waits;
use super::task::{Ahead, View};

/// Translates a text into the user's language.
pub(super) type Words = fn(&str) -> String;

/// The longest label on a narrow terminal.
const LABEL: usize = 22;

/// A higher limit counts as none.
const UNLIMITED: usize = 1_000_000;

/// Lines for tasks, at most `width` wide and `height` in number; finished tasks are dropped first. The last line is
/// about all tasks and what follows.
pub(super) fn lines(
    views: &[View],
    ahead: Option<Ahead>,
    (width, height): (usize, usize),
    words: Words,
) -> Vec<String> {
    let all = in_all(views, ahead).map(|(left, building)| {
        let left = short(left);
        words(&if building {
            format!("fetching everything: {left} left, then building")
        } else {
            format!("fetching everything: {left} left")
        })
    });
    let most = height.saturating_sub(1 + usize::from(all.is_some())).max(1);
    let mut shown: Vec<&View> = views.iter().collect();
    if shown.len() > most {
        shown.retain(|view| !view.is_done());
    }
    let rest = shown.len().saturating_sub(most);
    if rest > 0 {
        shown.truncate(most - 1);
    }
    let label = shown.iter().map(|view| view.label.chars().count()).max().unwrap_or(0);
    let label = if width < 120 { label.min(LABEL) } else { label };
    let count = shown.iter().map(|view| done_of(view).len()).max().unwrap_or(0);
    let mut lines: Vec<String> = shown.iter().map(|view| line(view, width, (label, count), words)).collect();
    if rest > 0 {
        let hidden = views.iter().filter(|view| !view.is_done()).count() + 1 - most;
        lines.push(cut(&words(&format!("and {hidden} more")), width));
    }
    lines.extend(all.map(|all| cut(&all, width)));
    lines
}

/// How long everything takes: the slowest task, plus the calls that follow.
pub(super) fn to_go(views: &[View], ahead: Option<Ahead>) -> Option<Duration> {
    let longest = views.iter().filter_map(|view| view.to_go).max();
    match ahead {
        Some(ahead) if !ahead.fetching.is_zero() => Some(longest.unwrap_or_default() + ahead.fetching),
        _ => longest,
    }
}

/// How long all fetching takes, and whether building follows, if that says more than the line of a single task.
fn in_all(views: &[View], ahead: Option<Ahead>) -> Option<(Duration, bool)> {
    let ahead = ahead.filter(|ahead| views.len() > 1 || !ahead.fetching.is_zero())?;
    Some((to_go(views, Some(ahead))?, ahead.building))
}

fn done_of(view: &View) -> String {
    format!("{}/{}", view.done, view.steps)
}

/// Formats a line. What does not fit is left out, least important first.
fn line(view: &View, width: usize, (label, count): (usize, usize), words: Words) -> String {
    let rate = view.rate.map(|(calls, limit)| match limit {
        UNLIMITED.. => left(&words(&format!("{calls:>3} a min")), 13),
        _ => left(&words(&format!("{calls:>3}/{limit} a min")), 13),
    });
    let (to_go, state) = if view.is_done() {
        (None, Some(words("done")))
    } else {
        let to_go = view.to_go.map_or_else(|| "-".to_owned(), |left| words(&format!("{} left", short(left))));
        (Some(right(&to_go, 11)), view.waits.map(|waits| words(&waiting(waits, width >= 120))))
    };
    let failed = (view.failed > 0).then(|| words(&format!("{} failed", view.failed)));
    let quota = view.quota.map(|quota| words(&format!("quota {quota}")));
    let name = format!("{:label$}", cut(&view.label, label));
    // In the order of the line, each with its priority.
    let bar = match width {
        0..100 => None,
        100..160 => Some(bar(view, 12)),
        _ => Some(bar(view, 32)),
    };
    let parts = [(0, Some(name)), (6, bar), (1, Some(format!("{:>count$}", done_of(view)))), (2, to_go), (4, rate)];
    let parts = parts.into_iter().chain([(5, quota), (3, failed), (2, state)]);
    let parts: Vec<(u8, String)> = parts.filter_map(|(rank, text)| Some((rank, text?))).collect();
    let length = |most: u8| -> usize {
        let fitting = parts.iter().filter(|(rank, _)| *rank <= most);
        fitting.map(|(_, text)| text.width() + 2).sum::<usize>().saturating_sub(2)
    };
    let most = (0..=6).rev().find(|most| length(*most) <= width).unwrap_or(0);
    let texts: Vec<&str> = parts.iter().filter(|(rank, _)| *rank <= most).map(|(_, text)| text.as_str()).collect();
    cut(texts.join("  ").trim_end(), width)
}

fn bar(view: &View, cells: usize) -> String {
    let inner = cells - 2;
    let full = (inner * view.done).checked_div(view.steps).unwrap_or(inner).min(inner);
    format!("[{}{}]", "#".repeat(full), "-".repeat(inner - full))
}

fn waiting(waits: Waits, is_long: bool) -> String {
    match (waits, is_long) {
        (Waits::Limit, false) => "waiting: limit".to_owned(),
        (Waits::Limit, true) => "waiting for the account's limit".to_owned(),
        (Waits::Pause(time), false) => format!("pause {}", short(time)),
        (Waits::Pause(time), true) => format!("the vendor asked to slow down: pausing for {}", short(time)),
        (Waits::Retry(time), false) => format!("retry in {}", short(time)),
        (Waits::Retry(time), true) => format!("a call failed: retrying in {}", short(time)),
        (Waits::Vendor(time), false) => format!("no reply {}", short(time)),
        (Waits::Vendor(time), true) => format!("waiting for the vendor's reply, {} so far", short(time)),
    }
}

/// Cuts a text to this many columns.
fn cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut at = 1;
    let fitting = text.chars().take_while(|c| {
        at += c.width().unwrap_or(0);
        at <= most
    });
    fitting.chain(['…']).collect()
}

fn left(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(text.width()))
}

fn right(text: &str, columns: usize) -> String {
    format!("{:1$}{text}", "", columns.saturating_sub(text.width()))
}

/// A duration in a few characters, rounded up.
pub(super) fn short(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1000);
    match seconds {
        0..100 => format!("{seconds} s"),
        100..5970 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{}.{} h", (seconds + 180) / 3600, (seconds + 180) / 360 % 10),
    }
}

/// The current state in one sentence: the slowest task, and the totals if there are more.
pub(super) fn sentence(views: &[View], ahead: Option<Ahead>) -> Option<String> {
    let all = match in_all(views, ahead) {
        Some((left, true)) => format!("; fetching everything takes {} more, then building follows", short(left)),
        Some((left, false)) => format!("; fetching everything takes {} more", short(left)),
        None => String::new(),
    };
    let open: Vec<&View> = views.iter().filter(|view| !view.is_done()).collect();
    let slowest = open.iter().max_by_key(|view| (view.to_go, view.steps - view.done))?;
    let one = about(slowest);
    if views.len() == 1 {
        return Some(one + &all);
    }
    let sum = |of: fn(&View) -> usize| views.iter().map(of).sum::<usize>();
    let (done, steps) = (sum(|view| view.done), sum(|view| view.steps));
    let tables = views.len();
    let sentence = format!("{done} of {steps} {} of {tables} tables; the longest is {one}", slowest.unit);
    Some(sentence + &all)
}

fn about(view: &View) -> String {
    let mut text = format!("{}: {} of {} {}", view.label, view.done, view.steps, view.unit);
    let mut add = |part: String| {
        text.push_str(", ");
        text.push_str(&part);
    };
    if view.failed > 0 {
        add(format!("{} failed", view.failed));
    }
    match view.rate {
        Some((calls, UNLIMITED..)) => add(format!("{} in the last minute", counted(calls, "call"))),
        Some((calls, limit)) => add(format!("{} in the last minute of {limit} allowed", counted(calls, "call"))),
        None => {}
    }
    if let Some(quota) = view.quota {
        add(format!("{} left of the day's quota", counted(quota, "call")));
    }
    if let Some(left) = view.to_go {
        add(format!("{} to go", short(left)));
    }
    if let Some(waits) = view.waits {
        add(waiting(waits, true));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(label: &str, done: usize) -> View {
        View {
            label: label.into(),
            unit: "slices",
            done,
            steps: 45_000,
            failed: 0,
            rate: Some((478, 500)),
            quota: None,
            to_go: Some(Duration::from_mins(90)),
            waits: Some(Waits::Limit),
        }
    }

    #[test]
    fn lines_fit_the_terminal() {
        let mut full = view("a_table_with_a_very_long_name_cn", 12_345);
        (full.failed, full.quota, full.waits) = (123, Some(49_000), Some(Waits::Pause(Duration::from_secs(61))));
        let views = [view("adj_factor", 40), full, view("stock_daily_cn", 45_000)];
        for width in [20, 40, 60, 79, 80, 100, 120, 200] {
            let ahead = Ahead { fetching: Duration::from_hours(100), building: true };
            for line in lines(&views, Some(ahead), (width, 24), str::to_owned) {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
        let narrow = lines(&views[..1], None, (80, 24), str::to_owned);
        assert_eq!(narrow, ["adj_factor  40/45000  90 min left  478/500 a min  waiting: limit"]);
        let wide = lines(&views[1..2], None, (200, 24), str::to_owned).join("\n");
        for part in ["12345/45000", "90 min left", "478/500 a min", "quota 49000", "123 failed", "asked to slow down"] {
            assert!(wide.contains(part), "{part}: {wide}");
        }
    }

    #[test]
    fn lines_of_wide_characters_fit_the_terminal() {
        let mut slow = view("adj_factor", 40);
        (slow.failed, slow.waits) = (3, Some(Waits::Pause(Duration::from_secs(61))));
        let wide = |text: &str| text.replace("left", "还需要").replace("failed", "失败").replace("pause", "暂停");
        for width in [20, 40, 60, 79, 80] {
            for line in lines(&[slow.clone()], None, (width, 24), wide) {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
        assert_eq!(cut("交易日历", 5), "交易…");
    }

    #[test]
    fn more_tasks_than_lines_are_counted() {
        let views: Vec<View> = (0..30).map(|n| view(&format!("table_{n}"), if n < 3 { 45_000 } else { n })).collect();
        let shown = lines(&views, None, (80, 10), str::to_owned);
        assert_eq!(shown.len(), 9, "{shown:?}");
        assert_eq!(shown[8], "and 19 more");
        assert!(shown[0].starts_with("table_3"), "{shown:?}");
    }

    #[test]
    fn a_sentence_names_the_task_that_takes_longest() {
        let mut views = vec![view("adj_factor", 40)];
        let one = "adj_factor: 40 of 45000 slices, 478 calls in the last minute of 500 allowed, 90 min to go, waiting for the \
                   account's limit";
        assert_eq!(sentence(&views, None).unwrap(), one);
        views.push(View { to_go: Some(Duration::from_secs(30)), ..view("stock_daily_cn", 44_000) });
        let both = sentence(&views, None).unwrap();
        assert!(both.starts_with("44040 of 90000 slices of 2 tables; the longest is adj_factor: 40 of"), "{both}");
        assert_eq!(sentence(&[view("adj_factor", 45_000)], None), None);
    }

    #[test]
    fn the_time_to_go_is_that_of_all_fetching() {
        let views = [view("suspend_d_cn", 44_000), view("trade_cal", 45_000)];
        let ahead = |minutes, building| Some(Ahead { fetching: Duration::from_mins(minutes), building });
        let last = |views: &[View], ahead| lines(views, ahead, (80, 10), str::to_owned).pop().unwrap();
        assert_eq!(last(&views, ahead(30, true)), "fetching everything: 2.0 h left, then building");
        assert_eq!(last(&views, ahead(0, false)), "fetching everything: 90 min left");
        // For the last table, its own line says everything.
        assert!(last(&views[..1], ahead(0, true)).starts_with("suspend_d_cn"));
        assert!(last(&views, None).starts_with("trade_cal"), "what is built has no calls");
        let text = sentence(&views, ahead(30, true)).unwrap();
        assert!(
            text.ends_with("account's limit; fetching everything takes 2.0 h more, then building follows"),
            "{text}"
        );
        assert_eq!(to_go(&views, ahead(30, true)), Some(Duration::from_hours(2)));
        let many: Vec<View> = (0..30).map(|n| view(&format!("table_{n}"), n)).collect();
        assert_eq!(lines(&many, ahead(30, true), (80, 10), str::to_owned).len(), 9);
    }

    #[test]
    fn times_are_short() {
        for (seconds, text) in
            [(0, "0 s"), (99, "99 s"), (100, "2 min"), (600, "10 min"), (5970, "1.7 h"), (7229, "2.0 h")]
        {
            assert_eq!(short(Duration::from_secs(seconds)), text);
        }
    }
}
