//! The documentation is correct: links lead somewhere, commands parse, names exist, numbers are those of the code.
//!
//! Documents are parsed in `markdown` and checked in `commands`, `examples`, `languages`, `names` and `numbers`; links
//! are checked here. Whether an example returns the right rows is tested in `tests/interop`.

mod commands;
mod examples;
mod languages;
mod markdown;
mod names;
mod numbers;

use markdown::{Document, has_extension, root};

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut wrong = Vec::new();
    for document in Document::all() {
        for (path, anchor) in document.targets() {
            if !root().join(&path).exists() {
                wrong.push(format!("{}: no file `{path}`", document.path));
            } else if !anchor.is_empty() && !Document::read(&path).anchors().contains(&anchor) {
                wrong.push(format!("{}: `{path}` has no heading `#{anchor}`", document.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let mut reached = vec!["README.md".to_owned()];
    let mut next = 0;
    while let Some(path) = reached.get(next).cloned() {
        next += 1;
        for (file, _) in Document::read(&path).targets() {
            if has_extension(&file, "md") && root().join(&file).is_file() && !reached.contains(&file) {
                reached.push(file);
            }
        }
    }
    // Read in place: the folder it explains is empty otherwise.
    let lost = |path: &String| !reached.contains(path) && path != "data/README.md";
    let lost: Vec<String> = Document::all().into_iter().map(|document| document.path).filter(lost).collect();
    assert!(lost.is_empty(), "no link leads to {lost:?}");
}
