//! Completes commands that a text mentions in backticks, so that they find the same lake and configuration when pasted.
//! Which commands are mentioned is decided elsewhere.

/// The start of a command.
const PROGRAM: &str = "pitlake ";

/// Commands that need neither a lake nor a configuration.
const ALONE: [&str; 4] = ["completions", "demo", "man", "sandbox"];

/// Adds options to each command in a text that has none of them yet.
pub(super) fn with_options(text: &str, options: &str) -> String {
    if options.is_empty() || !text.contains(PROGRAM) {
        return text.to_owned();
    }
    let part = |(place, part): (usize, &str)| {
        let is_named = place % 2 == 1 && part.starts_with(PROGRAM);
        let command = part.split_whitespace().nth(1).unwrap_or_default();
        if !is_named || part.ends_with(options) || ALONE.contains(&command) {
            return part.to_owned();
        }
        format!("{part}{options}")
    };
    text.split('`').enumerate().map(part).collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_named_with_its_lake_once() {
        let options = " --lake '/srv/my lake'";
        let text = "`adj_factor` is late: run `pitlake run market`, or `pitlake sandbox`; pitlake 0.1 wrote `data`";
        let named = with_options(text, options);
        assert_eq!(named, text.replace("run market", "run market --lake '/srv/my lake'"));
        assert_eq!(with_options(&named, options), named);
        assert_eq!(with_options(text, ""), text);
    }
}
