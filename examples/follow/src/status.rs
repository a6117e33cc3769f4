//! What a service says of itself and of those who follow it, and what they say of themselves.

use forebay_core::{LogId, Sequence};
use serde::{Deserialize, Serialize};

/// Everything at one moment. Lists are sorted by name.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Status {
    /// The log that sequences are of.
    pub log: LogId,
    /// The last entry.
    pub head: Sequence,
    /// The first entry that is kept.
    pub oldest: Sequence,
    /// How many keys are set.
    pub keys: usize,
    /// How many changes were made since the service was started.
    pub changes: u64,
    /// How many changes a watcher may be behind before it is cut off.
    pub behind_max: u64,
    /// What keys belong to.
    pub topics: Vec<TopicStatus>,
    /// Those who watch a topic or a key.
    pub subscribers: Vec<SubscriberStatus>,
    /// Those who apply changes.
    pub workers: Vec<WorkerStatus>,
    /// Those who have the state as well.
    pub replicas: Vec<ReplicaStatus>,
}

/// A topic.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TopicStatus {
    /// What it is called.
    pub name: String,
    /// How many of its keys are set.
    pub keys: usize,
    /// How many changes were made in it since the service was started.
    pub changes: u64,
    /// The last of them; zero if there was none since then.
    pub head: Sequence,
    /// How many watch it, or a key of it.
    pub watchers: usize,
}

/// Somebody who watches.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SubscriberStatus {
    /// What is watched.
    pub name: String,
    /// No other has it.
    pub id: u64,
    /// What it is receiving.
    pub phase: Receiving,
    /// The last change that was sent whole.
    pub position: Option<Sequence>,
    /// How many changes were not sent yet.
    pub lag: u64,
    /// How many frames were sent.
    pub sent: u64,
}

/// What a watcher is receiving.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiving {
    /// The state.
    Snapshot,
    /// What changes.
    Following,
}

/// A process that applies changes, as it has reported last.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct WorkerStatus {
    /// What it is called, which is also the label of its position in the checkpoint file.
    pub name: String,
    /// What it is doing.
    pub state: String,
    /// The last entry that was applied.
    pub applied: Option<Sequence>,
    /// The last entry that was committed.
    pub committed: Option<Sequence>,
    /// How many entries it has not applied.
    pub lag: Option<u64>,
    /// For how long it has not reported, if that is longer than it should.
    pub silent_seconds: Option<u64>,
    /// How often it was started.
    pub starts: u64,
}

/// A process that has the state, as it has reported last.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReplicaStatus {
    /// What it is called.
    pub name: String,
    /// What it is doing: `Following`, or a phase of catching up.
    pub phase: String,
    /// How many keys it has fetched.
    pub items: u64,
    /// How many keys there are to fetch.
    pub items_total: Option<u64>,
    /// How many bytes it has fetched.
    pub bytes: u64,
    /// How many bytes there are to fetch.
    pub bytes_total: Option<u64>,
    /// From how many peers it fetches.
    pub providers: usize,
    /// The last entry that was applied.
    pub applied: Option<Sequence>,
    /// How many entries it has not applied.
    pub lag: Option<u64>,
    /// For how long it has not reported, if that is longer than it should.
    pub silent_seconds: Option<u64>,
    /// How often it was started.
    pub starts: u64,
}

/// What a process says of itself: `PUT /status/{name}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Report {
    /// Differs from one start of the process to the next.
    pub run: u64,
    /// Of which log its positions are, if it has one.
    pub log: Option<LogId>,
    /// The last entry that was applied.
    pub applied: Option<Sequence>,
    /// What kind of process it is.
    pub role: Role,
}

/// What a kind of process says of itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It applies changes.
    Worker {
        /// What it is doing.
        state: String,
        /// The last entry that was committed.
        committed: Option<Sequence>,
    },
    /// It has the state.
    Replica(Fetched),
}

/// How far a replica is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Fetched {
    /// What it is doing.
    pub phase: String,
    /// How many keys it has fetched.
    pub items: u64,
    /// How many keys there are to fetch.
    pub items_total: Option<u64>,
    /// How many bytes it has fetched.
    pub bytes: u64,
    /// How many bytes there are to fetch.
    pub bytes_total: Option<u64>,
    /// From how many peers it fetches.
    pub providers: usize,
}

impl Report {
    /// Begins to say something of a process that has just been started.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self {
            run: rand::random(),
            log: None,
            applied: None,
            role,
        }
    }
}
