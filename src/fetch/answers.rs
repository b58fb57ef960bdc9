//! Answers to groups of slices: asked until they are whole, or failed. Never whether one is believed, or where it is kept.

use std::collections::{BTreeMap, VecDeque};
use std::future::ready;
use std::pin::pin;
use std::sync::Arc;

use futures::future::{Either, join, select};
use futures::{Stream, StreamExt as _, stream};
use pitlake_contract::Slice;
use tokio::sync::mpsc::{UnboundedReceiver as Receiver, UnboundedSender as Sender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::judge::Judge;
use super::room::{Room, Turn};
use super::{Accounts, Client, Expect, Failure, Interface, Pages, Reply};
use crate::plan::{self, Facts, Question, Why, expected_calls, tables_of};
use crate::progress::{Bar, Calls, Progress};
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
    /// It ends when the answer is kept: younger ones wait for its memory.
    pub(super) turn: Turn,
    /// So many slices are under way.
    pub(super) slot: Option<OwnedSemaphorePermit>,
}

/// A group whose first pages came, or did not.
struct Begun {
    group: Group,
    calls: Vec<Call>,
    expect: Expect,
    first: Result<Pages, Failure>,
    turn: Turn,
    slot: Option<OwnedSemaphorePermit>,
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

impl<'a> Asking<'a> {
    /// A question under way, if there is an account for it.
    pub(super) fn of(
        run: Run<'a>,
        accounts: &'a Accounts,
        facts: Facts<'a>,
        (question, progress): (&'a Question, &Progress),
    ) -> Option<Self> {
        let contract = question.contract();
        let client = accounts.clients.get(&contract.id.vendor)?;
        let interface =
            client.interface(contract, question.allowance).after(&accounts.before(&contract.id.to_string()));
        let calls = Calls {
            meter: Arc::clone(&interface.meter),
            expected: expected_calls(facts, question, false) as u64,
            together: contract.ask.together,
        };
        let bar = progress.calls(&question.table().name, "slices", question.plan.ask.len(), calls);
        let judge = Judge::new(facts, question.table(), question.source());
        Some(Self { run, question, judge, client, interface, bar })
    }
}

impl Asking<'_> {
    /// Whole answers to some groups, in their order and as they come. One in which the vendor does not know a security is asked
    /// anew in halves, until that one is alone.
    pub(super) async fn answers(&self, groups: &[Group], together: usize, tell: impl Fn(GroupAnswer)) {
        let mut open = groups.to_vec();
        while !open.is_empty() {
            let mut halves = Vec::new();
            let (sender, mut whole) = unbounded_channel();
            let slots = Arc::new(Semaphore::new(open.len()));
            let asked = self.asked(&open, (together, slots), sender);
            let told = async {
                while let Some(answer) = whole.recv().await {
                    let several = answer.group.slices.len() > 1;
                    match &answer.reply {
                        Err(Failure::Refused(Refusal::Unknown(_))) if several => halves.extend(answer.group.halves()),
                        // Nothing for all of them may be the fault of one.
                        Ok(reply) if several && reply.rows == 0 => halves.extend(answer.group.halves()),
                        _ => tell(self.known(answer).await),
                    }
                }
            };
            join(asked, told).await;
            open = halves;
        }
    }

    /// Whole answers to groups of one slice each, in their order and as they come; `ahead` of them at most wait to be taken.
    /// The first pages of `together` of them are there before the end of one is judged.
    pub(super) async fn each(&self, groups: &[Group], (together, ahead): (usize, usize), answers: Sender<GroupAnswer>) {
        let (sender, mut known) = unbounded_channel();
        let slots = Arc::new(Semaphore::new(ahead.max(together) + SLICES));
        let asked = self.asked(groups, (together, slots), sender);
        let told = async {
            while let Some(answer) = known.recv().await {
                let answer = self.known(answer).await;
                if answers.send(answer).is_err() {
                    break;
                }
            }
        };
        join(asked, told).await;
    }

    /// An answer, without rows where the vendor does not know the security.
    async fn known(&self, answer: GroupAnswer) -> GroupAnswer {
        if !matches!(answer.reply, Err(Failure::Refused(Refusal::Unknown(_)))) {
            return answer;
        }
        let note = format!("the vendor does not know {}", answer.group.slices[0]);
        self.run.journal.table(&self.question.table().name, |report| report.notes.extend([note])).await;
        GroupAnswer { reply: Ok(Reply::default()), ..answer }
    }

    /// The first pages of all, and behind them what their ends need. Whatever waits, a call under way goes on: it may hold
    /// what another one waits for.
    async fn asked(&self, groups: &[Group], (together, slots): (usize, Arc<Semaphore>), answers: Sender<GroupAnswer>) {
        let room = &self.client.room;
        let (sender, begun) = unbounded_channel();
        let first = |(place, group)| {
            let turn = room.enter();
            let slots = Arc::clone(&slots);
            async move {
                let slot = slots.acquire_owned().await.ok();
                (place, Begun { slot, ..self.first(group, turn).await })
            }
        };
        // Whoever does not want the rest has gone.
        let firsts = stream::iter(groups.iter().enumerate()).map(first).buffer_unordered(SLICES);
        let firsts = firsts.for_each(move |begun| {
            drop(sender.send(begun));
            ready(())
        });
        let wholes = behind(in_order(begun), together, Some(room)).map(|begun| self.whole(begun)).buffered(SLICES);
        let wholes = wholes.for_each(|answer| {
            drop(answers.send(answer));
            ready(())
        });
        join(firsts, wholes).await;
    }

    async fn first(&self, group: &Group, turn: Turn) -> Begun {
        let contract = self.question.contract();
        let (group, expect) = (group.clone(), self.expect(group));
        let Some(chosen) = self.question.values.at(&group.slices[0]) else {
            let wanted: Vec<&str> = tables_of(contract).collect();
            let message =
                format!("no parameter values in the lake yet: run `pitlake fetch {}` first", wanted.join(" "));
            return Begun {
                group,
                calls: Vec::new(),
                expect,
                first: Err(Failure::Untrusted(message)),
                turn,
                slot: None,
            };
        };
        let together: Vec<&Slice> = group.slices.iter().collect();
        let calls = plan::calls(contract, &together, &chosen, self.run.world.clock.today());
        let first = self.client.first(&self.interface, &calls, &expect, &turn).await;
        Begun { group, calls, expect, first, turn, slot: None }
    }

    async fn whole(&self, Begun { group, calls, expect, first, turn, slot }: Begun) -> GroupAnswer {
        let first = match first {
            // Pages that cannot be trusted are asked anew.
            Err(Failure::Untrusted(_)) if !calls.is_empty() => {
                self.client.first(&self.interface, &calls, &expect, &turn).await
            }
            first => first,
        };
        let reply = match first {
            Ok(first) => self.client.whole(&self.interface, &calls, &expect, first).await,
            Err(failure) => Err(failure),
        };
        for _ in &group.slices {
            match &reply {
                Ok(_) => self.bar.advance(),
                Err(_) => self.bar.fail(),
            }
        }
        GroupAnswer { group, calls, reply, turn, slot }
    }
}

/// Items in the order of their places.
fn in_order<T>(items: Receiver<(usize, T)>) -> impl Stream<Item = T> {
    stream::unfold((items, BTreeMap::new(), 0), |(mut items, mut early, next)| async move {
        loop {
            if let Some(item) = early.remove(&next) {
                return Some((item, (items, early, next + 1)));
            }
            let (place, item) = items.recv().await?;
            early.insert(place, item);
        }
    })
}

/// The same items, each when as many as `together` are there, it and those after it; at the end those that are left. Where
/// there is no memory for more in the `room`, none is waited for.
fn behind<T>(items: impl Stream<Item = T>, together: usize, room: Option<&Arc<Room>>) -> impl Stream<Item = T> {
    let state = (Box::pin(items.fuse()), VecDeque::new());
    stream::unfold(state, move |(mut items, mut waiting)| async move {
        while waiting.len() < together {
            let item = match room.filter(|_| !waiting.is_empty()) {
                None => items.next().await,
                Some(room) => match select(items.next(), pin!(room.pressed())).await {
                    Either::Left((item, _)) => item,
                    Either::Right(_) => None,
                },
            };
            let Some(item) = item else { break };
            waiting.push_back(item);
        }
        Some((waiting.pop_front()?, (items, waiting)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn items_that_come_early_wait_for_their_place() {
        let (sender, items) = unbounded_channel();
        for place in [2, 0, 3, 1] {
            sender.send((place, place * 10)).unwrap();
        }
        drop(sender);
        assert_eq!(in_order(items).collect::<Vec<_>>().await, [0, 10, 20, 30]);
    }

    #[tokio::test]
    async fn an_item_waits_for_those_after_it_and_the_last_ones_for_none() {
        for (together, expected) in [(1, [1, 2, 3, 4, 5]), (3, [3, 4, 5, 5, 5]), (9, [5; 5])] {
            let came = std::cell::Cell::new(0);
            let items = stream::iter(0..5).inspect(|_| came.set(came.get() + 1));
            let seen: Vec<(i32, i32)> = behind(items, together, None).map(|item| (item, came.get())).collect().await;
            assert_eq!(seen, [0, 1, 2, 3, 4].into_iter().zip(expected).collect::<Vec<_>>(), "{together}");
        }
    }
}
