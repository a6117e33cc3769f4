//! What the page is told, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use forebay_core::Sequence;
use forebay_events::Frame;
use forebay_example_follow::page::sections::{Kind, Section};
use forebay_example_follow::page::teller::{Sections, Teller};
use forebay_example_follow::status::Status;
use tokio::time;

use crate::site::{status, watcher};

/// A teller, how often it looked, and what it finds when it does.
struct Told {
    teller: Arc<Teller>,
    looks: Arc<AtomicUsize>,
    status: Arc<std::sync::Mutex<Status>>,
}

impl Told {
    fn new() -> Self {
        let looks = Arc::new(AtomicUsize::new(0));
        let status = Arc::new(std::sync::Mutex::new(status()));
        let (counted, asked) = (Arc::clone(&looks), Arc::clone(&status));
        let look = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            asked.lock().unwrap().clone()
        };
        let teller = Arc::new(Teller::new(look, None).unwrap());
        tokio::spawn(Arc::clone(&teller).run());
        Self {
            teller,
            looks,
            status,
        }
    }

    fn looks(&self) -> usize {
        self.looks.load(Ordering::Relaxed)
    }

    fn change(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap());
    }
}

/// The sections of a snapshot.
async fn snapshot(feed: &mut Sections) -> Vec<Section> {
    let mut sections = Vec::new();
    while let Frame::Snapshot(section) = feed.next().await.unwrap() {
        sections.push(section.clone());
    }
    sections
}

async fn change(feed: &mut Sections) -> Section {
    match feed.next().await.unwrap() {
        Frame::Event(entry) => entry.event().clone(),
        other => panic!("{other:?}"),
    }
}

/// The clock goes on whenever everybody waits, so this takes no time.
#[tokio::test(start_paused = true)]
async fn nothing_is_looked_at_while_nobody_looks() {
    let told = Told::new();
    time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(told.looks(), 0);

    let mut feed = told.teller.follow().await.unwrap();
    assert_eq!(snapshot(&mut feed).await.len(), 6);
    time::sleep(Duration::from_secs(10)).await;
    let looks = told.looks();
    assert!((39..=42).contains(&looks), "{looks}");

    drop(feed);
    time::sleep(Duration::from_secs(3_600)).await;
    assert!(told.looks() <= looks + 1);
}

#[tokio::test(start_paused = true)]
async fn only_sections_that_have_changed_are_told() {
    let told = Told::new();
    let mut feed = told.teller.follow().await.unwrap();
    snapshot(&mut feed).await;
    // Nothing else happens, so each second there is one word, and nothing more.
    for uptime in 1..=3 {
        let Section::Service(service) = change(&mut feed).await else {
            panic!("it is not the service that changes");
        };
        assert_eq!(service.uptime_seconds, uptime);
    }
    told.change(|status| status.subscribers.push(watcher(1, "web", 250)));
    let Section::Watchers(watchers) = change(&mut feed).await else {
        panic!("it is not the watchers that change");
    };
    assert_eq!((watchers.slow, watchers.rows.total), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn newcomer_is_told_what_is_now_however_long_nobody_has_looked() {
    let told = Told::new();
    let mut feed = told.teller.follow().await.unwrap();
    snapshot(&mut feed).await;
    drop(feed);
    time::sleep(Duration::from_secs(3_600)).await;
    told.change(|status| status.head = Sequence::new(99_999));
    let mut feed = told.teller.follow().await.unwrap();
    let sections = snapshot(&mut feed).await;
    let Section::Service(service) = &sections[0] else {
        panic!("the service comes first");
    };
    assert_eq!(service.head, Sequence::new(99_999));
    assert_eq!(
        sections
            .iter()
            .filter(|section| section.kind() == Kind::Service)
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn however_many_come_at_once_the_service_is_looked_at_once() {
    let told = Told::new();
    let mut feeds = Vec::new();
    for _ in 0..100 {
        feeds.push(told.teller.follow().await.unwrap());
    }
    assert_eq!(told.looks(), 1);
}
