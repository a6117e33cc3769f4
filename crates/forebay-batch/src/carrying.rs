//! Carrying out the calls of a batcher.

use std::future::poll_fn;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use forebay_core::{Answers, LoadBatch, LoadError, LoadResult};
use forebay_rt::{BoxFuture, panic_message, polling};

use crate::driver::{Held, Job, drive};
use crate::hooks::Permits;
use crate::policy::OnError;
use crate::queue::{BatchId, LaneId, Start};
use crate::shared::{Carrier, Shared, Tally};

/// A backend, and the drivers that ask it.
pub(crate) struct Backend<L>(pub(crate) Arc<L>);

impl<K, V, E, G, L> Carrier<K, V, E, G> for Backend<L>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
    L: LoadBatch<K, Value = V, Error = E> + Send + Sync + 'static,
{
    fn carry(&self, shared: Arc<Shared<K, V, E, G>>, start: Start) -> BoxFuture<'static, ()> {
        let backend = Arc::clone(&self.0);
        Box::pin(drive(Held::new(Carrying { shared, backend }, start)))
    }
}

struct Carrying<K, V, E, G, L> {
    shared: Arc<Shared<K, V, E, G>>,
    backend: Arc<L>,
}

impl<K, V, E, G, L> Job for Carrying<K, V, E, G, L>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
    L: LoadBatch<K, Value = V, Error = E> + Send + Sync + 'static,
{
    type Error = E;

    fn rounds(&self) -> u32 {
        self.shared.settings.rounds
    }

    fn permits(&self) -> Option<&Permits<E>> {
        self.shared.permits.as_ref()
    }

    fn progress(&self, lane: LaneId) -> (u64, bool) {
        self.shared.loads().queue.progress(lane)
    }

    fn is_surplus(&self, start: Start, place: &mut Option<usize>, waker: &Waker) -> bool {
        let (surplus, garbage) = self
            .shared
            .loads()
            .queue
            .is_surplus(start.lane, place, waker);
        drop(garbage);
        surplus
    }

    fn unpark(&self, start: Start, place: Option<usize>) {
        let garbage = self.shared.loads().queue.unpark(start.lane, place);
        drop(garbage);
    }

    async fn run(held: &mut Held<Self>, permit: Result<(), LoadError<E>>) -> Option<Start> {
        let start = held.start()?;
        let sealed = held.job.shared.loads().seal(start);
        let Some(mut sealed) = sealed else {
            held.gave_back();
            return held.job.release(start);
        };
        held.seals(start, sealed.batch);
        held.job.shared.spawn_all(sealed.next.take());
        sealed.withdrawn.clear();
        let mut tally = Tally::default();
        let results = match permit {
            Ok(()) => held.job.call(sealed.batch, &sealed.keys, &mut tally).await,
            Err(error) => Answers::new(&sealed.keys).finish_failed(&error),
        };
        held.gave_back();
        held.job.shared.land(start, sealed, results, tally)
    }

    fn release(&self, start: Start) -> Option<Start> {
        self.shared.release(start)
    }

    fn lose_start(&self, start: Start) {
        self.shared.lose_start(start);
    }

    fn lose_call(&self, start: Start, batch: BatchId) {
        self.shared.lose_call(start, batch);
    }
}

impl<K, V, E, G, L> Carrying<K, V, E, G, L>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
    L: LoadBatch<K, Value = V, Error = E> + Send + Sync + 'static,
{
    /// Asks for all keys of a batch.
    async fn call(&self, batch: BatchId, keys: &[K], tally: &mut Tally) -> Vec<LoadResult<V, E>> {
        let (mut results, open) = self.ask(batch, keys, tally).await;
        if let OnError::Bisect { max_calls } = self.shared.settings.on_error
            && open.len() > 1
        {
            self.bisect(batch, keys, open, max_calls, &mut results, tally)
                .await;
        }
        results
    }

    /// Asks again for the keys at the positions `open`, by halves, and puts what it finds into
    /// `results`.
    async fn bisect(
        &self,
        batch: BatchId,
        keys: &[K],
        open: Vec<usize>,
        max_calls: usize,
        results: &mut [LoadResult<V, E>],
        tally: &mut Tally,
    ) {
        let mut halves = halves(open);
        for _ in 0..max_calls {
            let Some(half) = halves.pop() else {
                return;
            };
            let part: Vec<K> = half
                .iter()
                .filter_map(|at| keys.get(*at).cloned())
                .collect();
            tally.bisections += 1;
            tally.keys += part.len() as u64;
            let (found, open) = self.ask(batch, &part, tally).await;
            let is_over = found
                .iter()
                .any(|result| matches!(result, Err(LoadError::Abandoned)));
            for (at, result) in half.iter().zip(found) {
                if let Some(place) = results.get_mut(*at) {
                    *place = result;
                }
            }
            if is_over {
                return;
            }
            if open.len() > 1 {
                let open = open.into_iter().filter_map(|at| half.get(at).copied());
                halves.extend(self::halves(open.collect()));
            }
        }
    }

    /// Calls the backend once; gives the results, and the positions of the keys that might do better
    /// in another call because the backend failed before it came to them.
    async fn ask(
        &self,
        batch: BatchId,
        keys: &[K],
        tally: &mut Tally,
    ) -> (Vec<LoadResult<V, E>>, Vec<usize>) {
        let mut answers = Answers::new(keys);
        let ended = {
            let call = pin!(async { self.backend.load_batch(keys, &mut answers).await });
            self.watch(batch, call).await
        };
        tally.ignored += answers.ignored() as u64;
        let Err(error) = ended else {
            return (answers.finish(), Vec::new());
        };
        let mut open = Vec::new();
        match &error {
            LoadError::Backend(_) => {
                tally.errors += 1;
                if self.shared.settings.on_error != OnError::FailAll {
                    open.extend(answers.unanswered());
                }
            }
            LoadError::Panicked(_) => tally.panics += 1,
            LoadError::TimedOut => tally.timeouts += 1,
            _ => {}
        }
        (answers.finish_failed(&error), open)
    }

    /// Polls a call until it ends, takes too long, or nobody waits for it any more.
    async fn watch<F>(
        &self,
        batch: BatchId,
        mut call: std::pin::Pin<&mut F>,
    ) -> Result<(), LoadError<E>>
    where
        F: Future<Output = Result<(), E>> + Send,
    {
        let frame = self.shared.frame(batch);
        let mut timer = None;
        let mut is_first = true;
        poll_fn(move |cx| {
            if !is_first && self.is_abandoned(batch, cx) {
                return Poll::Ready(Err(LoadError::Abandoned));
            }
            let poll = || polling::polling(frame, || call.as_mut().poll(cx));
            match catch_unwind(AssertUnwindSafe(poll)) {
                Ok(Poll::Ready(Ok(()))) => return Poll::Ready(Ok(())),
                Ok(Poll::Ready(Err(error))) => return Poll::Ready(Err(LoadError::from(error))),
                Err(payload) => {
                    return Poll::Ready(Err(LoadError::Panicked(panic_message(&*payload))));
                }
                Ok(Poll::Pending) => {}
            }
            if std::mem::take(&mut is_first) && self.is_abandoned(batch, cx) {
                return Poll::Ready(Err(LoadError::Abandoned));
            }
            self.poll_timer(&mut timer, cx).map(Err)
        })
        .await
    }

    fn is_abandoned(&self, batch: BatchId, cx: &Context<'_>) -> bool {
        let (abandoned, garbage) = self.shared.loads().is_abandoned(batch, cx.waker());
        drop(garbage);
        abandoned
    }

    /// Whether the call has taken too long, or there is no clock to tell.
    fn poll_timer(
        &self,
        timer: &mut Option<BoxFuture<'static, ()>>,
        cx: &mut Context<'_>,
    ) -> Poll<LoadError<E>> {
        let Some(timeout) = self.shared.settings.call_timeout else {
            return Poll::Pending;
        };
        let poll = || {
            if timer.is_none() {
                *timer = self.shared.driving.sleep(timeout);
            }
            timer
                .as_mut()
                .map_or(Poll::Pending, |timer| timer.as_mut().poll(cx))
        };
        // Tokio's timers panic where a runtime was built without them.
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(poll) => poll.map(|()| LoadError::TimedOut),
            Err(_) => Poll::Ready(LoadError::Closed),
        }
    }
}

/// Both halves of some positions, the first one last.
fn halves(mut positions: Vec<usize>) -> Vec<Vec<usize>> {
    let second = positions.split_off(positions.len().div_ceil(2));
    vec![second, positions]
}
