use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use forebay_core::LoadError;
use forebay_rt::{BoxFuture, panic_message, polling};

use crate::desk::Desk;
use crate::queue::BatchId;

/// Polls the call of a batch until it ends, panics, takes too long, or `is_abandoned` says that
/// nobody waits for it; that is asked with the waker to wake when it is so.
pub(crate) async fn watch<W, X, E, F, T>(
    desk: &Desk<W, X, E>,
    batch: BatchId,
    mut call: Pin<&mut F>,
    is_abandoned: impl Fn(&Waker) -> bool + Send,
) -> Result<T, LoadError<E>>
where
    F: Future<Output = Result<T, E>> + Send,
{
    let frame = desk.frame(batch);
    let mut timer = None;
    let mut is_first = true;
    poll_fn(move |cx| {
        if !is_first && is_abandoned(cx.waker()) {
            return Poll::Ready(Err(LoadError::Abandoned));
        }
        let poll = || polling::polling(frame, || call.as_mut().poll(cx));
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Ready(ended)) => return Poll::Ready(ended.map_err(LoadError::from)),
            Err(payload) => {
                return Poll::Ready(Err(LoadError::Panicked(panic_message(&*payload))));
            }
            Ok(Poll::Pending) => {}
        }
        if std::mem::take(&mut is_first) && is_abandoned(cx.waker()) {
            return Poll::Ready(Err(LoadError::Abandoned));
        }
        poll_timer(desk, &mut timer, cx).map(Err)
    })
    .await
}

/// Whether a call has taken too long, or there is no clock to tell.
fn poll_timer<W, X, E>(
    desk: &Desk<W, X, E>,
    timer: &mut Option<BoxFuture<'static, ()>>,
    cx: &mut Context<'_>,
) -> Poll<LoadError<E>> {
    let Some(timeout) = desk.call_timeout else {
        return Poll::Pending;
    };
    let poll = || {
        if timer.is_none() {
            *timer = desk.driving.sleep(timeout);
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
