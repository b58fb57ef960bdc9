//! TOML examples in the documentation load. SQL and Python are run in `tests/interop`.

use pitlake::normalise::prove;
use pitlake::spec::{Catalog, Jobs, SpecFile};

use super::markdown::{Block, Document, has_extension};

/// The blocks of `docs/interfaces.md` that are whole files, named in the first line.
fn own_files() -> Vec<SpecFile> {
    let file = |block: Block| {
        let name = block.text.lines().next()?.strip_prefix("# ")?.to_owned();
        let is_file =
            has_extension(&name, "toml") && ["schemas/", "pipelines/"].iter().any(|start| name.starts_with(start));
        is_file.then_some(SpecFile { name, text: block.text })
    };
    Document::read("docs/interfaces.md").blocks().into_iter().filter_map(file).collect()
}

/// The shipped tables and those of the examples, and the shipped jobs.
pub(super) fn catalog() -> (Catalog, Jobs) {
    let jobs = SpecFile { name: "jobs.toml".into(), text: Document::read("jobs.toml").text };
    Catalog::load(&own_files(), Some(&jobs)).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn interfaces_in_the_documents_load_and_their_examples_hold() {
    let files = own_files();
    let (catalog, _) = catalog();
    let pipelines = files.iter().filter_map(|file| file.name.strip_prefix("pipelines/")?.strip_suffix(".toml"));
    let pipelines: Vec<&str> = pipelines.collect();
    assert!(!pipelines.is_empty());
    for name in pipelines {
        assert_eq!(prove(catalog.table(name).unwrap()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn configurations_in_the_documents_load() {
    let blocks = Document::read("docs/configuration.md").blocks();
    let whole = blocks.into_iter().filter(|block| block.language == "toml" && block.text.starts_with("version = 1"));
    let mut count = 0;
    for block in whole {
        count += 1;
        let jobs = SpecFile { name: "docs/configuration.md".into(), text: block.text };
        Catalog::load(&[], Some(&jobs)).unwrap_or_else(|problems| panic!("{problems}"));
    }
    assert!(count > 0);
}
