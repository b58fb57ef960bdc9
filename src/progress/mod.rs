//! Progress of long work: redrawn lines on a terminal, otherwise one log line per minute. It is never written to
//! stdout, and never the only place where a fact is shown.
//!
//! `task` is a piece of work, `meter` counts its calls and estimates the remaining time, `text` formats both.

mod meter;
mod task;
mod text;

use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub use meter::{Meter, Wait, Waiting};
pub use task::Calls;
use task::{Ahead, Effort, Task, View};
use text::Words;

/// How often the lines on a terminal are redrawn.
const DRAWN_EVERY: Duration = Duration::from_millis(250);

/// How often a log line is written.
const LOGGED_EVERY: Duration = Duration::from_mins(1);

/// Terminal size if unknown.
const USUAL: (usize, usize) = (80, 24);

/// Where progress is shown, if anywhere. Clones share it.
#[derive(Debug, Clone)]
pub struct Progress {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    place: Place,
    words: Words,
    tasks: Mutex<Vec<Arc<Task>>>,
    /// What follows the current tasks, if known.
    ahead: Mutex<Option<Ahead>>,
    /// The drawing thread, started with the first task.
    drawing: OnceLock<()>,
}

#[derive(Debug)]
enum Place {
    Nowhere,
    Terminal(ProgressBar),
    Log,
}

impl Progress {
    /// Shows lines on stderr if it is a terminal, otherwise logs.
    #[must_use]
    pub fn on_stderr(words: Words) -> Self {
        if !io::stderr().is_terminal() {
            return Self::in_log();
        }
        let lines = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            lines.set_style(style);
        }
        Self::at(Place::Terminal(lines), words)
    }

    /// Writes a log line per minute.
    #[must_use]
    pub fn in_log() -> Self {
        Self::at(Place::Log, str::to_owned)
    }

    /// Shows nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self::at(Place::Nowhere, str::to_owned)
    }

    fn at(place: Place, words: Words) -> Self {
        Self {
            shared: Arc::new(Shared {
                place,
                words,
                tasks: Mutex::default(),
                ahead: Mutex::default(),
                drawing: OnceLock::new(),
            }),
        }
    }

    /// Work of `steps` steps with unknown durations. It disappears when dropped.
    #[must_use]
    pub fn steps(&self, label: &str, unit: &'static str, steps: usize) -> Bar {
        self.begin(label, unit, steps, Effort::Unknown)
    }

    /// Work whose steps have weights that add up to `all`.
    #[must_use]
    pub fn weighed(&self, label: &str, unit: &'static str, steps: usize, all: u64) -> Bar {
        self.begin(label, unit, steps, Effort::Weight { all, done: AtomicU64::new(0) })
    }

    /// Work that is made of calls.
    #[must_use]
    pub fn calls(&self, label: &str, unit: &'static str, steps: usize, calls: Calls) -> Bar {
        self.begin(label, unit, steps, Effort::Calls(calls))
    }

    fn begin(&self, label: &str, unit: &'static str, steps: usize, effort: Effort) -> Bar {
        let task = Task {
            label: label.to_owned(),
            unit,
            steps,
            done: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            effort,
            begun: Instant::now(),
        };
        let task = Arc::new(task);
        if !matches!(self.shared.place, Place::Nowhere) {
            self.shared.tasks().push(Arc::clone(&task));
            self.shared.drawing.get_or_init(|| draw_on(Arc::downgrade(&self.shared)));
        }
        Bar { task, shared: Arc::clone(&self.shared) }
    }

    /// Whether it is shown anywhere.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !matches!(self.shared.place, Place::Nowhere)
    }

    /// Announces what follows the current calls: more calls that take `fetching`, then possibly building.
    pub fn ahead(&self, fetching: Duration, building: bool) {
        self.shared.expect(Some(Ahead { fetching, building }));
    }

    /// All calls are done.
    pub fn fetched(&self) {
        self.shared.expect(None);
    }

    /// Logs the current state at once, if it will take more than a minute and progress is logged.
    pub fn announce(&self) {
        let (views, ahead) = (self.shared.views(), self.shared.ahead());
        if matches!(self.shared.place, Place::Log) && text::to_go(&views, ahead) > Some(LOGGED_EVERY) {
            log(&views, ahead);
        }
    }

    /// A log writer that does not break the progress lines.
    #[must_use]
    pub fn log_writer(&self) -> LogWriter {
        LogWriter { shared: Arc::clone(&self.shared) }
    }
}

impl Shared {
    fn tasks(&self) -> MutexGuard<'_, Vec<Arc<Task>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, ahead: Option<Ahead>) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
    }

    fn ahead(&self) -> Option<Ahead> {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn views(&self) -> Vec<View> {
        let now = Instant::now();
        self.tasks().iter().map(|task| task.view(now)).collect()
    }

    fn draw(&self) {
        let Place::Terminal(lines) = &self.place else { return };
        let views = self.views();
        if views.is_empty() {
            lines.finish_and_clear();
            return;
        }
        if lines.is_finished() {
            lines.reset();
        }
        let size = terminal_size::terminal_size_of(io::stderr());
        let size = size.map_or(USUAL, |(width, height)| (usize::from(width.0), usize::from(height.0)));
        lines.set_message(text::lines(&views, self.ahead(), size, self.words).join("\n"));
    }
}

/// Draws on a separate thread, until the progress is dropped, so that lines move whatever the other threads wait for.
fn draw_on(shared: Weak<Shared>) {
    thread::spawn(move || {
        let mut logged = Instant::now();
        loop {
            thread::sleep(DRAWN_EVERY);
            let Some(shared) = shared.upgrade() else { return };
            match shared.place {
                Place::Terminal(_) => shared.draw(),
                Place::Log if logged.elapsed() >= LOGGED_EVERY => {
                    logged = Instant::now();
                    log(&shared.views(), shared.ahead());
                }
                _ => {}
            }
        }
    });
}

fn log(views: &[View], ahead: Option<Ahead>) {
    let Some(message) = text::sentence(views, ahead) else { return };
    let sum = |of: fn(&View) -> usize| views.iter().map(of).sum::<usize>();
    let (done, steps, failed) = (sum(|view| view.done), sum(|view| view.steps), sum(|view| view.failed));
    let calls = sum(|view| view.rate.map_or(0, |(calls, _)| calls));
    let quota = views.iter().filter_map(|view| view.quota).min();
    let seconds = text::to_go(views, ahead).map(|left| left.as_secs());
    tracing::info!(
        done,
        steps,
        failed,
        calls_last_minute = calls,
        quota_left = quota,
        seconds_to_go = seconds,
        "{message}"
    );
}

/// The progress of one piece of long work.
#[derive(Debug)]
pub struct Bar {
    task: Arc<Task>,
    shared: Arc<Shared>,
}

impl Bar {
    /// Counts one step as done.
    pub fn advance(&self) {
        self.task.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one step of some weight as done.
    pub fn advance_by(&self, weight: u64) {
        if let Effort::Weight { done, .. } = &self.task.effort {
            done.fetch_add(weight, Ordering::Relaxed);
        }
        self.advance();
    }

    /// Counts one step as done and failed.
    pub fn fail(&self) {
        self.task.failed.fetch_add(1, Ordering::Relaxed);
        self.advance();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.shared.tasks().retain(|task| !Arc::ptr_eq(task, &self.task));
        self.shared.draw();
    }
}

/// Writes to stderr without breaking the progress lines.
#[derive(Debug, Clone)]
pub struct LogWriter {
    shared: Arc<Shared>,
}

impl Write for LogWriter {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        match &self.shared.place {
            Place::Terminal(lines) => lines.suspend(|| io::stderr().write(text)),
            _ => io::stderr().write(text),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
