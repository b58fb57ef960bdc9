//! The bodies read by partitions that are built together, in an order that suits each of them. Reading them is up to
//! `read`.

use std::collections::{HashMap, HashSet, VecDeque};

use super::input::TaskFile;

/// A body and its readers.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) path: String,
    /// Each reading partition, with the position of the body among its files.
    pub(super) readers: Vec<(usize, usize)>,
}

/// Each body of the partitions' files once. `None` if two partitions need them in different orders.
pub(super) fn bodies(partitions: &[&[TaskFile]]) -> Option<Vec<Body>> {
    let mut all: Vec<Body> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut queues: Vec<VecDeque<usize>> = Vec::with_capacity(partitions.len());
    for (partition, files) in partitions.iter().enumerate() {
        let mut known = HashSet::new();
        let mut queue = VecDeque::new();
        // Several files may share a body; it is read once.
        for (place, file) in files.iter().enumerate().filter(|(_, file)| file.repeats.is_none()) {
            if known.insert(file.path.as_str()) {
                let number = *numbers.entry(&file.path).or_insert_with(|| {
                    all.push(Body { path: file.path.clone(), readers: Vec::new() });
                    all.len() - 1
                });
                all[number].readers.push((partition, place));
                queue.push_back(number);
            }
        }
        queues.push(queue);
    }
    // A body is ready once it is the next for all of its readers.
    let mut waits: Vec<usize> = all.iter().map(|body| body.readers.len()).collect();
    let mut ready = VecDeque::new();
    let mut next = |number: Option<&usize>, ready: &mut VecDeque<usize>| {
        let Some(&number) = number else { return };
        waits[number] -= 1;
        if waits[number] == 0 {
            ready.push_back(number);
        }
    };
    for queue in &queues {
        next(queue.front(), &mut ready);
    }
    let mut order = Vec::with_capacity(all.len());
    while let Some(number) = ready.pop_front() {
        order.push(number);
        for (partition, _) in &all[number].readers {
            queues[*partition].pop_front();
            next(queues[*partition].front(), &mut ready);
        }
    }
    if order.len() < all.len() {
        return None;
    }
    let mut all: Vec<Option<Body>> = all.into_iter().map(Some).collect();
    order.into_iter().map(|number| all[number].take()).collect()
}
