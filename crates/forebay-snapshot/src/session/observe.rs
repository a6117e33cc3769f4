//! Metrics, a span and events of a session, or nothing at all where their features are off.
#![cfg_attr(
    not(all(feature = "metrics", feature = "tracing")),
    allow(
        unused_variables,
        clippy::missing_const_for_fn,
        clippy::needless_pass_by_ref_mut,
        clippy::unused_self,
        reason = "what is not observed is not looked at"
    )
)]

use std::fmt::Debug;
use std::time::Instant;

#[cfg(feature = "metrics")]
use metrics::{Counter, Histogram};

use crate::Message;
use crate::session::event::{SessionEvent, SessionOutput, SessionUsage};
#[cfg(feature = "metrics")]
use crate::{Restart, SessionError};

/// What a session tells of itself. The metrics are those of the recorder that is installed when the
/// session is started.
pub(crate) struct Observer {
    #[cfg(feature = "metrics")]
    started_at: Instant,
    #[cfg(feature = "metrics")]
    metrics: Metrics,
    /// What the metrics know of already.
    #[cfg(feature = "metrics")]
    told: SessionUsage,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Observer {
    pub(crate) fn new<P: Debug>(now: Instant, local: &P) -> Self {
        let observer = Self {
            #[cfg(feature = "metrics")]
            started_at: now,
            #[cfg(feature = "metrics")]
            metrics: Metrics::new(),
            #[cfg(feature = "metrics")]
            told: SessionUsage::default(),
            #[cfg(feature = "tracing")]
            span: tracing::debug_span!("snapshot.session", ?local),
        };
        #[cfg(feature = "metrics")]
        observer.metrics.started.increment(1);
        observer
    }

    pub(crate) fn asked<P>(&self, message: &Message<P>) {
        #[cfg(feature = "metrics")]
        match message {
            Message::Request { .. } => self.metrics.requests.increment(1),
            Message::Fetch { .. } => self.metrics.fetches.increment(1),
            _ => {}
        }
    }

    /// Tells how much was fetched since this was called last.
    pub(crate) fn used(&mut self, usage: &SessionUsage) {
        #[cfg(feature = "metrics")]
        {
            let more =
                |count: fn(&SessionUsage) -> u64| count(usage).saturating_sub(count(&self.told));
            let metrics = &self.metrics;
            metrics.fetched_bytes.increment(more(|it| it.fetched_bytes));
            metrics.wasted_bytes.increment(more(|it| it.wasted_bytes));
            metrics.reused_bytes.increment(more(|it| it.reused_bytes));
            self.told = *usage;
        }
    }

    pub(crate) fn event<P: Debug>(&self, event: &SessionEvent<P>) {
        #[cfg(feature = "metrics")]
        self.metrics.of(event).increment(1);
        #[cfg(feature = "tracing")]
        trace_event(&self.span, event);
    }

    /// The state is whole, or the session has ended.
    pub(crate) fn output<S, P, E>(&self, now: Instant, output: &SessionOutput<S, P, E>) {
        #[cfg(feature = "metrics")]
        match output {
            SessionOutput::Done { replay, .. } => {
                self.metrics.installed.increment(1);
                self.metrics.replayed.increment(replay.len() as u64);
                let took = now.saturating_duration_since(self.started_at);
                self.metrics.seconds.record(took);
            }
            SessionOutput::Failed(error) => self.metrics.failed.of(error).increment(1),
            _ => {}
        }
        #[cfg(feature = "tracing")]
        trace_output(&self.span, output);
    }
}

#[cfg(feature = "tracing")]
fn trace_event<P: Debug>(span: &tracing::Span, event: &SessionEvent<P>) {
    use tracing::{debug, trace, warn};

    match event {
        SessionEvent::Divergence { anchor, roots } => {
            warn!(parent: span, %anchor, ?roots, "peers name different roots for one anchor");
        }
        SessionEvent::Banned { peer, piece, error } => {
            warn!(parent: span, ?peer, ?piece, %error, "a provider sent what is wrong");
        }
        SessionEvent::Refused { peer, why } => {
            debug!(parent: span, ?peer, ?why, "a peer offers nothing");
        }
        SessionEvent::TimedOut { peer } => {
            debug!(parent: span, ?peer, "a provider did not answer in time");
        }
        SessionEvent::Ignored { peer, why } => {
            trace!(parent: span, ?peer, ?why, "a message was left out of account");
        }
        SessionEvent::Restarted { anchor, why } => {
            debug!(parent: span, %anchor, ?why, "another snapshot is looked for");
        }
        SessionEvent::InstallPending { since } => {
            warn!(parent: span, ?since, "the state waits to be installed");
        }
    }
}

#[cfg(feature = "tracing")]
fn trace_output<S, P, E>(span: &tracing::Span, output: &SessionOutput<S, P, E>) {
    use tracing::{debug, info, warn};

    match output {
        SessionOutput::Install { anchor, .. } => {
            debug!(parent: span, %anchor, "the state is whole");
        }
        SessionOutput::Done { anchor, replay } => {
            info!(parent: span, %anchor, entries = replay.len(), "the state is installed");
        }
        SessionOutput::Failed(error) => warn!(parent: span, %error, "there will be no state"),
        _ => {}
    }
}

#[cfg(feature = "metrics")]
struct Metrics {
    started: Counter,
    requests: Counter,
    fetches: Counter,
    fetched_bytes: Counter,
    wasted_bytes: Counter,
    reused_bytes: Counter,
    divergences: Counter,
    banned: Counter,
    refused: Counter,
    timed_out: Counter,
    ignored: Counter,
    no_provider: Counter,
    stalled: Counter,
    log_moved: Counter,
    install_pending: Counter,
    installed: Counter,
    replayed: Counter,
    seconds: Histogram,
    failed: Failed,
}

#[cfg(feature = "metrics")]
struct Failed {
    cancelled: Counter,
    deadline: Counter,
    install: Counter,
    content: Counter,
    spool: Counter,
}

#[cfg(feature = "metrics")]
impl Metrics {
    fn new() -> Self {
        let counter = |what| metrics::counter!(format!("forebay_snapshot_session_{what}_total"));
        let restarted =
            |why| metrics::counter!("forebay_snapshot_session_restarted_total", "why" => why);
        Self {
            started: counter("started"),
            requests: counter("requests"),
            fetches: counter("fetches"),
            fetched_bytes: counter("fetched_bytes"),
            wasted_bytes: counter("wasted_bytes"),
            reused_bytes: counter("reused_bytes"),
            divergences: counter("divergences"),
            banned: counter("banned"),
            refused: counter("refused"),
            timed_out: counter("timed_out"),
            ignored: counter("ignored"),
            no_provider: restarted("no_provider"),
            stalled: restarted("stalled"),
            log_moved: restarted("log_moved"),
            install_pending: counter("install_pending"),
            installed: counter("installed"),
            replayed: counter("replayed"),
            seconds: metrics::histogram!("forebay_snapshot_session_seconds"),
            failed: Failed::new(),
        }
    }

    const fn of<P>(&self, event: &SessionEvent<P>) -> &Counter {
        match event {
            SessionEvent::Divergence { .. } => &self.divergences,
            SessionEvent::Banned { .. } => &self.banned,
            SessionEvent::Refused { .. } => &self.refused,
            SessionEvent::TimedOut { .. } => &self.timed_out,
            SessionEvent::Ignored { .. } => &self.ignored,
            SessionEvent::Restarted { why, .. } => match why {
                Restart::NoProvider => &self.no_provider,
                Restart::Stalled => &self.stalled,
                Restart::LogMoved => &self.log_moved,
            },
            SessionEvent::InstallPending { .. } => &self.install_pending,
        }
    }
}

#[cfg(feature = "metrics")]
impl Failed {
    fn new() -> Self {
        let counter =
            |why| metrics::counter!("forebay_snapshot_session_failed_total", "why" => why);
        Self {
            cancelled: counter("cancelled"),
            deadline: counter("deadline"),
            install: counter("install"),
            content: counter("content"),
            spool: counter("spool"),
        }
    }

    const fn of(&self, error: &SessionError) -> &Counter {
        match error {
            SessionError::Cancelled => &self.cancelled,
            SessionError::Deadline => &self.deadline,
            SessionError::Install => &self.install,
            SessionError::Content(_) => &self.content,
            SessionError::Spool(_) => &self.spool,
        }
    }
}
