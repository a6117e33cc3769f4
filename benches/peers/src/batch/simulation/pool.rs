//! A backend of a few connections, whose calls end when its clock says so.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::{CALL_NS, KEY_NS};
use crate::batch::backend::{Backend, value_of};
use crate::failure::Failure;

/// A few connections; clones are the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Pool(Arc<Mutex<Connections>>);

#[derive(Debug)]
struct Connections {
    count: usize,
    free: usize,
    now_ns: u64,
    calls: u64,
    /// When the calls that have a connection end, and their numbers.
    ends: BinaryHeap<Reverse<(u64, u64)>>,
    running: HashMap<u64, oneshot::Sender<()>>,
    /// Calls without a connection, and how long each will take.
    queue: VecDeque<(u64, oneshot::Sender<()>)>,
}

impl Pool {
    /// Returns a pool of this many connections, at time zero.
    pub(crate) fn of(count: usize) -> Self {
        Self(Arc::new(Mutex::new(Connections {
            count,
            free: count,
            now_ns: 0,
            calls: 0,
            ends: BinaryHeap::new(),
            running: HashMap::new(),
            queue: VecDeque::new(),
        })))
    }

    /// Returns the time.
    pub(super) fn now_ns(&self) -> u64 {
        self.connections().now_ns
    }

    /// Returns when the next call ends.
    pub(super) fn next_end_ns(&self) -> Option<u64> {
        let connections = self.connections();
        connections.ends.peek().map(|Reverse((end_ns, _))| *end_ns)
    }

    /// Moves the time on, and ends the calls that end by then.
    pub(super) fn move_to(&self, now_ns: u64) {
        let mut connections = self.connections();
        connections.now_ns = now_ns;
        while let Some(Reverse((end_ns, number))) = connections.ends.peek().copied() {
            if end_ns > now_ns {
                break;
            }
            connections.ends.pop();
            if let Some(done) = connections.running.remove(&number) {
                // A call that was dropped has held its connection to the end all the same.
                let _ = done.send(());
            }
            match connections.queue.pop_front() {
                Some((takes_ns, done)) => connections.begin(takes_ns, done),
                None => connections.free += 1,
            }
        }
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    fn begin(&mut self, takes_ns: u64, done: oneshot::Sender<()>) {
        self.calls += 1;
        self.ends
            .push(Reverse((self.now_ns + takes_ns, self.calls)));
        self.running.insert(self.calls, done);
    }
}

impl Backend for Pool {
    type Found = ();

    async fn find(&self, keys: &[u64]) -> Result<(), Failure> {
        let takes_ns = (CALL_NS + KEY_NS * keys.len() as f64) as u64;
        let (done, ended) = oneshot::channel();
        {
            let mut connections = self.connections();
            if connections.free > 0 {
                connections.free -= 1;
                connections.begin(takes_ns, done);
            } else {
                connections.queue.push_back((takes_ns, done));
            }
        }
        ended.await.map_err(|_| Failure)
    }

    fn value((): &(), _position: usize, key: u64) -> Option<u64> {
        Some(value_of(key))
    }

    fn connections(&self) -> usize {
        self.connections().count
    }
}
