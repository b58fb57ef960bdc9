//! What happens to a security besides trading: dividends, bonus shares and suspensions, planned ahead.
//!
//! Amounts that depend on a price are left to the walk.

use super::{Dice, EVENTFUL_SESSIONS, Security};
use std::ops::Range;

/// A distribution; its session is the ex day.
#[derive(Clone, Copy)]
pub(crate) struct Action {
    pub(crate) session: usize,
    /// Cash in thousandths of the last close.
    pub(crate) cash_permille: i64,
    /// New shares for ten old ones.
    pub(crate) bonus: i64,
}

/// One row of `suspend_d`.
#[derive(Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) session: usize,
    /// `S` suspended, `R` resumed.
    pub(crate) kind: &'static str,
    /// Intraday window; none for the whole day.
    pub(crate) timing: Option<&'static str>,
}

#[derive(Default)]
pub(crate) struct Events {
    pub(crate) actions: Vec<Action>,
    /// Sessions without trading.
    pub(crate) closed: Vec<Range<usize>>,
    pub(crate) notices: Vec<Notice>,
}

/// Sessions a year, about.
const YEAR: usize = 243;
/// Random suspensions live inside blocks of sessions, so that the last session of a block has none.
const BLOCK: usize = 10;

/// Plans the events of one security: the first four play the special cases, the others draw.
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
            // The same day once more, so that one security has both R and S.
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

    /// No trading on `days`, trading again on the session after.
    fn suspend(&mut self, days: Range<usize>) {
        self.notices.extend(days.clone().map(|session| Notice { session, kind: "S", timing: None }));
        self.notices.push(Notice { session: days.end, kind: "R", timing: None });
        self.closed.push(days);
    }

    fn interrupt(&mut self, session: usize, window: &'static str) {
        self.notices.push(Notice { session, kind: "S", timing: Some(window) });
    }
}
