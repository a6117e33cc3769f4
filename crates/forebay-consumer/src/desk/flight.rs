use std::task::{Context, Poll};
use std::time::Duration;

use forebay_core::{Checkpoint, Commit};
use forebay_rt::BoxFuture;

use crate::desk::Desk;
use crate::desk::book::Mark;
use crate::keep::Keep;
use crate::retry::retrying::Doing;

use forebay_core::StoreError as _;

/// The one call of the store that may be under way. The call has the store with it, so there cannot
/// be another one.
pub(super) enum Flight<K: Keep> {
    Idle(K),
    Calling(BoxFuture<'static, (K, Answer<K>)>, Call),
    /// It has failed, and is made again at this time.
    Waiting(K, Call, Duration),
    /// For a moment, while it changes from one to the other, and at the end.
    Gone,
}

type Answer<K> = Result<Told, <K as Keep>::Error>;

#[derive(Clone, Debug)]
pub(super) enum Call {
    Load,
    Commit(Mark),
    /// As a commit, from one log to another one.
    Move(Mark),
    Void(Checkpoint),
}

pub(super) enum Told {
    Loaded(Option<Checkpoint>),
    Committed(Commit),
    Reset,
}

impl Call {
    const fn doing(&self) -> Doing {
        match self {
            Self::Load => Doing::Load,
            Self::Commit(_) | Self::Move(_) => Doing::Commit,
            Self::Void(_) => Doing::Reset,
        }
    }

    async fn make<K: Keep>(self, mut keep: K) -> (K, Answer<K>) {
        let answer = match self {
            Self::Load => keep.load().await.map(Told::Loaded),
            Self::Commit(mark) => keep.commit(mark.checkpoint).await.map(Told::Committed),
            Self::Move(mark) => keep.reset(mark.checkpoint).await.map(|()| Told::Reset),
            Self::Void(zero) => keep.reset(zero).await.map(|()| Told::Reset),
        };
        (keep, answer)
    }
}

impl<K: Keep> Desk<K> {
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self.flight, Flight::Idle(_) | Flight::Gone)
    }

    /// Whether a commit may begin: no call is under way, and the store has not failed for good.
    pub(crate) const fn may_commit(&self) -> bool {
        self.is_idle() && self.failed.is_none() && self.book.has_news()
    }

    pub(crate) fn load(&mut self) {
        self.call(Call::Load);
    }

    /// Begins to commit what was reached, unless a call is under way or there is no news.
    pub(crate) fn commit(&mut self) {
        if !self.may_commit() {
            return;
        }
        if let Some(mark) = self.book.begin() {
            let call = if self.book.changes_log(&mark) {
                Call::Move(mark)
            } else {
                Call::Commit(mark)
            };
            self.call(call);
        }
    }

    /// Begins to make what is stored void, unless a call is under way.
    pub(crate) fn void(&mut self) {
        if let Some(zero) = self.book.void() {
            self.call(Call::Void(zero));
        }
    }

    /// Gives up a commit that waits to be tried again. Its position is news once more, for whoever
    /// ends here after all.
    pub(crate) fn give_up_waiting(&mut self) {
        let now = self.now();
        let flight = std::mem::replace(&mut self.flight, Flight::Gone);
        self.flight = match flight {
            Flight::Waiting(keep, ..) => {
                self.book.give_up(now);
                Flight::Idle(keep)
            }
            other => other,
        };
    }

    /// At the end, nobody needs to know where to begin any more, nor to make anything void that was
    /// not begun.
    pub(crate) fn abandon_all_but_commits(&mut self) {
        let flight = std::mem::replace(&mut self.flight, Flight::Gone);
        self.flight = match flight {
            Flight::Calling(_, Call::Load) => Flight::Gone,
            Flight::Waiting(keep, Call::Load | Call::Void(_), _) => Flight::Idle(keep),
            other => other,
        };
    }

    fn call(&mut self, call: Call) {
        let flight = std::mem::replace(&mut self.flight, Flight::Gone);
        self.flight = match flight {
            Flight::Idle(keep) | Flight::Waiting(keep, ..) => {
                Flight::Calling(Box::pin(call.clone().make(keep)), call)
            }
            other => other,
        };
    }

    /// Goes on with the call that is under way, or makes it again if it is time.
    pub(super) fn poll_flight(&mut self, cx: &mut Context<'_>) {
        loop {
            match &mut self.flight {
                Flight::Idle(_) | Flight::Gone => return,
                Flight::Calling(future, call) => {
                    let Poll::Ready((keep, answer)) = future.as_mut().poll(cx) else {
                        return;
                    };
                    let call = call.clone();
                    self.flight = Flight::Idle(keep);
                    self.answered(call, answer);
                }
                Flight::Waiting(_, call, again) => {
                    let (call, again) = (call.clone(), *again);
                    if self.now() < again {
                        return;
                    }
                    self.call(call);
                }
            }
        }
    }

    /// When a call is to be made again.
    pub(super) const fn again_at(&self) -> Option<Duration> {
        match &self.flight {
            Flight::Waiting(_, _, again) => Some(*again),
            _ => None,
        }
    }

    fn answered(&mut self, call: Call, answer: Answer<K>) {
        let told = match answer {
            Ok(told) => told,
            Err(error) => return self.call_failed(call, error),
        };
        self.failures = 0;
        match (call, told) {
            (_, Told::Loaded(stored)) => self.book.loaded(stored),
            (Call::Commit(mark) | Call::Move(mark), told) => self.committed(&mark, told),
            (Call::Void(zero), _) => self.book.voided(zero),
            (Call::Load, _) => {}
        }
        let committed = self.book.committed().map(Checkpoint::cursor);
        let uncommitted = self.book.uncommitted();
        self.shared.note(|stats| {
            stats.committed = committed;
            stats.uncommitted = uncommitted;
        });
    }

    fn committed(&mut self, mark: &Mark, told: Told) {
        // Somebody else with this key is as far or further, so this one is done as well.
        let (stored, is_unchanged) = match told {
            Told::Committed(Commit::Unchanged { current }) => (current, true),
            _ => (mark.checkpoint.clone(), false),
        };
        self.book.commit(mark, stored);
        self.observer.committed(self.book.uncommitted());
        self.shared.note(|stats| {
            stats.commits += 1;
            stats.unchanged += u64::from(is_unchanged);
        });
    }

    fn call_failed(&mut self, call: Call, error: K::Error) {
        self.failures = self.failures.saturating_add(1);
        self.count_failure(call.doing(), &error);
        let wait = if error.is_retryable() {
            self.wait_after(call.doing(), &error, self.failures)
        } else {
            None
        };
        let Some(wait) = wait else {
            self.failed = Some(error);
            return;
        };
        let again = self.now().saturating_add(wait);
        let flight = std::mem::replace(&mut self.flight, Flight::Gone);
        self.flight = match flight {
            Flight::Idle(keep) => Flight::Waiting(keep, call, again),
            other => other,
        };
    }
}
