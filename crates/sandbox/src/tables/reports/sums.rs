//! Totals and their parts: a vendor lists the parts of a total in front of it.

use pitlake_contract::Field;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// A statement under way: amounts in fen by column, in the columns of its contract.
pub(super) struct Sums<'a> {
    pub(super) amounts: BTreeMap<&'a str, i64>,
    fields: &'a [Field],
    /// Of the company: which parts it has, and how large they are.
    rng: ChaCha8Rng,
}

impl<'a> Sums<'a> {
    pub(super) fn new(fields: &'a [Field], rng: ChaCha8Rng) -> Self {
        Self { amounts: BTreeMap::new(), fields, rng }
    }

    /// The amount of a column, 0 if there is none.
    pub(super) fn of(&self, column: &str) -> i64 {
        self.amounts.get(column).copied().unwrap_or_default()
    }

    /// A total and its parts, which are the columns between `after` and the total. Those with an amount keep it, and the
    /// last of the others takes what is left.
    pub(super) fn deal(&mut self, after: &str, total: &'a str, amount: i64) {
        let parts = &self.fields[self.place(after) + 1..self.place(total)];
        let known: i64 = parts.iter().map(|part| self.of(&part.name)).sum();
        let free: Vec<&str> = parts.iter().map(|part| part.name.as_str()).filter(|part| !self.has(part)).collect();
        let mut rest = amount - known;
        if let Some((last, others)) = free.split_last() {
            rest = self.share(others, rest);
            self.amounts.insert(last, rest);
        }
        self.amounts.insert(total, amount);
    }

    /// Divides an amount among the columns of numbers after one, as far as it goes.
    pub(super) fn spread(&mut self, after: &str, amount: i64) {
        let fields = self.fields[self.place(after) + 1..].iter().filter(|field| field.unit.is_some());
        let free: Vec<&str> = fields.map(|field| field.name.as_str()).filter(|part| !self.has(part)).collect();
        self.share(&free, amount);
    }

    /// Gives parts of an amount to two columns in three, and returns the rest.
    pub(super) fn share(&mut self, columns: &[&'a str], amount: i64) -> i64 {
        columns.iter().fold(amount, |rest, column| {
            let (has, percent) = (self.rng.random_range(0..3) > 0, self.rng.random_range(5..40));
            let share = if has { rest / 100 * percent } else { 0 };
            if has {
                self.amounts.insert(column, share);
            }
            rest - share
        })
    }

    fn has(&self, column: &str) -> bool {
        self.amounts.contains_key(column)
    }

    fn place(&self, column: &str) -> usize {
        self.fields.iter().position(|field| field.name == column).unwrap_or_default()
    }
}
