//! Who is listed: codes, boards and lifetimes of the made-up securities, and the companies behind them: names with
//! pinyin initials, places, industries and owners.
//!
//! Prices and events are elsewhere. Codes look real but the names do not belong to them; any likeness to a real company
//! is chance.

use super::{Calendar, Dice, Quarter, after, before, stamp, weekday_before};
use chrono::{Days, Months, NaiveDate};
use pitlake_contract::spelling::day;
use std::ops::Range;

/// How many days before the listing a prospectus publishes reports.
const PROSPECTUS: u64 = 365;
/// The number of quarters of a security that was delisted long before the market's range.
const LAST_QUARTERS: i32 = 8;
/// With more stocks, the codes of two series would overlap.
const MOST_STOCKS: usize = 9000;
/// From this many sessions on, the range contains listings, delistings and events.
pub(crate) const EVENTFUL_SESSIONS: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Board {
    ShanghaiMain,
    ShenzhenMain,
    ChiNext,
    Star,
    Beijing,
}

use Board::{Beijing, ChiNext, ShanghaiMain, ShenzhenMain, Star};

/// The boards of twenty consecutive securities; 5 % are in Beijing.
#[rustfmt::skip]
const BOARDS: [Board; 20] = [
    ShanghaiMain, ShenzhenMain, ShenzhenMain, ChiNext, Beijing, Star, ShanghaiMain,
    ShanghaiMain, ChiNext, ShenzhenMain, ShanghaiMain, ShenzhenMain, ChiNext, Star,
    ShanghaiMain, ShenzhenMain, ChiNext, ShanghaiMain, ShenzhenMain, ShenzhenMain,
];

impl Board {
    /// First codes, used in turn, and their suffix, and `exchange` and `market` in `stock_basic`.
    fn facts(self) -> (&'static [usize], &'static str, &'static str, &'static str) {
        match self {
            ShanghaiMain => (&[600_000, 601_000, 603_000], "SH", "SSE", "主板"),
            ShenzhenMain => (&[0, 2_000], "SZ", "SZSE", "主板"),
            ChiNext => (&[300_000], "SZ", "SZSE", "创业板"),
            Star => (&[688_000], "SH", "SSE", "科创板"),
            Beijing => (&[920_000], "BJ", "BSE", "北交所"),
        }
    }

    pub(crate) fn exchange(self) -> &'static str {
        self.facts().2
    }

    pub(crate) fn market(self) -> &'static str {
        self.facts().3
    }

    /// Daily price limit as a percentage of the reference price (exchange rules, without ST shares).
    pub(crate) fn limit(self) -> i64 {
        match self {
            ShanghaiMain | ShenzhenMain => 10,
            ChiNext | Star => 20,
            Beijing => 30,
        }
    }
}

/// A security as the master list shows it at the end of the range.
pub(crate) struct Security {
    /// Order of creation, which addresses its dice and decides its special cases.
    pub(crate) number: usize,
    /// `NNNNNN.SH`, `.SZ` or `.BJ`.
    pub(crate) code: String,
    pub(crate) board: Board,
    pub(crate) company: Company,
    /// `L`, `D`, `P` or `G`, see `stock_basic.list_status`.
    pub(crate) status: &'static str,
    /// YYYYMMDD; `None` before the first trading day.
    pub(crate) listed: Option<String>,
    /// YYYYMMDD; the last bar is from an earlier session.
    pub(crate) delisted: Option<String>,
    /// The sessions of the range during which it is listed, by index.
    pub(crate) life: Range<usize>,
    /// Whether the first session of `life` is its first ever.
    pub(crate) debut: bool,
}

/// Prefixed to a name on the delisting day.
const DELISTED: &str = "退市";

impl Security {
    /// A security without a listing day yet.
    fn new(seed: u64, number: usize, (board, code): (Board, String)) -> Self {
        let company = company(seed, number, board.exchange());
        Self { number, code, board, company, status: "L", listed: None, delisted: None, life: 0..0, debut: false }
    }

    pub(crate) fn listed_on(&self) -> Option<NaiveDate> {
        day::date(self.listed.as_deref()?)
    }

    pub(crate) fn delisted_on(&self) -> Option<NaiveDate> {
        day::date(self.delisted.as_deref()?)
    }

    /// The quarters, by number, for which it has reports: from two years before the market's start to its end, while it
    /// was listed or in its prospectus. One that was delisted earlier has its last two years.
    pub(super) fn reported(&self, calendar: &Calendar) -> Range<i32> {
        let Some(listed) = self.listed_on() else {
            return 0..0;
        };
        let mut first = Quarter::of(calendar.start.checked_sub_months(Months::new(24)).unwrap_or(calendar.start)).0;
        let mut end = Quarter::of(after(calendar.end, 1)).0;
        if let Some(delisted) = self.delisted_on() {
            end = end.min(Quarter::of(delisted).0);
            first = if end <= first { end - LAST_QUARTERS } else { first };
        }
        first.max(Quarter::of(before(listed, PROSPECTUS)).0)..end
    }

    /// Its name before it was delisted.
    pub(crate) fn name_while_listed(&self) -> &str {
        let name = &self.company.name;
        name.strip_prefix(DELISTED).unwrap_or(name)
    }
}

pub(crate) fn securities(seed: u64, stocks: usize, calendar: &Calendar) -> Vec<Security> {
    let mut codes = Codes::default();
    let mut all: Vec<Security> = (0..stocks.min(MOST_STOCKS))
        .map(|number| {
            let board = BOARDS[number % BOARDS.len()];
            trading(seed, number, board, codes.next(board), calendar)
        })
        .collect();
    for (board, status) in [(ShanghaiMain, "D"), (ShenzhenMain, "P"), (ChiNext, "G")] {
        all.push(dormant(all.len(), board, codes.next(board), status, calendar.start));
    }
    all.sort_by(|a, b| a.code.cmp(&b.code));
    all
}

/// A security with bars: old, listed inside the range, or delisted inside it.
fn trading(seed: u64, number: usize, board: Board, code: String, calendar: &Calendar) -> Security {
    let sessions = calendar.sessions.len();
    let mut dice = Dice::new(seed, "life", number, 0);
    let age = dice.roll(200..9000);
    let mut pick = |from: usize, to: usize| {
        if from < to { dice.roll(from..to) } else { from }
    };
    let mut security = Security::new(seed, number, (board, code));
    security.listed = Some(stamp(years_before(calendar.start, age)));
    security.life = 0..sessions;
    if sessions < EVENTFUL_SESSIONS {
        return security;
    }
    if matches!(number % 25, 5 | 8) {
        let first = if number == 5 { sessions / 4 } else { pick(sessions / 8, sessions * 3 / 4) };
        security.listed = Some(calendar.stamps[first].clone());
        security.life.start = first;
        security.debut = true;
    } else if number % 75 == 6 {
        let last = if number == 6 { sessions * 3 / 5 } else { pick(sessions / 2, sessions * 9 / 10) };
        security.status = "D";
        security.delisted = Some(calendar.stamps[last].clone());
        security.life.end = last;
        security.company.name = format!("{DELISTED}{}", security.company.name);
    }
    security
}

/// A security with a row in the master list but no bars in the range.
fn dormant(number: usize, board: Board, code: String, status: &'static str, start: NaiveDate) -> Security {
    let listed = (status != "G").then(|| stamp(years_before(start, 9000)));
    let delisted = (status == "D").then(|| stamp(years_before(start, 1800)));
    Security { status, listed, delisted, ..Security::new(0, number, (board, code)) }
}

fn years_before(start: NaiveDate, days: u64) -> NaiveDate {
    weekday_before(start.checked_sub_days(Days::new(days)).unwrap_or(start))
}

#[derive(Default)]
struct Codes {
    used: [usize; 5],
}

impl Codes {
    fn next(&mut self, board: Board) -> String {
        let used = &mut self.used[board as usize];
        let (bases, suffix, ..) = board.facts();
        let code = bases[*used % bases.len()] + *used / bases.len() + 1;
        *used += 1;
        format!("{code:06}.{suffix}")
    }
}

/// The company behind a security.
pub(crate) struct Company {
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) english_name: String,
    pub(crate) initials: String,
    pub(crate) area: &'static str,
    pub(crate) industry: &'static str,
    /// Stock Connect: `N`, `H` or `S`.
    pub(crate) connect: &'static str,
    /// The actual controller and its kind; the vendor has gaps.
    pub(crate) owner: Option<(&'static str, &'static str)>,
}

/// Parts of names, with their initials.
const FIRST: &str = "华h 中z 东d 金j 海h 天t 国g 宏h 鼎d 瑞r 恒h 新x 永y 长c 安a 嘉j 明m 远y 福f 星x";
const SECOND: &str = "辰c 泰t 源y 盛s 宇y 和h 信x 达d 康k 通t 利l 丰f 成c 隆l 顺s 德d 润r 业y 兴x 光g";
/// The trade in the name, its initials, and the vendor's industry label.
const TRADE: &str = "科技kj软件服务 电子dz元器件 医药yy化学制药 能源ny新型电力 材料cl化工原料 机械jx专用机械 食品sp食品 \
                     银行yh银行 地产dc区域地产 证券zq证券 环保hb环境保护 汽配qp汽车配件 传媒cm影视音像 化学hx农药化肥 \
                     电气dq电气设备 钢铁gt普钢 水泥sn水泥 纺织fz纺织 物流wl仓储物流 通信tx通信设备";
const AREAS: [&str; 10] = ["北京", "上海", "深圳", "浙江", "江苏", "广东", "山东", "四川", "湖北", "福建"];
const OWNERS: [Option<(&str, &str)>; 4] =
    [None, Some(("无实际控制人", "无")), Some(("张某", "个人")), Some(("某市国有资产监督管理委员会", "地方国企"))];

/// The company behind security `number`, listed on `exchange`.
fn company(seed: u64, number: usize, exchange: &str) -> Company {
    // 7919 and 8000 have no common factor, so the first 8,000 names differ.
    let mixed = number * 7919 % 8000;
    let parts = [word(FIRST, mixed % 20), word(SECOND, mixed / 20 % 20), word(TRADE, mixed / 400)];
    let name = parts.map(|part| part.0).concat();
    let mut dice = Dice::new(seed, "security", number, 0);
    let (connected, area) = (dice.once_in(2), *dice.one_of(&AREAS));
    Company {
        full_name: format!("{name}(虚构)股份有限公司"),
        english_name: format!("Made-up \"{number:04}\" Co., Ltd."),
        initials: parts.map(|part| part.1).concat(),
        name,
        area,
        industry: parts[2].2,
        connect: match exchange {
            "SSE" if connected => "H",
            "SZSE" if connected => "S",
            _ => "N",
        },
        owner: *dice.one_of(&OWNERS),
    }
}

/// A word of a list: the parts before, inside and after its initials.
fn word(list: &'static str, place: usize) -> (&'static str, &'static str, &'static str) {
    let word = list.split(' ').nth(place).unwrap_or_default();
    let is_initial = |sign: char| sign.is_ascii_lowercase();
    let (front, rest) = word.split_at(word.find(is_initial).unwrap_or(word.len()));
    let (initials, label) = rest.split_at(rest.find(|sign| !is_initial(sign)).unwrap_or(rest.len()));
    (front, initials, label)
}
