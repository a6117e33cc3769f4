use std::collections::HashMap;
use std::fmt;
use std::future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use foldhash::fast::RandomState;
use forebay_core::{Checkpoint, ResumeKey};
use forebay_rt::sync::{Mutex, lock};
use futures_core::Stream;

use crate::error::CheckpointError;

/// Somebody who follows what is stored under one key.
///
/// It first gives what is stored now, then what is stored after changes: the newest state, without
/// those between. It gives `None` where nothing is stored. As a stream it ends when the store is
/// closed.
///
/// For who wants to know how far a consumer is, such as a page that shows its lag. Writers do not
/// wait for it, and one that is not read holds a single state.
#[must_use = "it gives nothing unless it is asked"]
pub struct Watch {
    watchers: Arc<Watchers>,
    key: ResumeKey,
    id: u64,
}

impl Watch {
    /// Returns the key that is followed.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    /// use forebay_core::ResumeKey;
    ///
    /// let store = MemoryStore::new();
    /// let keys = [1, 2].map(|byte| ResumeKey::from_bytes([byte; 32]));
    /// // Watches in one list know whose news they have.
    /// let watches = keys.map(|key| store.watch(&key));
    /// assert_eq!(watches.each_ref().map(|watch| *watch.key()), keys);
    /// ```
    #[must_use]
    pub const fn key(&self) -> &ResumeKey {
        &self.key
    }

    /// Waits until something is stored that this has not given yet, and returns it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Closed`] when the store is closed and the last state was given.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping the future: the next call gives the newest state.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    /// use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # futures::executor::block_on(async {
    /// let store = MemoryStore::new();
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// let mut watch = store.watch(&key);
    /// assert_eq!(watch.next().await?, None);
    ///
    /// let checkpoint = Checkpoint::new(Cursor::new(LogId::new(7), Sequence::new(42)));
    /// store.commit(&key, checkpoint.clone()).await?;
    /// assert_eq!(watch.next().await?, Some(checkpoint));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn next(&mut self) -> Result<Option<Checkpoint>, CheckpointError> {
        let state = future::poll_fn(|cx| self.watchers.poll(&self.key, self.id, cx)).await;
        state.ok_or(CheckpointError::Closed)
    }
}

impl Stream for Watch {
    type Item = Option<Checkpoint>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.watchers.poll(&self.key, self.id, cx)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let seat = self.watchers.leave(&self.key, self.id);
        // A waker's destructor is not ours, so it runs here, after the lock.
        drop(seat);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// All who follow keys of one store.
///
/// Its lock is taken while the store holds its own, and never the other way round. Under it no code
/// of users runs: wakers are cloned before, and woken and dropped after.
#[derive(Default)]
pub(crate) struct Watchers {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// A key is in it while somebody follows it.
    seats: HashMap<ResumeKey, Vec<Seat>, RandomState>,
    next_id: u64,
    is_closed: bool,
}

/// What is due to one [`Watch`].
struct Seat {
    id: u64,
    /// The newest state, unless it was given already.
    news: Option<Option<Checkpoint>>,
    waker: Option<Waker>,
}

impl Watchers {
    /// Begins to follow `key`, whose state is `current`.
    ///
    /// The caller holds the lock under which it publishes, so that no change falls between.
    pub(crate) fn watch(self: &Arc<Self>, key: ResumeKey, current: Option<Checkpoint>) -> Watch {
        let mut table = lock(&self.table);
        let id = table.next_id;
        table.next_id += 1;
        table.seats.entry(key).or_default().push(Seat {
            id,
            news: Some(current),
            waker: None,
        });
        drop(table);
        Watch {
            watchers: Arc::clone(self),
            key,
            id,
        }
    }

    /// Tells all who follow `key` what is stored under it now, and adds whom to wake to `wake`.
    ///
    /// States are published in the order in which they held, so under the lock of the store; those
    /// who wait are woken after it.
    pub(crate) fn publish(
        &self,
        key: &ResumeKey,
        state: Option<&Checkpoint>,
        wake: &mut Vec<Waker>,
    ) {
        let mut table = lock(&self.table);
        // Nobody follows anything, as a rule; that is found out without hashing.
        if table.seats.is_empty() {
            return;
        }
        for seat in table.seats.get_mut(key).into_iter().flatten() {
            seat.news = Some(state.cloned());
            wake.extend(seat.waker.take());
        }
    }

    /// Returns the keys that are followed.
    pub(crate) fn keys(&self) -> Vec<ResumeKey> {
        lock(&self.table).seats.keys().copied().collect()
    }

    /// Ends every [`Watch`] once it has given the last state, and returns whom to wake.
    pub(crate) fn close(&self) -> Vec<Waker> {
        let mut table = lock(&self.table);
        table.is_closed = true;
        let seats = table.seats.values_mut().flatten();
        seats.filter_map(|seat| seat.waker.take()).collect()
    }

    /// Returns how many follow a key.
    pub(crate) fn count(&self) -> usize {
        lock(&self.table).seats.values().map(Vec::len).sum()
    }

    fn poll(&self, key: &ResumeKey, id: u64, cx: &Context<'_>) -> Poll<Option<Option<Checkpoint>>> {
        // Cloned before it is known to be needed, because a waker's clone is not ours.
        let waker = cx.waker().clone();
        let mut table = lock(&self.table);
        let is_closed = table.is_closed;
        let seat = table.seat(key, id);
        if let Some(state) = seat.and_then(|seat| seat.news.take()) {
            drop(table);
            return Poll::Ready(Some(state));
        }
        if is_closed {
            drop(table);
            return Poll::Ready(None);
        }
        let old = table
            .seat(key, id)
            .and_then(|seat| seat.waker.replace(waker));
        drop(table);
        drop(old);
        Poll::Pending
    }

    fn leave(&self, key: &ResumeKey, id: u64) -> Option<Seat> {
        let mut table = lock(&self.table);
        let seats = table.seats.get_mut(key)?;
        let at = seats.iter().position(|seat| seat.id == id)?;
        let seat = seats.swap_remove(at);
        if seats.is_empty() {
            table.seats.remove(key);
        }
        Some(seat)
    }
}

impl Table {
    fn seat(&mut self, key: &ResumeKey, id: u64) -> Option<&mut Seat> {
        let seats = self.seats.get_mut(key)?;
        seats.iter_mut().find(|seat| seat.id == id)
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").finish_non_exhaustive()
    }
}
