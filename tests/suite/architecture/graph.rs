//! The files of a crate, and which of them import which: paths are followed through re-exports to the file that defines
//! the item.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::source::{Import, Source};

/// A module by its path: `["spec", "table"]`; empty for the crate's root.
pub(super) type Module = Vec<String>;

/// A file of the crate.
pub(super) struct File {
    pub(super) module: Module,
    /// Relative to the repository.
    pub(super) path: PathBuf,
    pub(super) source: Source,
}

impl File {
    /// Its name in messages and lists.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The top-level module it belongs to; `main` and `lib` for the roots.
    pub(super) fn top(&self) -> &str {
        self.module.first().map_or(if self.path.ends_with("main.rs") { "main" } else { "lib" }, String::as_str)
    }

    /// Every path it uses, including imports, with the first name replaced by what it was imported as.
    pub(super) fn uses(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        let imports = self.source.imports.iter().map(|import| import.path.clone());
        imports.chain(self.source.paths.iter().map(|path| self.expand(path)))
    }

    fn expand(&self, path: &[String]) -> Vec<String> {
        match self.import(&path[0]) {
            // `use a::a;` would loop for ever.
            Some(import) if import.path[0] != path[0] => [&import.path[..], &path[1..]].concat(),
            _ => path.to_vec(),
        }
    }

    fn import(&self, name: &str) -> Option<&Import> {
        self.source.imports.iter().find(|import| import.name.as_deref() == Some(name))
    }
}

/// The files below a source folder, except for tests.
pub(super) struct Crate {
    files: Vec<File>,
    /// The index of each module in `files`.
    modules: BTreeMap<Module, usize>,
}

impl Crate {
    /// Reads `src`, `crates/contract/src` or `crates/sandbox/src`.
    pub(super) fn read(folder: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for path in rust_files(&root.join(folder)) {
            let inner = path.strip_prefix(root.join(folder)).unwrap().with_extension("");
            let mut module: Module = inner.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if module.contains(&"tests".to_owned()) {
                continue;
            }
            if module.last().is_some_and(|last| last == "mod") || module.len() == 1 && is_root(&module[0]) {
                module.pop();
            }
            let source = Source::parse(&fs::read_to_string(&path).unwrap());
            files.push(File { module, path: path.strip_prefix(root).unwrap().to_owned(), source });
        }
        // `main` only sees what it names of `lib`, and nobody sees `main`.
        let modules = files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.top() != "main")
            .map(|(at, file)| (file.module.clone(), at));
        Self { modules: modules.collect(), files }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// A path from the root, without `crate`. `None` if it leads to another crate or stays in its own file.
    pub(super) fn absolute(file: &File, path: &[String]) -> Option<Vec<String>> {
        let mut base = file.module.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => base.clear(),
            "pitlake" if file.top() == "main" => base.clear(),
            "self" => {}
            "super" => {
                while rest[0] == "super" && rest.len() > 1 {
                    base.pop();
                    rest = &rest[1..];
                }
                return Some([&base[..], rest].concat());
            }
            child if file.source.modules.contains(child) => return Some([&base[..], path].concat()),
            _ => return None,
        }
        rest = &rest[1..];
        Some([&base[..], rest].concat())
    }

    /// The files that a file uses, with the names it uses from each. Re-exporting what is below a module does not count
    /// as using it.
    fn used(&self, file: &File) -> BTreeMap<usize, BTreeSet<String>> {
        let mut found = Vec::new();
        for import in &file.source.imports {
            let Some(path) = Self::absolute(file, &import.path) else { continue };
            let is_below = path.len() > file.module.len() && path.starts_with(&file.module);
            if !(import.is_public && is_below) {
                found.push((self.defined(&path, import.name.is_none(), 0), path));
            }
        }
        for path in &file.source.paths {
            if let Some(path) = Self::absolute(file, &file.expand(path)) {
                found.push((self.defined(&path, false, 0), path));
            }
        }
        let mut used: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (at, path) in found {
            if let Some(at) = at.filter(|at| self.files[*at].module != file.module) {
                used.entry(at).or_default().insert(path.join("::"));
            }
        }
        used
    }

    /// Pairs of files that use each other, with the names.
    pub(super) fn tangles(&self) -> BTreeMap<(String, String), String> {
        let used: Vec<_> = self.files.iter().map(|file| self.used(file)).collect();
        let mut tangles = BTreeMap::new();
        for (a, file) in self.files.iter().enumerate() {
            for (b, names) in used[a].iter().filter(|(b, _)| a < **b) {
                if let Some(back) = used[*b].get(&a) {
                    let (one, other) = (file.name(), self.files[*b].name());
                    let why = format!("{one} uses {names:?}, {other} uses {back:?}");
                    tangles.insert((one, other), why);
                }
            }
        }
        tangles
    }

    /// The file that defines the item at a path from the root.
    fn defined(&self, path: &[String], is_glob: bool, depth: usize) -> Option<usize> {
        let at = (0..=path.len()).rev().find_map(|end| Some((*self.modules.get(&path[..end])?, end)));
        let (index, end) = at?;
        let Some(item) = path.get(end) else { return is_glob.then_some(index) };
        let file = &self.files[index];
        if file.source.items.contains(item) || depth > 8 {
            return Some(index);
        }
        let named = file.import(item).map(|import| [&import.path[..], &path[end + 1..]].concat());
        if let Some(path) = named {
            // An item of another crate that is re-exported here is not ours.
            return self.defined(&Self::absolute(file, &path)?, false, depth + 1);
        }
        let globs = file.source.imports.iter().filter(|import| import.name.is_none());
        let mut from_glob = globs.filter_map(|import| {
            let inner = [Self::absolute(file, &import.path)?, path[end..].to_vec()].concat();
            let found = self.defined(&inner, false, depth + 1)?;
            self.files[found].source.items.contains(item).then_some(found)
        });
        Some(from_glob.next().unwrap_or(index))
    }
}

fn is_root(name: &str) -> bool {
    matches!(name, "lib" | "main")
}

/// Every Rust file below a folder, sorted.
pub(super) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
