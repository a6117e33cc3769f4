//! What comes next in a feed, and how it goes from a snapshot to the events after it.

use std::hash::Hash;
use std::task::{Poll, ready};

use forebay_core::LoadError;

use crate::hub::error::FeedError;
use crate::hub::feed::Feed;
use crate::hub::feed::frame::Frame;
use crate::hub::feed::membership::Membership;
use crate::hub::feed::phase::{Phase, Step, feed_error};
use crate::hub::snapshot::build::{Build, Outcome, attempt_of};
use crate::{RecvError, Subscription};

type Ready = Poll<Result<(), RecvError<std::convert::Infallible>>>;

impl<K, T, E> Feed<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Finds out what comes next, without taking it.
    pub(super) fn step(
        &mut self,
        mut ready: impl FnMut(&mut Subscription<T>) -> Ready,
    ) -> Poll<Result<Step, FeedError<E>>> {
        loop {
            if let Some(error) = self.ended() {
                return Poll::Ready(Err(error));
            }
            let found = match self.phase {
                Phase::Snapshot(_) => ready!(self.step_in_snapshot(&mut ready)),
                Phase::Follow { is_skipping } => match ready!(ready(&mut self.events)) {
                    Ok(()) if is_skipping && self.skip() => None,
                    Ok(()) => Some(Step::Event),
                    Err(error) => {
                        let error = self.line_ended(error);
                        self.finish(error);
                        None
                    }
                },
                Phase::Ended(..) => None,
            };
            if let Some(step) = found {
                return Poll::Ready(Ok(step));
            }
        }
    }

    /// Returns why there is nothing more, and ends the feed if its line was ended at once.
    fn ended(&mut self) -> Option<FeedError<E>> {
        let forced = self
            .membership
            .as_ref()
            .and_then(|membership| membership.line.forced());
        if let Some(reason) = forced {
            self.finish(FeedError::ForceClosed(reason));
        }
        match &self.phase {
            Phase::Ended(error, _) => Some(error.clone()),
            Phase::Snapshot(_) | Phase::Follow { .. } => None,
        }
    }

    fn step_in_snapshot(
        &mut self,
        ready: &mut impl FnMut(&mut Subscription<T>) -> Ready,
    ) -> Poll<Option<Step>> {
        let Phase::Snapshot(progress) = &mut self.phase else {
            return Poll::Ready(None);
        };
        if progress.announces {
            if let Some(reason) = self.membership.as_ref().and_then(closed_by) {
                self.finish(FeedError::ForceClosed(reason));
                return Poll::Ready(None);
            }
            progress.announces = false;
            return Poll::Ready(Some(Step::NewSnapshot));
        }
        match ready!(ready(&mut self.events)) {
            Ok(()) => {
                let next = self.events.next_sequence().unwrap_or_default();
                let is_piece = progress.enter(attempt_of(next));
                progress.has_pieces |= is_piece;
                Poll::Ready(is_piece.then_some(Step::Piece))
            }
            Err(error) => Poll::Ready(self.snapshot_ended(error)),
        }
    }

    /// Goes on with the events after the snapshot, once all of it was read.
    fn snapshot_ended(&mut self, error: RecvError<std::convert::Infallible>) -> Option<Step> {
        if let RecvError::ForceClosed(reason) = error {
            self.finish(FeedError::ForceClosed(reason));
            return None;
        }
        let build = self
            .membership
            .as_ref()
            .and_then(|membership| membership.reads.clone());
        let outcome = build.as_deref().and_then(Build::outcome);
        match (outcome, &mut self.phase) {
            (Some(Ok(outcome)), Phase::Snapshot(progress)) => {
                if !progress.enter(outcome.attempt) {
                    return None;
                }
                self.follow(outcome)
            }
            (Some(Err(error)), _) => {
                let error = error.clone();
                self.finish(error);
                None
            }
            _ => {
                self.finish(FeedError::Snapshot(LoadError::Abandoned));
                None
            }
        }
    }

    fn follow(&mut self, outcome: &Outcome<T>) -> Option<Step> {
        self.events = outcome.splice.subscribe();
        self.floor = outcome.sequence;
        let membership = self.membership.as_mut()?;
        if let Some(closing) = &membership.closing {
            closing.follow(self.events.closer());
        }
        if let Some(reason) = closed_by(membership) {
            self.finish(FeedError::ForceClosed(reason));
            return None;
        }
        membership.reads = None;
        self.phase = Phase::Follow { is_skipping: true };
        Some(Step::EndOfSnapshot(outcome.sequence))
    }

    /// Passes over the next event if the subscriber knows it; returns whether it did.
    fn skip(&mut self) -> bool {
        let next = self.events.next_sequence();
        let is_known = next.is_some_and(|next| next <= self.floor);
        if is_known {
            let _ = self.events.try_next();
        } else {
            self.phase = Phase::Follow { is_skipping: false };
        }
        is_known
    }

    fn line_ended(&self, error: RecvError<std::convert::Infallible>) -> FeedError<E> {
        let end = match &error {
            RecvError::ForceClosed(_) | RecvError::Lagged { .. } => None,
            _ => self
                .membership
                .as_ref()
                .and_then(|membership| membership.ledger.ended()),
        };
        let forced = self
            .membership
            .as_ref()
            .and_then(|membership| membership.line.forced());
        match (forced, end) {
            (Some(reason), _) => FeedError::ForceClosed(reason),
            (None, Some(end)) => end.to_feed_error(),
            (None, None) => feed_error(error),
        }
    }

    /// Ends the feed: what the hub kept for it is given up now, not when the feed is dropped.
    fn finish(&mut self, error: FeedError<E>) {
        let cursor = self.cursor();
        self.phase = Phase::Ended(error, cursor);
        self.membership = None;
        self.events.let_go();
    }

    pub(super) fn frame(&mut self, step: Step) -> Result<Frame<'_, T>, FeedError<E>> {
        let is_piece = match step {
            Step::NewSnapshot => return Ok(Frame::NewSnapshot),
            Step::EndOfSnapshot(sequence) => return Ok(Frame::EndOfSnapshot(sequence)),
            Step::Piece => true,
            Step::Event => false,
        };
        let entry = self.events.try_next().map_err(feed_error)?;
        let entry = entry.ok_or(FeedError::PublisherLost)?;
        Ok(if is_piece {
            Frame::Snapshot(entry.event())
        } else {
            Frame::Event(entry)
        })
    }
}

fn closed_by<K, T, E>(membership: &Membership<K, T, E>) -> Option<crate::Reason>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    membership
        .closing
        .as_ref()
        .and_then(|closing| closing.reason())
}
