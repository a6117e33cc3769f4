use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::time::Instant;

use crate::Message;
use crate::provider::observe::Observer;
use crate::provider::output::{Marker, ProviderEvent, ProviderOutput};

/// More events than this are counted and dropped.
const EVENTS_MAX: usize = 256;

/// How many peers may be remembered for whom nothing waits.
const IDLE_MAX: usize = 64;

/// What waits for the host to take it.
#[derive(Debug)]
pub(crate) struct Outbox<P> {
    messages: VecDeque<Letter<P>>,
    /// What could not be sent, with when to try again; in the order in which that happened.
    unsent: VecDeque<(Instant, Letter<P>)>,
    marker: Option<Marker<P>>,
    events: VecDeque<ProviderEvent<P>>,
    events_dropped: u64,
    /// How many answers with data wait for each peer. Zeros stay for a while, since whoever fetches
    /// once does so again.
    data: BTreeMap<P, usize>,
    bytes: usize,
    observer: Observer,
}

#[derive(Debug)]
struct Letter<P> {
    to: P,
    message: Message<P>,
    /// How many bytes cannot be freed before it is sent.
    held: usize,
}

impl<P: Clone + Debug + Ord> Outbox<P> {
    pub(crate) fn new() -> Self {
        Self {
            messages: VecDeque::new(),
            unsent: VecDeque::new(),
            marker: None,
            events: VecDeque::new(),
            events_dropped: 0,
            data: BTreeMap::new(),
            bytes: 0,
            observer: Observer::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len().saturating_add(self.unsent.len())
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) const fn events_dropped(&self) -> u64 {
        self.events_dropped
    }

    pub(crate) fn data_of(&self, peer: &P) -> usize {
        self.data.get(peer).copied().unwrap_or(0)
    }

    /// Queues a message which, while it waits, keeps so many bytes.
    pub(crate) fn send(&mut self, to: P, message: Message<P>, held: usize) {
        self.observer.answered(&message);
        let letter = Letter { to, message, held };
        self.count(&letter);
        self.messages.push_back(letter);
    }

    /// Queues a message again, from `at` on.
    pub(crate) fn send_later(&mut self, at: Instant, to: P, message: Message<P>) {
        let held = message.held();
        let letter = Letter { to, message, held };
        self.count(&letter);
        self.unsent.push_back((at, letter));
    }

    /// When the first message is to be tried again.
    pub(crate) fn unsent_at(&self) -> Option<Instant> {
        self.unsent.front().map(|(at, _)| *at)
    }

    pub(crate) fn retry(&mut self, now: Instant) {
        while self.unsent_at().is_some_and(|at| at <= now) {
            let letter = self.unsent.pop_front().map(|(_, letter)| letter);
            self.messages.extend(letter);
        }
    }

    pub(crate) fn feed(&mut self, marker: Marker<P>) {
        self.observer.fed();
        self.marker = Some(marker);
    }

    /// Takes back a marker that the host has not fetched yet.
    pub(crate) fn unfeed(&mut self) {
        self.marker = None;
    }

    pub(crate) fn event(&mut self, event: ProviderEvent<P>) {
        self.observer.event(&event);
        if self.events.len() < EVENTS_MAX {
            self.events.push_back(event);
        } else {
            self.events_dropped = self.events_dropped.saturating_add(1);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<ProviderOutput<P>> {
        if let Some(letter) = self.messages.pop_front() {
            self.uncount(&letter);
            let Letter { to, message, .. } = letter;
            return Some(ProviderOutput::Send { to, message });
        }
        if let Some(marker) = self.marker.take() {
            return Some(ProviderOutput::Feed(marker));
        }
        self.events.pop_front().map(ProviderOutput::Event)
    }

    /// Drops what waits for a peer that is gone.
    pub(crate) fn forget(&mut self, peer: &P) {
        let (messages, unsent) = (&mut self.messages, &mut self.unsent);
        let held = messages
            .iter()
            .chain(unsent.iter().map(|(_, letter)| letter));
        let held = held
            .filter(|letter| letter.to == *peer)
            .map(|letter| letter.held);
        self.bytes = self.bytes.saturating_sub(held.sum());
        messages.retain(|letter| letter.to != *peer);
        unsent.retain(|(_, letter)| letter.to != *peer);
        self.data.remove(peer);
    }

    fn count(&mut self, letter: &Letter<P>) {
        self.bytes = self.bytes.saturating_add(letter.held);
        if matches!(letter.message, Message::Data { .. }) {
            if let Some(data) = self.data.get_mut(&letter.to) {
                *data = data.saturating_add(1);
                return;
            }
            if self.data.len() >= IDLE_MAX {
                self.data.retain(|_, data| *data > 0);
            }
            self.data.insert(letter.to.clone(), 1);
        }
    }

    fn uncount(&mut self, letter: &Letter<P>) {
        self.bytes = self.bytes.saturating_sub(letter.held);
        if matches!(letter.message, Message::Data { .. })
            && let Some(data) = self.data.get_mut(&letter.to)
        {
            *data = data.saturating_sub(1);
        }
    }
}
