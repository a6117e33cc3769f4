//! The keys that wait and the keys under way: everything that a batcher's lock guards.

mod answered;
mod enter;
mod keys;
mod landing;
mod leave;
pub(crate) mod many;
mod unsettled;

use std::sync::Arc;

use hashbrown::HashTable;

pub(crate) use self::enter::{Arrival, Entered, Entry};
pub(crate) use self::keys::Keys;
pub(crate) use self::landing::{Fill, Sealed};
pub(crate) use self::unsettled::Unsettled;

use crate::queue::{BatchId, Queue, Rules};

/// The state of one batcher.
pub(crate) struct Loads<K, V, E, G> {
    pub(crate) queue: Queue<Body<K, V, E>, G>,
    /// Where each key waits or is under way, so that later loads of it find it. A key that was
    /// cleared, or asked for afresh, is under way without being listed.
    listed: HashTable<Listing>,
    /// Batches that have ended, empty, whose memory the next ones take.
    spare: Vec<Body<K, V, E>>,
    /// The number of the last call for many keys.
    tickets: u64,
    unsettled: Arc<Unsettled>,
}

/// The keys of a batch, which stay where they are while it comes and goes.
type Body<K, V, E> = Box<Keys<K, V, E>>;

/// The place of a key.
#[derive(Clone, Copy)]
struct Listing {
    batch: BatchId,
    slot: u32,
}

impl<K, V, E, G> Loads<K, V, E, G> {
    pub(crate) fn new(rules: Rules, unsettled: Arc<Unsettled>) -> Self {
        Self {
            queue: Queue::new(rules),
            listed: HashTable::new(),
            spare: Vec::new(),
            tickets: 0,
            unsettled,
        }
    }

    #[inline]
    fn find(&self, hash: u64, key: &K) -> Option<Listing>
    where
        K: Eq,
    {
        let queue = &self.queue;
        let is_it = |listing: &Listing| {
            let batch = queue.batch(listing.batch);
            batch.and_then(|batch| batch.body.key(listing.slot)) == Some(key)
        };
        self.listed.find(hash, is_it).copied()
    }

    fn is_running(&self, batch: BatchId) -> bool {
        self.queue
            .batch(batch)
            .is_some_and(|batch| batch.is_running())
    }

    /// Takes a key out of the table, so that later loads of it do not find it here.
    fn unlist(&mut self, hash: u64, batch: BatchId, slot: u32) {
        let is_it = |listing: &Listing| listing.batch == batch && listing.slot == slot;
        if let Ok(entry) = self.listed.find_entry(hash, is_it) {
            entry.remove();
        }
    }
}
