//! A hub with its publisher, and subscribers that a test polls by hand.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use forebay_core::Cursor;
use forebay_events::{
    Batch, Feed, FeedError, Frame, Hub, HubBuilder, HubPublisher, HubStats, Request, Topic,
};
use forebay_testkit::HandRuntime;

use crate::source::{Broken, Build, Event, Source};
use crate::wakers::Wakes;

/// What tests publish to, where it does not matter.
pub(crate) const TOPIC: &str = "things";

pub(crate) struct Scene {
    pub(crate) publisher: HubPublisher<u32, Event, Broken>,
    pub(crate) hub: Hub<u32, Event, Broken>,
    pub(crate) runtime: HandRuntime,
    pub(crate) source: Source,
}

/// A frame as it was given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Seen {
    New,
    Piece(u32, u64),
    End(u64),
    /// The sequence, then the key and the value.
    Event(u64, u32, u64),
}

pub(crate) struct Reader {
    pub(crate) feed: Feed<u32, Event, Broken>,
    wakes: Arc<Wakes>,
    polled_at: usize,
}

impl Scene {
    /// A hub whose snapshots show the store.
    pub(crate) fn new() -> Self {
        Self::with(Source::default(), |builder| builder)
    }

    /// A hub whose snapshots the test writes.
    pub(crate) fn by_hand() -> Self {
        Self::with(Source::by_hand(), |builder| builder)
    }

    pub(crate) fn with(
        source: Source,
        settings: impl FnOnce(HubBuilder<u32, Event, Broken>) -> HubBuilder<u32, Event, Broken>,
    ) -> Self {
        let runtime = HandRuntime::default();
        let builder = Hub::builder(source.clone()).runtime(runtime.clone());
        let publisher = settings(builder).build().unwrap();
        Self {
            hub: publisher.hub(),
            publisher,
            runtime,
            source,
        }
    }

    /// Changes the store and publishes the change; the value is the sequence.
    pub(crate) fn publish(&mut self, sequence: u64, key: u32) {
        self.change(sequence, [key]);
        let topic = Topic::from(TOPIC);
        self.publisher
            .publish_one(sequence, &topic, key, (key, sequence))
            .unwrap();
    }

    /// As `publish`, for several keys in one batch.
    pub(crate) fn publish_all<const N: usize>(&mut self, sequence: u64, keys: [u32; N]) {
        self.change(sequence, keys);
        let mut batch = Batch::with_capacity(N);
        for key in keys {
            batch.push(&Topic::from(TOPIC), key, (key, sequence));
        }
        self.publisher.publish(sequence, batch).unwrap();
    }

    /// Changes the store, and has yet to publish.
    pub(crate) fn change(&self, sequence: u64, keys: impl IntoIterator<Item = u32>) {
        let mut store = self.source.store();
        store.sequence = sequence;
        for key in keys {
            store.values.insert((Topic::from(TOPIC), key), sequence);
        }
    }

    pub(crate) fn request(key: u32) -> Request<u32> {
        Request::new(TOPIC).key(key)
    }

    #[track_caller]
    pub(crate) fn subscribe(&self, request: Request<u32>) -> Reader {
        Reader::new(self.hub.subscribe(request).unwrap())
    }

    /// Subscribes to a key.
    #[track_caller]
    pub(crate) fn follow(&self, key: u32) -> Reader {
        self.subscribe(Self::request(key))
    }

    /// Subscribes to a key and reads the snapshot, which must be there once the runtime has run.
    #[track_caller]
    pub(crate) fn caught_up(&self, key: u32) -> Reader {
        let mut reader = self.follow(key);
        self.runtime.run();
        reader.all();
        assert!(reader.feed.cursor().is_some(), "it waits for its snapshot");
        reader
    }

    /// Resumes a key.
    #[track_caller]
    pub(crate) fn resume(&self, key: u32, cursor: Cursor) -> Reader {
        self.subscribe(Self::request(key).resume(cursor))
    }

    /// Lets the builds run, and returns the one with this number.
    pub(crate) fn build(&self, number: usize) -> Arc<Build> {
        self.runtime.run();
        self.source.build(number)
    }

    pub(crate) fn stats(&self) -> HubStats {
        self.hub.stats()
    }
}

impl Reader {
    pub(crate) fn new(feed: Feed<u32, Event, Broken>) -> Self {
        Self {
            feed,
            wakes: Arc::default(),
            polled_at: 0,
        }
    }

    pub(crate) fn try_next(&mut self) -> Result<Option<Seen>, FeedError<Broken>> {
        Ok(self.feed.try_next()?.map(seen))
    }

    pub(crate) fn poll(&mut self) -> Poll<Result<Seen, FeedError<Broken>>> {
        let waker = self.wakes.waker();
        self.polled_at = self.wakes.count();
        self.poll_with(&waker)
    }

    pub(crate) fn poll_with(&mut self, waker: &Waker) -> Poll<Result<Seen, FeedError<Broken>>> {
        let mut next = std::pin::pin!(self.feed.next());
        let frame = next.as_mut().poll(&mut Context::from_waker(waker));
        frame.map_ok(seen)
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.wakes.count() > self.polled_at
    }

    /// Polls it, which must leave it waiting.
    #[track_caller]
    pub(crate) fn waits(&mut self) {
        assert_eq!(self.poll(), Poll::Pending);
    }

    /// Takes all frames that are there.
    pub(crate) fn all(&mut self) -> Vec<Seen> {
        let mut all = Vec::new();
        while let Ok(Some(seen)) = self.try_next() {
            all.push(seen);
        }
        all
    }

    /// Takes the values of all events that are there, which must be nothing else.
    #[track_caller]
    pub(crate) fn events(&mut self) -> Vec<u64> {
        let value = |seen| match seen {
            Seen::Event(_, _, value) => value,
            other => panic!("{other:?} instead of an event"),
        };
        self.all().into_iter().map(value).collect()
    }

    /// Returns why there is nothing more, which it says each time.
    #[track_caller]
    pub(crate) fn end(&mut self) -> FeedError<Broken> {
        let Poll::Ready(Err(end)) = self.poll() else {
            panic!("it goes on");
        };
        assert_eq!(self.poll(), Poll::Ready(Err(end.clone())));
        assert_eq!(self.try_next(), Err(end.clone()));
        end
    }

    #[track_caller]
    pub(crate) fn cursor(&self) -> Cursor {
        self.feed.cursor().expect("it has read its snapshot")
    }

    pub(crate) fn at(&self) -> u64 {
        self.cursor().sequence().get()
    }
}

fn seen(frame: Frame<'_, Event>) -> Seen {
    match frame {
        Frame::NewSnapshot => Seen::New,
        Frame::Snapshot((key, value)) => Seen::Piece(*key, *value),
        Frame::EndOfSnapshot(sequence) => Seen::End(sequence.get()),
        Frame::Event(entry) => {
            Seen::Event(entry.sequence().get(), entry.event().0, entry.event().1)
        }
        other => panic!("{other:?} is not known"),
    }
}
