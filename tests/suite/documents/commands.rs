//! Commands and flags in the documentation exist. What a command does is tested elsewhere.

use std::collections::BTreeSet;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command, CommandFactory as _};
use pitlake::cli::Cli;

use super::examples::catalog;
use super::markdown::Document;

/// Flags of other programs, mentioned on their own.
const OTHERS: [&str; 4] = ["--release", "--scheduler", "--vcores", "--executor-timeout-seconds"];

/// The words of every `pitlake …` command in a text, split as by a shell.
fn commands(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let starts = |line: &str, at: usize| line[..at].chars().last().is_none_or(|before| " \"`".contains(before));
    let mut all = Vec::new();
    for line in text.lines() {
        let found = line.match_indices("pitlake ").filter(|(at, _)| starts(line, *at));
        all.extend(found.map(|(at, _)| words(&line[at..])));
    }
    all
}

/// Stops at a comment, a redirection, the next command or an open quote.
fn words(text: &str) -> Vec<String> {
    let mut text = text.to_owned();
    // An Airflow template stands for a day.
    while let Some((before, rest)) = text.clone().split_once("{{") {
        let (_, after) = rest.split_once("}}").expect("a template ends");
        text = format!("{before}2024-01-02{after}");
    }
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '"' => match rest[1..].split_once('"') {
                Some(quoted) => quoted,
                None => break,
            },
            '#' | '>' | '|' | '&' | ';' => break,
            _ => rest.split_at(rest.find([' ', '"']).unwrap_or(rest.len())),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// Tables and jobs named in a command that do not exist.
fn unknown(matches: &ArgMatches) -> Vec<String> {
    let (catalog, jobs) = catalog();
    let Some((_, arguments)) = matches.subcommand() else { return Vec::new() };
    let given = |id: &str| -> Vec<String> {
        arguments.try_get_many::<String>(id).ok().flatten().into_iter().flatten().cloned().collect()
    };
    let is_table = |name: &String| catalog.table(name).is_some();
    let is_job = |name: &String| jobs.jobs.contains_key(name);
    let tables = ["tables", "table"].into_iter().flat_map(given).filter(|name| !is_table(name));
    let either = given("names").into_iter().filter(|name| !is_table(name) && !is_job(name));
    let jobs = given("jobs").into_iter().filter(|name| !is_job(name));
    // Placeholders are in capitals.
    tables.chain(either).chain(jobs).filter(|name| name.contains(char::is_lowercase)).collect()
}

#[test]
fn every_command_in_a_block_parses() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in Document::written() {
        for words in document.blocks().iter().flat_map(|block| commands(&block.text)) {
            count += 1;
            match Cli::command().try_get_matches_from(&words) {
                Ok(matches) => {
                    let unknown = unknown(&matches);
                    wrong.extend(unknown.iter().map(|name| format!("{}: {words:?}: unknown `{name}`", document.path)));
                }
                Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {}
                Err(error) => wrong.push(format!("{}: {words:?}: {error}", document.path)),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 10, "{count} commands found");
}

fn flags(command: &Command) -> BTreeSet<String> {
    let arguments = command.get_arguments();
    let named = arguments.flat_map(|argument| {
        let long = argument.get_long().map(|long| format!("--{long}"));
        long.into_iter().chain(argument.get_short().map(|short| format!("-{short}")))
    });
    named.chain(["--help".to_owned()]).collect()
}

#[test]
fn every_flag_in_the_text_exists() {
    let cli = Cli::command();
    let global = flags(&cli);
    let below = cli.get_subcommands().flat_map(Command::get_subcommands);
    let all: BTreeSet<String> = cli.get_subcommands().chain(below).flat_map(flags).chain(global.clone()).collect();
    let mut wrong = Vec::new();
    for document in Document::written() {
        // The changelog may mention flags of former versions.
        for span in document.spans().into_iter().filter(|_| document.path != "CHANGELOG.md") {
            let words: Vec<&str> = span.split(' ').filter(|word| *word != "pitlake").collect();
            let Some(first) = words.first() else { continue };
            let known = match cli.find_subcommand(first) {
                // `config init` has flags of its own.
                Some(verb) => {
                    let below = words.get(1).and_then(|word| verb.find_subcommand(word));
                    flags(below.unwrap_or(verb)).union(&global).cloned().collect()
                }
                None if first.starts_with("--") && !OTHERS.contains(first) => all.clone(),
                None => continue,
            };
            let used = words.iter().filter(|word| word.starts_with('-'));
            // Also handles `--format text|json` and `--lake URL`.
            let unknown = used.filter(|flag| !known.contains(flag.split('=').next().unwrap()));
            wrong.extend(unknown.map(|flag| format!("{}: `{span}`: no flag {flag}", document.path)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_command_and_global_flag_is_documented() {
    let cli = Cli::command();
    let text: String = Document::written().iter().map(|document| document.text.as_str()).collect();
    for verb in cli.get_subcommands().map(Command::get_name).filter(|name| *name != "help") {
        assert!(text.contains(&format!("pitlake {verb}")) || text.contains(&format!("`{verb}")), "`{verb}` is nowhere");
    }
    let configuration = Document::read("docs/configuration.md").text;
    for flag in flags(&cli).into_iter().filter(|flag| !["--help", "--version", "-V", "-h"].contains(&flag.as_str())) {
        assert!(configuration.contains(&format!("`{flag}")), "docs/configuration.md does not name {flag}");
    }
}
