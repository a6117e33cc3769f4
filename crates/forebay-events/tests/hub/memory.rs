//! What a key costs that nobody is reading.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use forebay_core::Sequence;
use forebay_events::{
    Hub, Request, Retention, SnapshotSource, SnapshotWriter, Subject, Token, Topic,
};
use forebay_testkit::HandRuntime;

/// Counts what this thread holds; tests run on threads of their own.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn count(more: isize) {
    // A thread may allocate after its variables are gone.
    let _ = HELD.try_with(|held| held.set(held.get() + more));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "there is no other way to count memory")]
// SAFETY: everything is passed on to the system's allocator, which keeps the promises.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as above; it came from there.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn held() -> isize {
    HELD.with(Cell::get)
}

struct Nothing;

impl SnapshotSource<u64, u64> for Nothing {
    type Error = std::convert::Infallible;

    async fn snapshot(
        &self,
        _: &Subject<u64>,
        _: &mut SnapshotWriter<u64>,
    ) -> Result<Sequence, Self::Error> {
        Ok(Sequence::ZERO)
    }
}

/// As many as fill the tables in which keys are to what they are filled with at least.
const KEYS: u64 = 60_000;

/// Opens logs of so many keys, which nobody reads afterwards, and returns what each of them costs.
fn cost_of_idle_key(retention: Retention) -> f64 {
    let runtime = HandRuntime::default();
    let builder = Hub::builder(Nothing).runtime(runtime.clone());
    let builder = builder.retention(retention).idle_keys(usize::MAX);
    let builder = builder.remembered_keys(usize::MAX);
    let publisher = builder.build().unwrap();
    let hub = publisher.hub();
    let topic = Topic::from("things");
    let open_and_leave = |key| {
        let feed = hub.subscribe(Request::new(topic.clone()).key(key)).unwrap();
        drop(feed);
        runtime.run();
    };
    open_and_leave(0);
    let before = held();
    for key in 1..=KEYS {
        open_and_leave(key);
    }
    (held() - before) as f64 / KEYS as f64
}

#[test]
fn idle_key_costs_at_most_256_bytes() {
    let each = cost_of_idle_key(Retention::READERS);
    println!("an idle key: {each:.1} bytes");
    assert!(each <= 256.0, "{each:.1} bytes");
    let each = cost_of_idle_key(Retention::window(1_000));
    println!("an idle key with a window: {each:.1} bytes");
}

#[test]
fn followed_key_costs_at_most_384_bytes_beside_its_feed() {
    let runtime = HandRuntime::default();
    let builder = Hub::builder(Nothing).runtime(runtime.clone());
    let publisher = builder.build().unwrap();
    let hub = publisher.hub();
    let topic = Topic::from("things");
    let mut feeds = Vec::with_capacity(KEYS as usize + 1);
    let mut follow = |key| {
        let mut feed = hub.subscribe(Request::new(topic.clone()).key(key)).unwrap();
        runtime.run();
        while let Ok(Some(_)) = feed.try_next() {}
        feeds.push(feed);
    };
    follow(0);
    let before = held();
    for key in 1..=KEYS {
        follow(key);
    }
    let each = (held() - before) as f64 / KEYS as f64;
    println!(
        "a followed key: {each:.1} bytes; a feed {}",
        size_of_val(&feeds[0])
    );
    assert!(each <= 384.0, "{each:.1} bytes");
}

#[test]
fn remembered_key_costs_at_most_96_bytes() {
    let builder = Hub::builder(Nothing).runtime(HandRuntime::default());
    let mut publisher = builder.remembered_keys(usize::MAX).build().unwrap();
    let topic = Topic::from("things");
    publisher.publish_one(1, &topic, 0, 0).unwrap();
    let before = held();
    for key in 1..=KEYS {
        publisher.publish_one(key + 1, &topic, key, key).unwrap();
    }
    let each = (held() - before) as f64 / KEYS as f64;
    println!("a remembered key: {each:.1} bytes");
    assert!(each <= 96.0, "{each:.1} bytes");
}

#[test]
fn feeds_that_are_gone_leave_nothing_behind() {
    let runtime = HandRuntime::default();
    let builder = Hub::builder(Nothing).runtime(runtime.clone());
    let publisher = builder.build().unwrap();
    let hub = publisher.hub();
    let topic = Topic::from("things");
    let come_and_go = |key: u64| {
        let token = Token::from(format!("session {key}"));
        let request = Request::new(topic.clone()).key(key % 100).token(&token);
        drop(hub.subscribe(request).unwrap());
        runtime.run();
    };
    (0..1_000).for_each(come_and_go);
    let before = held();
    (1_000..11_000).for_each(come_and_go);
    assert_eq!(held(), before);
}
