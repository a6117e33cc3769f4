use std::pin::pin;

use crate::consumer::builder::OnGap;
use crate::consumer::stats::Phase;
use crate::desk::{Interest, Raced};
use crate::error::{Cause, FollowError};
use crate::follow::Follow;
use crate::handler::Handler;
use crate::keep::Keep;
use crate::retry::retrying::Doing;
use crate::run::ending::Ending;
use crate::run::handling::Op;
use crate::run::{Flow, ItemOf, Run};

/// How what is followed is opened, again where it breaks off, and anew after a gap.
impl<F, K, H> Run<F, K, H>
where
    F: Follow,
    K: Keep,
    H: Handler<ItemOf<F>>,
{
    pub(super) async fn open(&mut self) -> Flow<F::Steps, F, K, H> {
        loop {
            self.desk.enter(Phase::Opening);
            let from = self.desk.book.reached().cloned();
            self.desk
                .observer
                .opening(from.as_ref().map(|from| from.cursor()));
            let opened = {
                let follow = std::sync::Arc::clone(&self.follow);
                let mut opening = pin!(follow.follow(from.as_ref()));
                loop {
                    let interest = Interest {
                        in_commits: true,
                        in_interruptions: true,
                        ..Interest::default()
                    };
                    match self.desk.race(opening.as_mut(), interest).await {
                        Raced::Done(opened) => break opened,
                        Raced::Due => self.commit().await?,
                        other => self.check(&other)?,
                    }
                }
            };
            match opened {
                Ok(steps) => {
                    self.is_snapshot = false;
                    self.desk.enter(Phase::Following);
                    return Ok(steps);
                }
                Err(error) => self.broke_off(error).await?,
            }
        }
    }

    /// Does what an error of what is followed asks for, so that it can be opened again.
    pub(super) async fn broke_off(&mut self, error: FollowError<F::Error>) -> Flow<(), F, K, H> {
        match error {
            FollowError::Closed => Err(Ending::Closed),
            FollowError::Refused(error) => {
                self.desk.count_failure(Doing::Follow, &error);
                Err(Ending::Failed(Cause::Follow(error)))
            }
            FollowError::Interrupted(error) => self.interrupted(error).await,
            // Nothing can be missing behind what nobody has. So gap after gap, with nothing between, is
            // as good as a log that cannot be reached.
            FollowError::Stale(error) if self.desk.book.reached().is_none() => {
                self.interrupted(error).await
            }
            FollowError::Stale(error) => self.gap(Some(error)).await,
        }
    }

    async fn interrupted(&mut self, error: F::Error) -> Flow<(), F, K, H> {
        self.interruptions = self.interruptions.saturating_add(1);
        self.desk.count_failure(Doing::Follow, &error);
        let wait = self
            .desk
            .wait_after(Doing::Follow, &error, self.interruptions);
        let Some(wait) = wait else {
            return Err(Ending::Failed(Cause::Follow(error)));
        };
        self.desk.enter(Phase::Waiting);
        self.linger(wait).await
    }

    /// Begins anew behind a gap, or ends there.
    pub(super) async fn gap(&mut self, error: Option<F::Error>) -> Flow<(), F, K, H> {
        self.desk.missed(error.as_ref());
        if self.desk.settings.on_gap == OnGap::Stop {
            return Err(Ending::Failed(Cause::Gap(error)));
        }
        self.begin_anew().await
    }

    /// Has everything forgotten: first the position, so that nobody who comes next goes on behind a
    /// state that is not whole, then what was applied.
    pub(super) async fn begin_anew(&mut self) -> Flow<(), F, K, H> {
        self.desk.give_up_waiting();
        self.land().await?;
        self.desk.void();
        self.land().await?;
        // Before the handler forgets: if it fails in the middle, nothing of this is committed any more.
        self.desk.book.begin_anew();
        self.tell_progress();
        self.persist(Op::BeginAnew).await?;
        self.desk.observer.begun_anew();
        self.desk.shared.note(|stats| stats.begun_anew += 1);
        Ok(())
    }
}
