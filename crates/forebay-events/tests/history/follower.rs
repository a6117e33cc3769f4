//! A reader beside what the oracle says of it.

use std::sync::Arc;
use std::task::{Context, Poll};

use forebay_core::{Cursor, LogId, Sequence};
use forebay_events::{Closer, Entry, OwnedSlice, OwnedSlices, Reason, RecvError, Subscription};
use futures::StreamExt;

use crate::model::{Item, Model, Next, Place};
use crate::payload::Counted;
use crate::wakers::{Hand, Wakes};

pub(crate) type Error = &'static str;
type End = RecvError<Error>;

pub(crate) struct Follower {
    pub(crate) reads: Reads,
    pub(crate) place: Place,
    closer: Option<Closer>,
    /// Why it was closed by force.
    forced: Option<Reason>,
    /// What it was told to miss.
    lagged: Option<u64>,
    wakes: Arc<Wakes>,
    /// How often it was woken when it began to wait, if it does.
    pub(crate) waits: Option<usize>,
    /// Whether the log still has its waker, and for which log.
    pub(crate) seat: Option<usize>,
}

pub(crate) enum Reads {
    Subscription(Subscription<Counted, Error>),
    Stream(OwnedSlices<Counted, Error>),
}

fn item(entry: &Entry<'_, Counted>) -> Item {
    Item {
        sequence: entry.sequence().get(),
        number: entry.number,
        is_last: entry.is_last(),
    }
}

fn items(slice: &OwnedSlice<Counted>) -> Vec<Item> {
    assert!(!slice.is_empty());
    slice.iter().map(|entry| item(&entry)).collect()
}

impl Follower {
    pub(crate) fn new(subscription: Subscription<Counted, Error>, place: Place) -> Self {
        Self {
            reads: Reads::Subscription(subscription),
            place,
            closer: None,
            forced: None,
            lagged: None,
            wakes: Arc::default(),
            waits: None,
            seat: None,
        }
    }

    /// Another one at the same place, unless it is a stream.
    pub(crate) fn split(&self) -> Option<Self> {
        let Reads::Subscription(subscription) = &self.reads else {
            return None;
        };
        let mut split = Self::new(subscription.clone(), self.place.clone());
        split.forced = self.forced.clone();
        split.lagged = self.lagged;
        Some(split)
    }

    pub(crate) fn subscription(&self) -> Option<&Subscription<Counted, Error>> {
        match &self.reads {
            Reads::Subscription(subscription) => Some(subscription),
            Reads::Stream(stream) => stream.subscription(),
        }
    }

    pub(crate) fn into_stream(mut self) -> Self {
        self.reads = match self.reads {
            Reads::Subscription(subscription) => Reads::Stream(subscription.into_stream()),
            stream @ Reads::Stream(_) => stream,
        };
        self
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.waits.is_some_and(|wakes| self.wakes.count() > wakes)
    }

    /// Whether it waits although there is something for it.
    pub(crate) fn is_due(&self, model: &Model) -> bool {
        let mut place = self.place.clone();
        model.follow(&mut place);
        self.waits.is_some() && (self.forced.is_some() || !matches!(model.next(&place), Next::Wait))
    }

    pub(crate) fn make_closer(&mut self) {
        if let Reads::Subscription(subscription) = &mut self.reads {
            self.closer = Some(subscription.closer());
        }
    }

    pub(crate) fn force_close(&mut self, reason: Reason) {
        // A stream is closed by what was asked for before.
        let Some(closer) = &self.closer else { return };
        let is_open = self.forced.is_none() && self.subscription().is_some();
        assert_eq!(closer.close(reason.clone()), is_open);
        if is_open {
            self.forced = Some(reason);
        }
    }

    pub(crate) fn skip(&mut self, model: &Model) {
        if self.lagged.is_some() {
            // What it is told to miss now is what it skips.
            self.try_next(model, 1);
        }
        let Reads::Subscription(subscription) = &mut self.reads else {
            return;
        };
        let skipped = subscription.skip_to_oldest();
        match self.lagged.take() {
            Some(missed) if self.forced.is_none() => assert_eq!(skipped, missed),
            Some(missed) => assert!(skipped >= missed),
            None => assert!(skipped == 0 || self.place.may_lag),
        }
        if skipped > 0 {
            let index = self.place.index + skipped as usize;
            assert!(model.is_begin(self.place.log, index));
            self.place = model.place(self.place.log, index);
        }
    }

    /// Takes up to `times` events, one by one.
    pub(crate) fn try_next(&mut self, model: &Model, times: usize) {
        for _ in 0..times {
            let Reads::Subscription(subscription) = &mut self.reads else {
                return;
            };
            let got = match subscription.try_next() {
                Ok(entry) => Ok(entry.iter().map(item).collect()),
                Err(end) => Err(end),
            };
            if !self.check_try(model, got) {
                return;
            }
        }
    }

    pub(crate) fn try_slice(&mut self, model: &Model) {
        let Reads::Subscription(subscription) = &mut self.reads else {
            return;
        };
        let got = match subscription.try_next_slice() {
            Ok(None) => Ok(Vec::new()),
            Ok(Some(slice)) => {
                assert!(!slice.is_empty());
                Ok(slice.iter().map(|entry| item(&entry)).collect())
            }
            Err(end) => Err(end),
        };
        self.check_try(model, got);
    }

    /// Polls a future of its own for one event or a slice, and drops it if it is not ready.
    pub(crate) fn next(&mut self, model: &Model, slice: bool) {
        let Reads::Subscription(subscription) = &mut self.reads else {
            return;
        };
        let waiting = model.logs[self.place.log].events.len();
        let wakes = Arc::clone(&self.wakes);
        let before = wakes.count();
        let waker = wakes.waker();
        let mut cx = Context::from_waker(&waker);
        let polled: Poll<Result<Vec<Item>, End>> = if slice {
            let mut next = Box::pin(subscription.next_slice());
            let poll = next.as_mut().poll(&mut cx);
            poll.map_ok(|slice| slice.iter().map(|entry| item(&entry)).collect())
        } else {
            let mut next = Box::pin(subscription.next());
            let poll = next.as_mut().poll(&mut cx);
            poll.map_ok(|entry| vec![item(&entry)])
        };
        assert_eq!(model.logs[self.place.log].events.len(), waiting);
        self.check_poll(model, polled, before);
    }

    pub(crate) fn poll(&mut self, model: &Model) {
        let before = self.wakes.count();
        let waker = self.wakes.waker();
        let mut cx = Context::from_waker(&waker);
        let polled = match &mut self.reads {
            Reads::Stream(stream) => match stream.poll_next_unpin(&mut cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Some(slice)) => Poll::Ready(slice.map(|slice| items(&slice))),
                // Its end was said before, so nothing is asked any more.
                Poll::Ready(None) => {
                    assert!(stream.subscription().is_none());
                    return;
                }
            },
            Reads::Subscription(subscription) => match subscription.poll_ready(&mut cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Err(end)) => Poll::Ready(Err(end)),
                Poll::Ready(Ok(())) => {
                    let entry = subscription.try_next().expect("it said it is ready");
                    Poll::Ready(Ok(vec![item(&entry.expect("it said it is ready"))]))
                }
            },
        };
        self.check_poll(model, polled, before);
    }

    fn check_poll(&mut self, model: &Model, polled: Poll<Result<Vec<Item>, End>>, before: usize) {
        match polled {
            Poll::Ready(got) => {
                assert_ne!(got, Ok(Vec::new()));
                self.waits = None;
                self.check(model, got);
                if self.subscription().is_none() {
                    self.seat = None;
                }
            }
            // It only lets others have their turn.
            Poll::Pending if self.wakes.count() > before => self.waits = None,
            Poll::Pending => {
                assert!(self.forced.is_none() && self.lagged.is_none());
                model.follow(&mut self.place);
                let next = model.next(&self.place);
                assert!(matches!(next, Next::Wait), "{next:?}");
                self.waits = Some(before);
                self.seat = Some(self.place.log);
            }
        }
    }

    /// Returns whether there may be more.
    fn check_try(&mut self, model: &Model, got: Result<Vec<Item>, End>) -> bool {
        if got == Ok(Vec::new()) {
            assert!(self.forced.is_none() && self.lagged.is_none());
            let before = self.place.log;
            model.follow(&mut self.place);
            assert!(matches!(model.next(&self.place), Next::Wait));
            if before != self.place.log {
                self.waits = None;
            }
            return false;
        }
        self.waits = None;
        let goes_on = got.is_ok();
        self.check(model, got);
        goes_on
    }

    fn check(&mut self, model: &Model, got: Result<Vec<Item>, End>) {
        if let Some(reason) = &self.forced {
            assert_eq!(got, Err(RecvError::ForceClosed(reason.clone())));
            return;
        }
        model.follow(&mut self.place);
        if let Err(RecvError::Lagged { missed }) = got {
            let lag = model.lag(&self.place);
            assert!(self.place.may_lag && missed <= lag);
            assert!(model.is_begin(self.place.log, self.place.index + missed as usize));
            // It can only become more.
            assert!(self.lagged.is_none_or(|before| missed >= before));
            self.lagged = Some(missed);
            return;
        }
        assert!(self.lagged.is_none(), "{got:?} after it was cut off");
        match (model.next(&self.place), got) {
            (Next::Event, Ok(items)) => {
                let (log, index) = (self.place.log, self.place.index);
                let expected = &model.logs[log].events[index..];
                assert_eq!(items, expected[..items.len()]);
                self.place.index += items.len();
                model.observe(&mut self.place);
            }
            (Next::Closed, Err(RecvError::Closed))
            | (Next::Lost, Err(RecvError::PublisherLost))
            | (Next::Failed, Err(RecvError::Failed("failed"))) => {}
            (expected, got) => panic!("{got:?} instead of {expected:?}"),
        }
    }

    /// Compares what can be asked at any time.
    pub(crate) fn compare(&self, model: &Model, ids: &[LogId]) {
        let Some(subscription) = self.subscription() else {
            return;
        };
        assert_eq!(subscription.lag(), model.lag(&self.place));
        let sequence = Sequence::new(model.cursor(&self.place));
        let expected = Cursor::new(ids[self.place.log], sequence);
        assert_eq!(subscription.cursor(), expected);
        assert_eq!(subscription.position().cursor(), expected);
    }

    /// Reads to the end of a log that has ended, going on after each gap.
    pub(crate) fn finish(mut self, model: &Model) {
        while self.subscription().is_some() {
            let before = (self.place.log, self.place.index, self.lagged);
            self.poll(model);
            if self.waits.is_some() {
                panic!("it waits for ever");
            }
            if self.lagged.is_some() {
                self.skip(model);
            } else if before == (self.place.log, self.place.index, self.lagged) {
                break;
            }
        }
    }
}

/// A future that was made and never polled takes nothing.
pub(crate) fn forget(follower: &mut Follower) {
    if let Reads::Subscription(subscription) = &mut follower.reads {
        drop(Hand::new(subscription.next()));
        drop(Hand::new(subscription.next_slice()));
    }
}
