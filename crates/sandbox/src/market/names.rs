//! Made-up companies: names with pinyin initials, places, industries and owners.
//!
//! Any likeness to a real company is chance; nothing here affects prices.

use super::dice::dice;
use rand::RngExt;

pub(crate) struct Company {
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) english_name: String,
    pub(crate) initials: String,
    pub(crate) area: &'static str,
    pub(crate) industry: &'static str,
    /// Stock Connect: `N`, `H` or `S`.
    pub(crate) connect: &'static str,
    /// Actual controller and its kind; the vendor has gaps.
    pub(crate) owner: Option<(&'static str, &'static str)>,
}

/// Parts of names with their initials.
const FIRST: &str = "华h 中z 东d 金j 海h 天t 国g 宏h 鼎d 瑞r 恒h 新x 永y 长c 安a 嘉j 明m 远y 福f 星x";
const SECOND: &str = "辰c 泰t 源y 盛s 宇y 和h 信x 达d 康k 通t 利l 丰f 成c 隆l 顺s 德d 润r 业y 兴x 光g";
/// Trade in the name, its initials, and the vendor's industry label.
const TRADE: &str = "科技kj软件服务 电子dz元器件 医药yy化学制药 能源ny新型电力 材料cl化工原料 机械jx专用机械 食品sp食品 \
                     银行yh银行 地产dc区域地产 证券zq证券 环保hb环境保护 汽配qp汽车配件 传媒cm影视音像 化学hx农药化肥 \
                     电气dq电气设备 钢铁gt普钢 水泥sn水泥 纺织fz纺织 物流wl仓储物流 通信tx通信设备";
const AREAS: [&str; 10] = ["北京", "上海", "深圳", "浙江", "江苏", "广东", "山东", "四川", "湖北", "福建"];
const OWNERS: [Option<(&str, &str)>; 4] =
    [None, Some(("无实际控制人", "无")), Some(("张某", "个人")), Some(("某市国有资产监督管理委员会", "地方国企"))];

/// The company behind security `number`, which is listed on `exchange`.
pub(crate) fn company(seed: u64, number: usize, exchange: &str) -> Company {
    // 7919 has no factor in common with 8000: the first 8,000 names differ.
    let mixed = number * 7919 % 8000;
    let parts = [word(FIRST, mixed % 20), word(SECOND, mixed / 20 % 20), word(TRADE, mixed / 400)];
    let name = parts.map(|part| part.0).concat();
    let mut rng = dice(seed, "security", number, 0);
    let connected = rng.random_range(0..2) == 0;
    Company {
        full_name: format!("{name}(虚构)股份有限公司"),
        english_name: format!("Made-up \"{number:04}\" Co., Ltd."),
        initials: parts.map(|part| part.1).concat(),
        name,
        area: AREAS[rng.random_range(0..AREAS.len())],
        industry: parts[2].2,
        connect: match exchange {
            "SSE" if connected => "H",
            "SZSE" if connected => "S",
            _ => "N",
        },
        owner: OWNERS[rng.random_range(0..OWNERS.len())],
    }
}

/// A word of a list: what stands before, in and after its initials.
fn word(list: &'static str, place: usize) -> (&'static str, &'static str, &'static str) {
    let word = list.split(' ').nth(place).unwrap_or_default();
    let is_initial = |sign: char| sign.is_ascii_lowercase();
    let (front, rest) = word.split_at(word.find(is_initial).unwrap_or(word.len()));
    let (initials, label) = rest.split_at(rest.find(|sign| !is_initial(sign)).unwrap_or(rest.len()));
    (front, initials, label)
}
