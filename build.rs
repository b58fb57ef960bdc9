//! Lists the files of `pipelines/`, which are compiled into the binary.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    println!("cargo:rerun-if-changed=pipelines");
    let entries = fs::read_dir(root.join("pipelines")).expect("the repository has it").flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root).expect("inside the root").to_string_lossy().replace('\\', "/");
        // Relative to the source being compiled, because clones may share a target folder.
        let path = format!("/{name}");
        writeln!(code, "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),")
            .expect("text grows");
    }
    code.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("shipped.rs");
    fs::write(out, code).expect("the build folder is writable");
}
