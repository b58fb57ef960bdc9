//! The command line in the user's language: clap's help and errors. What the options mean is decided elsewhere.
//!
//! Sentences of the commands are translated before clap lays them out, clap's own words afterwards. Lines are wrapped
//! here, because clap only breaks at spaces.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::builder::StyledStr;
use clap::error::ErrorKind;
use clap::{Arg, Command, CommandFactory, Parser};

use super::columns::folded;
use super::{is_chinese, labelled, local};

/// The maximum width of help, and the width if there is no terminal.
const WIDEST: usize = 100;
const USUAL: usize = 80;

/// Clap's words within lines.
const WORDS: [&str; 6] = ["[default: ", "[env: ", "[possible values: ", "[OPTIONS]", "<COMMAND>", "[COMMAND]"];

/// Parses the command line. If clap ends the program, it has printed why, and the exit code is returned.
pub(in crate::cli) fn parse<C: Parser>() -> Result<C, ExitCode> {
    if !is_chinese() {
        return C::try_parse().map_err(|error| ended(&error, error.print()));
    }
    let mut command = command::<C>().term_width(0);
    let parsed = command.try_get_matches_from_mut(std::env::args_os());
    let parsed = parsed.and_then(|mut matches| C::from_arg_matches_mut(&mut matches));
    parsed.map_err(|error| {
        let error = error.format(&mut command);
        let text = match error.kind() {
            ErrorKind::DisplayVersion => error.to_string(),
            // Errors are not wrapped in English either.
            _ if error.use_stderr() => lines(&error.to_string(), usize::MAX),
            _ => lines(&error.to_string(), terminal()),
        };
        let printed = if error.use_stderr() { write!(io::stderr(), "{text}") } else { write!(io::stdout(), "{text}") };
        ended(&error, printed)
    })
}

/// The exit code after clap's text was printed. If nobody reads an error, there is nowhere to report that.
fn ended(error: &clap::Error, printed: io::Result<()>) -> ExitCode {
    let printed = printed.and_then(|()| io::stdout().flush());
    match printed {
        Err(failed) if !error.use_stderr() && failed.kind() != io::ErrorKind::BrokenPipe => {
            let text = local(&format!("cannot write to stdout: {failed}"));
            let _ = writeln!(io::stderr(), "{}", labelled(&local("error"), &text));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1)),
    }
}

/// The whole command line, translated.
pub(in crate::cli) fn command<C: CommandFactory>() -> Command {
    if is_chinese() { translated(C::command()) } else { C::command() }
}

fn translated(mut command: Command) -> Command {
    let of = |text: Option<&StyledStr>| text.map(|text| local(&text.to_string()));
    if let Some(about) = of(command.get_about()) {
        command = command.about(about);
    }
    if let Some(about) = of(command.get_long_about()) {
        command = command.long_about(about);
    }
    command.mut_args(argument).mut_subcommands(translated)
}

fn argument(mut argument: Arg) -> Arg {
    let of = |text: Option<&StyledStr>| text.map(|text| local(&text.to_string()));
    if let Some(help) = of(argument.get_help()) {
        argument = argument.help(help);
    }
    if let Some(help) = of(argument.get_long_help()) {
        argument = argument.long_help(help);
    }
    argument
}

fn terminal() -> usize {
    terminal_size::terminal_size().map_or(USUAL, |(width, _)| usize::from(width.0).clamp(40, WIDEST))
}

/// Translates what clap has laid out, line by line.
fn lines(text: &str, columns: usize) -> String {
    let mut out: String = text.lines().map(|text| line(text, columns) + "\n").collect();
    out.truncate(out.trim_end().len());
    out + "\n"
}

/// Translates a line: an option followed by a sentence about it, or a sentence alone.
fn line(text: &str, columns: usize) -> String {
    let text = text.trim_end();
    let inner = text.len() - text.trim_start().len();
    let gap = text[inner..].find("  ").map(|at| inner + at);
    let (mark, sentence) = match gap {
        Some(at) => text.split_at(at + text[at..].len() - text[at..].trim_start().len()),
        None => text.split_at(inner),
    };
    // `- cron:    Lines for`: a value and its meaning.
    let value = sentence.strip_prefix("- ").and_then(|rest| rest.find(": ")).filter(|_| gap.is_none());
    let (mark, sentence) = text.split_at(value.map_or(mark.len(), |at| mark.len() + at + 4));
    let mut sentence = local(sentence);
    for word in WORDS {
        sentence = sentence.replace(word, &local(word));
    }
    folded(&sentence, mark, columns)
}

/// The paragraphs of help without a translation.
#[cfg(test)]
pub(in crate::cli) fn lacking(command: &Command) -> Vec<String> {
    let arguments: Vec<&Arg> = command.get_arguments().collect();
    let helps = arguments.iter().flat_map(|argument| [argument.get_help(), argument.get_long_help()]);
    let values = arguments.iter().flat_map(|argument| argument.get_possible_values());
    let values = values.filter_map(|value| Some(value.get_help()?.to_string()));
    let texts = [command.get_about(), command.get_long_about()].into_iter().chain(helps).flatten();
    let paragraphs = texts.map(ToString::to_string).chain(values).flat_map(|text| {
        let paragraphs: Vec<String> = text.split("\n\n").map(str::to_owned).collect();
        paragraphs
    });
    let own = paragraphs.filter(|text| text.is_ascii() && super::CHINESE.text(text).is_ascii() && text.contains(' '));
    own.chain(command.get_subcommands().flat_map(lacking)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_below_the_ones_above_it() {
        assert_eq!(
            line("  -q, --quiet  只记录错误，不记录别的", 26),
            "  -q, --quiet  只记录错\n               误，不记录\n               别的"
        );
        assert_eq!(line("          只记录错误", 80), "          只记录错误");
    }
}
