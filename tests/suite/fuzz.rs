//! Arbitrary bytes wherever bytes come from outside: replies, bronze files, rows, TOML, captures and numbers. Tries the
//! corpus and a few mutations of it; `.ci/full fuzz` searches further.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::dice::Dice;
use crate::support::number;

/// The number of tries per target, besides its corpus.
const TRIES: usize = 300;

/// Pieces that are meaningful to one of them.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"\\",
    b"\\u",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"null",
    b"-0",
    b"1e308",
    b"1e-400",
    b"99999999999999999999",
    b"0.30000000000000004",
    b"20240230",
    "交易".as_bytes(),
    b"[[a]]",
    b"\x1f\x8b",
];

/// A file of the corpus with a few changes.
fn changed(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut data = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(data.len() + 1);
        match dice.below(6) {
            0 => data.truncate(at),
            1 if at < data.len() => data[at] = u8::try_from(dice.below(256)).unwrap(),
            2 => drop(data.drain(at..data.len().min(at + 1 + dice.below(8)))),
            3 => drop(data.splice(at..at, PIECES[dice.below(PIECES.len())].iter().copied())),
            4 => {
                let twice = data[at..data.len().min(at + 1 + dice.below(40))].to_vec();
                drop(data.splice(at..at, twice));
            }
            _ => {
                let other = &corpus[dice.below(corpus.len())];
                data.truncate(at);
                data.extend_from_slice(&other[dice.below(other.len() + 1)..]);
            }
        }
    }
    data
}

#[test]
fn no_bytes_break_a_promise() {
    for (name, _) in targets::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let corpus: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
        assert!(corpus.len() > 2, "{}", folder.display());
        let tried = |data: &[u8]| catch_unwind(AssertUnwindSafe(|| targets::run(name, data))).is_ok();
        for (path, data) in paths.iter().zip(&corpus) {
            assert!(tried(data), "{}", path.display());
        }
        let mut dice = Dice::of(name);
        for _ in 0..number("PITLAKE_TEST_FUZZ", TRIES) {
            let data = changed(&corpus, &mut dice);
            if !tried(&data) {
                let kept = std::env::temp_dir().join(format!("pitlake-fuzz-{name}"));
                fs::write(&kept, &data).unwrap();
                panic!("{name}: {:?}; kept in {}", String::from_utf8_lossy(&data), kept.display());
            }
        }
    }
}
