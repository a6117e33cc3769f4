//! How much is done in one call, counted in items and bytes that are looked at.

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use forebay_snapshot::{
    Build, Marker, Membership, Message, OutOfOrder, Provider, ProviderConfig, ProviderOutput,
    Snapshot,
};
use serde::{Serialize, Serializer};

use crate::rig::{Offered, Rig, at, chunks, offer_of};

/// A list that counts how many of its items are looked at.
#[derive(Clone, Debug)]
struct Counted {
    items: Arc<[String]>,
    seen: Arc<AtomicU64>,
}

struct Entry<'a> {
    place: usize,
    item: &'a str,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.item.serialize(serializer)
    }
}

impl Snapshot for Counted {
    type Item = String;
    type Entry<'a> = Entry<'a>;
    type Place = usize;
    type Builder = Never;

    fn len(&self) -> u64 {
        self.items.len() as u64
    }

    fn iter_after(&self, place: Option<&usize>) -> impl Iterator<Item = Entry<'_>> {
        let mut place = place.copied().unwrap_or(0);
        iter::from_fn(move || {
            let item = self.items.get(place)?;
            place += 1;
            self.seen.fetch_add(1, Ordering::Relaxed);
            Some(Entry { place, item })
        })
    }

    fn place_after(entry: &Entry<'_>) -> usize {
        entry.place
    }

    fn identity(entry: &Self::Entry<'_>) -> impl Serialize {
        entry.item
    }

    fn builder(_: u64) -> Never {
        Never
    }
}

/// Nothing is installed here.
struct Never;

impl Build for Never {
    type Snapshot = Counted;
    type Item = String;

    fn push(&mut self, _: String) -> Result<(), OutOfOrder> {
        Err(OutOfOrder::new())
    }

    fn finish(self) -> Result<Counted, OutOfOrder> {
        Err(OutOfOrder::new())
    }
}

struct Slices {
    provider: Provider<Counted, u32>,
    now: Instant,
    seen: Arc<AtomicU64>,
}

impl Slices {
    fn new(items: usize, item_bytes: usize) -> Self {
        let now = Rig::new().now;
        let config = ProviderConfig::new().cached_bytes_max(0);
        let mut provider = Provider::new(config, Membership::new(0, 0..10)).unwrap();
        let seen = Arc::new(AtomicU64::new(0));
        let item = |item| format!("{item:>item_bytes$}");
        let state = Counted {
            items: (0..items).map(item).collect(),
            seen: Arc::clone(&seen),
        };
        provider.handle_taken(now, &Marker::new(1, 7), at(42), state);
        Self {
            provider,
            now,
            seen,
        }
    }

    /// How many items are looked at meanwhile.
    fn count(&mut self, act: impl FnOnce(&mut Self)) -> u64 {
        let before = self.seen.load(Ordering::Relaxed);
        act(self);
        self.seen.load(Ordering::Relaxed) - before
    }

    fn offered(&mut self) -> Offered {
        while self.provider.work(self.now, 1_000) {}
        let outputs = iter::from_fn(|| self.provider.poll_output());
        let sent = outputs.filter_map(|output| match output {
            ProviderOutput::Send { message, .. } => offer_of(&message),
            _ => None,
        });
        sent.last().unwrap()
    }

    fn fetch(&mut self, offered: &Offered, first: u64, count: u32) {
        let Offered { anchor, root, .. } = *offered;
        let piece = chunks(first, count);
        let fetch = Message::Fetch {
            id: first,
            anchor,
            root,
            piece,
        };
        self.provider.handle_message(self.now, 1, fetch).unwrap();
        assert!(self.provider.poll_output().is_some());
    }
}

#[test]
fn taking_a_snapshot_looks_at_no_item() {
    let slices = Slices::new(10_000, 10);
    assert_eq!(slices.seen.load(Ordering::Relaxed), 0);
}

#[test]
fn a_slice_of_work_looks_at_no_more_items_than_it_may() {
    let mut slices = Slices::new(10_000, 10);
    let mut calls = 0;
    loop {
        let mut is_more = false;
        let seen = slices.count(|slices| is_more = slices.provider.work(slices.now, 100));
        calls += 1;
        assert!(seen <= 100, "{seen} items");
        if !is_more {
            break;
        }
    }
    assert!((100..=102).contains(&calls), "{calls} calls");
}

#[test]
fn a_slice_of_work_over_large_items_is_bounded_in_bytes() {
    let item_bytes = 10_000;
    let mut slices = Slices::new(200, item_bytes);
    let mut is_more = true;
    while is_more {
        let seen = slices.count(|slices| is_more = slices.provider.work(slices.now, usize::MAX));
        assert!(seen * item_bytes as u64 <= 200_000, "{seen} items");
    }
}

#[test]
fn a_fetch_at_the_end_looks_at_no_more_items_than_one_at_the_start() {
    let mut slices = Slices::new(100_000, 20);
    let offered = slices.offered();
    let start = slices.count(|slices| slices.fetch(&offered, 0, 1));
    let mut most = 0;
    for first in (0..offered.chunks).step_by(10).chain([offered.chunks - 1]) {
        most = most.max(slices.count(|slices| slices.fetch(&offered, first, 1)));
    }
    assert!(start > 0);
    assert!(
        most * 10 <= start * 15,
        "{most} items, {start} at the start"
    );
}

#[test]
fn a_fetch_of_what_is_not_kept_looks_at_a_bounded_part_of_it() {
    const BYTES_MAX: u64 = 256 << 10;
    const ITEMS_MAX: u64 = 32 << 10;
    // The few bytes of the first, with one for their length, are at most so many.
    for (items, item_bytes) in [(100_000, 6), (100_000, 20), (2_000, 1_000)] {
        let mut slices = Slices::new(items, item_bytes - 1);
        let offered = slices.offered();
        let mut most = 0;
        for first in (0..offered.chunks).step_by(7) {
            most = most.max(slices.count(|slices| slices.fetch(&offered, first, u32::MAX)));
        }
        let bytes = most * item_bytes as u64;
        assert!(most <= ITEMS_MAX, "{most} items of {item_bytes} bytes");
        assert!(bytes <= BYTES_MAX, "{most} items of {item_bytes} bytes");
        assert!(bytes > BYTES_MAX / 2, "{most} items of {item_bytes} bytes");
    }
}
