//! Names in the documentation exist: tables, files, TOML keys, variables. So do pages that the code refers to.

use std::collections::BTreeSet;
use std::fs;

use pitlake::cli::Cli;
use pitlake::spec::{Catalog, WEBHOOK};

use super::examples::catalog;
use super::markdown::{Document, files, has_extension, root};

/// Every Rust file of the repository.
fn code() -> Vec<(String, String)> {
    let rust = ["src", "crates", "tests/suite", "benches"].into_iter().flat_map(files);
    let rust = rust.filter(|path| has_extension(path, "rs"));
    rust.map(|path| (path.clone(), fs::read_to_string(root().join(&path)).unwrap())).collect()
}

#[test]
fn every_file_that_a_document_names_exists() {
    let folders = ["src/", "crates/", "tests/", "schemas/", "pipelines/", "docs/", ".ci/"];
    let mut wrong = Vec::new();
    let (catalog, _) = catalog();
    for document in Document::written().into_iter().filter(|document| document.path != "CHANGELOG.md") {
        for span in document.spans() {
            let is_path = folders.iter().any(|folder| span.starts_with(folder)) && !span.contains([' ', '*']);
            // Placeholders are in capitals.
            let is_exact = !span.split(['/', '.']).any(|part| part.chars().any(char::is_uppercase));
            // Files in an example are beside the user's own jobs.toml.
            let own = span.strip_prefix("pipelines/").and_then(|name| name.strip_suffix(".toml"));
            let is_own = own.is_some_and(|name| catalog.table(name).is_some());
            if is_path && is_exact && !is_own && !root().join(&span).exists() {
                wrong.push(format!("{}: `{span}`", document.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_picture_of_the_rooms_is_complete() {
    let page = Document::read("docs/architecture.md");
    let picture = page.blocks().into_iter().find(|block| block.text.contains("src/cli ")).expect("the picture");
    let named: BTreeSet<&str> = picture.text.lines().filter_map(|line| line.split(' ').next()).collect();
    let named: BTreeSet<&str> = named.into_iter().filter(|name| name.contains('/')).collect();
    let module = |path: String| {
        let mut parts = path.split('/');
        let (folder, name) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        (name != "lib.rs").then(|| format!("{folder}/{name}"))
    };
    let rooms: BTreeSet<String> = ["src", "crates"].into_iter().flat_map(files).filter_map(module).collect();
    let rooms: BTreeSet<&str> = rooms.iter().map(String::as_str).collect();
    assert_eq!(named, rooms);
}

#[test]
fn every_table_that_a_document_names_exists_and_has_a_theme() {
    let (catalog, _) = catalog();
    let shipped: BTreeSet<String> = catalog.tables().map(|table| table.name.clone()).collect();
    let companions: BTreeSet<String> = catalog.tables().filter_map(|table| table.companion()).collect();
    let folders: BTreeSet<String> = catalog.contracts().map(|contract| contract.kind.clone()).collect();
    let mut wrong = Vec::new();
    for document in Document::written().into_iter().filter(|document| document.path != "CHANGELOG.md") {
        let is_table = |span: &String| span.ends_with("_cn") && !span.contains([' ', '/', '*']);
        for span in document.spans().into_iter().filter(is_table) {
            let is_placeholder = span.chars().any(char::is_uppercase);
            let is_known = [&shipped, &companions, &folders].iter().any(|names| names.contains(&span));
            if !is_placeholder && !is_known {
                wrong.push(format!("{}: no table `{span}`", document.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let format = Document::read("docs/lake-format.md");
    let themes =
        Document { path: format.path, text: format.text.split("## Tables by theme").nth(1).unwrap().to_owned() };
    let mut listed: Vec<String> = themes.rows().iter().flat_map(|row| row[1].split(", ").map(str::to_owned)).collect();
    listed.retain(|name| name.starts_with('`'));
    let mut listed: Vec<String> = listed.iter().map(|name| name.split('`').nth(1).unwrap().to_owned()).collect();
    listed.sort();
    let own = ["hs_const_cn"];
    let all: Vec<String> = shipped.into_iter().filter(|name| !own.contains(&name.as_str())).collect();
    assert_eq!(listed, all);
}

#[test]
fn every_variable_that_a_document_names_is_read() {
    let mut cli = <Cli as clap::CommandFactory>::command();
    let of_commands: String = cli.get_subcommands_mut().map(|one| one.render_long_help().to_string()).collect();
    let help = cli.render_long_help().to_string() + &of_commands;
    let variables = |catalog: &Catalog| -> BTreeSet<String> {
        catalog.vendors().flat_map(|vendor| [vendor.token_env.clone(), vendor.variable("BASE_URL")]).collect()
    };
    let mut known = variables(&catalog().0);
    // The last one is read by another program of the workspace.
    known.extend([WEBHOOK.to_owned(), format!("{WEBHOOK}_SECRET"), "PITLAKE_SCHEDULER".to_owned()]);
    let ends = ["_TOKEN", "_API_KEY", "_BASE_URL"];
    // `NAME_TOKEN` stands for any of them.
    let is_variable = |word: &&str| {
        let name = word.strip_suffix("_FILE").unwrap_or(word);
        word.starts_with("PITLAKE_") || ends.iter().any(|end| name.ends_with(end))
    };
    let mut wrong = Vec::new();
    for document in Document::written().into_iter().filter(|document| document.path != "CHANGELOG.md") {
        let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        for word in document.text.split(|c| !is_name(c)).filter(is_variable) {
            let name = word.strip_suffix("_FILE").unwrap_or(word);
            // Variables for object stores are defined by their vendors.
            if !["NAME_", "AWS_", "GOOGLE_", "AZURE_"].iter().any(|start| name.starts_with(start))
                && !known.contains(name)
                && !["=", "]"].iter().any(|end| help.contains(&format!("[env: {word}{end}")))
            {
                wrong.push(format!("{}: {word}", document.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let configuration = Document::read("docs/configuration.md").text;
    for name in variables(&Catalog::load(&[], None).unwrap().0) {
        assert!(configuration.contains(&name), "docs/configuration.md does not name {name}");
    }
}

/// The keys known to the TOML readers in these folders.
fn keys(folders: &[&str]) -> BTreeSet<String> {
    let readers =
        ["text", "texts", "number", "flag", "date", "strings", "entries", "table", "tables", "named_tables", "choice"];
    let mut keys = BTreeSet::new();
    for path in folders.iter().flat_map(|folder| files(folder)) {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let body = text.split("#[cfg(test)]").next().unwrap();
        let mut parts = body.split("(\"").peekable();
        while let Some(before) = parts.next() {
            let Some(after) = parts.peek() else { break };
            if readers.iter().any(|reader| before.ends_with(&format!(".{reader}"))) {
                keys.extend(after.split('"').next().map(str::to_owned));
            }
        }
    }
    keys
}

#[test]
fn every_key_that_is_read_is_documented() {
    let jobs = fs::read_to_string(root().join("src/spec/job.rs")).unwrap();
    let pages = ["docs/interfaces.md", "docs/configuration.md"].map(|path| Document::read(path).text).concat();
    let is_known = |key: &str| {
        let alone = ["`", "[", "{ ", ", ", "."]
            .iter()
            .flat_map(|start| ["`", "]", ".", " =", "."].map(|end| format!("{start}{key}{end}")));
        let begins = format!("\n{key} =");
        alone.into_iter().any(|form| pages.contains(&form)) || pages.contains(&begins)
    };
    let keys = keys(&["crates/contract/src/contract", "src/spec"]);
    assert!(keys.len() > 60 && jobs.contains("lookback"), "{keys:?}");
    let missing: Vec<&String> = keys.iter().filter(|key| !is_known(key)).collect();
    assert!(missing.is_empty(), "in no document: {missing:?}");
}

#[test]
fn every_page_that_the_code_names_exists() {
    let mut wrong = Vec::new();
    for (path, text) in code() {
        for (number, line) in (1..).zip(text.lines()) {
            let names = line.match_indices("docs/").map(|(at, _)| {
                let rest = &line[at..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && !"/.-_".contains(c)).unwrap_or(rest.len());
                rest[..end].trim_end_matches('.')
            });
            let gone = |name: &&str| has_extension(name, "md") && !root().join(name).exists();
            wrong.extend(names.filter(gone).map(|name| format!("{path}:{number}: no page `{name}`")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
