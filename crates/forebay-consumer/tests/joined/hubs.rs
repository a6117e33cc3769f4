//! Over a hub.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_checkpoint::MemoryStore;
use forebay_consumer::{
    Batch, Cause, Consumer, FollowHub, Handle, Handler, HubError, OnGap, batches,
};
use forebay_core::{ResumeKey, Sequence};
use forebay_events::{
    Batch as Changes, FeedError, Hub, HubPublisher, Reason, Request, Retention, SnapshotSource,
    SnapshotWriter, Subject, Topic,
};

use crate::{HOUR, KEY, catch_up, caught_up};

type Price = (&'static str, u32);

#[derive(Clone, Default)]
struct Prices(Arc<Mutex<(u64, BTreeMap<&'static str, u32>)>>);

impl SnapshotSource<&'static str, Price> for Prices {
    type Error = Infallible;

    async fn snapshot(
        &self,
        _: &Subject<&'static str>,
        out: &mut SnapshotWriter<Price>,
    ) -> Result<Sequence, Infallible> {
        let (sequence, prices) = self.0.lock().unwrap().clone();
        out.extend(prices).await;
        Ok(Sequence::new(sequence))
    }
}

impl Prices {
    fn set(&self, publisher: &mut HubPublisher<&'static str, Price, Infallible>, price: Price) {
        let sequence = {
            let mut state = self.0.lock().unwrap();
            state.0 += 1;
            state.1.insert(price.0, price.1);
            state.0
        };
        let topic = Topic::from("prices");
        publisher
            .publish_one(sequence, &topic, price.0, price)
            .unwrap();
    }
}

#[derive(Clone, Default)]
struct View(Arc<Mutex<BTreeMap<&'static str, u32>>>);

impl Handler<Price> for View {
    type Error = Infallible;

    async fn apply(&mut self, batch: Batch<'_, Price>) -> Result<(), Infallible> {
        self.0.lock().unwrap().extend(batch.iter().copied());
        Ok(())
    }

    async fn begin_anew(&mut self) -> Result<(), Infallible> {
        self.0.lock().unwrap().clear();
        Ok(())
    }
}

fn hub(prices: &Prices) -> HubPublisher<&'static str, Price, Infallible> {
    Hub::builder(prices.clone())
        .retention(Retention::window(8))
        .idle_keys(1_000)
        .build()
        .unwrap()
}

fn viewer(
    publisher: &HubPublisher<&'static str, Price, Infallible>,
    store: &MemoryStore,
    view: &View,
    on_gap: OnGap,
) -> Consumer<FollowHub<&'static str, Price, Infallible>, (MemoryStore, ResumeKey), View> {
    let follow = FollowHub::new(publisher.hub(), Request::new("prices"));
    let builder = Consumer::builder(follow, (store.clone(), KEY), view.clone());
    let builder = builder.on_gap(on_gap).shutdown_timeout(HOUR);
    builder.build().unwrap()
}

#[tokio::test]
async fn a_view_of_a_hub_is_what_it_would_be_without_gaps() {
    let (prices, store, view) = (Prices::default(), MemoryStore::new(), View::default());
    let mut publisher = hub(&prices);
    prices.set(&mut publisher, ("apple", 7));
    // Left over by somebody who died in the middle of a snapshot.
    view.0.lock().unwrap().insert("kiwi", 1);
    let begun_anew = |consumer: Consumer<_, _, _>| {
        let handle: Handle = consumer.handle();
        async move {
            catch_up(consumer).await.unwrap();
            handle.stats().begun_anew
        }
    };
    let viewer_of = |publisher: &_| viewer(publisher, &store, &view, OnGap::BeginAnew);
    assert_eq!(begun_anew(viewer_of(&publisher)).await, 1, "it is new");
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);

    prices.set(&mut publisher, ("pear", 9));
    assert_eq!(begun_anew(viewer_of(&publisher)).await, 0, "it goes on");
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);

    for price in 0..2_000 {
        prices.set(&mut publisher, ("apple", price));
    }
    view.0.lock().unwrap().insert("kiwi", 1);
    let strict = viewer(&publisher, &store, &view, OnGap::Stop).run().await;
    assert!(matches!(strict.unwrap_err().cause, Cause::Gap(None)));
    assert_eq!(
        begun_anew(viewer_of(&publisher)).await,
        1,
        "it was away for too long"
    );
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);

    drop(publisher);
    let mut publisher = hub(&prices);
    prices.set(&mut publisher, ("fig", 1));
    view.0.lock().unwrap().insert("kiwi", 1);
    assert_eq!(
        begun_anew(viewer_of(&publisher)).await,
        1,
        "the hub is another one"
    );
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_refreshed_is_asked_again_and_one_that_shuts_down_is_not() {
    let (prices, store, view) = (Prices::default(), MemoryStore::new(), View::default());
    let mut publisher = hub(&prices);
    prices.set(&mut publisher, ("apple", 7));
    let consumer = viewer(&publisher, &store, &view, OnGap::BeginAnew);
    let handle = consumer.handle();
    let running = tokio::spawn(consumer.run());
    caught_up(handle.clone()).await;
    // A change that was not published.
    prices.0.lock().unwrap().1.insert("pear", 9);
    publisher.hub().refresh(&Topic::from("prices"));
    while handle.stats().begun_anew < 2 || view.0.lock().unwrap().len() < 2 {
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);
    assert_eq!(handle.stats().interruptions, 1);

    publisher.hub().shutdown();
    let error = running.await.unwrap().unwrap_err();
    let shut = HubError::Feed(FeedError::ForceClosed(Reason::ShuttingDown));
    assert!(matches!(&error.cause, Cause::Follow(why) if *why == shut));
}

#[tokio::test]
async fn a_change_of_many_keys_is_reached_with_its_last_one() {
    let prices = Prices::default();
    let mut publisher = hub(&prices);
    let mut parts = Vec::new();
    let note = batches(|batch: Batch<'_, Price>| {
        parts.push((batch.len(), batch.reached().cloned()));
        std::future::ready(Ok::<_, Infallible>(()))
    });
    let keep = (MemoryStore::new(), KEY);
    let follow = FollowHub::new(publisher.hub(), Request::new("prices"));
    let consumer = Consumer::builder(follow, keep, note).build().unwrap();
    let handle = consumer.handle();
    let signal = async {
        while handle.stats().reached.is_none() {
            tokio::task::yield_now().await;
        }
        let all = (0..600).map(|price| (Topic::from("prices"), "apple", ("apple", price)));
        publisher.publish(7, Changes::from_iter(all)).unwrap();
        caught_up(handle.clone()).await;
    };
    let reached = consumer.run_until(signal).await.unwrap().reached;
    assert_eq!(
        reached.as_ref().map(|reached| reached.sequence().get()),
        Some(7)
    );
    let (last, before) = parts.split_last().unwrap();
    assert_eq!(last.1, reached);
    assert!(before.iter().all(|(_, position)| position.is_none()));
    let count = parts.iter().map(|(count, _)| count).sum::<usize>();
    assert!(count == 600 && !before.is_empty(), "in more than one part");
}
