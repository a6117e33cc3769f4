use std::future::poll_fn;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use forebay_core::{LoadError, Sequence};
use forebay_rt::{BoxFuture, panic_message};

use crate::hub::error::FeedError;
use crate::hub::ledger::Ledger;
use crate::hub::ledger::account::AccountId;
use crate::hub::ledger::line::Line;
use crate::hub::observe::BuildSpan;
use crate::hub::shared::Shared;
use crate::hub::snapshot::build::{Build, Outcome};
use crate::hub::snapshot::{SnapshotWriter, yield_now};
use crate::hub::topic::Subject;
use crate::{Position, RecvError, Slice};

/// The task that builds a snapshot. If it is dropped before it is done, its readers are told.
pub(crate) struct Job<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) shared: Arc<Shared<K, T, E>>,
    pub(crate) ledger: Arc<Ledger<K, T, E>>,
    pub(crate) id: AccountId,
    pub(crate) line: Arc<Line<T>>,
    pub(crate) subject: Subject<K>,
    pub(crate) build: Arc<Build<T, E>>,
    /// The events after it are kept.
    pub(crate) from: Position<T>,
    pub(crate) is_done: bool,
}

/// A snapshot that lags behind the events that are left is built so many times.
const ATTEMPTS_MAX: u16 = 3;

/// So many slices of events are skipped in a row.
const SLICES_PER_TURN: u32 = 64;

type Built<E> = Result<(Sequence, u64), LoadError<E>>;

impl<K, T, E> Job<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) async fn run(mut self) {
        let span = BuildSpan::new(&self.subject);
        let outcome = span.within(self.build()).await;
        self.conclude(outcome);
    }

    async fn build(&mut self) -> Result<Outcome<T>, FeedError<E>> {
        let mut behind = FeedError::Snapshot(LoadError::Abandoned);
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                self.begin_again(attempt);
            }
            let (sequence, pieces) = self.take_snapshot().await.map_err(FeedError::Snapshot)?;
            match self.find_splice(sequence).await {
                Ok(splice) => {
                    return Ok(Outcome {
                        attempt,
                        sequence,
                        pieces,
                        splice,
                    });
                }
                Err(gone) => {
                    behind = FeedError::SnapshotBehind {
                        snapshot: sequence,
                        gone,
                    };
                }
            }
        }
        Err(behind)
    }

    fn begin_again(&mut self, attempt: u16) {
        self.shared.counters.retries.count();
        self.build.begin_attempt(attempt);
        self.from = self.line.source.oldest();
        self.ledger
            .restart(self.id, &self.line, &self.build, &self.from);
    }

    /// Lets the source write a snapshot, unless that takes too long or nobody wants it any more.
    async fn take_snapshot(&self) -> Built<E> {
        let mut writer = SnapshotWriter::new(Arc::clone(&self.build.writer));
        let source = &*self.shared.source;
        let mut snapshot: Option<BoxFuture<'_, Built<E>>> = Some(Box::pin(async {
            let result = source.any_snapshot(&self.subject, &mut writer).await;
            let sequence = result.map_err(|error| LoadError::Backend(Arc::new(error)))?;
            Ok((sequence, writer.pieces()))
        }));
        let runtime = &*self.shared.settings.runtime;
        let timeout = self.shared.settings.snapshot_timeout;
        let mut sleep = timeout.map(|wait| runtime.sleep_until(runtime.now() + wait));
        poll_fn(|cx| {
            let polled = if self.build.is_cancelled(cx.waker()) {
                Poll::Ready(Err(LoadError::Abandoned))
            } else {
                poll_in_time(cx, &mut snapshot, &mut sleep)
            };
            if polled.is_ready() {
                let unused = snapshot.take();
                let _ = catch_unwind(AssertUnwindSafe(|| drop(unused)));
            }
            polled
        })
        .await
    }

    /// Returns the place of the first event that the snapshot as of `sequence` does not show; or up
    /// to where events are gone that it does not show.
    async fn find_splice(&self, sequence: Sequence) -> Result<Position<T>, Sequence> {
        let mut events = self.from.subscribe();
        let before = events.cursor().sequence();
        if before > sequence {
            return Err(before);
        }
        let mut slices = 0;
        loop {
            let position = events.position();
            match events.try_next_slice() {
                Ok(Some(slice)) if is_shown(slice, sequence) => {}
                Err(RecvError::Lagged { .. }) => {
                    return Err(self.line.source.oldest().cursor().sequence());
                }
                Ok(_) | Err(_) => return Ok(skip_shown(position, sequence)),
            }
            slices += 1;
            if slices % SLICES_PER_TURN == 0 {
                yield_now().await;
            }
        }
    }
}

impl<K, T, E> Job<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Gives its readers the outcome.
    ///
    /// An offer that failed ends before anybody learns of it, so that who asks again does not get the
    /// same failure.
    fn conclude(&mut self, outcome: Result<Outcome<T>, FeedError<E>>) {
        self.is_done = true;
        self.shared.counters.build_ended(outcome.as_ref().err());
        self.build.set_outcome(outcome);
        self.shared
            .settle(&self.ledger, self.id, &self.line, &self.build);
        self.build.writer.close();
    }
}

impl<K, T, E> Drop for Job<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn drop(&mut self) {
        if !self.is_done {
            self.conclude(Err(FeedError::Snapshot(LoadError::Abandoned)));
        }
    }
}

/// Whether a snapshot as of `sequence` shows all of the slice.
fn is_shown<T>(slice: Slice<'_, T>, sequence: Sequence) -> bool {
    let last = slice.entry(slice.len() - 1);
    last.is_none_or(|last| last.sequence() <= sequence)
}

/// Goes on within the slice at `position`, to its first event that a snapshot as of `sequence` does
/// not show.
fn skip_shown<T: Send + Sync + 'static>(position: Position<T>, sequence: Sequence) -> Position<T> {
    let mut events = position.subscribe();
    while let Ok(true) = events.try_ready()
        && events.next_sequence().is_some_and(|next| next <= sequence)
    {
        let _ = events.try_next();
    }
    events.position()
}

/// Polls a snapshot and its timer; a panic of either is a failure of the snapshot.
fn poll_in_time<E>(
    cx: &mut Context<'_>,
    snapshot: &mut Option<BoxFuture<'_, Built<E>>>,
    sleep: &mut Option<BoxFuture<'static, ()>>,
) -> Poll<Built<E>> {
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let Some(snapshot) = snapshot else {
            return Poll::Ready(Err(LoadError::Abandoned));
        };
        if let Poll::Ready(built) = snapshot.as_mut().poll(cx) {
            return Poll::Ready(built);
        }
        match sleep.as_mut().map(|sleep| sleep.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(LoadError::TimedOut)),
            _ => Poll::Pending,
        }
    }));
    polled.unwrap_or_else(|payload| Poll::Ready(Err(LoadError::Panicked(panic_message(&*payload)))))
}
