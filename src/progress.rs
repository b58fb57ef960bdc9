//! Progress bars on a terminal, nothing elsewhere. Never on stdout, and never the only place where a fact is shown.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where bars are drawn, if anywhere.
#[derive(Debug, Clone)]
pub struct Progress {
    bars: MultiProgress,
}

impl Progress {
    /// Bars on stderr if it is a terminal.
    #[must_use]
    pub fn on_terminal() -> Self {
        Self { bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()) }
    }

    /// No bars.
    #[must_use]
    pub fn silent() -> Self {
        Self { bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()) }
    }

    /// A bar of `len` steps; it disappears when dropped.
    #[must_use]
    pub fn bar(&self, label: &str, len: usize) -> Bar {
        let bar = self.bars.add(ProgressBar::new(len as u64));
        if let Ok(style) = ProgressStyle::with_template("{prefix:28} {bar:32} {pos}/{len}  {elapsed} (left {eta})") {
            bar.set_style(style);
        }
        bar.set_prefix(label.to_owned());
        bar.enable_steady_tick(Duration::from_millis(500));
        Bar { bar }
    }

    /// A writer for logs that leaves the bars whole.
    #[must_use]
    pub fn log_writer(&self) -> LogWriter {
        LogWriter { bars: self.bars.clone() }
    }
}

/// The progress of one piece of long work.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// Counts one step as done.
    pub fn advance(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Writes to stderr, between the bars.
#[derive(Debug, Clone)]
pub struct LogWriter {
    bars: MultiProgress,
}

impl Write for LogWriter {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.bars.suspend(|| io::stderr().write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
