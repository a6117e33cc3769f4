use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;
use forebay_core::Sequence;

use crate::NotRising;
use crate::hub::Hub;
use crate::hub::batch::{Batch, Change};
use crate::hub::end::End;
use crate::hub::ledger::account::AccountId;
use crate::hub::ledger::line::Line;
use crate::hub::ledger::{Draft, Ledger};
use crate::hub::shared::Shared;
use crate::hub::topic::Topic;

/// Publishes to a hub. There is one for each hub, and it is not `Clone`, so sequences rise by
/// ownership.
///
/// It never waits for subscribers or for snapshots. Dropping it without [`close`](Self::close) tells
/// them that it is lost.
///
/// # Examples
///
/// ```
/// # mod source {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/nothing.rs"));
/// # }
/// # use source::Nothing;
/// use forebay_events::{Batch, Hub, Request, SubscribeError, Topic};
///
/// # #[cfg(feature = "tokio")] {
/// let mut publisher = Hub::builder(Nothing).build().unwrap();
/// let hub = publisher.hub();
/// let (services, nodes) = (Topic::from("services"), Topic::from("nodes"));
///
/// publisher.publish_one(1, &services, "web", 1).unwrap();
/// let mut batch = Batch::new();
/// batch.push(&services, "db", 2);
/// batch.push(&nodes, "n1", 3);
/// publisher.publish(2, batch).unwrap();
///
/// // A sequence is used once, and nothing of the batch is lost.
/// let again = publisher.publish(2, Batch::from_iter([(nodes, "n1", 4)])).unwrap_err();
/// assert_eq!(again.rejected.len(), 1);
/// assert_eq!((publisher.head().get(), hub.head().get()), (2, 2));
///
/// hub.shutdown();
/// let late = hub.subscribe(Request::new("services").key("web"));
/// assert_eq!(late.unwrap_err(), SubscribeError::ShuttingDown);
/// # }
/// ```
pub struct HubPublisher<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    shared: Arc<Shared<K, T, E>>,
    head: Sequence,
    /// Those it has published to, so that it need not look them up among all.
    ledgers: HashMap<Topic, Arc<Ledger<K, T, E>>, RandomState>,
    is_ended: bool,
}

/// What is published to one topic in one call.
struct Delivery<K, T: Send + Sync + 'static, E> {
    ledger: Arc<Ledger<K, T, E>>,
    drafts: Vec<Draft<K, T>>,
    /// The line of the whole topic, and what goes there.
    whole: Option<(Arc<Line<T>>, Vec<T>)>,
}

impl<K, T, E> HubPublisher<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Publishes a batch, all of which has `sequence`.
    ///
    /// What each feed follows of it reaches the feed in one step. An event whose key nobody follows
    /// is dropped, and its sequence remembered. An event is cloned only where its key and its whole
    /// topic are both followed. An empty batch is progress without events.
    ///
    /// # Errors
    ///
    /// [`NotRising`] with the batch if `sequence` is not greater than all before. Nothing is
    /// published then.
    ///
    /// # Examples
    ///
    /// See [`HubPublisher`].
    pub fn publish(
        &mut self,
        sequence: impl Into<Sequence>,
        batch: Batch<K, T>,
    ) -> Result<(), NotRising<Batch<K, T>>> {
        let sequence = sequence.into();
        if sequence <= self.head {
            return Err(NotRising::new(batch, sequence, self.head));
        }
        self.begin(sequence);
        let mut changes = batch.into_changes();
        let is_of_one_topic = changes.windows(2).all(|two| two[0].topic == two[1].topic);
        if !is_of_one_topic {
            changes.sort_by(|one, other| one.topic.cmp(&other.topic));
        }
        let mut deliveries = Vec::new();
        let mut changes = changes.into_iter().peekable();
        while let Some(first) = changes.next() {
            let topic = first.topic.clone();
            let same = std::iter::from_fn(|| changes.next_if(|change| change.topic == topic));
            let of_topic = std::iter::once(first).chain(same);
            deliveries.extend(self.address(sequence, &topic, of_topic));
        }
        // The user's `Clone` has run for all of them by now, so if it panics nothing was published.
        for delivery in deliveries {
            self.deliver(sequence, delivery);
        }
        Ok(())
    }

    /// Publishes a single change, as [`publish`](HubPublisher::publish) does a batch of one.
    ///
    /// # Errors
    ///
    /// [`NotRising`] with the key and the event if `sequence` is not greater than all before.
    ///
    /// # Examples
    ///
    /// See [`HubPublisher`].
    pub fn publish_one(
        &mut self,
        sequence: impl Into<Sequence>,
        topic: &Topic,
        key: K,
        event: T,
    ) -> Result<(), NotRising<(K, T)>> {
        let sequence = sequence.into();
        if sequence <= self.head {
            return Err(NotRising::new((key, event), sequence, self.head));
        }
        self.begin(sequence);
        let Some(ledger) = self.ledger(topic) else {
            return Ok(());
        };
        let mut draft = [Draft::new(&ledger, key, event)];
        let whole = ledger.route(sequence, &mut draft);
        let [Draft { event, line, .. }] = draft;
        let (for_whole, for_key) = match (&whole, &line) {
            (Some(_), Some(_)) => (event.clone(), event),
            (Some(_), None) => (event, None),
            (None, _) => (None, event),
        };
        self.shared.counters.published.count();
        if let Some((whole, event)) = whole.zip(for_whole) {
            self.append(&ledger, AccountId::Whole, &whole, sequence, event);
        }
        match line.zip(for_key) {
            Some(((id, line), event)) => self.append(&ledger, id, &line, sequence, event),
            None => self.shared.counters.unfollowed.count(),
        }
        Ok(())
    }
}

impl<K, T, E> HubPublisher<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) fn new(shared: Arc<Shared<K, T, E>>) -> Self {
        Self {
            shared,
            head: Sequence::ZERO,
            ledgers: HashMap::default(),
            is_ended: false,
        }
    }

    /// Returns a handle for those who subscribe. It does not keep the hub going: that ends with
    /// the publisher.
    ///
    /// # Examples
    ///
    /// See [`HubPublisher`].
    #[must_use]
    pub fn hub(&self) -> Hub<K, T, E> {
        Hub::new(Arc::clone(&self.shared))
    }

    /// Returns the last sequence that was published; zero before the first.
    ///
    /// # Examples
    ///
    /// See [`HubPublisher`].
    #[must_use]
    pub const fn head(&self) -> Sequence {
        self.head
    }

    /// Ends the hub. Feeds get everything that was published, and then
    /// [`Closed`](crate::FeedError::Closed).
    ///
    /// # Examples
    ///
    /// As for [`fail`](Self::fail).
    pub fn close(mut self) {
        self.end(End::Closed);
    }

    /// Ends the hub with an error. Feeds get everything that was published, and then the error.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod source {
    /// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/nothing.rs"));
    /// # }
    /// # use source::{Down, Nothing};
    /// use forebay_events::{FeedError, Hub, Request};
    ///
    /// # #[cfg(feature = "tokio")]
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let mut publisher = Hub::builder(Nothing).build()?;
    /// let mut feed = publisher.hub().subscribe(Request::new("health").key(7))?;
    /// feed.next().await?;
    /// publisher.publish_one(1, &"health".into(), 7, 70)?;
    /// publisher.fail(Down);
    /// // What came before the end is delivered before it.
    /// feed.next().await?;
    /// assert_eq!(feed.next().await.unwrap_err(), FeedError::Failed(Down.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail(mut self, error: E) {
        self.end(End::Failed(Arc::new(error)));
    }

    fn end(&mut self, end: End<E>) {
        if !std::mem::replace(&mut self.is_ended, true) {
            self.shared.end(end);
        }
    }

    fn begin(&mut self, sequence: Sequence) {
        self.head = sequence;
        self.shared.set_head(sequence);
    }

    /// Returns the ledger of a topic, unless the hub was shut down.
    fn ledger(&mut self, topic: &Topic) -> Option<Arc<Ledger<K, T, E>>> {
        if let Some(ledger) = self.ledgers.get(topic) {
            return Some(Arc::clone(ledger));
        }
        let ledger = self.shared.ledger(topic).ok()?;
        self.ledgers.insert(topic.clone(), Arc::clone(&ledger));
        Some(ledger)
    }

    fn append(
        &self,
        ledger: &Ledger<K, T, E>,
        id: AccountId,
        line: &Arc<Line<T>>,
        sequence: Sequence,
        event: T,
    ) {
        let is_enough = line.writer.append(1, |publisher| {
            let _ = publisher.append(sequence, event);
        });
        if is_enough {
            self.relieve(ledger, id, line);
        }
    }

    fn append_all(
        &self,
        ledger: &Ledger<K, T, E>,
        id: AccountId,
        line: &Arc<Line<T>>,
        sequence: Sequence,
        events: Vec<T>,
    ) {
        let is_enough = line.writer.append(events.len() as u64, |publisher| {
            let _ = publisher.append_all(sequence, events);
        });
        if is_enough {
            self.relieve(ledger, id, line);
        }
    }

    #[cold]
    fn relieve(&self, ledger: &Ledger<K, T, E>, id: AccountId, line: &Arc<Line<T>>) {
        let cancelled = ledger.relieve(id, line);
        self.shared.counters.cancelled.add(cancelled);
    }

    /// Appends what belongs to one topic: to the whole of it first, then key by key.
    fn deliver(&self, sequence: Sequence, delivery: Delivery<K, T, E>) {
        let Delivery {
            ledger,
            mut drafts,
            whole,
        } = delivery;
        if let Some((line, events)) = whole {
            self.append_all(&ledger, AccountId::Whole, &line, sequence, events);
        }
        // Stable, so that what belongs to one key keeps its order.
        drafts.sort_by_key(|draft| {
            draft
                .line
                .as_ref()
                .map(|(_, line)| Arc::as_ptr(line).addr())
        });
        let mut drafts = drafts.into_iter().peekable();
        while let Some(first) = drafts.next() {
            let Some((id, line)) = first.line else {
                self.shared.counters.unfollowed.count();
                continue;
            };
            let is_same = |draft: &Draft<K, T>| {
                let of_draft = draft.line.as_ref();
                of_draft.is_some_and(|(_, other)| Arc::ptr_eq(other, &line))
            };
            let mut events: Vec<T> = first.event.into_iter().collect();
            while let Some(draft) = drafts.next_if(is_same) {
                events.extend(draft.event);
            }
            self.append_all(&ledger, id, &line, sequence, events);
        }
    }
}

impl<K, T, E> HubPublisher<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Finds who follows changes of one topic.
    fn address(
        &mut self,
        sequence: Sequence,
        topic: &Topic,
        changes: impl Iterator<Item = Change<K, T>>,
    ) -> Option<Delivery<K, T, E>> {
        let ledger = self.ledger(topic)?;
        let drafts = changes.map(|change| Draft::new(&ledger, change.key, change.event));
        let mut drafts: Vec<_> = drafts.collect();
        self.shared.counters.published.add(drafts.len());
        let line = ledger.route(sequence, &mut drafts);
        let whole = line.map(|line| {
            let events = drafts.iter_mut().filter_map(Draft::for_whole_topic);
            (line, events.collect())
        });
        Some(Delivery {
            ledger,
            drafts,
            whole,
        })
    }
}

impl<K, T, E> Drop for HubPublisher<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.end(End::PublisherLost);
    }
}

impl<K, T, E> fmt::Debug for HubPublisher<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubPublisher")
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}
