//! How much memory does a key of the hub take?

use std::convert::Infallible;

use forebay_core::Sequence;
use forebay_events::{
    Feed, Frame, Hub, Request, Retention, SnapshotSource, SnapshotWriter, Subject, Topic,
};

use crate::allocation::count;
use crate::entry::{Entry, Kind};
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::table::{Column, Table, Unit};

/// How many keys there are.
const KEYS: u64 = 50_000;

const TOPIC: &str = "topic";

struct Keys;

/// What became of a key.
#[derive(Clone, Copy, PartialEq)]
enum Key {
    /// It was followed.
    Idle,
    /// It is followed.
    Followed,
    /// Something was published to it, and nobody followed it.
    Remembered,
}

/// A state in which there is nothing.
struct Empty;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let hub = Entry {
        name: "forebay",
        settings: "hub, 50,000 keys",
        kind: Kind::Ours,
        check: || (),
        probe: |_: &Keys| {
            let keys = [
                per_key(Key::Idle),
                per_key(Key::Followed),
                per_key(Key::Remembered),
            ];
            keys.map(Some).to_vec()
        },
    };
    vec![Table {
        title: "Memory of a key",
        method: "Bytes that were asked for, for each u64 key of a hub with u64 events: one that keeps \
                 its log although nobody follows it, with a window and without events; one that \
                 somebody follows who has read everything, whose feed is not counted; and one of \
                 which only the last sequence is remembered.",
        columns: vec![
            Column::new("idle", Unit::Bytes),
            Column::new("followed", Unit::Bytes),
            Column::new("remembered", Unit::Bytes),
        ],
        rows: interleaved(&Keys, &[hub], 1),
        goals: vec![Goal::at_most(0, 256.0), Goal::at_most(1, 256.0)],
    }]
}

impl SnapshotSource<u64, u64> for Empty {
    type Error = Infallible;

    async fn snapshot(
        &self,
        _subject: &Subject<u64>,
        _out: &mut SnapshotWriter<u64>,
    ) -> Result<Sequence, Infallible> {
        Ok(Sequence::ZERO)
    }
}

/// Returns the bytes of a key.
fn per_key(becoming: Key) -> f64 {
    let runtime = one_thread();
    let _entered = runtime.enter();
    let hub = Hub::builder(Empty)
        .retention(Retention::window(64))
        .idle_keys(KEYS as usize)
        .remembered_keys(KEYS as usize)
        .build();
    let mut publisher = hub.expect("there is a runtime");
    let hub = publisher.hub();
    // What is made for the first key may stay, and the topic stays while somebody is there.
    let mut first = subscribe(&hub, KEYS);
    runtime.block_on(caught_up(&mut first));
    let topic = Topic::new(TOPIC);
    let mut feeds: Vec<Feed<u64, u64, Infallible>> = Vec::with_capacity(KEYS as usize);
    let allocated = count(|| {
        for key in 0..KEYS {
            if becoming == Key::Remembered {
                let published = publisher.publish_one(key + 1, &topic, key, key);
                assert!(published.is_ok(), "sequences rise");
            } else {
                let mut feed = subscribe(&hub, key);
                runtime.block_on(caught_up(&mut feed));
                if becoming == Key::Followed {
                    feeds.push(feed);
                }
            }
        }
    });
    allocated.live_bytes as f64 / KEYS as f64
}

fn subscribe(hub: &Hub<u64, u64, Infallible>, key: u64) -> Feed<u64, u64, Infallible> {
    let feed = hub.subscribe(Request::new(Topic::new(TOPIC)).key(key));
    feed.expect("the hub goes on")
}

/// Reads up to the end of the snapshot.
async fn caught_up(feed: &mut Feed<u64, u64, Infallible>) {
    while !matches!(feed.next().await, Ok(Frame::EndOfSnapshot(_))) {}
}
