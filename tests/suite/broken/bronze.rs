//! Broken answers and broken files of other programs: their bytes, headers, lines and folders.

use std::fs;
use std::path::PathBuf;

use super::{COMMANDS, Case, Lake, PLAIN, TABLES, all, calm, parts, printed, rows, write};

/// Rewrites the text of an answer, keeping its header.
fn text(lake: &Lake, change: impl Fn(String) -> Vec<u8>) -> PathBuf {
    let path = lake.bars();
    let (header, text) = parts(&path);
    write(&path, &header, &change(text));
    path
}

/// Rewrites the provenance of an answer, with a new header checksum.
fn header(lake: &Lake, change: impl Fn(String) -> String) -> PathBuf {
    let path = lake.bars();
    let (header, text) = parts(&path);
    let json = String::from_utf8(header[16..header.len() - 8].to_vec()).unwrap();
    let json = change(json);
    let size = |len: usize| u16::try_from(len).unwrap().to_le_bytes();
    let mut new = header[..10].to_vec();
    new.extend(size(json.len() + 12));
    new.extend(b"AL");
    new.extend(size(json.len()));
    new.extend(json.as_bytes());
    new.extend(b"AC");
    new.extend(size(4));
    let mut sum = flate2::Crc::new();
    sum.update(&new);
    new.extend(sum.sum().to_le_bytes());
    write(&path, &new, text.as_bytes());
    path
}

/// Rewrites the bytes of an answer.
fn bytes(lake: &Lake, change: impl Fn(Vec<u8>) -> Vec<u8>) -> PathBuf {
    let path = lake.bars();
    let body = fs::read(&path).unwrap();
    fs::write(&path, change(body)).unwrap();
    path
}

/// Adds another program's file to a day.
fn foreign(lake: &Lake, day: &str, text: &[u8]) -> PathBuf {
    let path = lake.path.join(format!("bronze/tushare/stock_daily_cn/date={day}/mine.jsonl.gz"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write(&path, &PLAIN, text);
    path
}

const ROW: &str = r#"{"ts_code":"688001.SH","trade_date":"20230105","close":10.0,"vol":123,"amount":123.0}"#;

/// Only `verify` and builds read bodies, so only they can report anything.
const BODY: [i32; 6] = [0, 0, 0, 3, 3, 3];
/// As long as before, so that no partition is stale; or outside the requested days.
const AS_LONG: [i32; 6] = [0, 0, 0, 3, 3, 0];
/// Does not begin like one of our files, which `status` checks.
const START: [i32; 6] = [3, 0, 0, 3, 3, 3];
const WHOLE: [i32; 6] = [0; 6];

#[test]
fn rows_that_are_not_those_of_the_header_are_not_built() {
    let cases = [
        Case {
            what: "half of its rows",
            breaks: |lake| {
                text(lake, |text| text.lines().step_by(2).flat_map(|line| [line, "\n"]).collect::<String>().into())
            },
            exits: BODY,
            says: "rows",
        },
        Case { what: "no rows", breaks: |lake| text(lake, |_| Vec::new()), exits: BODY, says: "rows" },
        Case {
            what: "a row twice",
            breaks: |lake| text(lake, |text| format!("{}\n{text}", text.lines().next().unwrap()).into()),
            exits: BODY,
            says: "rows",
        },
        Case {
            what: "another value",
            breaks: |lake| text(lake, |text| text.replacen("\"close\":", "\"close\":1", 1).into()),
            exits: BODY,
            says: "rows",
        },
        Case {
            what: "a byte order mark",
            breaks: |lake| text(lake, |text| format!("\u{feff}{text}").into()),
            exits: BODY,
            says: "rows",
        },
        Case {
            what: "a NUL",
            breaks: |lake| text(lake, |text| text.replacen(':', ":\0", 1).into()),
            exits: BODY,
            says: "rows",
        },
        Case {
            what: "bytes that are no UTF-8",
            breaks: |lake| text(lake, |text| [&b"\xff\xfe"[..], text.as_bytes()].concat()),
            exits: BODY,
            says: "rows",
        },
        Case {
            what: "its rows in another order",
            breaks: |lake| {
                text(lake, |text| {
                    let mut lines: Vec<&str> = text.lines().collect();
                    lines.reverse();
                    (lines.join("\n") + "\n").into()
                })
            },
            exits: WHOLE,
            says: "",
        },
        Case {
            what: "the answer for another day of the year",
            breaks: |lake| {
                let other = fs::read_dir(lake.path.join("bronze/tushare/stock_daily_cn/date=2023-01-04")).unwrap();
                fs::copy(other.last().unwrap().unwrap().path(), lake.bars()).unwrap();
                lake.bars()
            },
            exits: [0, 0, 0, 0, 3, 3],
            says: "",
        },
        Case {
            what: "an answer in the folder of another year",
            breaks: |lake| {
                let from = lake.bars();
                let to =
                    lake.path.join("bronze/tushare/stock_daily_cn/date=2021-01-05").join(from.file_name().unwrap());
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(from, &to).unwrap();
                to
            },
            exits: [0, 0, 0, 0, 3, 0],
            says: "in the folder of 2021-01-05",
        },
    ];
    all(&cases);
}

#[test]
fn bytes_that_are_not_those_of_an_answer_are_not_built() {
    let cases = [
        Case { what: "nothing", breaks: |lake| bytes(lake, |_| Vec::new()), exits: START, says: "empty" },
        Case {
            what: "half of its bytes",
            breaks: |lake| bytes(lake, |body| body[..body.len() / 2].to_vec()),
            exits: BODY,
            says: "truncated",
        },
        Case {
            what: "all but the last byte",
            breaks: |lake| bytes(lake, |body| body[..body.len() - 1].to_vec()),
            exits: BODY,
            says: "truncated",
        },
        Case {
            what: "zeros behind its end",
            breaks: |lake| bytes(lake, |body| [body, vec![0; 512]].concat()),
            exits: WHOLE,
            says: "",
        },
        Case {
            what: "other bytes behind its end",
            breaks: |lake| bytes(lake, |body| [body, b"garbage".to_vec()].concat()),
            exits: BODY,
            says: "damaged",
        },
        Case {
            what: "text that is not packed",
            breaks: |lake| bytes(lake, |_| ROW.as_bytes().to_vec()),
            exits: START,
            says: "gzip",
        },
        Case {
            what: "a checksum of other rows",
            breaks: |lake| {
                bytes(lake, |mut body| {
                    let place = body.len() - 6;
                    body[place] ^= 1;
                    body
                })
            },
            exits: AS_LONG,
            says: "damaged",
        },
        Case {
            what: "a flipped bit of the header",
            breaks: |lake| {
                bytes(lake, |mut body| {
                    body[40] ^= 1;
                    body
                })
            },
            exits: AS_LONG,
            says: "checksum",
        },
        Case {
            what: "line breaks without end",
            breaks: |lake| text(lake, |_| vec![b'\n'; 200 << 20]),
            exits: BODY,
            says: "MiB, far more than rows of data would",
        },
        Case {
            what: "blanks without end",
            breaks: |lake| text(lake, |_| vec![b' '; 200 << 20]),
            exits: BODY,
            says: "MiB, far more than rows of data would",
        },
        Case {
            what: "a field of a later version in its header",
            breaks: |lake| header(lake, |json| json.replacen('{', r#"{"signed_by":{"key":[1,2]},"#, 1)),
            exits: WHOLE,
            says: "",
        },
        Case {
            what: "a field of its header in the form of a later version",
            breaks: |lake| header(lake, |json| json.replacen("\"pages\":", "\"pages\":\"many\",\"former\":", 1)),
            exits: BODY,
            says: "the provenance cannot be read",
        },
        Case {
            what: "a header that is no JSON",
            breaks: |lake| header(lake, |json| json[1..].to_owned()),
            exits: BODY,
            says: "the provenance cannot be read",
        },
        Case {
            what: "a header that names rows which are gone",
            breaks: |lake| {
                header(lake, |json| json.replacen('{', r#"{"same_as":"daily_20200101T000000000Z.jsonl.gz","#, 1))
            },
            exits: BODY,
            says: "",
        },
    ];
    all(&cases);
}

/// Nothing vouches for what other programs wrote, so unreadable rows are rejected and reported.
#[test]
fn rows_of_other_programs_that_cannot_be_read_are_named() {
    const SET_ASIDE: [i32; 6] = [0, 0, 0, 0, 3, 0];
    let cases = [
        Case {
            what: "rows of another year",
            breaks: |lake| foreign(lake, "2021-01-05", ROW.as_bytes()),
            exits: SET_ASIDE,
            says: "",
        },
        Case {
            what: "a byte order mark",
            breaks: |lake| foreign(lake, "2023-01-05", format!("\u{feff}{ROW}").as_bytes()),
            exits: SET_ASIDE,
            says: "",
        },
        Case {
            what: "a NUL",
            breaks: |lake| foreign(lake, "2023-01-05", ROW.replace(':', ":\0").as_bytes()),
            exits: SET_ASIDE,
            says: "",
        },
        Case {
            what: "rows in another encoding",
            breaks: |lake| foreign(lake, "2023-01-05", b"{\"ts_code\":\"\xc6\xbd\xb0\xb2\"}"),
            exits: [0, 0, 0, 0, 4, 4],
            says: "UTF-8",
        },
        Case {
            what: "line breaks without end",
            breaks: |lake| foreign(lake, "2023-01-05", &vec![b'\n'; 200 << 20]),
            exits: BODY,
            says: "MiB, far more than rows of data would",
        },
    ];
    all(&cases);
}

/// Without the list of securities, nothing tells that some are missing, so what is fetched meanwhile does not count as
/// held.
#[test]
fn answers_that_nothing_can_judge_are_due_until_it_can() {
    let lake = Lake::new();
    fs::remove_file(lake.bars()).unwrap();
    let folder = fs::read_dir(lake.path.join("bronze/tushare/stock_basic_cn")).unwrap().next().unwrap().unwrap();
    let list = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let body = fs::read(&list).unwrap();
    fs::write(&list, &body[..body.len() / 2]).unwrap();
    let output = lake.run(COMMANDS[5]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("due: 2023-01-05: the list of securities or suspensions"), "{text}");
    assert!(lake.bars().to_string_lossy().ends_with("-due.jsonl.gz"), "{}", lake.bars().display());
    fs::write(&list, body).unwrap();
    let output = lake.place.run(&[COMMANDS[5], &["--now", "2026-01-06T12:00:00Z"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
    let bars = fs::read_dir(lake.bars().parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    let newest = bars.max().unwrap();
    assert!(!newest.to_string_lossy().contains("-due"), "{}", newest.display());
    assert_eq!(rows(&lake.place, TABLES[0]), calm().rows[0]);
}
