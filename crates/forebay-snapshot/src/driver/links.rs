//! The connections of one peer.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinSet};
use tokio::time;

use crate::driver::config::DriverConfig;
use crate::driver::connection::{self, Disconnected, Stream};
use crate::{Encoded, Message, Unsent, encode};

/// Two peers may connect to each other at one time, and each be right to keep its own connection.
const PER_PEER_MAX: usize = 2;

/// All connections, each with a queue and a task of its own.
pub(super) struct Links<P> {
    config: DriverConfig,
    /// By number: later ones are newer, and what is sent goes to the newest of its peer.
    links: BTreeMap<u64, Link<P>>,
    made: u64,
    tasks: JoinSet<(u64, Disconnected)>,
    arrived: mpsc::Sender<(u64, Message<P>)>,
}

struct Link<P> {
    peer: P,
    task: task::Id,
    queue: mpsc::Sender<Encoded>,
    closed: oneshot::Sender<Disconnected>,
}

impl<P> Links<P>
where
    P: Clone + Debug + Ord + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    pub(super) fn new(config: DriverConfig, arrived: mpsc::Sender<(u64, Message<P>)>) -> Self {
        Self {
            config,
            links: BTreeMap::new(),
            made: 0,
            tasks: JoinSet::new(),
            arrived,
        }
    }

    /// Ends the oldest connections of a peer until there is room for one more. What is queued there
    /// is still sent. Returns how many.
    pub(super) fn make_room(&mut self, peer: &P) -> usize {
        let of_peer = self.links.iter().filter(|(_, link)| link.peer == *peer);
        let numbers: Vec<_> = of_peer.map(|(number, _)| *number).collect();
        let surplus = (numbers.len() + 1).saturating_sub(PER_PEER_MAX);
        for number in &numbers[..surplus] {
            if let Some(link) = self.links.remove(number) {
                // Nobody needs to wait for it.
                let _ = link.closed.send(Disconnected::Replaced);
            }
        }
        surplus
    }

    /// Begins to serve a connection, unless there are too many.
    pub(super) fn attach(
        &mut self,
        peer: P,
        stream: Stream,
        closed: oneshot::Sender<Disconnected>,
    ) -> bool {
        // Those that were replaced count until they have ended.
        if self.tasks.len() >= self.config.connections_max {
            // Nobody needs to wait for it.
            let _ = closed.send(Disconnected::TooMany);
            return false;
        }
        let (queue, queued) = mpsc::channel(self.config.queue_max);
        let number = self.made;
        self.made = self.made.saturating_add(1);
        let arrived = self.arrived.clone();
        let config = self.config.clone();
        let task = self.tasks.spawn(async move {
            let why = connection::run(stream, number, queued, arrived, &config).await;
            (number, why)
        });
        let link = Link {
            peer,
            task: task.id(),
            queue,
            closed,
        };
        self.links.insert(number, link);
        true
    }

    /// How many there are, with those that were replaced and have not ended.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// How many messages wait to be written.
    pub(super) fn queued(&self) -> usize {
        let queues = self.links.values().map(|link| &link.queue);
        let queued = queues.map(|queue| queue.max_capacity().saturating_sub(queue.capacity()));
        queued.sum()
    }

    pub(super) fn peer(&self, number: u64) -> Option<&P> {
        self.links.get(&number).map(|link| &link.peer)
    }

    /// Returns whether nothing can be queued for a peer now.
    pub(super) fn is_full(&self, peer: &P) -> bool {
        self.newest(peer)
            .is_some_and(|link| link.queue.capacity() == 0)
    }

    pub(super) fn send(&self, to: &P, message: &Message<P>) -> Result<(), Unsent> {
        let link = self.newest(to).ok_or(Unsent::Closed)?;
        let frame = encode(message).map_err(|_| Unsent::TooLarge)?;
        if frame.len() > Encoded::len_max(&self.config.limits) {
            return Err(Unsent::TooLarge);
        }
        link.queue.try_send(frame).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Unsent::Full,
            mpsc::error::TrySendError::Closed(_) => Unsent::Closed,
        })
    }

    /// Waits for a connection to end, and returns whose it was, why, and whether it was the last one.
    pub(super) async fn ended(&mut self) -> Option<(P, Disconnected, bool)> {
        loop {
            let (number, why) = match self.tasks.join_next().await? {
                Ok(ended) => ended,
                // A stream is somebody else's code.
                Err(error) => {
                    let mut links = self.links.iter();
                    let Some((number, _)) = links.find(|(_, link)| link.task == error.id()) else {
                        continue;
                    };
                    (*number, Disconnected::Panicked)
                }
            };
            if let Some(link) = self.links.remove(&number) {
                let is_last = self.newest(&link.peer).is_none();
                // Nobody needs to wait for it.
                let _ = link.closed.send(why);
                return Some((link.peer, why, is_last));
            }
        }
    }

    /// Sends what is queued for as long as that is allowed, and ends all connections.
    pub(super) async fn close_all(&mut self) -> Vec<(P, Disconnected)> {
        let mut closed = Vec::new();
        for link in std::mem::take(&mut self.links).into_values() {
            // Nobody needs to wait for it.
            let _ = link.closed.send(Disconnected::Shutdown);
            closed.push((link.peer, Disconnected::Shutdown));
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if time::timeout(self.config.linger, all).await.is_err() {
            self.tasks.shutdown().await;
        }
        closed
    }

    fn newest(&self, peer: &P) -> Option<&Link<P>> {
        self.links.values().rev().find(|link| link.peer == *peer)
    }
}
