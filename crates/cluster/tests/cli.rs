//! Tests the command line of `pitlake-cluster`. What a cluster builds and answers is tested with real processes in
//! `tests/interop/cluster.py`.

use std::process::{Command, Output};

fn pitlake_cluster(words: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pitlake-cluster"));
    command.args(words).current_dir(folder.path()).env_remove("PITLAKE_SCHEDULER").env("LC_ALL", "C").output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_names_the_processes_and_the_commands_that_use_them() {
    let help = pitlake_cluster(&["--help"]);
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.status.success());
    for word in ["scheduler", "executor", "normalize", "backfill", "query", "--scheduler HOST:PORT"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let normalize = pitlake_cluster(&["normalize", "--help"]);
    assert!(String::from_utf8_lossy(&normalize.stdout).contains("--scheduler <HOST:PORT>"));
}

#[test]
fn help_is_in_chinese_where_that_of_pitlake_is() {
    for words in [&["--lang", "zh", "--help"][..], &["--lang=zh", "executor", "--help"], &["--help", "--lang", "zh"]] {
        let help = pitlake_cluster(words);
        let text = String::from_utf8_lossy(&help.stdout).into_owned();
        assert!(help.status.success() && text.contains("用法："), "{words:?}: {text}");
        let is_of_executor = words.contains(&"executor");
        let own = if is_of_executor { "并行构建分区" } else { "把任务分给执行器" };
        assert!(text.contains(own) && text.contains("语言"), "{words:?}: {text}");
        for english in ["Distribute tasks", "The commands of pitlake", "The scheduler; instead of", "Language of"] {
            assert!(!text.contains(english), "{words:?}: {text}");
        }
    }
    let refused = pitlake_cluster(&["executor", "--lang", "zh", "--nonsense"]);
    assert!(stderr(&refused).starts_with("错误："), "{}", stderr(&refused));
}

#[test]
fn a_command_that_builds_wants_a_scheduler_and_others_do_not() {
    let lacking = pitlake_cluster(&["normalize"]);
    assert_eq!(lacking.status.code(), Some(2));
    assert!(stderr(&lacking).contains("pass --scheduler HOST:PORT"), "{}", stderr(&lacking));
    assert!(pitlake_cluster(&["tables"]).status.success());
}

#[test]
fn an_invalid_address_is_told_as_it_was_written() {
    for address in ["here", "here:", ":50050", "here:99999"] {
        let invalid = pitlake_cluster(&["normalize", "--scheduler", address]);
        assert_eq!(invalid.status.code(), Some(2));
        let text = stderr(&invalid);
        assert!(text.contains(&format!("invalid scheduler `{address}`: expected HOST:PORT")), "{text}");
    }
}

#[test]
fn a_scheduler_that_is_not_there_is_named() {
    let lake = tempfile::tempdir().unwrap();
    let lake = lake.path().to_str().unwrap();
    let market = ["--stocks", "10", "--start", "2024-01-02", "--end", "2024-01-03", "--export", lake];
    assert!(pitlake_cluster(&[&["sandbox"], &market[..]].concat()).status.success());
    // Port 9 (discard) has no server.
    let answer = pitlake_cluster(&["--lake", lake, "normalize", "trade_cal", "--scheduler", "127.0.0.1:9"]);
    assert_eq!(answer.status.code(), Some(1), "{}", stderr(&answer));
    assert!(stderr(&answer).contains("127.0.0.1:9"), "{}", stderr(&answer));
}
