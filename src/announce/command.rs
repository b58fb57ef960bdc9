//! Runs a command to announce a run. The command reads the text from stdin. Which command is not decided here.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// How long the command may take.
const LONGEST: Duration = Duration::from_secs(30);

/// How often it is polled.
const LOOKS: Duration = Duration::from_millis(20);

/// Runs a command to its end.
pub(super) async fn run(command: &[String], text: &str) -> Result<()> {
    let [program, arguments @ ..] = command else { return Ok(()) };
    let started = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut child = started.context("cannot start it")?;
    if let Some(mut stdin) = child.stdin.take() {
        let text = format!("{text}\n");
        // The command may exit without reading.
        tokio::task::spawn_blocking(move || drop(stdin.write_all(text.as_bytes())));
    }
    let Ok(ended) = tokio::time::timeout(LONGEST, ended(&mut child)).await else {
        child.kill().context("it took longer than 30 s, and could not be killed")?;
        child.wait()?;
        bail!("it took longer than 30 s, and was killed");
    };
    ended
}

async fn ended(child: &mut Child) -> Result<()> {
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("it failed with {status}"),
            None => tokio::time::sleep(LOOKS).await,
        }
    }
}
