//! Looks at the service a few times a second, and tells those who look at the page what is new.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_core::Sequence;
use forebay_events::{
    Batch, ConfigError, Feed, Hub, HubPublisher, Request, Retention, SnapshotSource,
    SnapshotWriter, Subject, SubscribeError, Topic,
};
use tokio::sync::Notify;
use tokio::task;
use tokio::time::{self, Instant, MissedTickBehavior};

use crate::page::positions::PositionsReader;
use crate::page::sections::{Kind, Section};
use crate::status::Status;

/// More often, and nobody could read it.
const EVERY: Duration = Duration::from_millis(250);

/// Somebody who is this many sections behind gets a snapshot, when it comes back, instead of them.
const BEHIND_MAX: usize = 256;

/// What those who look at the page read from.
pub type Sections = Feed<Kind, Section, Infallible>;

/// Tells what has changed, section by section.
pub struct Teller {
    status: Box<dyn Fn() -> Status + Send + Sync>,
    topic: Topic,
    hub: Hub<Kind, Section, Infallible>,
    came: Notify,
    began: Instant,
    told: Mutex<Told>,
    latest: Arc<Mutex<Latest>>,
}

struct Told {
    at: Option<Instant>,
    positions: PositionsReader,
    publisher: HubPublisher<Kind, Section, Infallible>,
}

/// The sections as they were told last.
#[derive(Clone, Debug, Default)]
struct Latest {
    sequence: Sequence,
    sections: Vec<Section>,
}

/// Where the hub reads what a newcomer begins with.
struct Known(Arc<Mutex<Latest>>);

impl Teller {
    /// Creates one that asks `status`, and reads a checkpoint file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the settings of the hub made no sense.
    pub fn new(
        status: impl Fn() -> Status + Send + Sync + 'static,
        positions: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        let latest = Arc::default();
        let publisher = Hub::builder(Known(Arc::clone(&latest)))
            .retention(Retention::readers_up_to(BEHIND_MAX))
            .build()?;
        Ok(Self {
            status: Box::new(status),
            topic: Topic::from("sections"),
            hub: publisher.hub(),
            came: Notify::new(),
            began: Instant::now(),
            told: Mutex::new(Told {
                at: None,
                positions: PositionsReader::new(positions),
                publisher,
            }),
            latest,
        })
    }

    /// Follows all sections, as they are now and as they change.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] if the teller was closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn follow(self: &Arc<Self>) -> Result<Sections, SubscribeError<Infallible>> {
        // If nobody has looked for a while, what was told last is of then.
        Arc::clone(self).tell().await;
        let feed = self.hub.subscribe(Request::new(self.topic.clone()))?;
        self.came.notify_one();
        Ok(feed)
    }

    /// Tells what changes, for ever, and waits while nobody is there to be told.
    ///
    /// # Cancel safety
    ///
    /// Nothing more is told.
    pub async fn run(self: Arc<Self>) {
        let mut ticks = time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while self.hub.stats().feeds == 0 {
                self.came.notified().await;
            }
            ticks.tick().await;
            Arc::clone(&self).tell().await;
        }
    }

    /// Ends everybody's reading.
    pub fn close(&self) {
        self.hub.shutdown();
    }

    async fn tell(self: Arc<Self>) {
        // It reads a file. If it panics, what was told stays as it is.
        let _ = task::spawn_blocking(move || self.tell_now()).await;
    }

    fn tell_now(&self) {
        let mut told = lock(&self.told);
        let now = Instant::now();
        // However many come at once, the service is looked at no more often.
        if told.at.is_some_and(|at| now.duration_since(at) < EVERY / 2) {
            return;
        }
        told.at = Some(now);
        let status = (self.status)();
        let positions = told.positions.read(status.log);
        let uptime = now.duration_since(self.began).as_secs();
        let sections = Section::all(status, positions, uptime);

        let mut batch = Batch::new();
        let sequence = {
            let mut latest = lock(&self.latest);
            for section in &sections {
                if !latest.sections.contains(section) {
                    batch.push(&self.topic, section.kind(), section.clone());
                }
            }
            if batch.is_empty() {
                return;
            }
            latest.sections = sections.into();
            latest.sequence = latest.sequence.next().unwrap_or(Sequence::MAX);
            latest.sequence
        };
        // What a newcomer begins with is never older than what it is told next.
        let published = told.publisher.publish(sequence, batch);
        debug_assert!(published.is_ok(), "the sequence rises each time");
    }
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller")
            .field("hub", &self.hub)
            .finish_non_exhaustive()
    }
}

impl SnapshotSource<Kind, Section> for Known {
    type Error = Infallible;

    async fn snapshot(
        &self,
        _: &Subject<Kind>,
        out: &mut SnapshotWriter<Section>,
    ) -> Result<Sequence, Infallible> {
        let Latest { sequence, sections } = lock(&self.0).clone();
        for section in sections {
            out.push(section).await;
        }
        Ok(sequence)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
