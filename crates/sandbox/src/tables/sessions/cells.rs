//! What a cell says: a figure that follows from the row's bar or from its neighbours, else one by dice.
//!
//! Figures are whole numbers: money in fen, shares, prices in the item's decimals, everything else in millionths
//! (percent and times in ten-thousandths).

use super::connect;
use super::items::Item;
use super::known::board_type;
use super::margin::Loans;
use super::numbers::{made_up, spell};
use super::{Column, Kind, Population, Sheet, draws};
use crate::Cell;
use crate::market::Market;
use crate::market::dice::interface_dice;
use crate::market::walk::{divide, limits};
use crate::tables::detail::chips::Chips;
use crate::tables::text::{Pen, integer, optional_text, text};
use std::cell::OnceCell;

/// First day without bought and sold of the northbound list, and without northbound net flows.
pub(super) const NORTHBOUND_SPLIT_ENDS: &str = "20240819";
/// Columns of a bar, which a bar always has.
const BAR: [&str; 6] = ["open", "high", "low", "close", "vol", "amount"];
/// Columns of a key or without which a row means nothing.
const ALWAYS: [&str; 8] = ["price", "buy", "sell", "net_buy", "adj_factor", "rzrqye", "ratio", "tick_qty"];

/// A number of a row.
enum Figure {
    Is(i64),
    Missing,
    /// Follows from nothing.
    Free,
}

use Figure::{Free, Is, Missing};

struct Line<'a> {
    market: &'a Market,
    population: Population,
    item: &'a Item<'a>,
    session: usize,
    draws: [i64; 4],
    /// Of which a row has several figures.
    loans: OnceCell<Option<Loans>>,
    chips: OnceCell<Option<Chips>>,
}

/// The row of an item, for the interface in place `place` of the list.
pub(crate) fn row(market: &Market, sheet: &Sheet, place: usize, item: &Item<'_>, session: usize) -> Vec<Cell> {
    let mut pen = Pen { rng: interface_dice(market.seed, place, item.address, session) };
    let draws = draws(&mut pen.rng);
    let (population, loans, chips) = (sheet.population, OnceCell::new(), OnceCell::new());
    let line = Line { market, population, item, session, draws, loans, chips };
    sheet.columns.iter().map(|column| line.cell(&mut pen, *column)).collect()
}

impl Line<'_> {
    fn cell(&self, pen: &mut Pen, (name, kind): Column) -> Cell {
        match kind {
            Kind::Code => self.code(name),
            Kind::Day => self.day(name),
            Kind::Text | Kind::Tag => self.text(name),
            Kind::Rank if self.population == Population::Southbound => {
                // In floats and with gaps, as captured.
                if pen.once_in(20) { Cell::Null } else { pen.float(self.item.rank, 0) }
            }
            Kind::Rank => integer(self.item.rank),
            _ => {
                let figure = match self.figure(name, kind) {
                    Is(figure) => Some(figure),
                    Missing => None,
                    Free => Some(made_up(pen, (name, kind), self.population, self.item)),
                };
                // Drawn for every cell, so that a gap moves no other value.
                let gap = pen.once_in(40) && !BAR.contains(&name) && !ALWAYS.contains(&name) && !name.contains("limit");
                let gap = gap && !name.starts_with("bid_") && !name.starts_with("ask_");
                let gap = gap && self.population != Population::Constituents;
                spell(pen, kind, figure.filter(|_| !gap), self.item)
            }
        }
    }

    fn code(&self, name: &str) -> Cell {
        match name {
            "leading_code" => optional_text(self.item.leader.map(|leader| leader.security.code.as_str())),
            "con_code" => optional_text(self.item.stock.map(|stock| stock.security.code.as_str())),
            // The number Hong Kong gives to a mainland stock.
            "code" => {
                let first = if self.item.tag == "SH" { 90_000 } else { 70_000 };
                let number = self.item.stock.map_or(0, |stock| stock.security.number);
                text(&(first + number).to_string())
            }
            _ => text(&self.item.code),
        }
    }

    fn day(&self, name: &str) -> Cell {
        match name {
            "list_date" => optional_text(self.item.stock.and_then(|stock| stock.security.listed.as_deref())),
            _ => text(&self.market.calendar.stamp(self.session)),
        }
    }

    fn text(&self, name: &str) -> Cell {
        let company = self.item.stock.map(|stock| &stock.security.company);
        match name {
            "name" => text(&self.item.name),
            "reason" | "type_name" => text(self.item.reason),
            "exalter" | "buyer" => text(self.item.seats[0]),
            "seller" => text(self.item.seats[1]),
            "leading" => optional_text(self.item.leader.map(|leader| leader.security.name_while_listed())),
            "industry" => optional_text(company.map(|company| company.industry)),
            "area" => optional_text(company.map(|company| company.area)),
            // Of industries only.
            "level" => optional_text(board_type(&self.item.code).filter(|kind| *kind == "行业板块").map(|_| "二级")),
            "exchange" if self.population == Population::Pairs => text("FXCM"),
            _ => text(self.item.tag),
        }
    }

    /// A number from what the row is about.
    fn figure(&self, name: &str, kind: Kind) -> Figure {
        let bar = &self.item.quote.bar;
        let special = match self.population {
            Population::Northbound | Population::Southbound => self.most_traded(name),
            Population::Reasons | Population::Seats => self.conspicuous(name),
            Population::Deals => self.deal(name),
            Population::Margin | Population::MarginTotals => self.margin(name),
            Population::Connect => connect::figure(self.market, self.session, name).map_or(Missing, Is),
            Population::Constituents => Is(self.item.weight),
            Population::Held => self.held(name),
            Population::Funds if name == "adj_factor" => {
                Is([1_000_000, 1_037_500, 1_250_000, 500_000][self.item.address % 4])
            }
            _ => Free,
        };
        if !matches!(special, Free) {
            return special;
        }
        match (name, kind) {
            ("weight_avg" | "winner_rate", _) => self.chips(name),
            (cost, _) if cost.starts_with("cost_") => self.chips(name),
            ("leading_pct", _) => self
                .item
                .leader
                .and_then(|leader| leader.history.bar(self.session))
                .map_or(Missing, |bar| Is(divide((bar.close - bar.pre_close) * 1_000_000, bar.pre_close.max(1)))),
            ("pct_chg" | "pct_change" | "p_change", _) | ("change", Kind::Percent) => Is(self.item.quote.change()),
            ("change", _) => Is(bar.close - bar.pre_close),
            ("swing", _) => Is(divide((bar.high - bar.low) * 1_000_000, bar.pre_close.max(1))),
            ("vol", _) => Is(bar.shares),
            ("amount", _) => Is(bar.turnover * 100),
            _ => match self.price(name, kind) {
                Free => self.of_stock(name),
                price => price,
            },
        }
    }

    /// A price of the bar, with what vendors put around its name.
    fn price(&self, name: &str, kind: Kind) -> Figure {
        if kind != Kind::Price {
            return Free;
        }
        let bar = &self.item.quote.bar;
        let (base, hfq) = match name.strip_suffix("_hfq") {
            Some(base) => (base, true),
            None => (name.strip_suffix("_qfq").unwrap_or(name), false),
        };
        let (base, ask) = match base.strip_prefix("ask_") {
            Some(base) => (base, 3),
            None => (base.strip_prefix("bid_").unwrap_or(base), 0),
        };
        let security = self.item.stock.map(|stock| &stock.security);
        let debut = security.is_some_and(|security| security.debut && security.life.start == self.session);
        let (floor, ceiling) = limits(bar.pre_close, security.map_or(10, |security| security.board.limit()));
        let price = match base {
            "pre_close" | "up_limit" | "down_limit" if debut && self.population == Population::Listed => {
                return Missing;
            }
            "open" => bar.open,
            "high" => bar.high,
            "low" => bar.low,
            "close" => bar.close,
            "pre_close" => bar.pre_close,
            "up_limit" => ceiling,
            "down_limit" => floor,
            _ => return Free,
        };
        let era = self.item.stock.and_then(|stock| stock.history.era(self.session)).filter(|_| hfq);
        Is(era.map_or(price + ask, |era| divide(price * era.factor, 1_000_000)))
    }

    /// Capital, values and ratios of a stock, as `daily_basic` has them.
    fn of_stock(&self, name: &str) -> Figure {
        let Some(stock) = self.item.stock else {
            return Free;
        };
        let Some(era) = stock.history.era(self.session) else {
            return Missing;
        };
        let (bar, books) = (&self.item.quote.bar, &stock.history.books);
        let percent = |shares: i64| Is(divide(bar.shares * 1_000_000, shares.max(1)));
        let times = |amount: i64| match amount {
            1.. => Is(divide(divide(bar.close * era.total, 100) * 10_000, amount)),
            // The backup's gaps are zeros.
            _ if self.population == Population::Listed => Is(0),
            _ => Missing,
        };
        match name {
            "turnover_rate" => percent(era.float),
            "turnover_rate_f" => percent(era.free),
            "total_share" => Is(era.total),
            "float_share" => Is(era.float),
            "free_share" => Is(era.free),
            "total_mv" => Is(bar.close * era.total),
            "circ_mv" | "float_values" => Is(bar.close * era.float),
            "adj_factor" => Is(era.factor),
            "pe" => times(books.profit),
            "pe_ttm" => times(books.profit_ttm),
            "pb" => times(books.net_assets),
            "ps" => times(books.sales),
            "ps_ttm" => times(books.sales_ttm),
            _ => Free,
        }
    }

    /// Parts of the session's turnover in fen, at most 10 %.
    fn part(&self, draw: usize) -> i64 {
        self.item.quote.bar.turnover / 100 * self.draws[draw]
    }

    fn most_traded(&self, name: &str) -> Figure {
        let (channel, name) = match name.split_once('_') {
            Some(("sh", rest)) => (Some("2"), rest),
            Some(("sz", rest)) => (Some("4"), rest),
            _ => (None, name),
        };
        if channel.is_some_and(|channel| channel != self.item.tag) {
            return Missing;
        }
        let (bought, sold) = (self.part(0), self.part(1));
        let over = self.market.calendar.stamps[self.session].as_str() >= NORTHBOUND_SPLIT_ENDS;
        match name {
            "net_amount" | "buy" | "sell" if over && self.population == Population::Northbound => Missing,
            "amount" => Is(bought + sold),
            "net_amount" => Is(bought - sold),
            "buy" => Is(bought),
            "sell" => Is(sold),
            _ => Free,
        }
    }

    fn conspicuous(&self, name: &str) -> Figure {
        let (bought, sold) = (self.part(0), self.part(1));
        let whole = (self.item.quote.bar.turnover * 100).max(1);
        // In steps of fen that fit the product of two large numbers.
        let rate = |part: i64| Is(divide(part / 100 * 10_000, (whole / 10_000).max(1)));
        match name {
            "l_buy" | "buy" => Is(bought),
            "l_sell" | "sell" => Is(sold),
            "l_amount" => Is(bought + sold),
            "net_amount" | "net_buy" => Is(bought - sold),
            "net_rate" => rate(bought - sold),
            "amount_rate" => rate(bought + sold),
            "buy_rate" => rate(bought),
            "sell_rate" => rate(sold),
            _ => Free,
        }
    }

    /// Price and hundreds of shares give the amount.
    fn deal(&self, name: &str) -> Figure {
        let price = divide(self.item.quote.bar.close * (900 + self.draws[0] / 10), 1000);
        let shares = self.draws[1] * 10_000 + self.draws[2] * 100;
        match name {
            "price" => Is(price),
            "vol" => Is(shares),
            "amount" => Is(price * shares),
            _ => Free,
        }
    }

    fn margin(&self, name: &str) -> Figure {
        let loans = self.loans.get_or_init(|| match self.population {
            Population::MarginTotals => Some(Loans::of_exchange(self.market, self.item.tag, self.session)),
            _ => Loans::of_stock(self.market, self.item, self.session, self.draws),
        });
        let Some(loans) = loans else {
            return Missing;
        };
        loans.figure(name).map_or(Free, Is)
    }

    /// A figure of the stock's chips, which only `cyq_perf` has.
    fn chips(&self, name: &str) -> Figure {
        let stock = self.item.stock;
        let chips = || stock.and_then(|stock| Chips::of(self.market, stock, self.session));
        self.chips.get_or_init(chips).as_ref().and_then(|chips| chips.figure(name)).map_or(Missing, Is)
    }

    /// Shares held, and their part of the tradable ones, cut to hundredths.
    fn held(&self, name: &str) -> Figure {
        let float = self.item.stock.and_then(|stock| stock.history.era(self.session)).map_or(1, |era| era.float);
        let held = float / 10_000 * self.draws[0];
        match name {
            "vol" => Is(held),
            "ratio" => Is(held * 10_000 / float.max(1) * 100),
            _ => Free,
        }
    }
}
