//! Exit codes, messages, and the output that scripts rely on.

use std::fs;

use pitlake_sandbox::Settings;

use crate::support::{DAILY, NOW, Place, Vendor, settings, text_of};

/// Runs a command and expects an exit code and a message. The token must not appear anywhere.
fn refuses(place: &Place, code: i32, part: &str, args: &[&str]) {
    let output = place.run(args);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    assert!(out.contains(part) || err.contains(part), "{args:?} does not print `{part}`:\n{out}\n{err}");
    assert!(!out.contains(&place.token) && !err.contains(&place.token), "the token is printed");
    for (path, body) in place.files("") {
        assert!(!String::from_utf8_lossy(&body).contains(&place.token), "the token is in {path}");
    }
}

const ONE_DAY: [&str; 6] = ["--start", "2023-01-05", "--end", "2023-01-05", "--now", NOW];

fn backfill<'a>(table: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&["backfill", table], rest].concat()
}

#[test]
fn a_wrong_token_is_5() {
    let vendor = Vendor::start(settings());
    let place = Place { token: "wrong-token".into(), ..Place::with(&vendor) };
    refuses(&place, 5, "token不对", &backfill("stock_daily_cn", &ONE_DAY));
}

#[test]
fn a_missing_right_is_5_and_does_not_stop_other_tables() {
    let vendor = Vendor::start(Settings { points: 120, ..settings() });
    let place = Place::with(&vendor);
    refuses(&place, 5, "没有接口访问权限", &backfill("moneyflow_cn", &ONE_DAY));
    // With a calendar, the only permitted interface works.
    let calendar = "exchange,cal_date,is_open,pretrade_date\nSSE,20230105,1,20230104\nSSE,20230106,1,20230105\n";
    fs::write(place.path("cal.csv"), calendar).unwrap();
    place.expect(0, &["import", "--interface", "tushare/trade_cal", "cal.csv", "--now", NOW]);
    let printed = place.expect(0, &backfill("stock_daily_cn", &ONE_DAY));
    assert!(printed.contains("not refreshed"), "{printed}");
    assert!(place.files("silver").contains_key("silver/stock_daily_cn/year=2023/part-0.parquet"));
}

#[test]
fn an_unknown_table_is_2_with_the_nearest_name() {
    let place = Place::at("http://127.0.0.1:9");
    refuses(&place, 2, "stock_daily_cn", &backfill("stock_dayly_cn", &ONE_DAY));
    assert!(place.files("").is_empty());
}

/// The tables of a run's report.
fn reported(place: &Place, args: &[&str]) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&place.expect(0, args)).unwrap();
    report["tables"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn jobs_and_the_names_of_interfaces_stand_for_their_tables() {
    let vendor = Vendor::start(settings());
    let job = "[jobs.market]\ntables = [\"adj_factor\", \"suspend_d_cn\"]\n[jobs.daily]\ntables = [\"moneyflow_cn\"]";
    let place = Place::of(&vendor, &[vendor.account("tushare", &format!("points = 5000\n{job}"))]);
    let json = [&ONE_DAY[..], &["--format", "json"]].concat();
    for (name, tables) in [
        ("market", ["adj_factor", "suspend_d_cn"].as_slice()),
        ("daily_basic", &["stock_daily_basic_cn"]),
        ("tushare/daily", &["stock_daily_cn"]),
        ("income_vip", &["income_cn"]),
        // A job of that name takes precedence over the interface.
        ("daily", &["moneyflow_cn"]),
    ] {
        for command in ["backfill", "fetch"] {
            let reported = reported(&place, &[&[command, name], &json[..]].concat());
            assert!(
                tables.iter().all(|table| reported.iter().any(|other| other == table)),
                "{command} {name}: {reported:?}"
            );
            assert!(reported.len() <= tables.len() + 3, "{command} {name}: {reported:?}");
        }
        let printed = place.expect(0, &[&["plan", name], &ONE_DAY[..]].concat());
        assert!(tables.iter().all(|table| printed.contains(&format!("{table} from tushare/"))), "{printed}");
        let printed = place.expect(0, &["normalize", name, "--now", NOW]);
        assert!(tables.iter().all(|table| printed.contains(table)), "{printed}");
        let printed = place.expect(0, &["status", name, "--now", NOW]);
        assert_eq!(
            printed.lines().filter(|line| tables.iter().any(|table| line.starts_with(table))).count(),
            tables.len()
        );
    }
    refuses(&place, 2, "unknown table or job `markt`; did you mean `market`?", &backfill("markt", &ONE_DAY));
    refuses(&place, 2, "for the table `adj_factor` use `pitlake backfill`", &["run", "adj_factor", "--now", NOW]);
    assert!(place.expect(0, &["tables", "daily"]).starts_with("stock_daily_cn: "));
}

/// Was: "4 slices fetched (0 rows)", exit 0. Expected: refused before any call.
#[test]
fn securities_of_jobs_are_checked_before_a_call() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let symbols = |symbols: &str| {
        let job = format!("points = 5000\n[jobs.payouts]\ntables = [\"dividend_cn\"]\nsymbols = {symbols}");
        place.accounts(&[vendor.account("tushare", &job)]);
    };
    let commands = [backfill("dividend_cn", &ONE_DAY), vec!["run"], vec!["plan"], vec!["status"]];
    for (written, hint) in [
        ("600519", "`600519.SH`"),
        ("平安", "such as `600519.SH`"),
        ("600519.SS", "`600519.SH`"),
        ("sz.000001", "`000001.SZ`"),
    ] {
        symbols(&format!("[\"{written}\"]"));
        for args in &commands {
            refuses(&place, 2, &format!("invalid security `{written}`"), args);
            refuses(&place, 2, hint, args);
        }
    }
    assert!(place.files("").is_empty() && vendor.calls() == 0);
    let listed = vendor.market.rows("stock_basic").unwrap().rows;
    // In Shenzhen its number does not exist; a Shenzhen number may be an index in Shanghai.
    let known = listed.iter().filter_map(|row| text_of(&row[0])).find(|code| code.starts_with('6')).unwrap().to_owned();
    let (number, market) = known.split_once('.').unwrap();
    let swapped = format!("{number}.{}", if market == "SH" { "SZ" } else { "SH" });
    symbols(&format!("[\"{known}\"]"));
    // Once the lake has a universe, an unknown code is refused as well, without any call.
    place.expect(0, &["fetch", "stock_basic_cn", "--now", NOW]);
    let before = (vendor.calls(), place.files("").len());
    for (written, hint) in [(swapped.as_str(), known.as_str()), ("688999.SH", "`pitlake fetch stock_basic_cn`")] {
        symbols(&format!("[\"{known}\", \"{written}\"]"));
        for args in [backfill("dividend_cn", &ONE_DAY), vec!["run", "--now", NOW], vec!["plan", "--now", NOW]] {
            refuses(&place, 2, &format!("unknown security `{written}`"), &args);
            refuses(&place, 2, hint, &args);
        }
    }
    assert_eq!((vendor.calls(), place.files("").len()), before);
    symbols(&format!("[\"{known}\"]"));
    place.expect(0, &backfill("dividend_cn", &ONE_DAY));
}

#[test]
fn status_shows_what_the_lake_holds_within_80_columns() {
    let vendor = Vendor::start(settings());
    let job = "[jobs.market]\ntables = [\"moneyflow_cn\"]";
    let place = Place::of(&vendor, &[vendor.account("tushare", &format!("points = 5000\n{job}"))]);
    refuses(&place, 2, "no lake at", &["status"]);
    refuses(&place, 2, "no lake at", &["status", "--lake", "typo"]);
    place.backfill(0, &["adj_factor", "income_cn"], &settings());
    let shown = |args: &[&str]| {
        let printed = place.expect(0, args);
        assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
        printed
            .lines()
            .skip(1)
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // The lake holds nothing for the job's table, and the calendar ends a year after the market.
    let held = ["adj_factor", "income_cn", "stock_basic_cn", "trade_cal", "!", "the"];
    assert_eq!(shown(&["status", "--now", NOW]), held);
    let printed = place.expect(0, &["status", "--now", NOW]);
    assert!(printed.contains("the lake holds no data yet for 1 more table of your jobs"), "{printed}");
    assert!(printed.contains("! the calendar ends 2024-02-28, and `lag` counts up to there"), "{printed}");
    assert_eq!(shown(&["status", "weekly_cn", "--now", NOW]), ["weekly_cn"]);
    assert_eq!(shown(&["status", "--all", "--now", NOW]).len(), 84 + 1);
    let json = |args: &[&str]| -> Vec<serde_json::Value> { serde_json::from_str(&place.expect(0, args)).unwrap() };
    let both = json(&["status", "--format", "json", "--now", NOW]);
    assert_eq!(both.len(), 5, "tables of jobs too");
    assert_eq!(both[0]["calendar_ends"], "2024-02-28");
    assert_eq!(json(&["status", "--all", "--format", "json", "--now", NOW]).len(), 84);
}

#[test]
fn invalid_toml_is_2_with_every_problem_and_its_line() {
    let place = Place::at("http://127.0.0.1:9");
    fs::write(place.path("jobs.toml"), "version = 1\n[lake]\nulr = \"x\"\n[jobs.a]\ntables = [\"adj_facto\"]\n")
        .unwrap();
    fs::create_dir_all(place.path("schemas/tushare")).unwrap();
    fs::write(place.path("schemas/tushare/extra.toml"), "version = 1\ninterfase = \"tushare/extra\"\n").unwrap();
    for part in ["jobs.toml:3: unknown key `lake.ulr`", "did you mean `adj_factor`?", "schemas/tushare/extra.toml:2:"] {
        refuses(&place, 2, part, &["tables"]);
    }
}

#[test]
fn an_unwritable_lake_is_1() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    fs::write(place.path("file"), "").unwrap();
    refuses(&place, 1, "file", &[&["--lake", "file/lake"], &backfill("adj_factor", &ONE_DAY)[..]].concat());
    refuses(&place, 1, "not a folder", &[&["--lake", "file"], &backfill("adj_factor", &ONE_DAY)[..]].concat());
}

#[test]
fn an_unreachable_vendor_is_3() {
    // A port on which nothing listens: bound once, then released.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::at(&format!("http://127.0.0.1:{port}"));
    refuses(&place, 3, "cannot reach", &backfill("adj_factor", &ONE_DAY));
}

#[test]
fn a_day_after_today_is_2_and_one_not_published_is_8() {
    let settings = settings();
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    let last = vendor.market.sessions().last().unwrap().to_string();
    let range = |day: &str| ["--start".to_owned(), day.to_owned(), "--end".to_owned(), day.to_owned()];
    let run = |code: i32, day: &str, now: &str, part: &str| {
        let range = range(day);
        let range: Vec<&str> = range.iter().map(String::as_str).collect();
        let args = [&["backfill", "stock_daily_cn"], &range[..], &["--now", now]].concat();
        refuses(&place, code, part, &args);
    };
    run(2, &last, "2023-01-01T00:00:00Z", "in the future");
    // Before its hour of publication, the day is not requested; after it, the vendor has it.
    run(8, &last, &format!("{last}T08:00:00Z"), "not published");
    run(0, &last, &format!("{last}T10:00:00Z"), "1 slice fetched");
    // The market ends here, so the answer for the next open day is empty.
    let next = "2023-03-01";
    run(8, next, &format!("{next}T10:00:00Z"), "not published");
    run(8, "2025-06-03", NOW, "calendar");
}

#[test]
fn no_token_and_no_vendor_are_2() {
    let place = Place { token: String::new(), ..Place::at("http://127.0.0.1:9") };
    let output = place.run(&backfill("adj_factor", &ONE_DAY));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("TUSHARE_TOKEN_FILE"));
    fs::remove_file(place.path("jobs.toml")).unwrap();
    let output = place.run(&backfill("adj_factor", &ONE_DAY));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("[vendors.tushare]"));
}

#[test]
fn the_token_may_be_in_a_file() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    fs::write(place.path("secret"), format!("{}\n", place.token)).unwrap();
    let mut command = place.command(&backfill("adj_factor", &ONE_DAY));
    let status = command.env_remove("TUSHARE_TOKEN").env("TUSHARE_TOKEN_FILE", "secret").output().unwrap().status;
    assert_eq!(status.code(), Some(0));
}

#[test]
fn the_pages_of_tables_are_what_the_program_prints() {
    let place = Place::at("http://127.0.0.1:9");
    for (language, page, written) in [
        ("en", "docs/tables.md", include_str!("../../docs/tables.md")),
        ("zh", "docs/zh/tables.md", include_str!("../../docs/zh/tables.md")),
    ] {
        let printed = place.expect(0, &["--lang", language, "tables", "--format", "markdown"]);
        let first = printed.lines().zip(written.lines()).find(|(printed, written)| printed != written);
        let command = format!("pitlake --lang {language} tables --format markdown > {page}");
        assert!(printed == written, "run `{command}`; the first difference: {first:?}");
    }
}

#[test]
fn tables_prints_unit_and_description_of_every_column() {
    let place = Place::at("http://127.0.0.1:9");
    let tables = place.expect(0, &["tables", "--format", "json"]);
    let tables: Vec<serde_json::Value> = serde_json::from_str(&tables).unwrap();
    assert_eq!(tables.len(), 84);
    for table in &tables {
        assert!(table["key"].as_array().is_some_and(|key| !key.is_empty()));
        let is_report = table["columns"].as_array().unwrap().iter().any(|column| column["name"] == "revision");
        assert_eq!(table["keeps"], if is_report { "versions" } else { "latest" });
        let vendor = table["sources"][0]["vendor"].as_str().unwrap();
        assert!(["tushare", "asharehub", "alphafin", "f10"].contains(&vendor), "{vendor}");
        for column in table["columns"].as_array().unwrap() {
            for printed in ["name", "type", "unit", "description"] {
                let text = column[printed].as_str().unwrap_or_default();
                assert!(!text.is_empty(), "{} {column}", table["table"]);
            }
        }
    }
    let daily = tables.iter().find(|table| table["table"] == "stock_daily_cn").unwrap();
    assert_eq!(daily["companion"], "stock_daily_cn_superseded");
    let income = tables.iter().find(|table| table["table"] == "income_cn").unwrap();
    assert!(income["companion"].is_null());
    let kind = income["columns"].as_array().unwrap().iter().find(|c| c["name"] == "report_type").unwrap();
    assert_eq!((&kind["values"][0], &kind["values"][11], &kind["open"]), (&"1".into(), &"12".into(), &false.into()));
    let text = place.expect(0, &["tables", "stock_basic_cn"]);
    assert!(text.contains("values: L, D, P, G") && text.contains("values: SSE, SZSE, BSE"), "{text}");
    let text = place.expect(0, &["tables", "income_cn"]);
    assert!(text.contains("11, 12; 1 where a row lacks it") && text.contains("values: 0, 1"), "{text}");
    let vol = daily["columns"].as_array().unwrap().iter().find(|c| c["name"] == "vol").unwrap();
    assert_eq!((&vol["unit"], &vol["type"]), (&"share".into(), &"int64".into()));
}

#[test]
fn query_runs_sql_over_silver_and_writes_nothing() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &DAILY, &settings());
    let rows = vendor.market.rows("daily").unwrap().rows.len();
    let printed = place.expect(0, &["query", "select count(*) as n from stock_daily_cn", "--format", "json"]);
    assert_eq!(printed.trim(), format!(r#"[{{"n":{rows}}}]"#));
    let sql = "select ts_code, trade_date, ah_vol from stock_daily_cn order by 1, 2 limit 1";
    let printed: serde_json::Value =
        serde_json::from_str(&place.expect(0, &["query", sql, "--format", "json"])).unwrap();
    assert!(printed[0]["ah_vol"].is_null() && printed[0].as_object().unwrap().len() == 3);
    assert_eq!(printed[0]["trade_date"].as_str().unwrap().len(), 10);
    let none = place.expect(0, &["query", "select * from adj_factor where ts_code = ''", "--format", "json"]);
    assert_eq!(none.trim(), "[]");
    let join = "select c.is_open from trade_cal c join stock_daily_cn d on c.cal_date = d.trade_date limit 1";
    assert!(place.expect(0, &["query", join, "--format", "csv"]).starts_with("is_open\ntrue"));
    place.expect(0, &["query", "select * from adj_factor", "--output", "out.parquet"]);
    place.expect(0, &["query", "select * from adj_factor", "--output", "out.csv"]);
    assert!(std::fs::read_to_string(place.path("out.csv")).unwrap().starts_with("ts_code,"));
    refuses(&place, 2, ".parquet, .csv or .json", &["query", "select * from adj_factor", "--output", "out.txt"]);
    assert!(!place.path("out.txt").exists());
    assert!(place.expect(0, &["query", "Show Tables;", "--format", "csv"]).contains("\nadj_factor,"));
    assert!(place.path("out.parquet").is_file());
    for sql in ["selec 1", "select * from stock_dayly_cn", "drop table adj_factor", "select nothing from adj_factor"] {
        assert_eq!(place.run(&["query", sql]).status.code(), Some(2), "{sql}");
    }
}

#[test]
fn the_sandbox_prints_one_line_of_json() {
    use std::io::BufRead as _;
    let place = Place::at("http://127.0.0.1:9");
    let mut command = place.command(&["sandbox", "--stocks", "10", "--start", "2024-01-02", "--end", "2024-01-31"]);
    let piped = std::process::Stdio::piped;
    let mut child = command.stdout(piped()).stderr(piped()).spawn().unwrap();
    let (mut line, mut log) = (String::new(), String::new());
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    std::io::BufReader::new(child.stderr.take().unwrap()).read_line(&mut log).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let printed: serde_json::Value = serde_json::from_str(&line).unwrap();
    for part in
        ["trading days of the market: 2024-01-04 to 2024-01-25", "`pitlake run JOB --now 2024-01-25T20:30:00+08:00`"]
    {
        assert!(log.contains(part), "{log}");
    }
    assert!(printed["tushare"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert!(printed["token"].is_string());
    for vendor in ["asharehub", "alphafin", "f10"] {
        assert_eq!(printed[vendor], format!("{}/{vendor}", printed["tushare"].as_str().unwrap()));
    }
}

#[test]
fn the_shipped_jobs_load() {
    let place = Place::at("http://127.0.0.1:9");
    let jobs = concat!(env!("CARGO_MANIFEST_DIR"), "/jobs.toml");
    place.expect(0, &["tables", "--config", jobs]);
    place.expect(2, &["tables", "--config", "none.toml"]);
}

#[test]
fn doctor_reports_what_to_fix() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let printed = place.expect(0, &["doctor", "--now", NOW]);
    for part in ["store", "tushare limits", "tushare/income_vip", "  ok\n", "tushare clock", "within 60 s"] {
        assert!(printed.contains(part), "no `{part}` in {printed}");
    }
    // It only writes its report, which counts against the quota.
    assert!(place.files("").keys().all(|path| path.starts_with("runs/")), "{:?}", place.files("").keys());
    let json: serde_json::Value = serde_json::from_str(&place.expect(0, &["doctor", "--format", "json"])).unwrap();
    assert!(json.as_array().unwrap().iter().all(|finding| finding["exit"] == 0), "{json}");
    // The account has fewer points than jobs.toml says, so the vendor refuses interfaces.
    let poor = Vendor::start(Settings { points: 120, ..settings() });
    refuses(&Place::with(&poor), 5, "check the token and the account's points", &["doctor"]);
    refuses(&Place { token: "wrong".into(), ..Place::with(&vendor) }, 5, "token不对", &["doctor"]);
    let place = Place { token: String::new(), ..Place::at("http://127.0.0.1:9") };
    assert!(place.expect(5, &["doctor"]).contains("TUSHARE_TOKEN_FILE"));
    let place = Place::at("http://127.0.0.1:9");
    fs::write(place.path("file"), "").unwrap();
    refuses(&place, 1, "choose another folder", &["doctor", "adj_factor", "--lake", "file/lake"]);
}

#[test]
fn doctor_leaves_no_lake_where_there_was_none() {
    let place = Place::at("http://127.0.0.1:9");
    fs::remove_file(place.path("jobs.toml")).unwrap();
    let printed = place.expect(2, &["doctor"]);
    assert!(printed.contains("`data` is readable and writable"), "{printed}");
    assert!(!place.path("data").exists());
}

#[test]
fn rejects_prints_rows_and_reasons() {
    let place = Place::at("http://127.0.0.1:9");
    // A mistyped lake is not a lake without rejected rows.
    place.expect(2, &["rejects"]);
    refuses(&place, 2, "no lake at", &["query", "select 1", "--lake", "typo"]);
    refuses(&place, 2, "no lake at", &["normalize", "--lake", "typo"]);
    assert!(!place.path("typo").exists());
    let rows =
        "ts_code,trade_date,close,vol,amount\n000001.SZ,20240102,9.39,100,93.9\n000002.SZ,20240102,9.39,0.005,1\n";
    fs::write(place.path("day.csv"), rows).unwrap();
    refuses(&place, 2, "did you mean `tushare/daily`?", &["import", "--interface", "daily", "day.csv"]);
    place.expect(0, &["import", "--interface", "tushare/daily", "day.csv", "--now", NOW]);
    place.expect(3, &["normalize", "--now", NOW]);
    place.expect(0, &["normalize", "--full", "--now", NOW]);
    let printed = place.expect(0, &["rejects", "stock_daily_cn"]);
    for part in ["year=2024", "`vol`", "invalid value `0.005`: not a whole number", ":2", "1 rejected row"] {
        assert!(printed.contains(part), "no `{part}` in {printed}");
    }
    let json = place.expect(0, &["rejects", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json[0]["table"], &json[0]["line"]), (&"stock_daily_cn".into(), &2.into()));
}

#[test]
fn the_demo_shows_a_lake_and_a_statement_on_two_days() {
    let place = Place::at("http://127.0.0.1:9");
    let printed = place.expect(0, &["demo"]);
    for part in ["# Coverage", "shares", "--as-of", "announced", "observed"] {
        assert!(printed.contains(part), "no `{part}` in {printed}");
    }
    let tables = fs::read_dir(place.path("demo-lake/silver")).unwrap().count();
    assert!(tables >= 8, "{tables} tables");
    // A second demo uses the same lake. A lake not made by the demo is refused and left as it is.
    place.expect(0, &["demo"]);
    fs::create_dir_all(place.path("mine/bronze/tushare/x/date=2024-01-02")).unwrap();
    fs::write(place.path("mine/bronze/tushare/x/date=2024-01-02/a.jsonl.gz"), "").unwrap();
    let output = place.run(&["demo", "--lake", "mine"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("was not made by `demo`"));
    assert!(!place.path("mine/runs").exists());
}

#[test]
fn a_daily_quota_stops_a_run_and_keeps_what_was_fetched() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let jobs = |quota: u32| {
        place.accounts(&[vendor.account("tushare", &format!("points = 5000\nrequests_per_day = {quota}"))]);
    };
    jobs(30);
    let printed = place.backfill(6, &["adj_factor"], &settings());
    assert!(printed.contains("requests_per_day"), "{printed}");
    assert_eq!(vendor.calls(), 30);
    // No calls are left on the same day. What was fetched stays, and the next quota continues from there.
    place.backfill(6, &["adj_factor"], &settings());
    assert_eq!(vendor.calls(), 30);
    let price = place.backfill(0, &["adj_factor", "--dry-run"], &settings());
    assert!(price.contains("30 calls a day, 30 used today"), "{price}");
    jobs(1000);
    place.backfill(0, &["adj_factor"], &settings());
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let place = Place::at("http://127.0.0.1:9");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.expect(0, &["completions", shell]);
        for word in ["backfill", "normalize", "--lake"] {
            assert!(script.contains(word.trim_start_matches('-')), "{shell}: no {word}");
        }
    }
    place.expect(0, &["man", "man1"]);
    for page in ["pitlake.1", "pitlake-backfill.1", "pitlake-config-init.1"] {
        assert!(place.path(&format!("man1/{page}")).exists(), "no {page}");
    }
}
