//! What happens to a security besides trading, planned in advance: dividends, bonus shares and suspensions.
//!
//! Amounts that depend on a price are determined in `walk`.

use super::{Dice, EVENTFUL_SESSIONS, Security};
use std::ops::Range;

/// A distribution. Its session is the ex-date.
#[derive(Clone, Copy)]
pub(crate) struct Action {
    pub(crate) session: usize,
    /// Cash in thousandths of the previous close.
    pub(crate) cash_permille: i64,
    /// New shares per ten old ones.
    pub(crate) bonus: i64,
}

/// A row of `suspend_d`.
#[derive(Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) session: usize,
    /// `S` suspended, `R` resumed.
    pub(crate) kind: &'static str,
    /// The intraday window; `None` for the whole day.
    pub(crate) timing: Option<&'static str>,
}

#[derive(Default)]
pub(crate) struct Events {
    pub(crate) actions: Vec<Action>,
    /// Sessions without trading.
    pub(crate) closed: Vec<Range<usize>>,
    pub(crate) notices: Vec<Notice>,
}

/// About the number of sessions in a year.
const YEAR: usize = 243;
/// Random suspensions stay inside blocks of this many sessions, so that the last session of a block has none.
const BLOCK: usize = 10;

/// Plans the events of a security: the first four play the special cases, the others are random.
pub(crate) fn plan(seed: u64, security: &Security, sessions: usize) -> Events {
    let mut events = Events::default();
    if sessions < EVENTFUL_SESSIONS || security.life.is_empty() {
        return events;
    }
    match security.number {
        0 => events.actions.push(Action { session: sessions * 2 / 5, cash_permille: 0, bonus: 10 }),
        1 => events.actions.push(Action { session: sessions * 3 / 5, cash_permille: 25, bonus: 0 }),
        2 => {
            let first = sessions / 3;
            let resumed = first + (sessions / 24).max(1);
            events.suspend(first..resumed);
            // The same day again, so that one security has both R and S.
            events.interrupt(resumed, "09:30-10:00");
        }
        3 => {
            events.interrupt(sessions / 2, "09:30-10:00");
            events.interrupt(sessions / 2, "13:00-13:30");
        }
        _ => events.draw(seed, security, sessions),
    }
    events
}

impl Events {
    fn draw(&mut self, seed: u64, security: &Security, sessions: usize) {
        let mut dice = Dice::new(seed, "events", security.number, 0);
        let inside = |session: usize| session > security.life.start && session < security.life.end;
        for year in (0..sessions).step_by(YEAR) {
            let session = year + dice.roll(0..YEAR);
            let cash_permille = dice.roll(5..45);
            let bonus = if dice.once_in(6) { dice.roll(1..=10) } else { 0 };
            if dice.roll(0..5) < 3 && inside(session) {
                self.actions.push(Action { session, cash_permille, bonus });
            }
        }
        for block in (0..sessions).step_by(BLOCK) {
            let first = block + dice.roll(0..5);
            let resumed = first + dice.roll(1..=3);
            if !inside(first) || !inside(resumed) {
                continue;
            }
            match dice.roll(0..1000) {
                0..10 => self.suspend(first..resumed),
                10..13 => self.interrupt(first, "09:30-10:00"),
                _ => {}
            }
        }
    }

    /// Suspends trading on `days`. It resumes in the next session.
    fn suspend(&mut self, days: Range<usize>) {
        self.notices.extend(days.clone().map(|session| Notice { session, kind: "S", timing: None }));
        self.notices.push(Notice { session: days.end, kind: "R", timing: None });
        self.closed.push(days);
    }

    fn interrupt(&mut self, session: usize, window: &'static str) {
        self.notices.push(Notice { session, kind: "S", timing: Some(window) });
    }
}
