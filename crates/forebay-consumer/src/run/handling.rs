use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use forebay_core::Checkpoint;
use forebay_rt::panic_message;

use crate::consumer::stats::Phase;
use crate::desk::{Interest, Raced};
use crate::error::Cause;
use crate::follow::Follow;
use crate::handler::{Batch, Handler};
use crate::keep::Keep;
use crate::retry::retrying::Doing;
use crate::run::ending::Ending;
use crate::run::{Flow, ItemOf, Run};

/// What a handler is called for.
pub(super) enum Op<'a, T> {
    Apply(Batch<'a, T>),
    BeginAnew,
    Flush,
}

pub(super) struct Fault<E> {
    error: E,
    is_fatal: bool,
}

impl<T> Op<'_, T> {
    const fn doing(&self) -> Doing {
        match self {
            Self::Apply(_) => Doing::Apply,
            Self::BeginAnew => Doing::BeginAnew,
            Self::Flush => Doing::Flush,
        }
    }
}

impl<T> Clone for Op<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Op<'_, T> {}

/// Calls the handler; whatever it does before its first await happens here as well.
async fn call<T, H: Handler<T>>(
    handler: &mut H,
    op: Op<'_, T>,
    attempt: u32,
) -> Result<(), Fault<H::Error>> {
    let result = match op {
        Op::Apply(batch) => handler.apply(batch.again(attempt)).await,
        Op::BeginAnew => handler.begin_anew().await,
        Op::Flush => handler.flush().await,
    };
    result.map_err(|error| Fault {
        is_fatal: handler.is_fatal(&error),
        error,
    })
}

/// Gives what a future gives, or what it said when it panicked.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Arc<str>> {
    let message = |payload: Box<dyn Any + Send>| panic_message(&*payload);
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Err(payload) => Poll::Ready(Err(message(payload))),
        },
    )
    .await
}

/// How the handler is called, and called again.
impl<F, K, H> Run<F, K, H>
where
    F: Follow,
    K: Keep,
    H: Handler<ItemOf<F>>,
{
    /// Has a batch applied. While it waits to try again, what was reached before is committed.
    pub(super) async fn apply(
        &mut self,
        items: &[ItemOf<F>],
        position: Option<&Checkpoint>,
    ) -> Flow<(), F, K, H> {
        let op = Op::Apply(Batch::new(items, position, self.is_snapshot));
        let mut failures = 0;
        while let Err(fault) = self.attempt(op, failures).await? {
            failures = failures.saturating_add(1);
            let wait = self.weigh(op.doing(), fault, failures)?;
            self.commit().await?;
            let before = self.desk.enter(Phase::Waiting);
            self.linger(wait).await?;
            self.desk.enter(before);
        }
        Ok(())
    }

    /// Has the handler do something that is not about items.
    pub(super) async fn persist(&mut self, op: Op<'_, ItemOf<F>>) -> Flow<(), F, K, H> {
        let mut failures = 0;
        while let Err(fault) = self.attempt(op, failures).await? {
            failures = failures.saturating_add(1);
            let wait = self.weigh(op.doing(), fault, failures)?;
            let before = self.desk.enter(if self.is_ending {
                Phase::Stopping
            } else {
                Phase::Waiting
            });
            self.pause(wait).await?;
            self.desk.enter(before);
        }
        Ok(())
    }

    async fn attempt(
        &mut self,
        op: Op<'_, ItemOf<F>>,
        failures: u32,
    ) -> Flow<Result<(), Fault<H::Error>>, F, K, H> {
        let attempt = failures.saturating_add(1);
        let calling = pin!(caught(call(&mut self.handler, op, attempt)));
        // What was begun is finished, whatever else happens meanwhile, unless it is too late.
        match self.desk.race(calling, Interest::default()).await {
            Raced::Done(Ok(result)) => Ok(result),
            Raced::Done(Err(message)) => {
                self.desk.count_failure(op.doing(), &message);
                Err(Ending::Failed(Cause::Panicked(message)))
            }
            _ => Err(Ending::TimedOut),
        }
    }

    /// Returns how long to wait before the handler is called again.
    fn weigh(
        &mut self,
        doing: Doing,
        fault: Fault<H::Error>,
        failures: u32,
    ) -> Flow<Duration, F, K, H> {
        self.desk.count_failure(doing, &fault.error);
        let wait = if fault.is_fatal {
            None
        } else {
            self.desk.wait_after(doing, &fault.error, failures)
        };
        wait.ok_or(Ending::Failed(Cause::Handler(fault.error)))
    }

    /// Lets some time go by, in which what becomes due is committed.
    pub(super) async fn linger(&mut self, wait: Duration) -> Flow<(), F, K, H> {
        let interest = Interest {
            in_commits: true,
            in_interruptions: true,
            until: Some(self.desk.now().saturating_add(wait)),
            ..Interest::default()
        };
        loop {
            match self.desk.wait(interest).await {
                Raced::Time => return Ok(()),
                Raced::Due => self.commit().await?,
                other => self.check(&other)?,
            }
        }
    }

    /// Lets some time go by, in which the handler is not called for anything else.
    async fn pause(&mut self, wait: Duration) -> Flow<(), F, K, H> {
        let interest = Interest {
            in_interruptions: !self.is_ending,
            until: Some(self.desk.now().saturating_add(wait)),
            ..Interest::default()
        };
        match self.desk.wait(interest).await {
            Raced::Time => Ok(()),
            other => self.check(&other),
        }
    }
}
