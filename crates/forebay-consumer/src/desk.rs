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

    pub(crate) fn enter(&self, phase: Phase) {
        self.shared.note(|stats| stats.phase = phase);
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

    /// Returns how long to wait after a failure, and tells of it; or `None` to give up.
    pub(crate) fn wait_after(
        &mut self,
        doing: Doing,
        error: &dyn fmt::Display,
        failures: u32,
    ) -> Option<Duration> {
        self.shared.note(|stats| {
            stats.last_error = Some(Arc::from(error.to_string()));
            *match doing {
                Doing::Follow => &mut stats.interruptions,
                Doing::Apply | Doing::BeginAnew | Doing::Flush => &mut stats.handler_failures,
                Doing::Load | Doing::Commit | Doing::Reset => &mut stats.store_failures,
            } += 1;
        });
        self.observer.failed(doing, error);
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
