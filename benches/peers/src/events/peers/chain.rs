//! What one writes first: a chain of reference-counted nodes and a `Notify` of tokio's. It is freed
//! node by node in a loop, for a long one would otherwise overflow the stack.

use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::entry::Kind;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Sight;

/// The peer.
#[derive(Debug)]
pub struct ArcChain;

impl Peer for ArcChain {
    const NAME: &'static str = "Arc chain and Notify";
    const SETTINGS: &'static str = "no library, freed in a loop";
    const KIND: Kind = Kind::Floor;

    type Log<T: Payload> = Chain<T>;
}

/// The writer's end.
#[derive(Debug)]
pub struct Chain<T> {
    newest: Arc<Node<T>>,
    shared: Arc<Shared>,
}

/// A reader, at the node that it has read last.
#[derive(Debug)]
pub struct Follower<T> {
    read: Arc<Node<T>>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    appended: Notify,
    has_ended: AtomicBool,
}

#[derive(Debug)]
struct Node<T> {
    /// None in the first node, which stands before the first event.
    event: Option<T>,
    next: OnceLock<Arc<Self>>,
}

impl<T> Node<T> {
    fn new(event: Option<T>) -> Arc<Self> {
        Arc::new(Self {
            event,
            next: OnceLock::new(),
        })
    }
}

/// Frees a node, and those after it that nobody else holds.
fn free<T>(node: Arc<Node<T>>) {
    let mut last = Some(node);
    while let Some(node) = last.and_then(Arc::into_inner) {
        last = node.next.into_inner();
    }
}

impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::Release);
        self.shared.appended.notify_waiters();
    }
}

impl<T> Drop for Follower<T> {
    fn drop(&mut self) {
        free(mem::replace(&mut self.read, Node::new(None)));
    }
}

impl<T: Payload> Log<T> for Chain<T> {
    type Reader = Follower<T>;

    fn holding(_events: usize) -> Self {
        Self {
            newest: Node::new(None),
            shared: Arc::default(),
        }
    }

    fn append(&mut self, event: T) {
        let node = Node::new(Some(event));
        // There is one writer, so that nobody else has set it.
        let _ = self.newest.next.set(Arc::clone(&node));
        self.newest = node;
        self.shared.appended.notify_waiters();
    }

    fn subscribe(&mut self) -> Follower<T> {
        Follower {
            read: Arc::clone(&self.newest),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T: Payload> Follower<T> {
    fn advance<S: Sight>(&mut self, sight: &mut S) -> bool {
        let Some(next) = self.read.next.get().cloned() else {
            return false;
        };
        if let Some(event) = &next.event {
            sight.see(event.number());
        }
        self.read = next;
        true
    }

    /// Waits until there is more, unless there is by now.
    async fn appended(&self) -> Result<(), Stop> {
        let mut appended = pin!(self.shared.appended.notified());
        appended.as_mut().enable();
        // It may have ended before that, and been appended to before it ended.
        let has_ended = self.shared.has_ended.load(Ordering::Acquire);
        if self.read.next.get().is_some() {
            return Ok(());
        }
        if has_ended {
            return Err(Stop::Ended);
        }
        appended.await;
        Ok(())
    }
}

impl<T: Payload> Reader for Follower<T> {
    async fn read<S: Sight>(&mut self, count: u64, mut sight: S) -> Result<S, Stop> {
        for _ in 0..count {
            while !self.advance(&mut sight) {
                self.appended().await?;
            }
        }
        Ok(sight)
    }
}
