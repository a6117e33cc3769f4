//! Topics and keys: each subscriber gets a snapshot, and then every change after it.
//!
//! A hub has a log for each key that somebody follows, and one for each topic that somebody follows
//! as a whole, so an event wakes nobody but those who follow what it is about. Snapshots come from a
//! [`SnapshotSource`], one build for all who ask at the same time.

mod topic;
mod batch;
mod publisher;
mod builder;
mod request;
mod feed;
mod snapshot;
mod error;
mod stats;

mod shared;
mod settings;
mod tokens;
mod ledger;
mod writer;
mod end;
mod observe;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use forebay_core::{Cursor, Sequence};

pub use crate::hub::batch::Batch;
pub use crate::hub::builder::HubBuilder;
pub use crate::hub::error::{FeedError, SubscribeError};
pub use crate::hub::feed::Feed;
pub use crate::hub::feed::closing::FeedCloser;
pub use crate::hub::feed::frame::Frame;
pub use crate::hub::publisher::HubPublisher;
pub use crate::hub::request::{Request, Token};
pub use crate::hub::snapshot::{SnapshotSource, SnapshotWriter};
pub use crate::hub::stats::HubStats;
pub use crate::hub::topic::{Subject, Topic};

use crate::hub::feed::membership::Membership;
use crate::hub::ledger::offers::{Origin, Reading};
use crate::hub::ledger::{Joined, Ledger};
use crate::hub::shared::Shared;
use crate::hub::snapshot::job::Job;
use crate::{Position, Reason, Subscription};

/// Where subscribers begin. Cloning shares the hub.
///
/// It is made by [`Hub::builder`], which gives the [`HubPublisher`], and that gives handles.
///
/// # Semantics
///
/// * A subscriber without a cursor gets a snapshot and then every event after it, each once.
/// * One with a cursor goes on strictly after it, wherever that lies in what the key's log still has.
///   Where that is not possible it is told so by [`Frame::NewSnapshot`] and gets a snapshot.
/// * A cursor is good for the topic and the key that it came from; for any other it is stale, and so
///   is every cursor from before a [`refresh`](Hub::refresh), and one that is ahead of what was
///   published.
/// * Subscribers that ask at the same time share one snapshot. Neither it nor they delay the
///   publisher.
/// * What was published reaches every feed before the end of the hub does, but for feeds that were
///   closed from outside.
pub struct Hub<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    shared: Arc<Shared<K, T, E>>,
}

impl<K, T, E> Hub<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Begins a hub whose snapshots come from `source`.
    ///
    /// # Examples
    ///
    /// See [`HubBuilder`].
    pub fn builder(source: impl SnapshotSource<K, T, Error = E>) -> HubBuilder<K, T, E> {
        HubBuilder::new(source)
    }

    pub(crate) const fn new(shared: Arc<Shared<K, T, E>>) -> Self {
        Self { shared }
    }

    /// Subscribes. The feed is there at once; it is what waits, for its snapshot and for events.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] says how the hub has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod source {
    /// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/nothing.rs"));
    /// # }
    /// # use source::Nothing;
    /// use forebay_events::{Frame, Hub, Request};
    ///
    /// # #[cfg(feature = "tokio")]
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let mut publisher = Hub::builder(Nothing).build()?;
    /// let hub = publisher.hub();
    /// let mut feed = hub.subscribe(Request::new("health").key(7))?;
    /// assert!(matches!(feed.next().await?, Frame::EndOfSnapshot(_)));
    /// publisher.publish_one(1, &"health".into(), 7, 70)?;
    /// feed.next().await?;
    ///
    /// // It leaves, and comes back before anything has changed.
    /// let cursor = feed.cursor().ok_or("the snapshot is complete")?;
    /// drop(feed);
    /// let mut feed = hub.subscribe(Request::new("health").key(7).resume(cursor))?;
    /// publisher.publish_one(2, &"health".into(), 7, 71)?;
    /// assert!(matches!(feed.next().await?, Frame::Event(entry) if *entry == 71));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe(&self, request: Request<K>) -> Result<Feed<K, T, E>, SubscribeError<E>> {
        let Request {
            topic,
            key,
            cursor,
            token,
        } = request;
        let shared = &self.shared;
        let ledger = shared.ledger(&topic)?;
        let joined = ledger.join(key.as_ref())?;
        let mut membership = self.membership(&ledger, &joined);
        if let Some(token) = token {
            let closing = Arc::default();
            membership.badge = Some(shared.tokens.register(token, &closing));
            membership.closing = Some(closing);
        }
        if let Some(cursor) = cursor {
            if let Some(events) = self.resume(&joined, cursor) {
                shared.counters.resumed.count();
                let floor = cursor.sequence();
                return Ok(Feed::following(membership, events, joined.log, floor));
            }
            shared.counters.stale.count();
        }
        let subject = Subject::new(topic, key);
        Ok(self.read(membership, joined, subject, cursor.is_some()))
    }

    /// Closes the feeds of all who subscribed with `token`, and wakes those who wait for them and
    /// nobody else; returns how many were open.
    ///
    /// They give nothing more, not even what is already there. Subscribing with the token is not
    /// prevented.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod source {
    /// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/nothing.rs"));
    /// # }
    /// # use source::Nothing;
    /// use forebay_events::{FeedError, Hub, Reason, Request, Token};
    ///
    /// # #[cfg(feature = "tokio")]
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let publisher = Hub::builder(Nothing).build()?;
    /// let hub = publisher.hub();
    /// let session = Token::from("session 7");
    /// let mut feed = hub.subscribe(Request::new("health").key(7).token(&session))?;
    /// assert_eq!(hub.force_close(&session), 1);
    /// assert_eq!(feed.next().await.unwrap_err(), FeedError::ForceClosed(Reason::Revoked));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn force_close(&self, token: &Token) -> usize {
        let closed = self.shared.tokens.close(token, &Reason::Revoked);
        self.shared.counters.force_closed.add(closed);
        closed
    }

    /// Lets everybody who follows `topic` begin anew: their feeds end with
    /// [`Refreshed`](Reason::Refreshed), cursors from before are stale, and no snapshot from before
    /// is given any more.
    ///
    /// It is for changes that were not published, such as a state that was restored. Feeds of other
    /// topics go on.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod source {
    /// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/nothing.rs"));
    /// # }
    /// # use source::Nothing;
    /// use forebay_events::{FeedError, Hub, Reason, Request};
    ///
    /// # #[cfg(feature = "tokio")]
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let publisher = Hub::builder(Nothing).build()?;
    /// let hub = publisher.hub();
    /// let mut health = hub.subscribe(Request::new("health").key(7))?;
    /// hub.refresh(&"health".into());
    /// assert_eq!(health.next().await.unwrap_err(), FeedError::ForceClosed(Reason::Refreshed));
    /// // Who subscribes again gets a snapshot from after it.
    /// assert!(hub.subscribe(Request::new("health").key(7))?.next().await.is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refresh(&self, topic: &Topic) {
        if let Some(ledger) = self.shared.known(topic) {
            self.shared.counters.cancelled.add(ledger.refresh());
        }
    }

    /// Ends the hub: all feeds end with [`ShuttingDown`](Reason::ShuttingDown), whatever there is
    /// left to deliver, and nobody can subscribe any more. What is published is dropped.
    ///
    /// For a process that ends while its publisher goes on, so that subscribers turn to another
    /// one at once. Where the stream itself ends, [`HubPublisher::close`] lets them have the rest.
    ///
    /// # Examples
    ///
    /// See [`HubPublisher`].
    pub fn shutdown(&self) {
        self.shared.shut_down();
    }

    /// Returns the last sequence that was published; zero before the first.
    ///
    /// # Examples
    ///
    /// See [`HubPublisher`].
    #[must_use]
    pub fn head(&self) -> Sequence {
        self.shared.head()
    }

    /// Returns what the hub has done so far and what it holds. It looks at every log that is there.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod source {
    /// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/nothing.rs"));
    /// # }
    /// # use source::Nothing;
    /// use forebay_events::{Hub, Request};
    ///
    /// # #[cfg(feature = "tokio")]
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let publisher = Hub::builder(Nothing).build()?;
    /// let hub = publisher.hub();
    /// let feeds = [(); 3].map(|()| hub.subscribe(Request::new("health").key(7)));
    /// let stats = hub.stats();
    /// assert_eq!((stats.feeds, stats.logs, stats.snapshots), (3, 1, 1));
    /// # drop(feeds);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> HubStats {
        let mut stats = HubStats::of(&self.shared.counters);
        for ledger in self.shared.ledgers() {
            let (logs, feeds, remembered) = ledger.counts();
            stats.topics += 1;
            stats.logs += logs;
            stats.feeds += feeds;
            stats.remembered += remembered;
        }
        stats
    }

    fn membership(&self, ledger: &Arc<Ledger<K, T, E>>, joined: &Joined<T>) -> Membership<K, T, E> {
        Membership {
            shared: Arc::clone(&self.shared),
            ledger: Arc::clone(ledger),
            id: joined.id,
            line: Arc::clone(&joined.line),
            reads: None,
            closing: None,
            badge: None,
        }
    }

    /// Finds the events strictly after `cursor`, if all of them are there.
    fn resume(&self, joined: &Joined<T>, cursor: Cursor) -> Option<Subscription<T>> {
        let known = cursor.sequence();
        if cursor.log() != joined.log || known > self.shared.head() {
            return None;
        }
        if let Some((beginning, last)) = &joined.opened {
            return (known >= *last).then(|| beginning.subscribe());
        }
        // A snapshot may have shown more than this log, so the cursor may be ahead of it.
        let source = &joined.line.source;
        let in_log = Cursor::new(joined.log, known.min(source.head()));
        if let Ok(events) = source.resume(in_log) {
            return Some(events);
        }
        let events = joined.held.as_ref().map(Position::subscribe)?;
        (known >= events.cursor().sequence()).then_some(events)
    }

    /// Lets a feed begin with a snapshot: one that is kept, one that is being built, or a new one.
    fn read(
        &self,
        mut membership: Membership<K, T, E>,
        joined: Joined<T>,
        subject: Subject<K>,
        renewed: bool,
    ) -> Feed<K, T, E> {
        let Joined {
            id,
            line,
            log,
            opened,
            ..
        } = joined;
        let from = match opened {
            Some((beginning, _)) => beginning,
            None => line.source.oldest(),
        };
        let now = self.shared.now();
        let Some(reading) = membership.ledger.read(id, &line, from.clone(), now) else {
            // The line has ended since, and that is what the feed will say.
            return Feed::reading(membership, from.subscribe(), log, renewed);
        };
        let Reading {
            build,
            start,
            origin,
        } = reading;
        membership.reads = Some(Arc::clone(&build));
        let ledger = Arc::clone(&membership.ledger);
        let feed = Feed::reading(membership, start.subscribe(), log, renewed);
        match origin {
            Origin::Kept => self.shared.counters.hits.count(),
            Origin::Shared => self.shared.counters.shared.count(),
            Origin::New(from) => {
                self.shared.counters.builds.count();
                self.spawn(Job {
                    shared: Arc::clone(&self.shared),
                    ledger,
                    id,
                    line,
                    subject,
                    build,
                    from,
                    is_done: false,
                });
            }
        }
        feed
    }

    /// Begins a build. Where there is no runtime for it the task is dropped, which tells its readers.
    fn spawn(&self, job: Job<K, T, E>) {
        let _ = self.shared.settings.runtime.spawn(Box::pin(job.run()));
    }
}

impl<K, T, E> Clone for Hub<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }
}

impl<K, T, E> fmt::Debug for Hub<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}
