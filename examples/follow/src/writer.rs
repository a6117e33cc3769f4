//! The one way in which anything changes: the database, then the log, then those who watch.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_batch::{Execute, ExecuteError, ExecuteResults, Executor};
use forebay_core::{Cursor, Sequence};
use forebay_events::{Hub, HubPublisher, Position, Publisher, Retention, Source, Topic};
use tokio::task;

use crate::config::{Change, Entry, Name, State};
use crate::database::{Database, DatabaseError, Stored};
use crate::view::{Counts, Current, View};

/// So many writes share a transaction.
const BATCH_MAX: usize = 500;

/// So many writes wait at most; one more is refused.
const WAITING_MAX: usize = 10_000;

/// What the log keeps for readers, however slow they are.
const LOG_MAX: usize = 1 << 20;

/// So many keys of a topic keep their window while nobody watches them.
const IDLE_KEYS_MAX: usize = 10_000;

/// What ends a process.
pub type Fatal = Box<dyn std::error::Error + Send + Sync>;

/// Who watches a topic or a key reads from this.
pub type Watchers = Hub<Name, Change, Infallible>;

/// Why a write has not happened, or why nobody knows whether it has.
pub type WriteError = ExecuteError<DatabaseError>;

/// Through which everything is written; clones are the same.
#[derive(Clone, Debug)]
pub struct Writer {
    writes: Executor<Entry, Option<Written>, DatabaseError>,
    shared: Arc<Shared>,
}

/// How a write has gone.
#[derive(Clone, Debug)]
pub struct Written {
    /// Where it is in the log.
    pub cursor: Cursor,
    /// The state right after a marker.
    pub state: Option<State>,
}

/// How much of the past is there for those who are behind.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Changes of a key or of a topic, for a watcher that comes back.
    pub window: usize,
    /// How many changes a watcher may be behind.
    pub behind_max: usize,
    /// For how long it may be further behind.
    pub grace: Duration,
    /// How many bytes the database may have.
    pub database_bytes_max: u64,
}

/// What the status page says of the service.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The last entry.
    pub cursor: Cursor,
    /// The first entry that is kept.
    pub oldest: Sequence,
    /// How many keys are set.
    pub keys: usize,
    /// How many changes were made, and what of them is whose.
    pub counts: Counts,
}

#[derive(Debug)]
struct Shared {
    /// Whoever writes has it; readers never wait for it.
    writing: Mutex<Writing>,
    current: Current,
    counted: Mutex<Counted>,
    source: Source<Entry>,
    watchers: Watchers,
}

#[derive(Debug)]
struct Writing {
    database: Database,
    /// `None` when the service ends.
    publishers: Option<Publishers>,
    /// Keeps alive what is in the log after it.
    kept: Position<Entry>,
    is_failing: bool,
}

#[derive(Debug)]
struct Publishers {
    log: Publisher<Entry>,
    watchers: HubPublisher<Name, Change, Infallible>,
}

#[derive(Debug)]
struct Counted {
    counts: Counts,
    /// The last entry that is not kept any more.
    pruned: Sequence,
}

/// What carries out the writes that came together.
#[derive(Clone, Debug)]
struct Transactions(Arc<Shared>);

impl Writer {
    /// Goes on with what is in a database.
    ///
    /// # Errors
    ///
    /// Those of the database, and of settings that make no sense.
    pub fn open(path: &Path, keeping: Keeping) -> Result<Self, Fatal> {
        let database = Database::open(path, keeping.database_bytes_max)?;
        let stored = database.load()?;
        let pruned = match stored.entries.first() {
            Some((first, _)) => Sequence::new(first.get().saturating_sub(1)),
            None => stored.head,
        };
        let counted = Counted {
            counts: Counts::of(&stored.state),
            pruned,
        };
        let current = Current::new(View {
            cursor: Cursor::new(stored.log, stored.head),
            state: stored.state.clone(),
        });
        let retention = Retention::readers_up_to(keeping.behind_max)
            .grace(keeping.grace)
            .with_window(keeping.window);
        let mut watchers = Hub::builder(current.clone())
            .retention(retention)
            .idle_keys(IDLE_KEYS_MAX)
            .build()?;
        if stored.head > Sequence::ZERO {
            watchers.publish(stored.head, forebay_events::Batch::new())?;
        }
        let (log, kept) = refill(stored, pruned)?;
        let shared = Arc::new(Shared {
            source: log.source(),
            watchers: watchers.hub(),
            current,
            counted: Mutex::new(counted),
            writing: Mutex::new(Writing {
                database,
                publishers: Some(Publishers { log, watchers }),
                kept,
                is_failing: false,
            }),
        });
        let writes = Executor::builder(Transactions(Arc::clone(&shared)))
            .max_batch(BATCH_MAX)
            .max_waiting(WAITING_MAX)
            .build()?;
        Ok(Self { writes, shared })
    }

    /// Writes an entry, and returns where it is; nothing if there was nothing to delete.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    ///
    /// # Cancel safety
    ///
    /// What has not begun to be written will not be; what has begun is finished.
    pub async fn write(&self, entry: Entry) -> Result<Option<Written>, WriteError> {
        self.writes.execute(entry).await
    }

    /// Returns the state as it is now.
    #[must_use]
    pub fn view(&self) -> View {
        self.shared.current.view()
    }

    /// Returns where the newest state is.
    #[must_use]
    pub fn current(&self) -> &Current {
        &self.shared.current
    }

    /// Returns where the log can be read.
    #[must_use]
    pub fn log(&self) -> &Source<Entry> {
        &self.shared.source
    }

    /// Returns where topics and keys can be watched.
    #[must_use]
    pub fn watchers(&self) -> &Watchers {
        &self.shared.watchers
    }

    /// Removes what is in the log up to an entry.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    ///
    /// # Cancel safety
    ///
    /// It is removed all the same.
    pub async fn prune(&self, up_to: Sequence) -> Result<(), DatabaseError> {
        let shared = Arc::clone(&self.shared);
        let pruned = task::spawn_blocking(move || shared.prune(up_to)).await;
        pruned.unwrap_or(Err(DatabaseError::Interrupted))
    }

    /// Returns what the status page says of the service.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let view = self.view();
        let counted = lock(&self.shared.counted);
        Facts {
            cursor: view.cursor,
            oldest: counted.pruned.next().unwrap_or(Sequence::MAX),
            keys: view.state.len(),
            counts: counted.counts.clone(),
        }
    }

    /// Ends everybody's reading, after what was written so far.
    ///
    /// # Cancel safety
    ///
    /// Nothing has ended then, and it can be called again.
    pub async fn close(&self) {
        self.writes.close();
        self.writes.drain().await;
        let publishers = lock(&self.shared.writing).publishers.take();
        if let Some(Publishers { log, watchers }) = publishers {
            log.close();
            watchers.close();
        }
    }
}

impl Shared {
    fn execute(&self, entries: Vec<Entry>) -> ExecuteResults<Option<Written>, DatabaseError> {
        let mut writing = lock(&self.writing);
        let View { cursor, mut state } = self.current.view();
        let mut counts = lock(&self.counted).counts.clone();
        let mut head = cursor.sequence();
        let mut appended = Vec::with_capacity(entries.len());
        let mut results = Vec::with_capacity(entries.len());
        for entry in entries {
            let next = head.next().ok_or(DatabaseError::Foreign)?;
            let mut marked = None;
            match &entry {
                Entry::Change(change) => {
                    let was_set = state.contains_key(&change.id());
                    if change.value.is_none() && !was_set {
                        results.push(Ok(None));
                        continue;
                    }
                    counts.count(next, change, was_set);
                    change.apply(&mut state);
                }
                Entry::Marker(_) => marked = Some(state.clone()),
            }
            head = next;
            appended.push((head, entry));
            results.push(Ok(Some(Written {
                cursor: Cursor::new(cursor.log(), head),
                state: marked,
            })));
        }
        writing.append(&appended)?;
        lock(&self.counted).counts = counts;
        let view = View {
            cursor: Cursor::new(cursor.log(), head),
            state,
        };
        writing.publish(appended, || self.current.set(view));
        Ok(results)
    }

    fn prune(&self, up_to: Sequence) -> Result<(), DatabaseError> {
        let mut writing = lock(&self.writing);
        if up_to <= lock(&self.counted).pruned {
            return Ok(());
        }
        writing.database.prune(up_to)?;
        let log = self.current.view().cursor.log();
        // A reader that was too slow for what the log keeps at most has made it stale already.
        if let Ok(after) = self.source.resume(Cursor::new(log, up_to)) {
            writing.kept = after.position();
        }
        lock(&self.counted).pruned = up_to;
        Ok(())
    }
}

impl Writing {
    fn append(&mut self, entries: &[(Sequence, Entry)]) -> Result<(), DatabaseError> {
        let appended = self.database.append(entries);
        // One line when it begins and one when it ends, however many writes are refused meanwhile.
        match &appended {
            Err(error) if !self.is_failing => tracing::error!("writes are refused: {error}"),
            Ok(()) if self.is_failing => tracing::info!("writes are accepted again"),
            _ => {}
        }
        self.is_failing = appended.is_err();
        appended
    }

    /// Shows what was stored: in the log, then to those who ask, then to those who watch. Whoever
    /// was given the state finds what comes after it in the log; a watcher's hub wants the state
    /// to be no older than what it was told.
    fn publish(&mut self, entries: Vec<(Sequence, Entry)>, show: impl FnOnce()) {
        let Some(publishers) = &mut self.publishers else {
            return show();
        };
        let mut is_in_order = true;
        for (sequence, entry) in &entries {
            let appended = publishers.log.append(*sequence, entry.clone());
            is_in_order &= appended.is_ok();
        }
        show();
        for (sequence, entry) in entries {
            if let Entry::Change(change) = entry {
                let topic = Topic::from(change.topic.as_str());
                let (key, watchers) = (change.key.clone(), &mut publishers.watchers);
                let published = watchers.publish_one(sequence, &topic, key, change);
                is_in_order &= published.is_ok();
            }
        }
        debug_assert!(is_in_order, "sequences rise");
    }
}

impl Execute<Entry> for Transactions {
    type Output = Option<Written>;
    type Error = DatabaseError;

    async fn execute(&self, entries: Vec<Entry>) -> ExecuteResults<Option<Written>, DatabaseError> {
        let shared = Arc::clone(&self.0);
        let results = task::spawn_blocking(move || shared.execute(entries)).await;
        results.unwrap_or(Err(DatabaseError::Interrupted))
    }
}

/// Puts into a new log what was in the old one, and keeps it there.
fn refill(stored: Stored, pruned: Sequence) -> Result<(Publisher<Entry>, Position<Entry>), Fatal> {
    let mut log = Publisher::builder()
        .log_id(stored.log)
        .after(pruned)
        .retention(Retention::readers_up_to(LOG_MAX))
        .build()?;
    let kept = log.position();
    for (sequence, entry) in stored.entries {
        log.append(sequence, entry)?;
    }
    Ok((log, kept))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
