//! Reads the files of a partition into a builder on several threads: each thread reads its own files, and one adds
//! their rows in file order. Which files feed a partition is decided elsewhere.

use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use tokio::sync::mpsc;

use super::bodies::{Body, bodies};
use super::filling::Filling;
use super::input::TaskFile;
use super::read::{Asked, Content, Reading, ShareReader, Unread, Wanted, input};
use crate::normalise::{Builder, EmptyColumns, Partition};
use crate::parallel::Threads;
use crate::real;
use crate::spec::Table;
use crate::store::Store;

/// How many bodies may wait for each thread, and how many read files may wait for the builder.
const AHEAD: usize = 1;

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
/// threads. A body needed by several is read once. Results are sent with the partition's number. Bodies are fetched on
/// the async runtime; everything else runs on blocking threads.
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
    let (feeds, queues): (Vec<_>, Vec<_>) = (0..readings.count()).map(|_| mpsc::channel(real::places(AHEAD))).unzip();
    let feed = async move {
        for (path, feed) in paths.iter().zip(feeds.iter().cycle()) {
            // Stopped builders take no more.
            if feed.send(store.read(path).await).await.is_err() {
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
            thread::scope(|scope| {
                let mut shares = Vec::new();
                for (first, queue) in queues.into_iter().enumerate() {
                    let (read, reading) = sync_channel(AHEAD);
                    let (emptied, spare) = channel();
                    shares.push(Share { reading, emptied });
                    let own = bodies.iter().skip(first).step_by(readings.count());
                    let builders = fillings.iter().map(|filling| &filling.builder);
                    let reader = ShareReader::new(&table, &wanted, builders, &asked);
                    scope.spawn(move || reader.read_all(own, queue, &spare, &read));
                }
                put_together(&mut fillings, &bodies, &shares);
            });
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
    Ok(real::beside(feed, work).await?)
}

/// What one thread made of its bodies.
struct Share {
    reading: Receiver<Result<Reading, Unread>>,
    /// Returns emptied buffers to the reader.
    emptied: Sender<EmptyColumns>,
}

fn put_together(fillings: &mut [Filling<'_, '_>], bodies: &[Body], shares: &[Share]) {
    for (Body { readers, .. }, (number, share)) in bodies.iter().zip(shares.iter().enumerate().cycle()) {
        let reading = share.reading.recv();
        let reading = reading.unwrap_or_else(|_| Err(Unread::Absent(anyhow!("the read stopped"))));
        match reading {
            Ok(Reading { answered, content: Content::Rows(rows, text) }) => {
                for ((partition, place), rows) in readers.iter().zip(rows) {
                    fillings[*partition].add(*place, |filling, file, source| {
                        let input = input(source, file, (&answered, None), false);
                        let (emptied, added) = filling.builder.add_read(input, rows?, &mut filling.ids[number]);
                        // There may be no files left to need it.
                        drop(share.emptied.send(emptied));
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
        if fillings.iter().all(|filling| filling.stopped.is_some()) {
            return;
        }
    }
}
