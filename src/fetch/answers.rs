//! Answers to groups of slices: asked until they are whole, or failed. Never whether one is believed, or where it is kept.

use futures::StreamExt as _;
use pitlake_contract::Slice;

use super::judge::Judge;
use super::{Client, Failure, Interface, Reply};
use crate::plan::{self, Question, Why, tables_of};
use crate::progress::Bar;
use crate::wire::{Call, Refusal};
use crate::world::Run;

/// Slices of one interface under way at once; the account's own limit holds over all interfaces.
pub(super) const SLICES: usize = 8;

/// A question under way.
pub(super) struct Asking<'a> {
    pub(super) run: Run<'a>,
    pub(super) question: &'a Question,
    pub(super) judge: Judge<'a>,
    pub(super) client: &'a Client,
    pub(super) interface: Interface,
    pub(super) bar: Bar,
}

/// Slices that are asked together, and why: one, or securities that one call may name.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) slices: Vec<Slice>,
    pub(super) why: Why,
}

/// A group, how it was asked, and what came.
#[derive(Debug)]
pub(super) struct GroupAnswer {
    pub(super) group: Group,
    pub(super) calls: Vec<Call>,
    pub(super) reply: Result<Reply, Failure>,
}

impl Group {
    /// Slices that are asked together.
    pub(super) fn of(slices: &[(Slice, Why)]) -> Self {
        let why = slices.first().map_or(Why::Missing, |(_, why)| *why);
        Self { slices: slices.iter().map(|(slice, _)| slice.clone()).collect(), why }
    }

    /// Two groups of half its slices.
    fn halves(&self) -> [Self; 2] {
        let (left, right) = self.slices.split_at(self.slices.len() / 2);
        [left, right].map(|slices| Self { slices: slices.to_vec(), why: self.why })
    }
}

impl Asking<'_> {
    /// Whole answers to some groups. One in which the vendor does not know a security is asked anew in halves, until that
    /// one is alone.
    pub(super) async fn answers(&self, groups: &[Group]) -> Vec<GroupAnswer> {
        let mut all = Vec::new();
        let mut open = groups.to_vec();
        while !open.is_empty() {
            let mut halves = Vec::new();
            for answer in self.asked(&open).await {
                let several = answer.group.slices.len() > 1;
                match &answer.reply {
                    Err(Failure::Refused(Refusal::Unknown(_))) if several => halves.extend(answer.group.halves()),
                    Err(Failure::Refused(Refusal::Unknown(_))) => {
                        let note = format!("the vendor does not know {}", answer.group.slices[0]);
                        let table = &self.question.table().name;
                        self.run.journal.table(table, |report| report.notes.extend([note])).await;
                        all.push(GroupAnswer { reply: Ok(Reply::default()), ..answer });
                    }
                    // Nothing for all of them may be the fault of one.
                    Ok(reply) if several && reply.rows == 0 => halves.extend(answer.group.halves()),
                    _ => all.push(answer),
                }
            }
            open = halves;
        }
        all
    }

    /// The first pages of all, then what their ends need.
    async fn asked(&self, groups: &[Group]) -> Vec<GroupAnswer> {
        let contract = self.question.contract();
        let first = |group: &Group| {
            let group = group.clone();
            async move {
                let expect = self.expect(&group);
                let Some(chosen) = self.question.values.at(&group.slices[0]) else {
                    let wanted: Vec<&str> = tables_of(contract).collect();
                    let message =
                        format!("no parameter values in the lake yet: run `pitlake fetch {}` first", wanted.join(" "));
                    return (group, Vec::new(), expect, Err(Failure::Untrusted(message)));
                };
                let together: Vec<&Slice> = group.slices.iter().collect();
                let calls = plan::calls(contract, &together, &chosen, self.run.world.clock.today());
                let first = self.client.first(&self.interface, &calls, &expect).await;
                (group, calls, expect, first)
            }
        };
        let begun: Vec<_> = futures::stream::iter(groups.iter().map(first)).buffered(SLICES).collect().await;
        let rest = begun.into_iter().map(|(group, calls, expect, first)| async move {
            let reply = match first {
                Ok(first) => self.client.whole(&self.interface, &calls, &expect, first).await,
                // Pages that cannot be trusted are asked anew.
                Err(Failure::Untrusted(_)) if !calls.is_empty() => {
                    match self.client.first(&self.interface, &calls, &expect).await {
                        Ok(first) => self.client.whole(&self.interface, &calls, &expect, first).await,
                        Err(failure) => Err(failure),
                    }
                }
                Err(failure) => Err(failure),
            };
            for _ in &group.slices {
                match &reply {
                    Ok(_) => self.bar.advance(),
                    Err(_) => self.bar.fail(),
                }
            }
            GroupAnswer { group, calls, reply }
        });
        futures::stream::iter(rest).buffered(SLICES).collect().await
    }
}
