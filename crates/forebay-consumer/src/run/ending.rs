use crate::consumer::Consumed;
use crate::consumer::stats::Phase;
use crate::consumer::summary::{End, Summary};
use crate::desk::Interest;
use crate::error::{Cause, ConsumeError};
use crate::follow::Follow;
use crate::handler::Handler;
use crate::keep::Keep;
use crate::run::handling::Op;
use crate::run::{Flow, ItemOf, Run};

/// Why the loop has ended.
pub(super) enum Ending<F, S, H> {
    Closed,
    Stopped,
    TimedOut,
    Failed(Cause<F, S, H>),
}

impl<F, S, H> Ending<F, S, H> {
    /// Whether what was reached may be committed: the handler is in a known state, and the store
    /// works.
    const fn lets_commit(&self) -> bool {
        match self {
            Self::Closed | Self::Stopped => true,
            Self::Failed(cause) => {
                matches!(cause, Cause::Gap(_) | Cause::Follow(_) | Cause::Handler(_))
            }
            Self::TimedOut => false,
        }
    }

    const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// How it ends.
impl<F, K, H> Run<F, K, H>
where
    F: Follow,
    K: Keep,
    H: Handler<ItemOf<F>>,
{
    pub(crate) async fn run(mut self) -> Consumed<F, K, H> {
        let mut ending = match self.drive().await {
            Ok(()) => Ending::Closed,
            Err(ending) => ending,
        };
        self.desk.enter(Phase::Stopping);
        self.desk.begin_to_end();
        self.is_ending = true;
        match self.settle(ending.lets_commit()).await {
            // The first failure is what it failed of.
            Err(last) if !ending.is_failure() => ending = last,
            _ => {}
        }
        let (end, cause) = match ending {
            Ending::Closed => (End::Closed, None),
            Ending::Stopped => (End::Stopped, None),
            Ending::TimedOut => (End::TimedOut, None),
            Ending::Failed(cause) => (End::Failed, Some(cause)),
        };
        self.desk.observer.ended(end);
        let book = &self.desk.book;
        let summary = Summary {
            end,
            committed: book.committed().cloned(),
            reached: book.reached().cloned(),
            applied: book.applied(),
            uncommitted: book.uncommitted(),
        };
        match cause {
            None => Ok(summary),
            Some(cause) => Err(ConsumeError::new(cause, summary)),
        }
    }

    /// Lets the commit that is under way land, and commits what was reached after it.
    async fn settle(&mut self, lets_commit: bool) -> Flow<(), F, K, H> {
        self.desk.abandon_all_but_commits();
        self.finish().await?;
        if lets_commit && self.desk.book.has_news() {
            self.persist(Op::Flush).await?;
            self.desk.commit();
            self.finish().await?;
        }
        Ok(())
    }

    /// Waits for the store whether or not the consumer was stopped, which it may have been.
    async fn finish(&mut self) -> Flow<(), F, K, H> {
        let interest = Interest {
            in_idling: true,
            ..Interest::default()
        };
        let raced = self.desk.wait(interest).await;
        match self.check(&raced) {
            Err(Ending::Stopped) => Ok(()),
            other => other,
        }
    }
}
