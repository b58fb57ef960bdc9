//! Vendors' refusals: which are retried, and which end an interface or the run.

use pitlake_sandbox::Settings;

use crate::proxy::{Proxy, Turn};
use crate::support::{NOW, Place, Vendor, day, settings as usual, silver};

fn settings() -> Settings {
    Settings { start: day("2023-01-03"), end: day("2023-01-20"), ..usual() }
}

/// Refusals that mention no parameter, right, token, quota or limit: status line, headers, body.
const HICCUPS: [(&str, &str, &str); 9] = [
    ("200 OK", "", r#"{"code":-1000,"msg":"系统内部错误","data":null}"#),
    ("200 OK", "", r#"{"code":50101,"msg":"","data":null}"#),
    ("200 OK", "", r#"{"code":40203,"msg":"查询数据失败，请稍后再试","data":null}"#),
    ("200 OK", "", r#"{"code":40101,"msg":"服务繁忙，请稍后再试！","data":null}"#),
    ("400 Bad Request", "", "<html>Bad Request</html>"),
    ("418 I'm a teapot", "", r#"{"code":0,"msg":"","data":{"fields":[],"items":[]}}"#),
    ("422 Unprocessable", "", ""),
    ("429 Too Many Requests", "retry-after: 1\r\n", r#"{"code":-1,"msg":"busy","data":null}"#),
    ("503 Unavailable", "", r#"{"code":-1000,"msg":"系统内部错误"}"#),
];

/// Was: the slice failed at once; on the only call for `trade_cal` the whole night was lost. Expected: retried like a
/// truncated reply, without a trace in the lake.
#[test]
fn a_hiccup_is_retried_on_every_interface() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &["adj_factor"], &settings());
    let undisturbed = silver(&place, "adj_factor");
    assert!(!undisturbed.is_empty());
    for (status, headers, body) in HICCUPS {
        let proxy = Proxy::start(&vendor.server.url(), move |_, before| match before {
            0 => Turn::Reply(status, headers, body.to_owned()),
            _ => Turn::Pass,
        });
        let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
        let printed = place.backfill(0, &["adj_factor"], &settings());
        assert_eq!(silver(&place, "adj_factor"), undisturbed, "{status} {body}: {printed}");
        assert!(!printed.contains("failed") && !printed.contains("not refreshed"), "{status} {body}: {printed}");
    }
}

/// Was: a run that hangs for as long as `Retry-After` says, even for hours. Expected: short waits are waited for and
/// reported; for longer ones the interface is left to a later run, and the others go on.
#[test]
fn a_wait_of_hours_does_not_hang_the_night() {
    let vendor = Vendor::start(settings());
    let place_of = |headers: &'static str, most: u64| {
        let proxy = Proxy::start(&vendor.server.url(), move |request, before| {
            let is_busy = request["api_name"] == "adj_factor" && before < most;
            let busy =
                || Turn::Reply("429 Too Many Requests", headers, r#"{"code":-1,"msg":"busy","data":null}"#.into());
            if is_busy { busy() } else { Turn::Pass }
        });
        let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
        (proxy, place)
    };
    let tables = ["adj_factor", "stock_daily_cn"];
    for (headers, wait) in [
        ("retry-after: 7200\r\n", "2 hours"),
        ("retry-after: 18446744073709551615\r\n", "hours"),
        ("retry-after: Thu, 31 Dec 2099 23:59:59 GMT\r\n", "hours"),
        ("retry-after: 301\r\n", "5 minutes"),
    ] {
        let (proxy, place) = place_of(headers, u64::MAX);
        let begun = std::time::Instant::now();
        let printed = place.backfill(3, &tables, &settings());
        assert!(begun.elapsed().as_secs() < 60, "{headers}");
        assert!(printed.contains("the vendor asks to wait ") && printed.contains(wait), "{headers}: {printed}");
        assert!(printed.contains("a run waits at most 5 minutes: run again later"), "{headers}: {printed}");
        assert!(proxy.calls("adj_factor") <= 8, "{headers}: {} calls", proxy.calls("adj_factor"));
        assert!(!silver(&place, "stock_daily_cn").is_empty() && silver(&place, "adj_factor").is_empty(), "{headers}");
    }
    let (_proxy, place) = place_of("retry-after: 2\r\n", 1);
    let printed = place.backfill(0, &tables, &settings());
    assert!(
        printed.contains("asked to slow down: calls to tushare/adj_factor paused for 2 seconds in total"),
        "{printed}"
    );
}

/// Each final refusal of the table's interface, with the exit code and the number of calls that may be made for its
/// sessions.
#[test]
fn a_refusal_that_names_something_is_not_retried() {
    let vendor = Vendor::start(settings());
    let sessions = u64::try_from(vendor.market.sessions().len()).unwrap();
    let parameter = r#"{"code":-2001,"msg":"参数错误，trade_date","data":null}"#;
    let right = r#"{"code":40203,"msg":"抱歉，您没有接口访问权限","data":null}"#;
    let quota = r#"{"code":40203,"msg":"抱歉，您每天最多访问该接口10次","data":null}"#;
    let token = r#"{"code":40101,"msg":"您的token不对，请确认。","data":null}"#;
    for (code, body, most) in [(3, parameter, sessions), (5, right, 8), (6, quota, 8), (5, token, 8)] {
        let proxy = Proxy::start(&vendor.server.url(), move |request, _| match request["api_name"].as_str() {
            Some("adj_factor") => Turn::ok(body),
            _ => Turn::Pass,
        });
        let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
        let printed = place.backfill(code, &["adj_factor"], &settings());
        let made = proxy.calls("adj_factor");
        assert!((1..=most).contains(&made), "{made} calls, {most} would do: {body}\n{printed}");
    }
}

/// Was: a calendar call that keeps failing made every evening end with 3, whatever the lake held. Expected: the run
/// continues with the lake's calendar, and says that it was not refreshed.
#[test]
fn a_run_goes_on_with_the_calendar_that_the_lake_holds() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.expect(0, &["fetch", "trade_cal", "stock_basic_cn", "--now", NOW]);
    let proxy = Proxy::start(&vendor.server.url(), |request, _| match request["api_name"].as_str() {
        Some("trade_cal") => Turn::ok(r#"{"code":-1000,"msg":"系统内部错误","data":null}"#),
        _ => Turn::Pass,
    });
    let later = "2026-01-06T12:00:00Z";
    let backfill = |place: &Place, code: i32| {
        place.jobs(&format!(
            "version = 1\n[vendors.tushare]\nbase_url = \"{}\"\npoints = 5000\nrequests_per_minute = 100000\n",
            proxy.url
        ));
        let range = ["--start", "2023-01-03", "--end", "2023-01-20", "--now", later];
        place.expect(code, &[&["backfill", "adj_factor"][..], &range].concat())
    };
    let printed = backfill(&place, 0);
    assert!(printed.contains("not refreshed") && printed.contains("系统内部错误"), "{printed}");
    let sessions = vendor.market.sessions().len();
    assert!(printed.contains(&format!("{sessions} slices fetched")), "{printed}");
    // Without a calendar, the days to request are unknown.
    let printed = backfill(&Place::with(&vendor), 3);
    assert!(printed.contains("系统内部错误") && printed.contains("run again, or import it"), "{printed}");
}
