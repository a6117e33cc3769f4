//! Where a service keeps what it knows of those who follow it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_events::Feed;

use crate::status::{
    Receiving, ReplicaStatus, Report, Role, Status, SubscriberStatus, TopicStatus, WorkerStatus,
};
use crate::writer::Writer;

/// Who has not reported for so long is shown as silent.
const SILENT_AFTER: Duration = Duration::from_secs(3);

/// Processes that are remembered; a report of one more is refused.
const PROCESSES_MAX: usize = 1_000;

/// Where a service keeps what it knows; clones are the same.
#[derive(Clone, Debug)]
pub struct Board {
    writer: Writer,
    behind_max: u64,
    watchers: Arc<Mutex<Watchers>>,
    processes: Arc<Mutex<BTreeMap<String, Process>>>,
    next: Arc<AtomicU64>,
}

/// By what is watched, and then by number.
type Watchers = BTreeMap<(String, u64), Arc<dyn Watched>>;

#[derive(Debug)]
struct Process {
    report: Report,
    reported: Instant,
    starts: u64,
}

/// What can be said of a watcher, whatever it watches.
trait Watched: Debug + Send + Sync {
    fn status(&self, name: &str, id: u64) -> SubscriberStatus;
}

/// Somebody who watches, for as long as this is not dropped.
#[derive(Debug)]
pub struct Watcher<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    feed: Arc<Mutex<Watching<K, T, E>>>,
    place: (String, u64),
    board: Board,
}

/// A feed and what was sent of it.
#[derive(Debug)]
pub struct Watching<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// What is sent.
    pub feed: Feed<K, T, E>,
    /// How many frames were.
    pub sent: u64,
    /// Whether it is a part of the state that is being sent.
    pub is_snapshot: bool,
}

/// There are too many names; the report was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TooMany;

impl Board {
    /// Creates a board for a service whose watchers may be `behind_max` changes behind.
    #[must_use]
    pub fn new(writer: Writer, behind_max: u64) -> Self {
        Self {
            writer,
            behind_max,
            watchers: Arc::default(),
            processes: Arc::default(),
            next: Arc::default(),
        }
    }

    /// Remembers somebody who watches.
    pub fn enter<K, T, E>(&self, name: String, feed: Feed<K, T, E>) -> Watcher<K, T, E>
    where
        K: Clone + Eq + Hash + Debug + Send + Sync + 'static,
        T: Debug + Send + Sync + 'static,
        E: Clone + Debug + Send + Sync + 'static,
    {
        let place = (name, self.next.fetch_add(1, Ordering::Relaxed));
        let feed = Arc::new(Mutex::new(Watching {
            feed,
            sent: 0,
            is_snapshot: false,
        }));
        let watched: Arc<dyn Watched> = Arc::clone(&feed) as _;
        lock(&self.watchers).insert(place.clone(), watched);
        Watcher {
            feed,
            place,
            board: self.clone(),
        }
    }

    /// Takes what a process says of itself.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if so many processes have reported that one more would be one too many.
    pub fn report(&self, name: &str, report: Report) -> Result<(), TooMany> {
        let reported = Instant::now();
        let mut processes = lock(&self.processes);
        if let Some(process) = processes.get_mut(name) {
            process.starts += u64::from(process.report.run != report.run);
            process.report = report;
            process.reported = reported;
            return Ok(());
        }
        if processes.len() >= PROCESSES_MAX {
            return Err(TooMany);
        }
        let process = Process {
            report,
            reported,
            starts: 1,
        };
        processes.insert(name.to_owned(), process);
        Ok(())
    }

    /// Returns everything as it is now.
    #[must_use]
    pub fn status(&self) -> Status {
        let facts = self.writer.facts();
        let subscribers = self.subscribers();
        let mut status = Status {
            log: facts.cursor.log(),
            head: facts.cursor.sequence(),
            oldest: facts.oldest,
            keys: facts.keys,
            changes: facts.counts.changes,
            behind_max: self.behind_max,
            topics: Vec::new(),
            subscribers,
            workers: Vec::new(),
            replicas: Vec::new(),
        };
        for (name, topic) in facts.counts.topics {
            let of_topic = |watched: &&SubscriberStatus| {
                let (watched, _) = watched.name.split_once('/').unwrap_or((&watched.name, ""));
                watched == name.as_str()
            };
            status.topics.push(TopicStatus {
                keys: topic.keys,
                changes: topic.changes,
                head: topic.head,
                watchers: status.subscribers.iter().filter(of_topic).count(),
                name: name.to_string(),
            });
        }
        for (name, process) in &*lock(&self.processes) {
            process.show(name, &mut status);
        }
        status
    }

    fn subscribers(&self) -> Vec<SubscriberStatus> {
        let watchers = lock(&self.watchers).clone();
        let watchers = watchers.iter();
        watchers
            .map(|((name, id), watched)| watched.status(name, *id))
            .collect()
    }
}

impl Process {
    fn show(&self, name: &str, status: &mut Status) {
        let silent = self.reported.elapsed();
        let silent_seconds = (silent >= SILENT_AFTER).then_some(silent.as_secs());
        // Of another log, sequences mean nothing here.
        let is_of_log = self.report.log == Some(status.log);
        let applied = self.report.applied.filter(|_| is_of_log);
        let lag = applied.map(|applied| status.head.get().saturating_sub(applied.get()));
        let (name, starts) = (name.to_owned(), self.starts);
        match self.report.role.clone() {
            Role::Worker { state, committed } => status.workers.push(WorkerStatus {
                name,
                state,
                applied,
                committed: committed.filter(|_| is_of_log),
                lag,
                silent_seconds,
                starts,
            }),
            Role::Replica(fetched) => status.replicas.push(ReplicaStatus {
                name,
                phase: fetched.phase,
                items: fetched.items,
                items_total: fetched.items_total,
                bytes: fetched.bytes,
                bytes_total: fetched.bytes_total,
                providers: fetched.providers,
                applied,
                lag,
                silent_seconds,
                starts,
            }),
        }
    }
}

impl<K, T, E> Watcher<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// Locks the feed. It is locked while it is polled, and never for longer.
    pub fn lock(&self) -> MutexGuard<'_, Watching<K, T, E>> {
        lock(&self.feed)
    }
}

impl<K, T, E> Drop for Watcher<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    fn drop(&mut self) {
        lock(&self.board.watchers).remove(&self.place);
    }
}

impl<K, T, E> Watched for Mutex<Watching<K, T, E>>
where
    K: Clone + Eq + Hash + Debug + Send + Sync + 'static,
    T: Debug + Send + Sync + 'static,
    E: Clone + Debug + Send + Sync + 'static,
{
    fn status(&self, name: &str, id: u64) -> SubscriberStatus {
        let watching = lock(self);
        SubscriberStatus {
            name: name.to_owned(),
            id,
            phase: if watching.is_snapshot {
                Receiving::Snapshot
            } else {
                Receiving::Following
            },
            position: watching.feed.cursor().map(|cursor| cursor.sequence()),
            lag: watching.feed.lag(),
            sent: watching.sent,
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
