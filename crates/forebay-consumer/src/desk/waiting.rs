use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::desk::Desk;
use crate::keep::Keep;

/// How a wait has ended.
#[derive(Debug)]
pub(crate) enum Raced<T> {
    /// What was waited for is there.
    Done(T),
    /// A commit is due.
    Due,
    /// No call of the store is under way.
    Idle,
    /// The time has come until which it was to be waited.
    Time,
    /// The consumer was stopped, or the store has failed for good.
    Interrupted,
    /// It is too late for anything to be finished.
    Late,
}

/// What else ends a wait than what is waited for; that it is too late always does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Interest {
    /// That a commit is due.
    pub(crate) in_commits: bool,
    /// That no call of the store is under way.
    pub(crate) in_idling: bool,
    /// That it was stopped, or the store has failed for good.
    pub(crate) in_interruptions: bool,
    /// A time.
    pub(crate) until: Option<Duration>,
}

/// So many waits in a row are over at once before other tasks may run.
const STREAK_MAX: u8 = 128;

impl<K: Keep> Desk<K> {
    /// Waits for a future while the store is called and the time goes by.
    ///
    /// Nothing is lost if it is dropped: what was waited for is the caller's, and a call of the store
    /// stays under way.
    pub(crate) async fn race<T>(
        &mut self,
        mut future: Pin<&mut impl Future<Output = T>>,
        interest: Interest,
    ) -> Raced<T> {
        poll_fn(|cx| self.poll_race(future.as_mut(), interest, cx)).await
    }

    /// Waits until no call of the store is under way, or something else of interest happens.
    pub(crate) async fn wait(&mut self, interest: Interest) -> Raced<()> {
        self.race(pin!(pending()), interest).await
    }

    fn poll_race<T>(
        &mut self,
        mut future: Pin<&mut impl Future<Output = T>>,
        interest: Interest,
        cx: &mut Context<'_>,
    ) -> Poll<Raced<T>> {
        loop {
            self.poll_flight(cx);
            if interest.in_interruptions && self.is_interrupted() {
                return Poll::Ready(Raced::Interrupted);
            }
            if interest.in_idling && self.is_idle() {
                return Poll::Ready(Raced::Idle);
            }
            if self.streak >= STREAK_MAX {
                self.streak = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let Poll::Ready(done) = future.as_mut().poll(cx) {
                self.streak += 1;
                return Poll::Ready(Raced::Done(done));
            }
            // Whoever stops from now on wakes this task; whoever did before is seen here.
            self.shared.register(cx.waker());
            if self.is_interrupted() {
                self.begin_to_end();
                if interest.in_interruptions {
                    return Poll::Ready(Raced::Interrupted);
                }
            }
            match self.poll_time(interest, cx) {
                Poll::Ready(Some(raced)) => return Poll::Ready(raced),
                Poll::Ready(None) => {}
                Poll::Pending => {
                    self.streak = 0;
                    return Poll::Pending;
                }
            }
        }
    }

    /// Returns what is over by now, or waits for the earliest of what may be; then everything is to be
    /// looked at again.
    fn poll_time<T>(&mut self, interest: Interest, cx: &mut Context<'_>) -> Poll<Option<Raced<T>>> {
        let now = self.now();
        let is_over = |time: Option<Duration>| time.is_some_and(|time| time <= now);
        if is_over(self.deadline) {
            return Poll::Ready(Some(Raced::Late));
        }
        if is_over(interest.until) {
            return Poll::Ready(Some(Raced::Time));
        }
        let wants_commits = interest.in_commits && self.is_idle();
        let commit = self.book.due_at(self.settings.commit_interval);
        let commit = commit.filter(|_| wants_commits);
        if is_over(commit) {
            return Poll::Ready(Some(Raced::Due));
        }
        let times = [self.deadline, interest.until, commit, self.again_at()];
        let Some(next) = times.into_iter().flatten().min() else {
            return Poll::Pending;
        };
        self.poll_sleep(next, cx).map(|()| None)
    }

    /// A timer that rings too early is kept, since a new one costs more than to look once in vain.
    fn poll_sleep(&mut self, at: Duration, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_no_timer {
            return Poll::Pending;
        }
        // Tokio's timers panic where a runtime was built without them.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let sleep = match &mut self.sleep {
                Some((set, sleep)) if *set <= at => sleep,
                other => &mut other.insert((at, self.runtime.sleep_until(at))).1,
            };
            sleep.as_mut().poll(cx)
        }));
        self.has_no_timer = polled.is_err();
        if matches!(polled, Ok(Poll::Pending)) {
            return Poll::Pending;
        }
        self.sleep = None;
        Poll::Ready(())
    }
}
