//! The program in Chinese: output for people is translated, output for programs is not.

use std::process::Output;

use crate::support::{NOW, Place, Vendor, settings};

const ZH: [&str; 2] = ["--lang", "zh"];

fn run(place: &Place, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = place.run(args);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn has_line(text: &str, line: &str) {
    assert!(text.lines().any(|other| other == line), "no line `{line}` in:\n{text}");
}

const BACKFILL: [&str; 8] =
    ["backfill", "stock_daily_cn", "--start", "2023-01-03", "--end", "2023-01-05", "--now", NOW];

#[test]
fn a_run_and_its_status_are_in_chinese() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let printed = place.expect(0, &[&BACKFILL[..], &ZH].concat());
    for part in ["stock_daily_cn  抓取 2 个切片（", " 行），写入 1 个分区（", "\n调用：", "\n报告：data/runs/"]
    {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    let again = place.expect(0, &[&BACKFILL[..], &ZH].concat());
    assert!(again.contains("stock_daily_cn  已有 2 个切片，1 个分区已是最新"), "{again}");
    has_line(&again, "调用：无");
    let status = place.expect(0, &["status", "stock_daily_cn", "--now", NOW, "--lang", "zh"]);
    assert!(status.lines().next().is_some_and(|head| head.starts_with("表              首日")), "{status}");
    // Columns are aligned with their headings, where a Chinese character takes two columns.
    let columns = |line: &str, text: &str| {
        line.find(text).map(|at| line[..at].chars().map(|c| 1 + usize::from(!c.is_ascii())).sum())
    };
    let lines: Vec<&str> = status.lines().collect();
    let head: Option<usize> = columns(lines[0], "首日");
    assert_eq!(head, columns(lines[1], "2023-01-04"), "{status}");
    let dry = [&BACKFILL[..], &["--refetch", "--dry-run"]].concat();
    let plan = place.expect(0, &[&dry[..], &ZH].concat());
    assert!(plan.contains("\n合计：") && plan.contains(" 次调用，按账号限速需不到 1 分钟"), "{plan}");
    has_line(&plan, "  要求重新抓取 2：2023-01-04 至 2023-01-05");
    has_line(&place.expect(0, &dry), "  2 refetch requested: 2023-01-04 to 2023-01-05");
}

#[test]
fn errors_are_in_chinese_and_end_with_the_same_codes() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    for (args, code, line) in [
        (
            &["backfill", "stock_dayly_cn", "--start", "2023-01-03", "--end", "2023-01-05"][..],
            2,
            "错误：没有表或任务 `stock_dayly_cn`；是否指 `stock_daily_cn`？",
        ),
        (
            &["backfill", "stock_daily_cn", "--start", "2023-02-30", "--end", "2023-03-01"],
            2,
            "错误：'--start <DAY>' 的值 '2023-02-30' 无效：日期 `2023-02-30` 无效：应为 YYYY-MM-DD",
        ),
        (&["rnu"], 2, "错误：没有 'rnu' 这个子命令"),
        (&["completions"], 2, "错误：缺少以下必需的参数："),
    ] {
        let (exit, _, err) = run(&place, &[args, &ZH].concat());
        assert_eq!(exit, Some(code), "{args:?}: {err}");
        has_line(&err, line);
        assert_eq!(run(&place, args).0, Some(code), "{args:?} in English");
    }
    let wrong = Place { token: "wrong-token".into(), ..Place::with(&vendor) };
    let (exit, out, err) = run(&wrong, &[&BACKFILL[..], &ZH].concat());
    assert_eq!(exit, Some(5), "{out}{err}");
    // The vendor's words are not translated.
    assert!(
        out.contains("账号被拒：") && out.contains("token不对") && out.contains("token 取自 TUSHARE_TOKEN"),
        "{out}"
    );
}

#[test]
fn a_sandbox_that_cannot_listen_says_so_in_chinese() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let place = Place::at("http://127.0.0.1:9");
    let market = ["sandbox", "--stocks", "10", "--start", "2024-01-02", "--end", "2024-01-31"];
    let (exit, out, err) = run(&place, &[&market[..], &["--port", &port.to_string()], &ZH].concat());
    assert_eq!((exit, out.as_str()), (Some(1), ""), "{err}");
    let start = format!("错误：无法监听 127.0.0.1:{port}：");
    assert!(err.lines().any(|line| line.starts_with(&start)), "{err}");
}

#[test]
fn the_locale_and_the_variable_choose_too() {
    let place = Place::at("http://127.0.0.1:9");
    let err = |variables: &[(&str, &str)], args: &[&str]| {
        let output = place.command(args).envs(variables.iter().copied()).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let chinese = "错误：没有表 `nothing`；`pitlake tables` 列出所有表";
    let english = "error: unknown table `nothing`; run `pitlake tables` for a list";
    let args = ["tables", "nothing"];
    has_line(&err(&[("LANG", "zh_CN.UTF-8")], &args), chinese);
    has_line(&err(&[("PITLAKE_LANG", "zh")], &args), chinese);
    has_line(&err(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")], &args), english);
    has_line(&err(&[("LANG", "zh_CN.UTF-8"), ("PITLAKE_LANG", "en")], &args), english);
    has_line(&err(&[("LANG", "zh_CN.UTF-8")], &["tables", "nothing", "--lang", "en"]), english);
    assert!(err(&[], &["tables", "--lang", "fr"]).contains("possible values: en, zh"));
}

#[test]
fn help_is_in_chinese_and_fits_eighty_columns() {
    let place = Place::at("http://127.0.0.1:9");
    let help = place.expect(0, &["--help", "--lang", "zh"]);
    has_line(&help, "用法：pitlake [选项] <命令>");
    has_line(&help, "  backfill     抓取某段日期内缺少的数据并构建");
    has_line(&help, "  3  未全部完成：部分切片或分区失败，其余已安全保存；重跑即可");
    let commands: Vec<&str> = help.lines().skip_while(|line| *line != "命令：").skip(1).collect();
    let commands =
        commands.iter().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    for command in commands.filter(|command| *command != "help") {
        for flag in ["--help", "-h"] {
            let help = place.expect(0, &[command, flag, "--lang", "zh"]);
            for line in help.lines() {
                let width: usize = line.chars().map(|c| 1 + usize::from(('\u{2e80}'..='\u{ffef}').contains(&c))).sum();
                let is_one_word = !line.trim().contains(' ');
                assert!(width <= 80 || line.contains("用法：") || is_one_word, "{command} {flag}: {width}: {line}");
            }
            assert!(help.contains("全局选项：") && !help.contains("Print "), "{help}");
        }
    }
}

/// The lines of a configuration without its comments, and the comments.
fn parted(text: &str) -> (Vec<&str>, Vec<&str>) {
    let is_key = |line: &str| {
        line.starts_with(['[', '"', ']', ' ']) || line.split_once(" = ").is_some_and(|(name, _)| !name.contains(' '))
    };
    let (mut code, mut comments) = (Vec::new(), Vec::new());
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(prose) if !is_key(prose) => comments.push(prose),
            _ => {
                let at = line.rfind(" # ").filter(|at| !line[..*at].trim().is_empty());
                comments.extend(at.map(|at| &line[at + 3..]));
                code.push(at.map_or(line, |at| &line[..at]));
            }
        }
    }
    (code, comments)
}

#[test]
fn comments_of_a_configuration_are_in_chinese() {
    let place = Place::at("http://127.0.0.1:9");
    for (number, account) in
        [["--points", "5000"], ["--points", "120"], ["--vendor", "asharehub"], ["--vendor", "f10"]].iter().enumerate()
    {
        let written = |language: &str| {
            let file = format!("{language}-{number}.toml");
            place.expect(0, &[&["config", "init", "--config", &file, "--lang", language][..], account].concat());
            std::fs::read_to_string(place.path(&file)).expect("the configuration")
        };
        let (english, chinese) = (written("en"), written("zh"));
        let ((code, said), (code_zh, said_zh)) = (parted(&english), parted(&chinese));
        assert_eq!(code, code_zh, "{account:?}");
        assert!(said.len() > 5 && said_zh.len() > 5, "{account:?}");
        let is_chinese = |text: &&&str| text.contains(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let lacking: Vec<&&str> = said_zh.iter().filter(|text| !is_chinese(text)).collect();
        assert!(lacking.is_empty(), "{account:?}: {lacking:#?}");
    }
}

#[test]
fn what_programs_read_is_the_same_in_both_languages() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.expect(0, &BACKFILL);
    place.expect(0, &["fetch", "adj_factor", "--start", "2023-01-03", "--end", "2023-01-04", "--now", NOW]);
    for args in [
        &["status", "--format", "json", "--now", NOW][..],
        &["status", "--html", "-", "--now", NOW],
        &["plan", "stock_daily_cn", "--format", "json", "--now", NOW],
        &["diff", "--format", "json"],
        &["check", "--format", "json"],
        &["verify", "--format", "json"],
        &["rejects", "--format", "json"],
        &["import", "--list", "--format", "json"],
        &["config", "check", "--format", "json"],
        &["tables", "income_cn", "--format", "json"],
        &["tables", "--format", "json"],
        &["query", "SHOW TABLES", "--format", "csv"],
        &["query", "DESCRIBE stock_daily_cn", "--format", "json"],
        &["query", "SELECT * FROM stock_daily_cn ORDER BY ts_code, trade_date", "--format", "csv"],
        &["query", "SELECT * FROM stock_daily_cn ORDER BY ts_code, trade_date"],
        &["query", "SELECT * FROM stock_daily_cn ORDER BY ts_code, trade_date", "--format", "json"],
        &["completions", "bash", "--lang", "en"],
    ] {
        let chinese: &[&str] = if args.contains(&"--lang") { &[] } else { &ZH };
        let (exit, out, _) = run(&place, args);
        let (exit_zh, out_zh, _) = run(&place, &[args, chinese].concat());
        assert_eq!(exit, exit_zh, "{args:?}");
        assert!(out == out_zh, "{args:?} differs:\n{out}\n{out_zh}");
    }
    let (_, _, log) = run(&place, &["run", "--log-format", "json", "--lang", "zh", "--now", NOW]);
    assert!(log.lines().all(|line| !line.starts_with('{') || line.is_ascii()), "{log}");
}

#[test]
fn a_table_is_described_in_chinese() {
    let place = Place::at("http://127.0.0.1:9");
    let page = place.expect(0, &["tables", "stock_daily_cn", "--lang", "zh"]);
    has_line(&page, "stock_daily_cn：日线行情（未复权）");
    assert!(page.contains("\n每只证券、每个交易日一行；停牌日没有行。成交量以股计，成交额以元计。"), "{page}");
    has_line(&page, "vol         int64      股         成交量，含零股");
    has_line(&page, "amount      float64    元         成交额");
    has_line(&page, "vendor      utf8       文本       该行来自哪家供应商");
    assert!(page.contains("           转发 Tushare 的 `daily`。"), "{page}");
    // A description with two meanings has a translation for each.
    let boards = place.expect(0, &["tables", "ths_daily_cn", "--lang", "zh"]);
    assert!(boards.lines().any(|line| line.starts_with("turnover_rate ") && line.ends_with("  换手率")), "{boards}");
    let states = place.expect(0, &["tables", "stock_daily_cn_superseded", "--lang", "zh"]);
    has_line(&states, "stock_daily_cn_superseded：日线行情（未复权）：`stock_daily_cn` 的历史状态");
    assert!(states.contains("从这一天日终起不再有效；仍然有效则为空"), "{states}");
}

#[test]
fn the_catalogue_for_programs_has_both_languages() {
    let place = Place::at("http://127.0.0.1:9");
    for (name, title) in [
        ("stock_daily_cn", "日线行情（未复权）"),
        ("stock_daily_cn_superseded", "日线行情（未复权）：`stock_daily_cn` 的历史状态"),
    ] {
        let tables: serde_json::Value =
            serde_json::from_str(&place.expect(0, &["tables", name, "--format", "json"])).expect("JSON");
        let table = &tables[0];
        assert_eq!(table["title_zh"], title);
        assert!(table["description"].as_str().expect("a text").starts_with("One row per security"), "{table}");
        assert!(table["description_zh"].as_str().expect("a text").starts_with("每只证券、每个交易日一行"), "{table}");
        let columns = table["columns"].as_array().expect("columns");
        for (column, unit, unit_zh, about) in
            [("amount", "CNY", "元", "成交额"), ("vendor", "text", "文本", "该行来自哪家供应商")]
        {
            let column = columns.iter().find(|one| one["name"] == column).expect("the column");
            assert_eq!((&column["unit"], &column["unit_zh"]), (&unit.into(), &unit_zh.into()));
            assert_eq!(column["description_zh"], about);
        }
    }
}

#[test]
fn own_descriptions_stay_as_they_are_written() {
    let place = Place::at("http://127.0.0.1:9");
    std::fs::create_dir_all(place.path("pipelines")).unwrap();
    let shipped = include_str!("../../pipelines/stock_daily_cn.toml");
    let own = shipped.replace("One row per security and trading day; no row", "Our own bars; no row");
    assert_ne!(own, shipped);
    std::fs::write(place.path("pipelines/stock_daily_cn.toml"), own).unwrap();
    let page = place.expect(0, &["tables", "stock_daily_cn", "--lang", "zh"]);
    assert!(page.contains("\nOur own bars; no row on suspended days. Volume in shares, amount in yuan."), "{page}");
}

#[test]
fn people_who_ask_for_columns_are_answered_in_chinese() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.expect(0, &BACKFILL);
    let described = place.expect(0, &["query", "DESCRIBE stock_daily_cn", "--lang", "zh"]);
    for line in [
        "| vol         | Int64     | 股    | 成交量，含零股 ",
        "| vendor      | Utf8      |       | 该行来自哪家供应商 ",
    ] {
        assert!(described.lines().any(|other| other.starts_with(line)), "{line}: {described}");
    }
    let tables = place.expect(0, &["query", "SHOW TABLES", "--lang", "zh"]);
    assert!(tables.lines().any(|line| line.starts_with("| adj_factor ") && line.contains(" 复权因子 ")), "{tables}");
    // A file is for programs.
    place.expect(0, &["query", "DESCRIBE stock_daily_cn", "--output", "columns.csv", "--lang", "zh"]);
    assert!(std::fs::read_to_string(place.path("columns.csv")).unwrap().is_ascii());
}

#[test]
fn views_for_other_engines_differ_in_their_comments_only() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.expect(0, &BACKFILL);
    let written = |engine: &str, language: &str| place.expect(0, &["tables", "--ddl", engine, "--lang", language]);
    let (english, chinese) = (written("duckdb", "en"), written("duckdb", "zh"));
    has_line(&english, "COMMENT ON COLUMN \"stock_daily_cn\".\"close\" IS 'close, unadjusted [CNY/share]';");
    has_line(&chinese, "COMMENT ON COLUMN \"stock_daily_cn\".\"close\" IS '收盘价（元/股），未复权';");
    let code = |text: &str| {
        text.lines()
            .filter(|line| !line.starts_with("COMMENT ") && !line.starts_with("-- "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(code(&english), code(&chinese));
    has_line(&english, "-- Views and macros over the lake for DuckDB 1.4 or newer: docs/recipes.md.");
    has_line(&chinese, "-- 供 DuckDB 1.4 及以上版本读取数据湖的视图和宏：docs/zh/recipes.md。");
    let is_chinese = |line: &str| line.contains(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for engine in ["duckdb", "spark"] {
        let text = written(engine, "zh");
        let english = text.lines().find(|line| line.starts_with("-- ") && !is_chinese(line));
        assert_eq!(english, None, "{engine}");
    }
    assert!(written("spark", "zh").contains("`amount` DOUBLE COMMENT '成交额（元）'"));
    let (english, chinese) = (written("polars", "en"), written("polars", "zh"));
    has_line(&english, "        raise ValueError(f\"the calendar has no {day}: run `pitlake fetch trade_cal`\")");
    has_line(&chinese, "        raise ValueError(f\"交易日历里没有 {day}：请运行 `pitlake fetch trade_cal`\")");
    has_line(&chinese, "    amount: 成交额（元）");
    let documented = |text: &str| text.split("\"\"\"").skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    assert!(documented(&english).len() > 10 && documented(&english).len() == documented(&chinese).len());
    let lacking: Vec<String> = documented(&chinese).into_iter().filter(|text| !is_chinese(text)).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
    let code = |text: &str| {
        let outside = text.split("\"\"\"").step_by(2).collect::<String>();
        outside.lines().filter(|line| !line.contains("raise ValueError(")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(code(&english), code(&chinese));
}
