//! What goes on beside the handler: the one call of the store, its retries, the timer, and the wish to
//! stop. All waiting of a consumer goes through here, so that none of it stands still meanwhile.

pub(crate) mod book;
mod flight;
mod waiting;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use forebay_rt::{BoxFuture, Runtime};

use crate::consumer::builder::Settings;
use crate::consumer::shared::Shared;
use crate::consumer::stats::Phase;
use crate::desk::book::Book;
use crate::desk::flight::Flight;
use crate::keep::Keep;
use crate::observe::Observer;
use crate::retry::retrying::{Doing, Retrying};
use crate::retry::{Random, Retry};

pub(crate) use crate::desk::waiting::{Interest, Raced};

pub(crate) struct Desk<K: Keep> {
    pub(crate) settings: Settings,
    pub(crate) book: Book,
    pub(crate) shared: Arc<Shared>,
    pub(crate) observer: Observer,
    runtime: Arc<dyn Runtime>,
    random: Random,
    flight: Flight<K>,
    /// Of calls of the store, in a row.
    failures: u32,
    /// How the store failed for good.
    failed: Option<K::Error>,
    /// The timer, and what it is set to.
    sleep: Option<(Duration, BoxFuture<'static, ()>)>,
    has_no_timer: bool,
    /// When everything has to be finished.
    deadline: Option<Duration>,
    /// How often in a row nothing had to be waited for.
    streak: u8,
}

/// Why a consumer cannot just go on.
#[derive(Debug)]
pub(crate) enum Interruption<E> {
    Stopped,
    Failed(E),
    NoTimer,
}

impl<K: Keep> Desk<K> {
    pub(crate) fn new(
        settings: Settings,
        runtime: Arc<dyn Runtime>,
        seed: u64,
        shared: Arc<Shared>,
        keep: K,
    ) -> Self {
        Self {
            observer: Observer::new(&settings.name),
            settings,
            book: Book::default(),
            shared,
            runtime,
            random: Random::new(seed),
            flight: Flight::Idle(keep),
            failures: 0,
            failed: None,
            sleep: None,
            has_no_timer: false,
            deadline: None,
            streak: 0,
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.runtime.now()
    }

    /// Returns the phase before.
    pub(crate) fn enter(&self, phase: Phase) -> Phase {
        let mut before = phase;
        self.shared
            .note(|stats| before = std::mem::replace(&mut stats.phase, phase));
        before
    }

    /// Returns why the consumer cannot just go on, once, or that it was stopped, each time.
    pub(crate) fn interruption(&mut self) -> Option<Interruption<K::Error>> {
        if let Some(error) = self.failed.take() {
            return Some(Interruption::Failed(error));
        }
        if self.has_no_timer {
            return Some(Interruption::NoTimer);
        }
        self.shared.is_stopped().then_some(Interruption::Stopped)
    }

    fn is_interrupted(&self) -> bool {
        self.failed.is_some() || self.has_no_timer || self.shared.is_stopped()
    }

    /// From now on everything has to be finished within the time for that.
    pub(crate) fn begin_to_end(&mut self) {
        let end = self.now().saturating_add(self.settings.shutdown_timeout);
        self.deadline.get_or_insert(end);
    }

    /// Counts a failure, whether or not anything is tried again.
    pub(crate) fn count_failure(&self, doing: Doing, error: &dyn fmt::Display) {
        // An error is of the user's, so it does not speak under the lock.
        let said: Arc<str> = Arc::from(error.to_string());
        self.observer.failed(doing, &said);
        self.shared.note(|stats| {
            stats.last_error = Some(said);
            *match doing {
                Doing::Follow => &mut stats.interruptions,
                Doing::Apply | Doing::BeginAnew | Doing::Flush => &mut stats.handler_failures,
                Doing::Load | Doing::Commit | Doing::Reset => &mut stats.store_failures,
            } += 1;
        });
    }

    /// Takes note of a gap.
    pub(crate) fn missed(&self, error: Option<&impl fmt::Display>) {
        let said: Option<Arc<str>> = error.map(|error| Arc::from(error.to_string()));
        self.observer.gap(said.as_deref());
        self.shared.note(|stats| {
            if said.is_some() {
                stats.last_error = said;
            }
        });
    }

    /// Returns how long to wait after a failure, and tells of it; or `None` to give up.
    pub(crate) fn wait_after(
        &mut self,
        doing: Doing,
        error: &dyn fmt::Display,
        failures: u32,
    ) -> Option<Duration> {
        let wait = self.retry(doing).wait(failures, &mut self.random)?;
        if let Some(told) = &self.settings.on_retry {
            told(&Retrying {
                doing,
                error,
                failures,
                wait,
            });
        }
        Some(wait)
    }

    const fn retry(&self, doing: Doing) -> Retry {
        match doing {
            Doing::Follow => self.settings.follow_retry,
            Doing::Apply | Doing::BeginAnew | Doing::Flush => self.settings.handler_retry,
            Doing::Load | Doing::Commit | Doing::Reset => self.settings.store_retry,
        }
    }
}

/// However it ends: at its end, by a panic of what it was given, or because somebody drops it.
impl<K: Keep> Drop for Desk<K> {
    fn drop(&mut self) {
        self.shared.end();
    }
}
