//! Snapshots from a store, or written by a test's hand.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use forebay_core::Sequence;
use forebay_events::{SnapshotSource, SnapshotWriter, Subject, Topic};

/// A key and its value.
pub(crate) type Event = (u32, u64);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Broken(pub(crate) &'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Broken {}

/// What is published is a change of this.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) sequence: u64,
    pub(crate) values: BTreeMap<(Topic, u32), u64>,
}

#[derive(Clone, Default)]
pub(crate) struct Source(Arc<Inner>);

#[derive(Default)]
struct Inner {
    store: Mutex<Store>,
    builds: Mutex<Vec<Arc<Build>>>,
    by_hand: bool,
}

/// A snapshot in the test's hand.
pub(crate) struct Build {
    pub(crate) subject: Subject<u32>,
    state: Mutex<BuildState>,
}

#[derive(Default)]
struct BuildState {
    orders: VecDeque<Order>,
    waker: Option<Waker>,
    is_dropped: bool,
}

enum Order {
    Write(Event),
    WriteAll(Vec<Event>),
    End(Result<u64, Broken>),
    Panic(&'static str),
}

impl Source {
    /// Snapshots wait for a test to write them.
    pub(crate) fn by_hand() -> Self {
        Self(Arc::new(Inner {
            by_hand: true,
            ..Inner::default()
        }))
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap()
    }

    /// Returns how many snapshots were begun.
    pub(crate) fn begun(&self) -> usize {
        self.0.builds.lock().unwrap().len()
    }

    pub(crate) fn build(&self, number: usize) -> Arc<Build> {
        Arc::clone(&self.0.builds.lock().unwrap()[number])
    }
}

impl Build {
    pub(crate) fn write(&self, pieces: impl IntoIterator<Item = Event>) {
        self.order(pieces.into_iter().map(Order::Write));
    }

    pub(crate) fn write_all(&self, pieces: impl IntoIterator<Item = Event>) {
        self.order([Order::WriteAll(pieces.into_iter().collect())]);
    }

    pub(crate) fn end(&self, sequence: u64) {
        self.order([Order::End(Ok(sequence))]);
    }

    pub(crate) fn fail(&self, message: &'static str) {
        self.order([Order::End(Err(Broken(message)))]);
    }

    /// Panics, past the panic hook, which would print a report.
    pub(crate) fn panic(&self, message: &'static str) {
        self.order([Order::Panic(message)]);
    }

    /// Returns whether its future was dropped, complete or not.
    pub(crate) fn is_dropped(&self) -> bool {
        self.state.lock().unwrap().is_dropped
    }

    fn order(&self, orders: impl IntoIterator<Item = Order>) {
        let waker = {
            let mut state = self.state.lock().unwrap();
            state.orders.extend(orders);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn next(&self) -> Order {
        poll_fn(|cx| {
            let mut state = self.state.lock().unwrap();
            match state.orders.pop_front() {
                Some(order) => Poll::Ready(order),
                None => {
                    state.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

struct DropNote(Arc<Build>);

impl Drop for DropNote {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().is_dropped = true;
    }
}

impl SnapshotSource<u32, Event> for Source {
    type Error = Broken;

    async fn snapshot(
        &self,
        subject: &Subject<u32>,
        out: &mut SnapshotWriter<Event>,
    ) -> Result<Sequence, Broken> {
        let build = Arc::new(Build {
            subject: subject.clone(),
            state: Mutex::default(),
        });
        self.0.builds.lock().unwrap().push(Arc::clone(&build));
        let note = DropNote(build);
        if !self.0.by_hand {
            let (pieces, sequence) = self.state_of(subject);
            out.extend(pieces).await;
            return Ok(sequence);
        }
        loop {
            match note.0.next().await {
                Order::Write(piece) => out.push(piece).await,
                Order::WriteAll(pieces) => out.extend(pieces).await,
                Order::End(end) => return end.map(Sequence::new),
                Order::Panic(message) => resume_unwind(Box::new(message)),
            }
        }
    }
}

impl Source {
    fn state_of(&self, subject: &Subject<u32>) -> (Vec<Event>, Sequence) {
        let store = self.store();
        let of_subject = store.values.iter().filter(|((topic, key), _)| {
            topic == subject.topic() && subject.key().is_none_or(|wanted| wanted == key)
        });
        let pieces = of_subject.map(|((_, key), value)| (*key, *value));
        (pieces.collect(), Sequence::new(store.sequence))
    }
}
