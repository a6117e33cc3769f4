//! Carrying out the calls of a batcher.

use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;

use forebay_core::{Answers, LoadBatch, LoadError, LoadResult};
use forebay_rt::BoxFuture;

use crate::batcher::halving::Halving;
use crate::batcher::loading::{Own, Shared};
use crate::batcher::loads::Loads;
use crate::batcher::twins::share;
use crate::desk::Carrier;
use crate::desk::driver::{Calls, Held, drive};
use crate::desk::watch::watch;
use crate::policy::{Join, OnError};
use crate::queue::{BatchId, Start};
use crate::stats::Tally;

/// A backend of loads, and the drivers that ask it.
pub(crate) struct Backend<L>(pub(crate) Arc<L>);

impl<K, V, E, G, L> Carrier<Loads<K, V, E, G>, Own<K, V, E, G>, E> for Backend<L>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
    L: LoadBatch<K, Value = V, Error = E> + Send + Sync + 'static,
{
    fn carry(&self, desk: Arc<Shared<K, V, E, G>>, start: Start) -> BoxFuture<'static, ()> {
        let asking = Asking(Arc::clone(&self.0));
        Box::pin(drive(asking, Held::new(desk, start)))
    }
}

/// Asking a backend for keys.
struct Asking<L>(Arc<L>);

impl<K, V, E, G, L> Calls<Loads<K, V, E, G>, Own<K, V, E, G>, E> for Asking<L>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
    L: LoadBatch<K, Value = V, Error = E> + Send + Sync + 'static,
{
    async fn run(
        &self,
        held: &mut Held<Loads<K, V, E, G>, Own<K, V, E, G>, E>,
        permit: Result<(), LoadError<E>>,
    ) -> Option<Start> {
        let start = held.start()?;
        let sealed = held.desk.work().seal(start, permit.is_ok());
        let Some(mut sealed) = sealed else {
            held.gave_back();
            return held.desk.release(start);
        };
        held.seals(start, sealed.batch);
        held.desk.go_beside(std::mem::take(&mut sealed.beside));
        sealed.withdrawn.clear();
        let mut tally = Tally::default();
        let seen = (
            sealed.waiters,
            sealed.arrived,
            std::mem::take(&mut sealed.askers),
        );
        let results = match permit {
            Ok(()) => {
                let call = Call {
                    desk: &held.desk,
                    backend: &*self.0,
                    batch: sealed.batch,
                };
                let span = held.desk.begin_span("load", start, sealed.keys.len(), seen);
                span.within(call.load(&sealed.keys, &mut tally)).await
            }
            Err(error) => Answers::new(&sealed.keys).finish_failed(&error),
        };
        held.gave_back();
        held.desk.land(start, sealed, results, tally)
    }
}

/// The calls of one batch.
struct Call<'a, K, V, E, G, L> {
    desk: &'a Shared<K, V, E, G>,
    backend: &'a L,
    batch: BatchId,
}

impl<K, V, E, G, L> Call<'_, K, V, E, G, L>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
    L: LoadBatch<K, Value = V, Error = E> + Send + Sync + 'static,
{
    /// Asks for all keys of a batch.
    async fn load(&self, keys: &[K], tally: &mut Tally) -> Vec<LoadResult<V, E>> {
        let (mut results, open) = self.ask(keys, tally).await;
        if let OnError::Bisect { max_calls } = self.desk.own.on_error
            && open.len() > 1
        {
            self.bisect(keys, open, max_calls, &mut results, tally)
                .await;
        }
        results
    }

    /// Asks again for the keys at the positions `open`, by halves, and puts what it finds into
    /// `results`.
    async fn bisect(
        &self,
        keys: &[K],
        open: Vec<usize>,
        max_calls: usize,
        results: &mut [LoadResult<V, E>],
        tally: &mut Tally,
    ) {
        let mut halving = Halving::new(open);
        for _ in 0..max_calls {
            let positions = halving.next();
            let part = positions.iter().filter_map(|at| keys.get(*at).cloned());
            // Where a key cannot be cloned, all that are left keep the error.
            let Ok(part) = catch_unwind(AssertUnwindSafe(|| part.collect::<Vec<_>>())) else {
                return;
            };
            if part.is_empty() {
                return;
            }
            tally.bisections += 1;
            tally.keys += part.len() as u64;
            let (found, open) = self.ask(&part, tally).await;
            let is_over = found
                .iter()
                .any(|result| matches!(result, Err(LoadError::Abandoned)));
            for (at, result) in positions.iter().zip(found) {
                if let Some(place) = results.get_mut(*at) {
                    *place = result;
                }
            }
            if is_over {
                return;
            }
            let open = open.into_iter().filter_map(|at| positions.get(at).copied());
            halving.ended(open.collect());
        }
    }

    /// Calls the backend once; gives the results, and the positions of the keys that might do better
    /// in another call because the backend failed before it came to them.
    async fn ask(&self, keys: &[K], tally: &mut Tally) -> (Vec<LoadResult<V, E>>, Vec<usize>) {
        let mut answers = Answers::new(keys);
        let ended = {
            let call = pin!(async { self.backend.load_batch(keys, &mut answers).await });
            let is_abandoned = |driver: &Waker| {
                let (is_abandoned, garbage) = self.desk.work().is_abandoned(self.batch, driver);
                drop(garbage);
                is_abandoned
            };
            watch(self.desk, self.batch, call, is_abandoned).await
        };
        tally.ignored += answers.ignored() as u64;
        let own = &self.desk.own;
        let mut open = Vec::new();
        if own.join == Join::Off || (ended.is_err() && own.on_error != OnError::FailAll) {
            open.extend(answers.unanswered());
        }
        let mut results = match &ended {
            Ok(()) => answers.finish(),
            Err(error) => {
                tally.failed(error);
                answers.finish_failed(error)
            }
        };
        if own.join == Join::Off {
            open = share(keys, &mut results, open, &own.hash);
        }
        if own.on_error == OnError::FailAll || !matches!(ended, Err(LoadError::Backend(_))) {
            open.clear();
        }
        (results, open)
    }
}
