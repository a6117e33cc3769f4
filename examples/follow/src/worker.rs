//! A process that applies every change, and commits how far it is.
//!
//! Killed at any instant, it goes on after what it has committed, and applies again what followed.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use forebay_checkpoint::{FileReader, FileStore, KeyParts};
use forebay_consumer::{
    Batch, Consumer, Follow, FollowError, Handle, Handler, OnGap, Received, Retry, Step,
};
use forebay_core::{Checkpoint, Cursor, ResumeKey};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::watch;
use tokio::{task, time};

use crate::applied::{Applied, Line};
use crate::config::Entry;
use crate::remote::{From, Item, Remote, RemoteError, Tail};
use crate::reporter;
use crate::status::{Report, Role};
use crate::writer::Fatal;

/// How long to wait before another attempt at something that has failed.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// How often the worker looks how it is, for the page.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a worker is told.
#[derive(Debug)]
pub struct Options {
    /// What it is called: no two workers with one name, or the later one takes over.
    pub name: String,
    /// The service to follow.
    pub service: SocketAddr,
    /// What it writes what it has applied to.
    pub applied: PathBuf,
    /// Where it commits how far it is.
    pub checkpoint: PathBuf,
    /// It commits after so many changes,
    pub commit_every: u64,
    /// or so long after the first one that is not committed.
    pub commit_interval: Duration,
}

/// Follows a service until `shutdown` is ready.
///
/// # Errors
///
/// Those of its files when it starts, and whatever trying again does not help against.
///
/// # Cancel safety
///
/// As if it were killed.
pub async fn run(options: Options, shutdown: impl Future<Output = ()> + Send) -> Result<(), Fatal> {
    let store = FileStore::open(&options.checkpoint)?;
    let key = key(&options.name)?;
    store.label(&key, Some(&options.name)).await?;
    let claim = store.claim(&key).await?;
    let path = &options.applied;
    let applied = Applied::open(path);
    let applied = applied.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let handler = Apply { applied };
    let retry = Retry::exponential(RETRY_FIRST, RETRY_MAX).forever();
    let consumer = Consumer::builder(Log(Remote::new(options.service)), claim, handler)
        .name(&*options.name)
        .commit_every(options.commit_every)
        .commit_interval(options.commit_interval)
        .retry(retry)
        .on_gap(OnGap::BeginAnew)
        .on_retry(|retrying| {
            // One line for a failure, however often it is tried again.
            if retrying.failures == 1 {
                tracing::warn!("{retrying}");
            }
        })
        .build()?;
    let telling = tokio::spawn(tell(options.service, options.name, consumer.handle()));
    let summary = consumer.run_until(shutdown).await;
    telling.abort();
    let summary = summary?;
    store.close().await?;
    tracing::info!(
        "{} changes applied, {} not committed",
        summary.applied,
        summary.uncommitted
    );
    Ok(())
}

/// Returns how far a worker has committed, whether it runs or not.
///
/// # Errors
///
/// Those of the file, if there is one.
pub fn committed(checkpoint: &Path, name: &str) -> Result<Option<Cursor>, Fatal> {
    if !checkpoint.exists() {
        return Ok(None);
    }
    let stored = FileReader::open(checkpoint)?.load(&key(name)?);
    Ok(stored.map(|checkpoint| checkpoint.cursor()))
}

/// What makes a worker the one it is.
fn key(name: &str) -> Result<ResumeKey, Fatal> {
    let parts = KeyParts::new().part("log", "config").part("worker", name);
    Ok(parts.key()?)
}

/// The log of a service as a consumer follows it.
struct Log(Remote);

type Steps =
    Pin<Box<dyn Stream<Item = Result<Step<Received<Line>>, FollowError<RemoteError>>> + Send>>;

impl Follow for Log {
    type Items = Received<Line>;
    type Error = RemoteError;
    type Steps = Steps;

    async fn follow(&self, from: Option<&Checkpoint>) -> Result<Steps, FollowError<RemoteError>> {
        let tail = match from {
            Some(checkpoint) => self.0.open(From::After(checkpoint.cursor())).await,
            None => self.0.open(From::Snapshot).await,
        };
        let steps = steps(tail.map_err(why)?);
        Ok(match from {
            Some(_) => steps.boxed(),
            None => stream::once(async { Ok(Step::Anew) }).chain(steps).boxed(),
        })
    }
}

fn steps(
    tail: Tail,
) -> impl Stream<Item = Result<Step<Received<Line>>, FollowError<RemoteError>>> + Send {
    stream::unfold(Some(tail), |tail| async move {
        let mut tail = tail?;
        match tail.next().await {
            Ok(items) => Some((Ok(Step::Items(received(items))), Some(tail))),
            Err(error) => Some((Err(why(error)), None)),
        }
    })
}

fn received(items: Vec<Item>) -> Received<Line> {
    let mut received = Received::new();
    for item in items {
        match item {
            Item::Set(change) => received.push(Line { at: None, change }),
            Item::Begin(cursor) | Item::Entry(cursor, Entry::Marker(_)) => received.reach(cursor),
            Item::Entry(cursor, Entry::Change(change)) => {
                let at = Some(cursor.sequence().get());
                received.push(Line { at, change });
                received.reach(cursor);
            }
        }
    }
    received
}

/// A service that ends will be there again.
fn why(error: RemoteError) -> FollowError<RemoteError> {
    match error {
        RemoteError::Stale => FollowError::Stale(error),
        RemoteError::Foreign => FollowError::Refused(error),
        RemoteError::Closed | RemoteError::Client(_) => FollowError::Interrupted(error),
    }
}

/// What is done with changes.
struct Apply {
    applied: Applied,
}

impl Handler<Line> for Apply {
    type Error = io::Error;

    async fn apply(&mut self, batch: Batch<'_, Line>) -> io::Result<()> {
        task::block_in_place(|| self.applied.append(batch.iter()))
    }

    async fn begin_anew(&mut self) -> io::Result<()> {
        task::block_in_place(|| self.applied.clear())
    }

    /// What is committed after a loss of power must have been applied, too.
    async fn flush(&mut self) -> io::Result<()> {
        task::block_in_place(|| self.applied.sync())
    }
}

/// Tells the service how the worker is.
async fn tell(service: SocketAddr, name: String, handle: Handle) {
    let starting = Role::Worker {
        state: String::new(),
        committed: None,
    };
    let reports = watch::Sender::new(Report::new(starting));
    tokio::spawn(reporter::report(service, name, reports.subscribe()));
    let mut ticks = time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let stats = handle.stats();
        let sequence = |cursor: Option<Cursor>| cursor.map(|cursor| cursor.sequence());
        reports.send_if_modified(|report| {
            let now = Report {
                run: report.run,
                log: stats.reached.map(|cursor| cursor.log()),
                applied: sequence(stats.reached),
                role: Role::Worker {
                    state: format!("{:?}", stats.phase),
                    committed: sequence(stats.committed),
                },
            };
            let is_new = *report != now;
            *report = now;
            is_new
        });
    }
}
