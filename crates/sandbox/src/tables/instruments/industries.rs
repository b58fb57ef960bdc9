//! The Shenwan industries, and which stock belongs to which one when. One stock in four joined its industry when the
//! scheme began, another one moves on some day of the market's range.

use crate::market::{EVENTFUL_SESSIONS, Market, Stock};
use crate::tables::sessions::known::SHENWAN;
use crate::tables::{Asked, Line, line};

/// Codes of the top-level industries, in the order of [`SHENWAN`].
const INDUSTRIES: [u32; 6] = [110_000, 220_000, 270_000, 340_000, 370_000, 480_000];
/// An industry that the 2021 scheme no longer has.
const MINING: (&str, &str, u32) = ("801020.SI", "采掘", 210_000);
/// The branches of every industry, and of every branch.
const BRANCHES: [&str; 2] = ["制造", "服务"];
/// The day of the first classification by the 2021 scheme.
const SCHEME_BEGAN: &str = "20211213";

/// An industry at some level.
struct Industry {
    code: String,
    name: String,
    /// The vendor's number for it, which its children give as their parent.
    number: u32,
    parent: u32,
}

impl Industry {
    fn top((code, name): (&str, &str), number: u32) -> Self {
        Self { code: code.to_owned(), name: name.to_owned(), number, parent: 0 }
    }

    /// Branch 0 or 1 of a top-level or middle-level industry.
    fn branch(&self, branch: u8) -> Self {
        let code: u32 = self.code.trim_end_matches(".SI").parse().unwrap_or_default();
        let nth = u32::from(branch) + 1;
        // 801010 has the child 801011, which has 850111.
        let (code, step) = if self.parent == 0 { (code + nth, 100) } else { (850_000 + code % 1000 * 10 + nth, 1) };
        Self {
            code: format!("{code}.SI"),
            name: format!("{}{}", self.name, BRANCHES[usize::from(branch % 2)]),
            number: self.number + nth * step,
            parent: self.number,
        }
    }

    fn line(&self, level: &str, source: &str) -> Line<'static> {
        line! {
            index_code: self.code.as_str(), industry_name: self.name.as_str(), parent_code: self.parent.to_string(),
            level: level, industry_code: self.number.to_string(), src: source,
            is_pub: (source == "SW2021").then_some(if level == "L1" { "1" } else { "0" }),
        }
    }
}

/// Both schemes, level by level; the older one has one branch of each kind.
pub(super) fn industries<'a>(_: &Asked<'a>) -> Vec<Line<'a>> {
    let tops = || SHENWAN.into_iter().zip(INDUSTRIES).map(|(known, number)| Industry::top(known, number));
    let mining = Industry::top((MINING.0, MINING.1), MINING.2);
    let schemes = [("SW2021", tops().collect(), &[0, 1][..]), ("SW2014", tops().chain([mining]).collect(), &[0])];
    let levels = |(source, tops, branches): (&str, Vec<Industry>, &[u8])| -> Vec<Line<'a>> {
        let below = |above: &[Industry]| -> Vec<Industry> {
            above.iter().flat_map(|above| branches.iter().map(|branch| above.branch(*branch))).collect()
        };
        let middle = below(&tops);
        let levels = [("L3", below(&middle)), ("L2", middle), ("L1", tops)].into_iter().rev();
        levels.flat_map(|(level, all)| all.iter().map(|one| one.line(level, source)).collect::<Vec<_>>()).collect()
    };
    schemes.into_iter().flat_map(levels).collect()
}

/// A stock's place: a top-level industry and two branches.
type Home = (usize, [u8; 2]);

fn home(stock: &Stock) -> Home {
    let number = stock.security.number;
    (number % SHENWAN.len(), [number / 2, number / 3].map(|side| u8::from(side % 2 == 1)))
}

/// All memberships known on the day of a moment.
pub(super) fn memberships<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let today = asked.at.map(|at| at.date().format("%Y%m%d").to_string());
    let known = |day: &str| today.as_deref().is_none_or(|today| day <= today);
    let lines = |stock| {
        let homes = homes(asked.market, stock).into_iter().filter(|(_, since, _)| known(since));
        homes.map(move |(home, since, until)| membership(stock, home, since, until.filter(|until| known(until))))
    };
    asked.market.stocks.iter().flat_map(lines).collect()
}

/// A stock's industries with the days it joined and left, oldest first. It joins the next on the day it leaves.
fn homes(market: &Market, stock: &Stock) -> Vec<(Home, String, Option<String>)> {
    let security = &stock.security;
    let Some(listed) = security.listed.clone() else {
        return Vec::new();
    };
    let ((top, [middle, low]), life) = (home(stock), &security.life);
    let moved = match security.number % 4 {
        1 if listed.as_str() < SCHEME_BEGAN => Some(SCHEME_BEGAN.to_owned()),
        3 if life.len() > EVENTFUL_SESSIONS => {
            let session = life.start + life.len() / 4 + security.number % (life.len() / 2);
            Some(market.calendar.stamps[session].clone())
        }
        _ => None,
    };
    let gone = security.delisted.clone();
    // A stock delisted before the move never moved.
    match moved.filter(|moved| gone.as_ref().is_none_or(|gone| moved < gone)) {
        Some(moved) => {
            let before = ((top, [1 - middle, low]), listed, Some(moved.clone()));
            vec![before, ((top, [middle, low]), moved, gone)]
        }
        None => vec![((top, [middle, low]), listed, gone)],
    }
}

fn membership(stock: &Stock, (top, branches): Home, since: String, until: Option<String>) -> Line<'static> {
    let top = Industry::top(SHENWAN[top], INDUSTRIES[top]);
    let middle = top.branch(branches[0]);
    let low = middle.branch(branches[1]);
    line! {
        l1_code: top.code, l1_name: top.name, l2_code: middle.code, l2_name: middle.name, l3_code: low.code,
        l3_name: low.name, ts_code: stock.security.code.as_str(), name: stock.security.name_while_listed(),
        in_date: since, is_new: if until.is_some() { "N" } else { "Y" }, out_date: until,
    }
}
