//! Those who found a queue full.

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use crate::error::CheckpointError;
use crate::file::queue::{Queue, Queued};

/// Tasks that wait for room, in the order in which they came.
#[derive(Default)]
pub(super) struct Crowd {
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

impl Crowd {
    /// Takes out those who came first, `count` of them at most.
    pub(super) fn first(&mut self, count: usize) -> Vec<Waker> {
        let firsts = (0..count).map_while(|_| self.wakers.pop_first());
        firsts.map(|(_, waker)| waker).collect()
    }
}

/// The place of one task in the crowd. Whoever is woken and goes away lets the next one in.
pub(super) struct Place<'a> {
    queue: &'a Queue,
    number: Option<u64>,
}

impl<'a> Place<'a> {
    pub(super) const fn new(queue: &'a Queue) -> Self {
        let number = None;
        Self { queue, number }
    }

    /// Queues what is `waiting`, if there is room, and else stays in the crowd.
    pub(super) fn poll_push(
        &mut self,
        waiting: &mut Option<Queued>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), CheckpointError>> {
        let Some(queued) = waiting.take() else {
            return Poll::Ready(Ok(()));
        };
        // Seldom is there no room, and only then a waker is needed, whose clone is not ours.
        for waker in [None, Some(cx.waker())] {
            let waker = waker.cloned();
            let mut inner = self.queue.inner();
            if inner.ended {
                return Poll::Ready(Err(CheckpointError::Closed));
            }
            if inner.queued.len() < self.queue.most {
                let old = self
                    .number
                    .take()
                    .and_then(|number| inner.crowd.wakers.remove(&number));
                self.queue.admit(inner, queued);
                drop(old);
                return Poll::Ready(Ok(()));
            }
            let Some(waker) = waker else { continue };
            let crowd = &mut inner.crowd;
            let number = *self.number.get_or_insert(crowd.next);
            crowd.next = crowd.next.max(number + 1);
            let old = crowd.wakers.insert(number, waker);
            drop(inner);
            drop(old);
        }
        *waiting = Some(queued);
        Poll::Pending
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut inner = self.queue.inner();
        let own = inner.crowd.wakers.remove(&number);
        if own.is_none() {
            self.queue.make_room(inner);
        } else {
            drop(inner);
        }
        drop(own);
    }
}
