//! A stretch of events from its first to its end, and those who wait for the next one.

pub(crate) mod end;
pub(crate) mod history;
pub(crate) mod place;
#[cfg(not(forebay_safe_slots))]
mod race;
pub(crate) mod segment;
mod sequences;
#[cfg(not(forebay_safe_slots))]
#[allow(unsafe_code, reason = "without it, slots cost a multiple")]
pub(crate) mod slots;
// The same without unsafe code, which tests can be run with.
#[cfg(forebay_safe_slots)]
#[path = "chain/safe_slots.rs"]
pub(crate) mod slots;
pub(crate) mod waiters;
mod word;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex as StdMutex};
use std::task::Waker;

use forebay_core::{LogId, Sequence};
use forebay_rt::sync::{AtomicU64, Mutex, OnceLock, lock};
use forebay_rt::wake_all;

use crate::chain::end::{Abandoned, End, Splice};
use crate::chain::history::{Newest, Spot};
use crate::chain::place::Place;
use crate::chain::segment::Segment;
use crate::chain::waiters::{Berth, Few, Seat, Waiters};
use crate::chain::word::{State, Word};
use crate::log::Log;
use crate::pump::Awaited;
use crate::retention::Rules;

/// Held while a chain is ended by a splice.
static SPLICES: StdMutex<()> = StdMutex::new(());

/// What the publisher of a chain and its readers share.
pub(crate) struct Chain<T, E> {
    word: Word,
    /// The last sequence that is complete. It is stored after the events are published, so whoever
    /// reads it first and then has no event left has seen all up to it.
    head: AtomicU64,
    /// Made when somebody waits for the first time.
    waiters: Mutex<Option<Box<Waiters>>>,
    newest: Mutex<Newest<T>>,
    /// Set once, before the word says that the chain is finished.
    end: OnceLock<Box<End<T, E>>>,
    id: LogId,
    log: Arc<Log<T>>,
}

impl<T, E> Chain<T, E> {
    /// Creates a chain of what comes after `before`.
    pub(crate) fn new(
        id: LogId,
        log: Arc<Log<T>>,
        root: Arc<Segment<T>>,
        rules: Rules,
        before: Sequence,
    ) -> Self {
        Self {
            word: Word::new(),
            head: AtomicU64::new(before.get()),
            waiters: Mutex::new(None),
            newest: Mutex::new(Newest::new(root, rules, before)),
            end: OnceLock::new(),
            id,
            log,
        }
    }

    pub(crate) const fn id(&self) -> LogId {
        self.id
    }

    pub(crate) const fn log(&self) -> &Arc<Log<T>> {
        &self.log
    }

    #[inline]
    pub(crate) fn state(&self) -> State {
        self.word.load()
    }

    pub(crate) fn head(&self) -> Sequence {
        // Acquire pairs with the Release of `set_head`: the events up to it count as published.
        Sequence::new(self.head.load(Ordering::Acquire))
    }

    #[inline]
    pub(crate) fn set_head(&self, head: Sequence) {
        // Release: see `head`.
        self.head.store(head.get(), Ordering::Release);
    }

    /// Publishes what the writer has filled; returns whether somebody must be woken.
    #[inline]
    pub(crate) fn publish(&self, count: u64) -> bool {
        self.word.publish(count).is_awaited()
    }

    pub(crate) fn end(&self) -> Option<&End<T, E>> {
        self.end.get().map(|end| &**end)
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> u32 {
        lock(&self.waiters).as_ref().map_or(0, |all| all.taken())
    }

    /// Gives access to the newest segment and those kept before it. No code of the user runs while
    /// the lock is held, so nothing that is an event's last holder is dropped there.
    pub(crate) fn newest<R>(&self, look: impl FnOnce(&mut Newest<T>) -> R) -> R {
        look(&mut lock(&self.newest))
    }

    /// Returns the place after all that is published.
    pub(crate) fn newest_spot(&self) -> Spot<T> {
        let newest = lock(&self.newest);
        newest.spot(self.state().published())
    }

    /// Waits, unless more than `seen` events are published or the chain has ended; returns whether
    /// it waits.
    pub(crate) fn park(&self, berth: &mut Berth, waker: &Waker, seen: u64) -> bool {
        let garbage;
        let parked = {
            let mut waiters = lock(&self.waiters);
            let waiters = waiters.get_or_insert_with(|| Box::new(Waiters::new()));
            let first = waiters.taken() == 0;
            let before = waiters.sit(berth, waker);
            // Whoever takes the first seat says so in the word. For the others that was done, and
            // cannot be undone before they are woken, which takes the lock that is held here.
            let state = if first {
                self.word.wait()
            } else {
                self.word.load()
            };
            let parked = state.published() <= seen && !state.is_finished();
            garbage = if parked { before } else { waiters.leave(berth) };
            parked
        };
        drop(garbage);
        parked
    }

    /// Returns who waits in this berth.
    pub(crate) fn waiter(&self, berth: Berth) -> Option<Waker> {
        let waiters = lock(&self.waiters);
        waiters.as_ref()?.seated(berth)
    }

    /// No longer waits.
    pub(crate) fn leave(&self, berth: &mut Berth) {
        if berth.is_none() {
            return;
        }
        let waker = lock(&self.waiters)
            .as_mut()
            .and_then(|waiters| waiters.leave(berth));
        drop(waker);
    }
}

impl<T, E> Chain<T, E>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Ends the chain, once.
    pub(crate) fn finish(self: &Arc<Self>, end: End<T, E>) {
        if self.end.set(Box::new(end)).is_ok() {
            self.finished();
        }
    }

    /// Ends the chain with a splice, unless that would make a circle.
    pub(crate) fn splice(self: &Arc<Self>, to: Place<T, E>) -> bool {
        // Two chains that are spliced into each other at the same time would not see it.
        let one_at_a_time = SPLICES.lock();
        // Where no chain leads here, none leads here from there.
        let leads_here =
            Arc::ptr_eq(to.chain(), self) || (self.state().is_continued() && to.leads_to(self));
        if leads_here {
            drop(one_at_a_time);
            return false;
        }
        to.chain().word.continues();
        let set = self.end.set(Box::new(End::Splice(Splice::new(to))));
        drop(one_at_a_time);
        if set.is_ok() {
            self.finished();
        }
        true
    }

    fn finished(self: &Arc<Self>) {
        if self.word.finish().is_awaited() {
            self.notify();
        }
    }

    /// Wakes those who wait, or has the pump do it where they are many.
    ///
    /// Where the pump has not yet taken those it was given before, some of them are woken here too,
    /// so that nobody depends on the pump alone.
    #[cold]
    pub(crate) fn notify(self: &Arc<Self>) {
        let mut few = Few::default();
        let mut all = Vec::new();
        let mut hand_over = false;
        {
            let mut waiters = lock(&self.waiters);
            let Some(waiters) = &mut *waiters else { return };
            if waiters.has_handed() && waiters.take_back(&mut few) {
                self.word.taken();
            }
            if !waiters.rise_few(&mut few) {
                if self.log.pump.is_some() {
                    waiters.hand_over();
                    self.word.handed();
                    hand_over = true;
                } else {
                    all = waiters.rise();
                }
            }
            self.word.woken();
        }
        if let (true, Some(pump)) = (hand_over, &self.log.pump) {
            self.log.observer.handed_over();
            pump.wake(Arc::clone(self) as Arc<dyn Awaited>);
        }
        few.wake();
        wake_all(all.into_iter().filter_map(Seat::into_waker));
    }
}

impl<T, E> Awaited for Chain<T, E>
where
    T: Send + Sync,
    E: Send + Sync,
{
    fn take_handed(&self) -> Vec<Seat> {
        let mut waiters = lock(&self.waiters);
        self.word.taken();
        waiters
            .as_mut()
            .map_or_else(Vec::new, |waiters| waiters.take_handed())
    }
}

impl<T, E> Drop for Chain<T, E> {
    fn drop(&mut self) {
        self.dismantle();
        if let Some(splice) = self.take_splice() {
            Abandoned::let_go(splice);
        }
    }
}

impl<T, E> Chain<T, E> {
    fn dismantle(&self) {
        let mut garbage = self.log.garbage();
        lock(&self.newest).drain(&mut garbage.segments);
    }

    fn take_splice(&mut self) -> Option<Splice<T, E>> {
        match *self.end.take()? {
            End::Splice(splice) => Some(splice),
            End::Closed | End::Lost | End::Failed(_) => None,
        }
    }
}
