//! Made-up companies: names with pinyin initials, places, industries and owners.
//!
//! Any likeness to a real company is chance; nothing here affects prices.

use super::dice::{Topic, dice};
use super::securities::Board;
use rand::RngExt;

/// The descriptive columns of `stock_basic`.
pub(crate) struct Company {
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) english_name: String,
    /// Pinyin initials.
    pub(crate) initials: String,
    pub(crate) area: &'static str,
    pub(crate) industry: &'static str,
    /// Stock Connect: `N`, `H` or `S`.
    pub(crate) connect: &'static str,
    /// Actual controller and its kind; the vendor has gaps.
    pub(crate) owner: Option<(&'static str, &'static str)>,
}

const FIRST: [(&str, &str); 20] = [
    ("华", "h"),
    ("中", "z"),
    ("东", "d"),
    ("金", "j"),
    ("海", "h"),
    ("天", "t"),
    ("国", "g"),
    ("宏", "h"),
    ("鼎", "d"),
    ("瑞", "r"),
    ("恒", "h"),
    ("新", "x"),
    ("永", "y"),
    ("长", "c"),
    ("安", "a"),
    ("嘉", "j"),
    ("明", "m"),
    ("远", "y"),
    ("福", "f"),
    ("星", "x"),
];
const SECOND: [(&str, &str); 20] = [
    ("辰", "c"),
    ("泰", "t"),
    ("源", "y"),
    ("盛", "s"),
    ("宇", "y"),
    ("和", "h"),
    ("信", "x"),
    ("达", "d"),
    ("康", "k"),
    ("通", "t"),
    ("利", "l"),
    ("丰", "f"),
    ("成", "c"),
    ("隆", "l"),
    ("顺", "s"),
    ("德", "d"),
    ("润", "r"),
    ("业", "y"),
    ("兴", "x"),
    ("光", "g"),
];
/// Trade in the name, its initials, and the vendor's industry label.
const TRADE: [(&str, &str, &str); 20] = [
    ("科技", "kj", "软件服务"),
    ("电子", "dz", "元器件"),
    ("医药", "yy", "化学制药"),
    ("能源", "ny", "新型电力"),
    ("材料", "cl", "化工原料"),
    ("机械", "jx", "专用机械"),
    ("食品", "sp", "食品"),
    ("银行", "yh", "银行"),
    ("地产", "dc", "区域地产"),
    ("证券", "zq", "证券"),
    ("环保", "hb", "环境保护"),
    ("汽配", "qp", "汽车配件"),
    ("传媒", "cm", "影视音像"),
    ("化学", "hx", "农药化肥"),
    ("电气", "dq", "电气设备"),
    ("钢铁", "gt", "普钢"),
    ("水泥", "sn", "水泥"),
    ("纺织", "fz", "纺织"),
    ("物流", "wl", "仓储物流"),
    ("通信", "tx", "通信设备"),
];
const AREAS: [&str; 10] = ["北京", "上海", "深圳", "浙江", "江苏", "广东", "山东", "四川", "湖北", "福建"];
const OWNERS: [Option<(&str, &str)>; 4] =
    [None, Some(("无实际控制人", "无")), Some(("张某", "个人")), Some(("某市国有资产监督管理委员会", "地方国企"))];

/// The company behind security `number`.
pub(crate) fn company(seed: u64, number: usize, board: Board) -> Company {
    // 7919 has no factor in common with 8000: the first 8,000 names differ.
    let mixed = number * 7919 % 8000;
    let (first, second, trade) = (FIRST[mixed % 20], SECOND[mixed / 20 % 20], TRADE[mixed / 400]);
    let name = format!("{}{}{}", first.0, second.0, trade.0);
    let mut rng = dice(seed, Topic::Security, number, 0);
    let connected = rng.random_range(0..2) == 0;
    Company {
        full_name: format!("{name}(虚构)股份有限公司"),
        english_name: format!("Made-up \"{number:04}\" Co., Ltd."),
        initials: format!("{}{}{}", first.1, second.1, trade.1),
        name,
        area: AREAS[rng.random_range(0..AREAS.len())],
        industry: trade.2,
        connect: match board.exchange() {
            "SSE" if connected => "H",
            "SZSE" if connected => "S",
            _ => "N",
        },
        owner: OWNERS[rng.random_range(0..OWNERS.len())],
    }
}
