use std::fmt;
use std::hash::Hash;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use forebay_core::{LoadError, LoadResult};
use forebay_rt::panic_message;

use crate::batcher::loading::Shared;
use crate::batcher::loads::Entry;
use crate::policy::Join;

/// The load of one key, made by [`Batcher::load`](crate::Batcher::load).
///
/// Nothing happens before its first poll.
#[must_use = "futures do nothing unless polled"]
pub struct Call<'a, K, V, E, G = ()> {
    shared: &'a Shared<K, V, E, G>,
    state: State<'a, K, V, E>,
}

enum State<'a, K, V, E> {
    /// Not polled yet.
    New(&'a K, Ask),
    Waiting(Entry<V, E>),
    Done,
}

/// Where a load may find its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// In the cache.
    pub(crate) cached: bool,
    /// With another load.
    pub(crate) join: Join,
}

impl<'a, K, V, E, G> Call<'a, K, V, E, G> {
    pub(crate) const fn new(shared: &'a Shared<K, V, E, G>, key: &'a K, ask: Ask) -> Self {
        Self {
            shared,
            state: State::New(key, ask),
        }
    }
}

impl<K, V, E, G> Future for Call<'_, K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    type Output = LoadResult<V, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, state } = self.get_mut();
        if let State::New(key, ask) = state {
            let (key, ask) = (*key, *ask);
            *state = State::Done;
            if ask.cached
                && let Some(store) = shared.readable()
            {
                // A value is moved by itself: the processor has to wait where what was just written
                // in parts is read as a whole.
                match catch_unwind(AssertUnwindSafe(|| store.cache.get(key))) {
                    Ok(Some(Ok(Some(value)))) => {
                        store.hits.count();
                        return Poll::Ready(Ok(Some(value)));
                    }
                    Ok(Some(answer)) => {
                        store.hits.count();
                        return Poll::Ready(answer);
                    }
                    Ok(None) => {}
                    Err(payload) => {
                        let message = panic_message(&*payload);
                        return Poll::Ready(Err(LoadError::Panicked(message)));
                    }
                }
            }
            *state = State::Waiting(shared.enter(key, ask.join, cx.waker())?);
            if shared.is_to_gather() {
                return Poll::Pending;
            }
        }
        let State::Waiting(entry) = state else {
            // Polled again after its end, which only a defect elsewhere does.
            return Poll::Ready(Err(LoadError::Closed));
        };
        if !entry.cell.is_set() {
            shared.driving.help(cx.waker());
        }
        let answer = match entry.cell.get(entry.seat.slot) {
            Some(answer) => answer,
            None => match shared.wait(entry, cx.waker()) {
                Ok(None) => return Poll::Pending,
                Ok(Some(answer)) => answer,
                Err(error) => {
                    shared.leave(entry);
                    Err(error)
                }
            },
        };
        // The answers of the others may be many: they go as soon as nobody needs them.
        *state = State::Done;
        shared.driving.pass_on();
        Poll::Ready(answer)
    }
}

impl<K, V, E, G> Drop for Call<'_, K, V, E, G> {
    fn drop(&mut self) {
        if let State::Waiting(entry) = mem::replace(&mut self.state, State::Done) {
            self.shared.leave(&entry);
            self.shared.driving.pass_on();
        }
    }
}

impl<K, V, E, G> fmt::Debug for Call<'_, K, V, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(..) => "new",
            State::Waiting(_) => "waiting",
            State::Done => "done",
        };
        f.debug_struct("Call").field("state", &state).finish()
    }
}
