use std::collections::VecDeque;
use std::fmt::Debug;
use std::time::Instant;

use crate::Message;
use crate::session::event::{SessionEvent, SessionOutput, SessionUsage};
use crate::session::observe::Observer;

/// How many events wait to be polled; those after them are only counted.
const EVENTS_MAX: usize = 64;

/// How many messages wait to be polled. Those after them are lost, as any message may be.
const MESSAGES_MAX: usize = 1 << 12;

/// What waits to be polled, in order.
pub(crate) struct Outputs<S, P, E> {
    queue: VecDeque<SessionOutput<S, P, E>>,
    messages: usize,
    events: usize,
    events_dropped: u64,
    observer: Observer,
}

impl<S, P: Debug, E> Outputs<S, P, E> {
    pub(crate) const fn new(observer: Observer) -> Self {
        Self {
            observer,
            queue: VecDeque::new(),
            messages: 0,
            events: 0,
            events_dropped: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) const fn events_dropped(&self) -> u64 {
        self.events_dropped
    }

    pub(crate) fn send(&mut self, to: P, message: Message<P>) {
        if self.messages < MESSAGES_MAX {
            self.messages += 1;
            self.observer.asked(&message);
            self.queue.push_back(SessionOutput::Send { to, message });
        }
    }

    pub(crate) fn event(&mut self, event: SessionEvent<P>) {
        self.observer.event(&event);
        if self.events < EVENTS_MAX {
            self.events += 1;
            self.queue.push_back(SessionOutput::Event(event));
        } else {
            self.events_dropped = self.events_dropped.saturating_add(1);
        }
    }

    /// Adds what a session gives out a few times at most.
    pub(crate) fn push(&mut self, now: Instant, output: SessionOutput<S, P, E>) {
        self.observer.output(now, &output);
        self.queue.push_back(output);
    }

    /// Learns how much was fetched.
    pub(crate) fn used(&mut self, usage: &SessionUsage) {
        self.observer.used(usage);
    }

    pub(crate) fn pop(&mut self) -> Option<SessionOutput<S, P, E>> {
        let output = self.queue.pop_front()?;
        match output {
            SessionOutput::Send { .. } => self.messages = self.messages.saturating_sub(1),
            SessionOutput::Event(_) => self.events = self.events.saturating_sub(1),
            _ => {}
        }
        Some(output)
    }
}
