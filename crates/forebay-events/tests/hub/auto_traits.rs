//! What may be sent to and shared with other threads, and moved while it is polled.

use std::fmt::Debug;

use forebay_events::{
    Batch, Feed, FeedCloser, FeedError, Frame, Hub, HubBuilder, HubPublisher, HubStats, Request,
    SnapshotWriter, Subject, SubscribeError, Token, Topic,
};

use crate::source::{Broken, Event};

fn is_free<T: Send + Sync + Unpin + Debug>() {}

fn is_send<T: Send>(_: &T) {}

#[test]
fn types_of_the_hub_are_free() {
    is_free::<Hub<u32, Event, Broken>>();
    is_free::<HubPublisher<u32, Event, Broken>>();
    is_free::<Feed<u32, Event, Broken>>();
    is_free::<FeedCloser>();
    is_free::<FeedError<Broken>>();
    is_free::<SubscribeError<Broken>>();
    is_free::<Frame<'_, Event>>();
    is_free::<Batch<u32, Event>>();
    is_free::<Request<u32>>();
    is_free::<Subject<u32>>();
    is_free::<Topic>();
    is_free::<Token>();
    is_free::<HubStats>();
    is_free::<SnapshotWriter<Event>>();
}

#[test]
fn builder_and_the_futures_of_the_hub_may_be_sent() {
    fn futures(feed: &mut Feed<u32, Event, Broken>, out: &mut SnapshotWriter<Event>) {
        is_send(&feed.next());
        is_send(&out.push((1, 1)));
        is_send(&out.extend([(1, 1)]));
    }
    fn builder(builder: &HubBuilder<u32, Event, Broken>) {
        is_send(builder);
    }
    let _ = (futures, builder);
}
