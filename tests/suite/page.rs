//! The page of `status --html`: its data for a lake with a missing day and rejected rows, and that a vendor's text
//! cannot escape its place. Its appearance is tested in a browser by `tests/interop/page.py`.

use std::fs;

use pitlake_sandbox::Settings;
use serde_json::{Value, json};

use crate::proxy::{Proxy, Turn};
use crate::support::{NOW, Place, Vendor, day, settings as usual};

const EVIL: &str = "</script><script>alert(1)</script><!-- & 'x'";

fn settings() -> Settings {
    Settings { start: day("2022-12-01"), end: day("2023-01-20"), ..usual() }
}

/// The data in a page.
fn data(page: &str) -> Value {
    let from = page.find("id=\"data\"").expect("data");
    let text = &page[from..];
    let (begin, end) = (text.find('>').unwrap() + 1, text.find("</script>").unwrap());
    serde_json::from_str(&text[begin..end]).expect("valid JSON")
}

/// The days of a coverage in short form, one letter each.
fn letters(days: &Value) -> String {
    let mut letters = String::new();
    let mut rest = days["runs"].as_str().unwrap();
    while let Some(letter) = rest.chars().next() {
        let count: String = rest[1..].chars().take_while(char::is_ascii_digit).collect();
        letters.extend(std::iter::repeat_n(letter, count.parse().unwrap()));
        rest = &rest[1 + count.len()..];
    }
    letters
}

#[test]
fn a_page_shows_what_is_missing_and_keeps_texts_of_vendors_in_their_place() {
    let settings = settings();
    let vendor = Vendor::start(settings.clone());
    let proxy = Proxy::start(&vendor.server.url(), |request, _| {
        let is_meant = request["api_name"] == "daily" && request["params"]["trade_date"] == "20230105";
        let is_first = matches!(request["params"]["offset"].as_str(), None | Some("0"));
        let evil = json!(EVIL).to_string();
        if is_meant && is_first { Turn::change(move |rows| rows.set(0, "amount", &evil)) } else { Turn::Pass }
    });
    let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
    place.backfill(3, &["stock_daily_cn"], &settings);
    fs::remove_dir_all(place.path("data/bronze/tushare/stock_daily_cn/date=2023-01-10")).unwrap();

    let page = place.expect(0, &["status", "--html", "-", "--now", NOW]);
    place.expect(0, &["status", "--html", "page.html", "--now", NOW]);
    assert_eq!(fs::read_to_string(place.path("page.html")).unwrap(), page);
    let files: Vec<_> = fs::read_dir(place.path(".")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(files.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{files:?}");

    assert!(!page.contains("<script>alert") && !page.contains("<!--"), "a text of the vendor left its place");
    assert!(!page.contains(&place.token), "the token is in the page");
    let data = data(&page);
    assert_eq!(data["rejects"][0]["table"], "stock_daily_cn");
    assert!(data["rejects"][0]["example"].as_str().unwrap().contains(EVIL), "{}", data["rejects"]);
    let chinese = |text: &Value| data["chinese"][text.as_str().unwrap()].as_str().unwrap_or_default().to_owned();
    assert_eq!(chinese(&json!("Daily bars, unadjusted")), "日线行情（未复权）");
    assert!(chinese(&data["rejects"][0]["reason"]).contains("无效"), "{}", data["rejects"][0]["reason"]);
    assert_eq!(data["answers"]["missing"], json!({ "stock_daily_cn": 1 }));
    let commands: Vec<&Value> =
        data["answers"]["actions"].as_array().unwrap().iter().map(|action| &action["command"]).collect();
    assert_eq!(
        commands[..2],
        [
            &json!("pitlake backfill stock_daily_cn --start 2023-01-10 --end 2023-01-10"),
            &json!("pitlake normalize stock_daily_cn"),
        ]
    );
    let tables = data["tables"].as_array().unwrap();
    let bars = tables.iter().find(|table| table["table"] == "stock_daily_cn").unwrap();
    let days = &bars["coverage"][0]["days"];
    assert_eq!(days["first"], "2022-12-01");
    let letters = letters(days);
    let place_of = |text: &str| usize::try_from((day(text) - day("2022-12-01")).num_days()).unwrap();
    let of = |text: &str| letters.as_bytes()[place_of(text)] as char;
    assert_eq!(["2023-01-04", "2023-01-05", "2023-01-10", "2023-01-11"].map(of), ['h', 'd', 'm', 'h']);
    assert!(!letters.contains('-'), "closed days continue what was before them: {letters}");
    assert_eq!(data["runs"][0]["exit"], 3);
    assert!(data["runs"][0]["calls"]["tushare/daily"].as_u64().unwrap() > 0);
}

#[test]
fn a_page_of_an_empty_lake_says_how_to_begin() {
    let place = Place::at("http://127.0.0.1:9");
    fs::create_dir(place.path("data")).unwrap();
    let data = data(&place.expect(0, &["status", "--html", "-"]));
    assert_eq!(data["answers"]["actions"][0]["command"], "pitlake config init");
    assert_eq!((&data["calendar"], &data["tables"]), (&Value::Null, &json!([])));
}
