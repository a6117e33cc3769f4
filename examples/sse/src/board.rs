//! Stands for a service with a state that people follow: values by key, which anybody may set.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_core::{Cursor, Sequence};
use forebay_events::{
    Batch, ConfigError, Feed, Hub, HubPublisher, Request, Retention, SnapshotSource,
    SnapshotWriter, Subject, SubscribeError, Topic,
};
use serde::{Deserialize, Serialize};

/// So many values a board has at most: anybody may set one, and none is ever removed.
pub const VALUES_MAX: usize = 10_000;

/// So many bytes a key has at most.
pub const KEY_BYTES_MAX: usize = 256;

/// So many bytes a value has at most; with the window, it bounds what is kept for one key.
pub const VALUE_BYTES_MAX: usize = 1 << 10;

/// So many keys keep their window while nobody follows them, for who was cut off and comes back.
const IDLE_KEYS_MAX: usize = 100;

/// A value that was set.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Change {
    /// Whose value it is.
    pub key: String,
    /// What it is now.
    pub value: String,
}

/// Why no value was set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// A key is longer than [`KEY_BYTES_MAX`], or a value than [`VALUE_BYTES_MAX`].
    TooLong,
    /// There would be more values than [`VALUES_MAX`]; those that there are can still be changed.
    Full,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(
                f,
                "a key has at most {KEY_BYTES_MAX} bytes, and a value {VALUE_BYTES_MAX}"
            ),
            Self::Full => write!(f, "there are at most {VALUES_MAX} values"),
        }
    }
}

impl std::error::Error for Refused {}

/// What those who follow a board read from.
pub type Changes = Feed<String, Change, Infallible>;

/// Values by key, and the hub that tells of their changes.
#[derive(Debug)]
pub struct Board {
    topic: Topic,
    values: Arc<Mutex<Values>>,
    publisher: Mutex<HubPublisher<String, Change, Infallible>>,
    hub: Hub<String, Change, Infallible>,
}

#[derive(Clone, Debug, Default)]
struct Values {
    sequence: Sequence,
    by_key: BTreeMap<String, String>,
}

impl Board {
    /// Creates an empty board that keeps changes for slow and for absent readers as `retention`
    /// says.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the retention makes no sense.
    pub fn new(retention: Retention) -> Result<Self, ConfigError> {
        let values = Arc::default();
        let publisher = Hub::builder(Stored(Arc::clone(&values)))
            .retention(retention)
            .idle_keys(IDLE_KEYS_MAX)
            .build()?;
        Ok(Self {
            topic: Topic::from("values"),
            values,
            hub: publisher.hub(),
            publisher: Mutex::new(publisher),
        })
    }

    /// Sets values, all in one step for those who follow.
    ///
    /// # Errors
    ///
    /// [`Refused`]; then none of them was set.
    pub fn set(&self, changes: Vec<Change>) -> Result<(), Refused> {
        // The publisher's lock orders those who set; the values are stored before they are
        // published, so that a snapshot is never older than what its readers have yet to come.
        let mut publisher = lock(&self.publisher);
        let sequence = lock(&self.values).set(&changes)?;
        let batch: Batch<_, _> = changes
            .into_iter()
            .map(|change| (self.topic.clone(), change.key.clone(), change))
            .collect();
        let published = publisher.publish(sequence, batch);
        debug_assert!(published.is_ok(), "the sequence rises with every set");
        Ok(())
    }

    /// Follows one key, or all of them, from a cursor or from what there is now.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] if the board was closed.
    pub fn follow(
        &self,
        key: Option<String>,
        cursor: Option<Cursor>,
    ) -> Result<Changes, SubscribeError<Infallible>> {
        let mut request = Request::new(self.topic.clone());
        if let Some(key) = key {
            request = request.key(key);
        }
        if let Some(cursor) = cursor {
            request = request.resume(cursor);
        }
        self.hub.subscribe(request)
    }

    /// Returns how many follow, for a gauge of your own.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.hub.stats().feeds
    }

    /// Ends everybody's reading.
    pub fn close(&self) {
        self.hub.shutdown();
    }
}

impl Change {
    fn is_too_long(&self) -> bool {
        self.key.len() > KEY_BYTES_MAX || self.value.len() > VALUE_BYTES_MAX
    }
}

impl Values {
    fn set(&mut self, changes: &[Change]) -> Result<Sequence, Refused> {
        if changes.iter().any(Change::is_too_long) {
            return Err(Refused::TooLong);
        }
        let keys: BTreeSet<_> = changes.iter().map(|change| &change.key).collect();
        let new = keys
            .into_iter()
            .filter(|key| !self.by_key.contains_key(*key));
        if self.by_key.len() + new.count() > VALUES_MAX {
            return Err(Refused::Full);
        }
        for change in changes {
            self.by_key.insert(change.key.clone(), change.value.clone());
        }
        self.sequence = self.sequence.next().unwrap_or(Sequence::MAX);
        Ok(self.sequence)
    }
}

/// Where the hub reads the state from that a newcomer begins with.
struct Stored(Arc<Mutex<Values>>);

impl SnapshotSource<String, Change> for Stored {
    type Error = Infallible;

    async fn snapshot(
        &self,
        subject: &Subject<String>,
        out: &mut SnapshotWriter<Change>,
    ) -> Result<Sequence, Infallible> {
        // A copy, so that all of it is of one moment and nobody waits meanwhile.
        let values = lock(&self.0).clone();
        let of_subject = |key: &String| subject.key().is_none_or(|wanted| wanted == key);
        for (key, value) in values.by_key {
            if of_subject(&key) {
                out.push(Change { key, value }).await;
            }
        }
        Ok(values.sequence)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
