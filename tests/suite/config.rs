//! `config init` and `config check`: the configuration that is written, and what a configuration contains.

use std::fs;

use crate::support::Place;

#[test]
fn a_configuration_is_written_for_an_account_and_is_not_replaced() {
    let place = Place::at("http://127.0.0.1:9");
    let written = place.expect(0, &["config", "init", "--points", "2000", "--config", "own.toml", "--lake", "lake"]);
    assert!(written.contains("wrote own.toml"), "{written}");
    let text = fs::read_to_string(place.path("own.toml")).unwrap();
    assert!(text.contains("[jobs.market]") && !text.contains("[jobs.market_5000]"), "{text}");
    assert!(text.contains("url = \"lake\"") && text.contains("points = 2000"), "{text}");
    let again = place.run(&["config", "init", "--config", "own.toml"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("`own.toml` exists"));
    assert_eq!(fs::read_to_string(place.path("own.toml")).unwrap(), text);
    let checked = place.expect(0, &["config", "check", "--config", "own.toml"]);
    assert!(checked.contains("vendor tushare, 2000 points, token from TUSHARE_TOKEN"), "{checked}");
    assert!(!checked.contains("needs"), "{checked}");
    let unknown = place.run(&["config", "init", "--vendor", "tushar", "--config", "other.toml"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean `tushare`"));
}

#[test]
fn a_check_names_every_problem_and_what_the_account_does_not_cover() {
    let place = Place::at("http://127.0.0.1:9");
    let job = |tables: &str| format!("version = 1\n[vendors.tushare]\npoints = 120\n[jobs.night]\ntables = {tables}\n");
    fs::write(place.path("jobs.toml"), job(r#"["stock_daily_cn", "stk_factor_pro_cn"]"#)).unwrap();
    let checked = place.expect(0, &["config", "check"]);
    assert!(checked.contains("stk_factor_pro_cn needs 5000 points"), "{checked}");
    let json: serde_json::Value =
        serde_json::from_str(&place.expect(0, &["config", "check", "--format", "json"])).unwrap();
    assert_eq!(json["jobs"][0]["closed"][0]["table"], "stk_factor_pro_cn");
    fs::write(place.path("jobs.toml"), job(r#"["stock_dayly_cn"]"#) + "tabels = []\nlookback = -1\n").unwrap();
    let refused = place.run(&["config", "check"]);
    let printed = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{printed}");
    for part in ["stock_dayly_cn", "tabels", "lookback", "3 problems"] {
        assert!(printed.contains(part), "no {part}: {printed}");
    }
}

#[test]
fn a_check_shows_who_is_told_and_addresses_of_the_environment() {
    let place = Place::at("http://127.0.0.1:9");
    let jobs = fs::read_to_string(place.path("jobs.toml")).unwrap();
    place.jobs(&format!(
        "{jobs}[notify]\nform = \"feishu\"\ncommand = [\"mail\", \"me\"]\non = [\"late\", \"failed\"]\n"
    ));
    let checked = place.expect(0, &["config", "check"]);
    for line in [
        "vendor tushare, 5000 points, token from TUSHARE_TOKEN, address http://127.0.0.1:9",
        "notify by `mail me` on failed, late",
        "no address for the feishu webhook: set PITLAKE_WEBHOOK, or PITLAKE_WEBHOOK_FILE",
    ] {
        assert!(checked.lines().any(|other| other == line), "no `{line}` in {checked}");
    }
    let mut command = place.command(&["config", "check"]);
    command.env("TUSHARE_BASE_URL", "http://me:secret@127.0.0.1:8").env("PITLAKE_WEBHOOK", "http://127.0.0.1:7/hook");
    let checked = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(checked.contains("address http://127.0.0.1:8 from TUSHARE_BASE_URL"), "{checked}");
    assert!(checked.contains("notify by the feishu webhook of PITLAKE_WEBHOOK on failed, late"), "{checked}");
    assert!(!checked.contains("secret") && !checked.contains("/hook"), "{checked}");
}
