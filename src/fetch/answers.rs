//! Gets answers to groups of slices, asking until each is whole or has failed. Whether an answer is believed, and where
//! it is kept, is decided elsewhere.

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

/// Slices of one interface in progress at once. The account's own limit applies across interfaces.
pub(super) const SLICES: usize = 8;

/// A question in progress.
pub(super) struct Asking<'a> {
    pub(super) run: Run<'a>,
    pub(super) question: &'a Question,
    pub(super) judge: Judge<'a>,
    pub(super) client: &'a Client,
    pub(super) interface: Interface,
    pub(super) bar: Bar,
}

/// Slices asked for together, and why: a single one, or securities that one call may list.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) slices: Vec<Slice>,
    pub(super) why: Why,
}

/// A group, the calls made for it, and the reply.
#[derive(Debug)]
pub(super) struct GroupAnswer {
    pub(super) group: Group,
    pub(super) calls: Vec<Call>,
    pub(super) reply: Result<Reply, Failure>,
    /// Held until the answer is kept, because younger slices wait for its memory.
    pub(super) turn: Turn,
    /// Limits how many slices are in progress.
    pub(super) slot: Option<OwnedSemaphorePermit>,
}

/// A group whose first pages came, or failed.
struct Begun {
    group: Group,
    calls: Vec<Call>,
    expect: Expect,
    first: Result<Pages, Failure>,
    turn: Turn,
    slot: Option<OwnedSemaphorePermit>,
}

impl Group {
    /// A group of the given slices.
    pub(super) fn of(slices: &[(Slice, Why)]) -> Self {
        let why = slices.first().map_or(Why::Missing, |(_, why)| *why);
        Self { slices: slices.iter().map(|(slice, _)| slice.clone()).collect(), why }
    }

    /// Splits the group in half.
    fn halves(&self) -> [Self; 2] {
        let (left, right) = self.slices.split_at(self.slices.len() / 2);
        [left, right].map(|slices| Self { slices: slices.to_vec(), why: self.why })
    }
}

impl<'a> Asking<'a> {
    /// Starts a question, if there is an account for it.
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
    /// Passes whole answers for the groups to `tell`, in order and as they come. If the vendor does not know one of a
    /// group's securities, the group is split in half and asked for again, until that security is alone.
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
                        // One unknown security may make the vendor return nothing at all.
                        Ok(reply) if several && reply.rows == 0 => halves.extend(answer.group.halves()),
                        _ => tell(self.known(answer).await),
                    }
                }
            };
            join(asked, told).await;
            open = halves;
        }
    }

    /// Sends whole answers to groups of one slice each, in order and as they come, with at most `ahead` of them waiting
    /// to be taken. The first pages of `together` groups are awaited before the end of one is judged.
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

    /// The answer, turned into one without rows if the vendor does not know the security.
    async fn known(&self, answer: GroupAnswer) -> GroupAnswer {
        if !matches!(answer.reply, Err(Failure::Refused(Refusal::Unknown(_)))) {
            return answer;
        }
        let note = format!("the vendor does not know {}", answer.group.slices[0]);
        self.run.journal.table(&self.question.table().name, |report| report.notes.extend([note])).await;
        GroupAnswer { reply: Ok(Reply::default()), ..answer }
    }

    /// Requests first pages ahead, and further pages behind them. Calls in progress never stop while others wait: one
    /// may hold what another waits for.
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
        // The receiver is gone if it does not want the rest.
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
            // Ask again for pages that cannot be trusted.
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

/// Restores the order of items.
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

/// Yields each item once `together` items are there, counting it and those after it; at the end, whatever is left. Does
/// not wait for more items while there is no memory for them in the `room`.
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
