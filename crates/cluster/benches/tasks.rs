//! Measures how many tasks per second a scheduler hands out and the overhead of a task, with empty tasks on a running
//! cluster.
//!
//! `cargo bench -p pitlake-cluster -- HOST:PORT [TASKS]`

use std::time::Instant;

use anyhow::{Context as _, Result};
use pitlake::engine::Engine as _;
use pitlake::normalise::RULES;
use pitlake_cluster::ballista::Ballista;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let Some(scheduler) = words.first() else {
        println!("no scheduler: pass HOST:PORT");
        return Ok(());
    };
    let count: usize = words.get(1).map_or(Ok(10_000), |text| text.parse()).context("invalid number of tasks")?;
    let cluster = Ballista::new(scheduler)?;
    let job = format!(r#"{{"lake":"/","rules":{RULES},"calendar":[]}}"#);
    let piece = r#"{"contracts":"","tasks":[],"need":{"bronze":0,"memory":0}}"#.to_owned();
    for count in [1, count] {
        let began = Instant::now();
        let answers = cluster.run(job.clone(), vec![piece.clone(); count]).await?;
        let seconds = began.elapsed().as_secs_f64();
        println!("{} tasks in {seconds:.2} s", answers.len());
    }
    Ok(())
}
