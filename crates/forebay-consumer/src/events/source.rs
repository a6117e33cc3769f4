use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use forebay_core::{Checkpoint, Cursor, LogId, Sequence};
use forebay_events::{OwnedSlice, OwnedSlices, Source};
use futures_core::Stream;

use crate::error::FollowError;
use crate::events::error::SourceError;
use crate::follow::items::Items;
use crate::follow::{Follow, Step};

/// Whoever is new begins with the oldest event that is kept. Events are not copied: a batch is a slice
/// of the log, which keeps that part of it alive while it is applied.
///
/// A position from before the window, or of another log, is a gap; so is a reader that its retention has
/// cut off. A log that has ended without being closed is not opened again.
impl<T, E> Follow for Source<T, E>
where
    T: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    type Items = SourceItems<T>;
    type Error = SourceError<E>;
    type Steps = SourceSteps<T, E>;

    async fn follow(
        &self,
        from: Option<&Checkpoint>,
    ) -> Result<SourceSteps<T, E>, FollowError<SourceError<E>>> {
        let (subscription, begin) = match from {
            Some(from) => {
                let resumed = self.resume(from.cursor());
                (resumed.map_err(SourceError::stale)?, None)
            }
            None => {
                let subscription = self.subscribe_oldest();
                let begin = subscription.cursor();
                (subscription, Some(begin))
            }
        };
        Ok(SourceSteps {
            slices: subscription.into_stream(),
            begin,
        })
    }

    fn head(&self) -> Option<Sequence> {
        Some(Self::head(self))
    }
}

/// What comes from a [`Source`]: first the position at which somebody new begins, and then events.
pub struct SourceSteps<T, E = std::convert::Infallible> {
    slices: OwnedSlices<T, E>,
    /// Where somebody new begins: that is a position too, and whoever dies right after it learns by
    /// it whether something has gone missing meanwhile.
    begin: Option<Cursor>,
}

impl<T, E: Clone> Stream for SourceSteps<T, E> {
    type Item = Result<Step<SourceItems<T>>, FollowError<SourceError<E>>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(begin) = self.begin.take() {
            return Poll::Ready(Some(Ok(Step::Reached(begin.into()))));
        }
        let polled = Pin::new(&mut self.slices).poll_next(cx);
        let reader = self.slices.subscription();
        polled.map(|next| {
            Some(match next? {
                Ok(slice) => {
                    let log = reader?.cursor().log();
                    Ok(Step::Items(SourceItems { slice, log }))
                }
                Err(error) => Err(SourceError::ended(error)),
            })
        })
    }
}

impl<T, E> fmt::Debug for SourceSteps<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceSteps")
            .field("slices", &self.slices)
            .finish_non_exhaustive()
    }
}

/// Events of a [`Source`] that lie side by side in its log. A clone shares them.
#[derive(Clone)]
pub struct SourceItems<T> {
    slice: OwnedSlice<T>,
    log: LogId,
}

impl<T: Send + Sync> Items for SourceItems<T> {
    type Item = T;

    fn items(&self) -> &[T] {
        &self.slice
    }

    fn reached(&self, count: usize) -> Option<(usize, Checkpoint)> {
        let mut after = count.min(self.slice.len());
        while after > 0 {
            let last = self.slice.iter().nth(after - 1)?;
            if last.is_last() {
                let cursor = Cursor::new(self.log, last.sequence());
                return Some((after, cursor.into()));
            }
            after -= 1;
        }
        None
    }
}

impl<T: fmt::Debug> fmt::Debug for SourceItems<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.slice.fmt(f)
    }
}
