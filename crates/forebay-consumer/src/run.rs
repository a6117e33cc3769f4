//! The loop: load, open, apply what comes, commit, and end.

mod ending;
mod handling;
mod opening;
mod storing;

use std::pin::{Pin, pin};
use std::sync::Arc;

use forebay_core::Checkpoint;
use futures_core::Stream;

use crate::consumer::shared::Shared;
use crate::consumer::stats::Phase;
use crate::desk::{Desk, Interest, Interruption, Raced};
use crate::error::{Cause, FollowError};
use crate::follow::items::Items;
use crate::follow::{Follow, Step};
use crate::handler::Handler;
use crate::keep::Keep;
use crate::run::ending::Ending;

pub(crate) struct Run<F, K: Keep, H> {
    follow: Arc<F>,
    handler: H,
    desk: Desk<K>,
    /// How often in a row what is followed broke off before a position was reached.
    interruptions: u32,
    /// What comes are the pieces of a snapshot.
    is_snapshot: bool,
    /// What is done now is the last, so that a stop is none any more; it has a deadline instead.
    is_ending: bool,
}

pub(crate) type ItemOf<F> = <<F as Follow>::Items as Items>::Item;

/// What goes on, or why it does not.
type Flow<T, F, K, H> = Result<T, EndingOf<F, K, H>>;

type EndingOf<F, K, H> =
    Ending<<F as Follow>::Error, <K as Keep>::Error, <H as Handler<ItemOf<F>>>::Error>;

impl<F, K: Keep, H> Run<F, K, H> {
    pub(crate) const fn new(follow: Arc<F>, handler: H, desk: Desk<K>) -> Self {
        Self {
            follow,
            handler,
            desk,
            interruptions: 0,
            is_snapshot: false,
            is_ending: false,
        }
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.desk.shared)
    }
}

impl<F, K, H> Run<F, K, H>
where
    F: Follow,
    K: Keep,
    H: Handler<ItemOf<F>>,
{
    /// Loads, and follows for as long as there is something to follow.
    async fn drive(&mut self) -> Flow<(), F, K, H> {
        self.load().await?;
        loop {
            let error = {
                let steps = pin!(self.open().await?);
                self.read(steps).await?
            };
            self.broke_off(error).await?;
        }
    }

    /// Applies what comes until it breaks off.
    async fn read(
        &mut self,
        mut steps: Pin<&mut F::Steps>,
    ) -> Flow<FollowError<F::Error>, F, K, H> {
        loop {
            let next = std::future::poll_fn(|cx| steps.as_mut().poll_next(cx));
            let interest = Interest {
                in_commits: true,
                in_interruptions: true,
                ..Interest::default()
            };
            let raced = self.desk.race(pin!(next), interest).await;
            match raced {
                Raced::Done(Some(Ok(step))) => self.take(step).await?,
                Raced::Done(Some(Err(error))) => return Ok(error),
                Raced::Done(None) => return Ok(FollowError::Closed),
                Raced::Due => self.commit().await?,
                other => self.check(&other)?,
            }
        }
    }

    async fn take(&mut self, step: Step<F::Items>) -> Flow<(), F, K, H> {
        match step {
            Step::Items(items) => return self.apply_all(&items).await,
            Step::Reached(position) => {
                self.reach(position);
                self.tell_progress();
                self.commit_if_due().await?;
            }
            Step::Anew => {
                if self.desk.book.reached().is_some() {
                    self.gap(None).await?;
                } else if !self.desk.book.is_blank() {
                    self.begin_anew().await?;
                }
                self.is_snapshot = true;
                self.desk.enter(Phase::Snapshot);
            }
        }
        Ok(())
    }

    /// Applies items batch by batch, with a look at everything else between any two.
    async fn apply_all(&mut self, items: &F::Items) -> Flow<(), F, K, H> {
        let all = items.items();
        let mut applied = 0;
        if let Some((0, position)) = items.reached(0) {
            self.reach(position);
            self.tell_progress();
            self.commit_if_due().await?;
        }
        while applied < all.len() {
            self.make_room().await?;
            let (end, position) = self.cut(items, applied);
            self.apply(&all[applied..end], position.as_ref()).await?;
            let count = (end - applied) as u64;
            self.desk.book.apply(count);
            self.desk.observer.applied(count);
            if let Some(position) = position {
                self.reach(position);
            }
            applied = end;
            self.tell_progress();
            self.check(&Raced::<()>::Idle)?;
            self.commit_if_due().await?;
        }
        Ok(())
    }

    /// Returns where the batch ends that begins after so many items, and the position there, if one
    /// is. Nothing in a batch is behind its position, so that both can be stored as one.
    fn cut(&self, items: &F::Items, applied: usize) -> (usize, Option<Checkpoint>) {
        let most = items.items().len();
        let mut most = most.min(applied.saturating_add(self.desk.settings.batch_max));
        // A position behind items that were not asked for is none.
        let reached = |count| {
            let reached = items.reached(count);
            reached.filter(|(after, _)| (applied + 1..=count).contains(after))
        };
        if self.is_snapshot {
            // It ends at the first position, and what follows in the same piece are changes.
            let mut known = applied;
            while known + 1 < most {
                let middle = known.midpoint(most);
                if reached(middle).is_some() {
                    most = middle;
                } else {
                    known = middle;
                }
            }
        }
        match reached(most) {
            Some((end, position)) => (end, Some(position)),
            None => (most, None),
        }
    }

    fn reach(&mut self, position: Checkpoint) {
        let now = self.desk.now();
        if !self.desk.book.reach(position, now) {
            return;
        }
        self.interruptions = 0;
        if std::mem::replace(&mut self.is_snapshot, false) {
            self.desk.enter(Phase::Following);
        }
    }

    fn tell_progress(&self) {
        let book = &self.desk.book;
        self.desk.shared.note(|stats| {
            stats.batches += u64::from(stats.applied != book.applied());
            stats.applied = book.applied();
            stats.uncommitted = book.uncommitted();
            stats.reached = book.reached().map(Checkpoint::cursor);
        });
    }

    /// Ends where a wait has ended because everything does, or where it was stopped meanwhile.
    fn check<T>(&mut self, raced: &Raced<T>) -> Flow<(), F, K, H> {
        if matches!(raced, Raced::Late) {
            return Err(Ending::TimedOut);
        }
        Err(match self.desk.interruption() {
            None => return Ok(()),
            Some(Interruption::Stopped) => Ending::Stopped,
            Some(Interruption::Failed(error)) => Ending::Failed(Cause::Store(error)),
            Some(Interruption::NoTimer) => {
                Ending::Failed(Cause::Runtime(forebay_rt::RuntimeGone::new()))
            }
        })
    }
}
