//! Yardsticks: no batching at all, and a rendezvous that is less than the whole job.

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::future::join_all;
use tokio::task::yield_now;

use crate::batch::backend::{Answer, Backend};
use crate::batch::peer::{Loader, NoSuchCall, Peer};
use crate::entry::Kind;
use crate::failure::Failure;

/// The row of loads that each ask the backend themselves.
#[derive(Debug)]
pub struct Unbatched;

impl Peer for Unbatched {
    const NAME: &'static str = "unbatched";
    const SETTINGS: &'static str = "a call for each key";
    const KIND: Kind = Kind::Floor;

    type Loader<B: Backend> = Straight<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Straight<B> {
        Straight(backend)
    }
}

/// Nothing but the backend.
#[derive(Debug)]
pub struct Straight<B>(Arc<B>);

impl<B: Backend> Loader for Straight<B> {
    type Output = Answer;
    type Outputs = Vec<Answer>;

    async fn load(&self, key: &u64) -> Answer {
        let found = self.0.find(&[*key]).await?;
        B::end(&found)?;
        Ok(B::value(&found, 0, *key))
    }

    fn load_many<'a>(&'a self, keys: &'a [u64]) -> impl Future<Output = Vec<Answer>> + Send + 'a {
        join_all(keys.iter().map(|key| self.load(key)))
    }

    fn answer(output: Answer) -> Answer {
        output
    }

    fn answers(_keys: &[u64], outputs: Vec<Answer>) -> Vec<Answer> {
        outputs
    }
}

/// The row of a rendezvous: one lock, one waker for each load and one task for each batch. It
/// shares no key, bounds nothing, and a load that is dropped stays in its batch.
#[derive(Debug)]
pub struct Bare;

impl Peer for Bare {
    const NAME: &'static str = "bare rendezvous";
    const SETTINGS: &'static str = "one lock, a waker each";
    const KIND: Kind = Kind::Floor;

    type Loader<B: Backend> = Rendezvous<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Rendezvous<B> {
        Rendezvous(Arc::new(Meeting {
            backend,
            open: Mutex::default(),
        }))
    }
}

/// Where the loads of a batch meet.
pub struct Rendezvous<B>(Arc<Meeting<B>>);

struct Meeting<B> {
    backend: Arc<B>,
    open: Mutex<Round>,
}

/// The loads that wait for one call.
#[derive(Default)]
struct Round {
    keys: Vec<u64>,
    wakers: Vec<Waker>,
    answers: Arc<OnceLock<Result<Vec<Option<u64>>, Failure>>>,
}

/// The place of a load in its round.
struct Place {
    position: usize,
    answers: Arc<OnceLock<Result<Vec<Option<u64>>, Failure>>>,
}

impl<B> fmt::Debug for Rendezvous<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rendezvous").finish_non_exhaustive()
    }
}

impl<B> Meeting<B> {
    fn open(&self) -> MutexGuard<'_, Round> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Backend> Meeting<B> {
    /// Joins the round that is open; the first one to do so starts the task that will close it.
    fn join(self: &Arc<Self>, key: u64, cx: &Context<'_>) -> Place {
        let mut round = self.open();
        let position = round.keys.len();
        round.keys.push(key);
        round.wakers.push(cx.waker().clone());
        let answers = Arc::clone(&round.answers);
        drop(round);
        if position == 0 {
            tokio::spawn(Arc::clone(self).close());
        }
        Place { position, answers }
    }

    async fn close(self: Arc<Self>) {
        // One turn for whoever is about to join.
        yield_now().await;
        let Round {
            keys,
            wakers,
            answers,
        } = mem::take(&mut *self.open());
        let found = self.backend.find(&keys).await;
        let values = found.map(|found| {
            let keys = keys.iter().enumerate();
            keys.map(|(position, key)| B::value(&found, position, *key))
                .collect()
        });
        answers.get_or_init(|| values);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl<B: Backend> Loader for Rendezvous<B> {
    const LOADS_MANY: bool = false;

    type Output = Answer;
    type Outputs = NoSuchCall;

    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Answer> + Send + 'a {
        let mut place = None;
        poll_fn(move |cx| {
            let Place { position, answers } = place.get_or_insert_with(|| self.0.join(*key, cx));
            // A load is polled again only when it was woken, and is woken only once.
            match answers.get() {
                Some(Ok(values)) => Poll::Ready(Ok(values[*position])),
                Some(Err(failure)) => Poll::Ready(Err(*failure)),
                None => Poll::Pending,
            }
        })
    }

    async fn load_many(&self, _keys: &[u64]) -> NoSuchCall {
        NoSuchCall
    }

    fn answer(output: Answer) -> Answer {
        output
    }

    fn answers(_keys: &[u64], _outputs: NoSuchCall) -> Vec<Answer> {
        Vec::new()
    }
}
