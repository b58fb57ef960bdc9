//! Reads the files of a partition into a builder on several threads: each reads the next file, and one adds their rows
//! in file order. Which files feed a partition is decided elsewhere.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use tokio::sync::mpsc;

use super::bodies::{Body, bodies};
use super::filling::Filling;
use super::input::TaskFile;
use super::read::{Asked, BodyReader, Content, Done, Reading, Unread, Wanted, input};
use super::supply::{Queue, Stops, Supply};
use crate::normalise::{Builder, EmptyColumns, Partition};
use crate::parallel::Threads;
use crate::real;
use crate::spec::Table;
use crate::store::Store;

/// Reads the files into a builder and returns what `finish` makes of it.
pub(super) async fn fill<T, F>(
    store: &Store,
    (table, partition): (&Arc<Table>, Partition),
    files: Vec<TaskFile>,
    threads: Threads,
    finish: F,
) -> Result<T>
where
    T: Send + 'static,
    F: Fn(Builder<'_>) -> Result<T> + Send + Sync + 'static,
{
    let (done, mut filled) = mpsc::channel(1);
    let finish = move |_, builder: Builder<'_>, _| finish(builder);
    fill_together(store, table, vec![(partition, files)], threads, (finish, done)).await?;
    filled.recv().await.context("the build stopped")?.1
}

/// Reads the files of several partitions into their builders, with `finish` called on each with its share of the
/// threads. A body needed by several is read once. Results are sent with the partition's number. Bodies of an object store
/// are fetched on the async runtime; everything else runs on blocking threads.
pub(super) async fn fill_together<T, F>(
    store: &Store,
    table: &Arc<Table>,
    wanted: Vec<Wanted>,
    threads: Threads,
    (finish, done): (F, mpsc::Sender<(usize, Result<T>)>),
) -> Result<()>
where
    T: Send + 'static,
    F: Fn(usize, Builder<'_>, Threads) -> Result<T> + Send + Sync + 'static,
{
    let finish = Arc::new(finish);
    let files: Vec<&[TaskFile]> = wanted.iter().map(|(_, files)| &files[..]).collect();
    if let Some(bodies) = bodies(&files) {
        return fill_round(store, table, (0, wanted, bodies), threads, (finish, done)).await;
    }
    // No single order suits all partitions: build them one after the other.
    for (place, one) in wanted.into_iter().enumerate() {
        let bodies = bodies(&[&one.1]).unwrap_or_default();
        fill_round(store, table, (place, vec![one], bodies), threads, (Arc::clone(&finish), done.clone())).await?;
    }
    Ok(())
}

async fn fill_round<T, F>(
    store: &Store,
    table: &Arc<Table>,
    (number, wanted, bodies): (usize, Vec<Wanted>, Vec<Body>),
    threads: Threads,
    (finish, done): (Arc<F>, mpsc::Sender<(usize, Result<T>)>),
) -> Result<()>
where
    T: Send + 'static,
    F: Fn(usize, Builder<'_>, Threads) -> Result<T> + Send + Sync + 'static,
{
    let paths: Vec<String> = bodies.iter().map(|body| body.path.clone()).collect();
    let readings = threads.at_most(paths.len());
    let (feed, taken) = mpsc::channel(real::places(readings.count()));
    let files = store.files();
    let is_local = files.is_some();
    let queue = files.map_or_else(|| Queue::Fed(Mutex::new(taken)), Queue::Local);
    let feeding = async move {
        if is_local {
            return;
        }
        for (place, path) in paths.iter().enumerate() {
            // Stopped builders take no more.
            if feed.send((place, store.read(path).await)).await.is_err() {
                break;
            }
        }
    };
    let table = Arc::clone(table);
    let work =
        move || {
            let mut fillings: Vec<Filling<'_, '_>> =
                wanted.iter().map(|(partition, files)| Filling::new(&table, *partition, files, readings)).collect();
            let asked = Asked::default();
            let supply = Supply::new(&bodies, queue, readings.count());
            thread::scope(|scope| {
                let (sent, read) = channel();
                let mut emptied = Vec::new();
                for number in 0..readings.count() {
                    let (to_reader, spare) = channel();
                    emptied.push(to_reader);
                    let builders = fillings.iter().map(|filling| &filling.builder);
                    let reader = BodyReader::new(&table, &wanted, builders, &asked);
                    let (supply, sent) = (&supply, sent.clone());
                    scope.spawn(move || reader.read_all(number, supply, &spare, &sent));
                }
                drop(sent);
                put_together(&mut fillings, &supply, (&read, &emptied), || done.is_closed());
            });
            // If it was stopped, the feeder still waits for somebody to take a body.
            drop(supply);
            if done.is_closed() {
                return;
            }
            let each = if fillings.len() > 1 { Threads::ONE } else { threads };
            let fillings: Vec<_> = fillings.into_iter().map(|filling| Mutex::new(Some(filling))).collect();
            threads.map(
                fillings.len(),
                || (),
                |(), place| {
                    let filling = fillings[place].lock().unwrap_or_else(PoisonError::into_inner).take();
                    let filled = filling.context("the partition was already finished").and_then(Filling::filled);
                    // The receiver may have stopped waiting.
                    drop(done.blocking_send((
                        number + place,
                        filled.and_then(|builder| finish(number + place, builder, each)),
                    )));
                },
            );
        };
    Ok(real::beside(feeding, work).await?)
}

/// Adds what the readers read, in order, until nobody wants it any more. `emptied` returns emptied buffers to each of
/// them.
fn put_together(
    fillings: &mut [Filling<'_, '_>],
    supply: &Supply<'_>,
    (read, emptied): (&Receiver<Done>, &[Sender<EmptyColumns>]),
    is_unwanted: impl Fn() -> bool,
) {
    let _stops = Stops(supply);
    // Those read before their turn.
    let mut early: BTreeMap<usize, Done> = BTreeMap::new();
    for (next, Body { readers, .. }) in supply.bodies().iter().enumerate() {
        let Done { number, reading, .. } = in_turn(next, &mut early, read);
        match reading {
            Ok(Reading { answered, content: Content::Rows(rows, text) }) => {
                for ((partition, place), rows) in readers.iter().zip(rows) {
                    fillings[*partition].add(*place, |filling, file, source| {
                        let input = input(source, file, (&answered, None), false);
                        let (columns, added) = filling.builder.add_read(input, rows?, &mut filling.ids[number]);
                        // There may be no files left to need it.
                        drop(emptied[number].send(columns));
                        match added {
                            Some(added) => Ok(added?),
                            None => Ok(filling.builder.add(input, &text)?),
                        }
                    });
                }
            }
            Ok(Reading { answered, content: Content::Text(text, placed) }) => {
                for (partition, place) in readers {
                    fillings[*partition].add(*place, |filling, file, source| {
                        let input = input(source, file, (&answered, placed.as_ref()), false);
                        Ok(filling.builder.add(input, &text)?)
                    });
                }
            }
            Err(unread) => {
                for (partition, place) in readers {
                    let filling = &mut fillings[*partition];
                    match &unread {
                        Unread::Damaged(error) => filling.add(*place, |_, _, _| Err(anyhow!("{error:#}"))),
                        Unread::Absent(error) => {
                            filling.stopped.get_or_insert_with(|| anyhow!("{error:#}"));
                        }
                    }
                }
            }
        }
        if is_unwanted() || fillings.iter().all(|filling| filling.stopped.is_some()) {
            return;
        }
        supply.added();
    }
}

/// The body in a place, once it was read.
fn in_turn(place: usize, early: &mut BTreeMap<usize, Done>, done: &Receiver<Done>) -> Done {
    loop {
        if let Some(done) = early.remove(&place) {
            return done;
        }
        match done.recv() {
            Ok(done) => drop(early.insert(done.place, done)),
            Err(_) => return Done { place, number: 0, reading: Err(Unread::Absent(anyhow!("the read stopped"))) },
        }
    }
}
