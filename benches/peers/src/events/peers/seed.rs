//! The seed: the design that forebay started from, with its defects, which the questions show.
//!
//! An event buffer in Go: one writer links items, each a batch of events, by an atomic pointer, and
//! closes a channel of the item before, which wakes everybody who waits on it then and there. A
//! reader holds an item and follows the pointers. An item that carries an error has no link, so that
//! who asks for what comes after it panics; and a writer that goes tells nobody. Here items are
//! freed in a loop, as a garbage collector would, and those without events are passed in a loop
//! too, which the seed does by calling itself.

use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;
use crate::failure::Failure;

/// The row of the seed.
pub const NAME: &str = "seed, its design in Rust";

/// The peer.
#[derive(Debug)]
pub struct Seed;

impl Peer for Seed {
    const NAME: &'static str = NAME;
    const SETTINGS: &'static str = "";
    const KIND: Kind = Kind::Seed;
    const APPENDS_MANY: bool = true;
    const FAILS: bool = true;

    type Log<T: Payload> = Buffer<T>;
}

/// The writer's end.
#[derive(Debug)]
pub struct Buffer<T> {
    head: Arc<Item<T>>,
}

/// A reader, at the item that it has read last.
#[derive(Debug)]
pub struct Cursor<T> {
    item: Arc<Item<T>>,
}

#[derive(Debug)]
struct Item<T> {
    events: Result<Vec<T>, Failure>,
    link: Option<Link<T>>,
}

#[derive(Debug)]
struct Link<T> {
    next: OnceLock<Arc<Item<T>>>,
    closing: Mutex<Closing>,
}

/// A channel that nothing is ever sent through, only closed.
#[derive(Debug, Default)]
struct Closing {
    is_closed: bool,
    waiters: Vec<Option<Waker>>,
    vacant: Vec<usize>,
}

/// A place among those who wait for a channel to be closed, which is given back.
struct Seat<'a> {
    closing: &'a Mutex<Closing>,
    index: Option<usize>,
}

impl<T> Item<T> {
    fn of(events: Vec<T>) -> Arc<Self> {
        let link = Link {
            next: OnceLock::new(),
            closing: Mutex::default(),
        };
        Arc::new(Self {
            events: Ok(events),
            link: Some(link),
        })
    }

    /// Returns what is reached from here.
    ///
    /// # Panics
    ///
    /// When this item carries an error.
    fn link(&self) -> &Link<T> {
        self.link.as_ref().expect("an error has no link")
    }
}

impl Closing {
    fn close(closing: &Mutex<Self>) {
        let waiters = {
            let mut closing = closing.lock().unwrap_or_else(PoisonError::into_inner);
            closing.is_closed = true;
            mem::take(&mut closing.waiters)
        };
        waiters.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Seat<'_> {
    fn poll_closed(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        if closing.is_closed {
            return Poll::Ready(());
        }
        let waker = Some(cx.waker().clone());
        match self.index.or_else(|| closing.vacant.pop()) {
            Some(index) => {
                closing.waiters[index] = waker;
                self.index = Some(index);
            }
            None => {
                self.index = Some(closing.waiters.len());
                closing.waiters.push(waker);
            }
        }
        Poll::Pending
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let Some(index) = self.index else { return };
        let mut closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        if !closing.is_closed {
            closing.waiters[index] = None;
            closing.vacant.push(index);
        }
    }
}

impl<T> Drop for Cursor<T> {
    fn drop(&mut self) {
        let mut last = Some(mem::replace(&mut self.item, Item::of(Vec::new())));
        while let Some(item) = last.and_then(Arc::into_inner) {
            last = item.link.and_then(|link| link.next.into_inner());
        }
    }
}

impl<T> Buffer<T> {
    fn append_item(&mut self, item: Arc<Item<T>>) {
        let link = self.head.link();
        let _ = link.next.set(Arc::clone(&item));
        Closing::close(&link.closing);
        self.head = item;
    }
}

impl<T: Payload> Log<T> for Buffer<T> {
    type Reader = Cursor<T>;

    fn holding(_events: usize) -> Self {
        Self {
            head: Item::of(Vec::new()),
        }
    }

    fn append(&mut self, event: T) {
        self.append_item(Item::of(vec![event]));
    }

    fn append_all(&mut self, events: impl Iterator<Item = T>) {
        self.append_item(Item::of(events.collect()));
    }

    fn subscribe(&mut self) -> Cursor<T> {
        Cursor {
            item: Arc::clone(&self.head),
        }
    }

    fn fail(mut self) {
        self.append_item(Arc::new(Item {
            events: Err(Failure),
            link: None,
        }));
    }
}

impl<T: Payload> Reader for Cursor<T> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        let mut seen = 0;
        while seen < count {
            let link = self.item.link();
            if link.next.get().is_none() {
                let mut seat = Seat {
                    closing: &link.closing,
                    index: None,
                };
                poll_fn(|cx| seat.poll_closed(cx)).await;
            }
            let Some(next) = link.next.get().cloned() else {
                continue;
            };
            self.item = next;
            let events = self.item.events.as_ref().map_err(|_| Stop::Failed)?;
            events.iter().for_each(|event| sight.see(event.number()));
            seen += events.len() as u64;
        }
        Ok(sight)
    }
}
