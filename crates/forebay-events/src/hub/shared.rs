use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use foldhash::fast::RandomState;
use forebay_core::Sequence;
use forebay_rt::alarm::{Alarm, NEVER, Timed, nanos};
use forebay_rt::sync::{AtomicU64, Mutex, lock};

use crate::hub::end::End;
use crate::hub::error::SubscribeError;
use crate::hub::ledger::Ledger;
use crate::hub::ledger::account::AccountId;
use crate::hub::ledger::line::Line;
use crate::hub::observe::Counters;
use crate::hub::settings::Settings;
use crate::hub::snapshot::AnySource;
use crate::hub::snapshot::build::Build;
use crate::hub::tokens::Tokens;
use crate::hub::topic::Topic;

/// What the publisher of a hub, its handles, its feeds and its builds have in common.
pub(crate) struct Shared<K, T: Send + Sync + 'static, E> {
    topics: Mutex<Topics<K, T, E>>,
    /// The last sequence that was published. It is written before anybody can see an event with it,
    /// so no cursor that a feed has from an event is ever ahead of it.
    head: AtomicU64,
    pub(crate) source: Box<dyn AnySource<K, T, E>>,
    pub(crate) settings: Arc<Settings<T>>,
    pub(crate) tokens: Tokens,
    pub(crate) counters: Counters,
    alarm: Alarm,
    /// The snapshots that are kept, in the order in which their time comes, which is that in which
    /// they were built; some of them may have been given up since.
    kept: Mutex<VecDeque<Expiry<K, T, E>>>,
}

struct Topics<K, T: Send + Sync + 'static, E> {
    ledgers: HashMap<Topic, Arc<Ledger<K, T, E>>, RandomState>,
    end: Option<Arc<End<E>>>,
}

/// When a snapshot that is kept is to be given up.
struct Expiry<K, T: Send + Sync + 'static, E> {
    at: u64,
    ledger: Weak<Ledger<K, T, E>>,
    id: AccountId,
    line: Weak<Line<T>>,
    build: Weak<Build<T, E>>,
}

impl<K, T, E> Shared<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) fn new(source: Box<dyn AnySource<K, T, E>>, settings: Settings<T>) -> Self {
        let topics = Topics {
            ledgers: HashMap::default(),
            end: None,
        };
        Self {
            topics: Mutex::new(topics),
            head: AtomicU64::new(0),
            source,
            alarm: Alarm::new(Arc::clone(&settings.runtime)),
            settings: Arc::new(settings),
            tokens: Tokens::default(),
            counters: Counters::new(),
            kept: Mutex::default(),
        }
    }

    pub(crate) fn head(&self) -> Sequence {
        // Acquire: pairs with `set_head`.
        Sequence::new(self.head.load(Ordering::Acquire))
    }

    pub(crate) fn set_head(&self, head: Sequence) {
        // Release: pairs with `head`. Who has seen an event has it from a log, and publishing to a
        // log comes after this.
        self.head.store(head.get(), Ordering::Release);
    }

    pub(crate) fn now(&self) -> u64 {
        self.alarm.now()
    }

    /// Returns the ledger of a topic, unless the hub has ended.
    pub(crate) fn ledger(&self, topic: &Topic) -> Result<Arc<Ledger<K, T, E>>, SubscribeError<E>> {
        let mut topics = lock(&self.topics);
        if let Some(end) = &topics.end {
            return Err(end.to_subscribe_error());
        }
        if let Some(ledger) = topics.ledgers.get(topic) {
            return Ok(Arc::clone(ledger));
        }
        let ledger = Arc::new(Ledger::new(&self.settings));
        topics.ledgers.insert(topic.clone(), Arc::clone(&ledger));
        Ok(ledger)
    }

    /// Returns the ledger of a topic if it is known.
    pub(crate) fn known(&self, topic: &Topic) -> Option<Arc<Ledger<K, T, E>>> {
        lock(&self.topics).ledgers.get(topic).cloned()
    }

    pub(crate) fn ledgers(&self) -> Vec<Arc<Ledger<K, T, E>>> {
        lock(&self.topics).ledgers.values().cloned().collect()
    }

    /// Ends the hub after everything that was published.
    pub(crate) fn end(&self, end: End<E>) {
        let end = Arc::new(end);
        let is_first = {
            let mut topics = lock(&self.topics);
            let is_first = topics.end.is_none();
            topics.end.get_or_insert_with(|| Arc::clone(&end));
            is_first
        };
        if is_first {
            for ledger in self.ledgers() {
                ledger.end(&end);
            }
        }
    }

    /// Ends the hub and all feeds at once.
    pub(crate) fn shut_down(&self) {
        let before = lock(&self.topics).end.replace(Arc::new(End::ShutDown));
        drop(before);
        for ledger in self.ledgers() {
            self.counters.cancelled.add(ledger.shut_down());
        }
        self.expire_until(NEVER);
    }

    /// Keeps the snapshot of a build that has its outcome, if that was asked for and is worth it.
    pub(crate) fn settle(
        self: &Arc<Self>,
        ledger: &Arc<Ledger<K, T, E>>,
        id: AccountId,
        line: &Arc<Line<T>>,
        build: &Arc<Build<T, E>>,
    ) {
        let expires = self
            .settings
            .cache
            .map(|ttl| self.now().saturating_add(nanos(ttl)));
        let is_kept = ledger.settle(id, line, build, expires);
        let Some(at) = expires.filter(|_| is_kept) else {
            return;
        };
        let expiry = Expiry {
            at,
            ledger: Arc::downgrade(ledger),
            id,
            line: Arc::downgrade(line),
            build: Arc::downgrade(build),
        };
        lock(&self.kept).push_back(expiry);
        if self.alarm.arm(&Arc::downgrade(self), at).is_err() {
            // Nobody would ever give it up.
            ledger.evict(id, line, build);
        }
    }

    /// Gives up the snapshots whose time has come; returns when that of the next one comes.
    fn expire_until(&self, now: u64) -> u64 {
        loop {
            let due = {
                let mut kept = lock(&self.kept);
                match kept.front() {
                    Some(first) if first.at > now => return first.at,
                    Some(_) => kept.pop_front(),
                    None => None,
                }
            };
            let Some(due) = due else {
                return NEVER;
            };
            due.evict();
        }
    }
}

impl<K, T, E> Expiry<K, T, E>
where
    K: Clone + Eq + Hash,
    T: Send + Sync + 'static,
{
    fn evict(&self) {
        if let Some(ledger) = self.ledger.upgrade()
            && let Some(line) = self.line.upgrade()
            && let Some(build) = self.build.upgrade()
        {
            ledger.evict(self.id, &line, &build);
        }
    }
}

impl<K, T, E> Timed for Shared<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn expire(&self, now: u64) -> u64 {
        self.expire_until(now)
    }

    /// The runtime ended, and nobody waits who could start the timer anew, so nothing is kept.
    fn wake_timed(&self) {
        self.expire_until(NEVER);
    }
}
