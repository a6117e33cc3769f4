use std::sync::Arc;

use forebay_rt::{BoxFuture, wake_all};

use crate::desk::inline::Crowd;
use crate::desk::{Desk, Work};
use crate::drain::Tending;
use crate::queue::Batch;

/// Those who wait, for drivers that are carried out by them.
impl<W, X, E> Crowd for Desk<W, X, E>
where
    W: Work<Own = X, Error = E>,
    X: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn wake_one(&self) -> bool {
        let (is_waited_for, waker) = {
            let mut work = self.work();
            let queue = work.queue();
            let mut is_waited_for = queue.is_drained();
            let waker = queue.batches_mut().find_map(|batch| {
                is_waited_for |= is_watched_by_others::<W>(batch);
                W::take_waker(&mut batch.body)
            });
            (is_waited_for, waker.or_else(|| queue.take_drain()))
        };
        wake_all(waker);
        is_waited_for
    }

    fn is_waited_for(&self) -> bool {
        let mut work = self.work();
        let queue = work.queue();
        queue.is_drained()
            || queue
                .batches_mut()
                .any(|batch| is_watched_by_others::<W>(batch))
    }

    fn tend(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(Tending::new(self))
    }
}

/// Whether somebody but a call waits for a batch: calls are carried out by others themselves.
fn is_watched_by_others<W: Work>(batch: &Batch<W::Body>) -> bool {
    W::watchers(&batch.body) > batch.parents.len()
}
