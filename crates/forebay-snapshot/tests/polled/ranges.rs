use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_core::Sequence;
use forebay_snapshot::{
    Absence, Build, Hash, OutOfOrder, ProviderConfig, SliceBuilder, SliceEntry, SliceSnapshot,
    Snapshot,
};

use crate::desk::{LOCAL, Office, State, at, secs, state};

/// Reads items until the range or the snapshot ends.
fn read(
    office: &mut Office,
    from: u32,
    root: Hash,
    range: Range<u64>,
) -> Result<Vec<(u64, String)>, Absence> {
    let mut items = Vec::new();
    let visit = |number: u64, entry: &SliceEntry<'_, u64>| {
        items.push((number, text(entry)));
        ControlFlow::Continue(())
    };
    let end = office
        .provider
        .visit_range(&office.desk, &from, at(5), root, range, visit)?;
    assert_eq!(items.last().map(|(number, _)| number + 1), Some(end));
    Ok(items)
}

/// What an item is, as it is received.
fn text(entry: &impl serde::Serialize) -> String {
    let bytes = postcard::to_allocvec(entry).unwrap();
    postcard::from_bytes::<u64>(&bytes).unwrap().to_string()
}

fn expected(state: &State, range: Range<u64>) -> Vec<(u64, String)> {
    let items = range.map(|number| (number, state[number as usize].to_string()));
    items.collect()
}

fn office_of(items: u64) -> (Office, State, Hash) {
    let mut office = Office::new();
    let state = state(items);
    let (root, _) = office.offer(1, at(5), state.clone());
    (office, state, root)
}

#[test]
fn ranges_one_after_the_other_are_the_whole_state() {
    let (mut office, state, root) = office_of(100_000);
    let mut items = Vec::new();
    while (items.len() as u64) < state.len() {
        let next = items.len() as u64;
        items.extend(read(&mut office, 1, root, next..next + 777).unwrap());
    }
    assert_eq!(items, expected(&state, 0..100_000));
}

#[test]
fn ranges_in_any_order_are_what_they_say() {
    let (mut office, state, root) = office_of(200_000);
    for step in 0..200 {
        let start = step * 7_919 * 31 % 200_000;
        let end = (start + 3).min(200_000);
        let items = read(&mut office, 1, root, start..start + 3).unwrap();
        assert_eq!(items, expected(&state, start..end));
    }
}

#[test]
fn two_readers_go_on_each_where_it_was() {
    let (mut office, state, root) = office_of(1_000);
    for start in (0..1_000).step_by(10) {
        for peer in [1, 2] {
            let items = read(&mut office, peer, root, start..start + 10).unwrap();
            assert_eq!(items, expected(&state, start..start + 10));
        }
    }
}

#[test]
fn a_range_past_the_end_ends_there() {
    let (mut office, state, root) = office_of(100);
    let items = read(&mut office, 1, root, 90..u64::MAX).unwrap();
    assert_eq!(items, expected(&state, 90..100));
}

#[test]
fn of_a_range_in_which_nothing_is_the_reason_is_told() {
    let (mut office, _, root) = office_of(100);
    let len = 100;
    #[allow(clippy::reversed_empty_ranges, reason = "that is what is asked for")]
    let ranges = [
        (5..5, Absence::Empty),
        (6..5, Absence::Empty),
        (100..200, Absence::Empty),
        (u64::MAX..u64::MAX, Absence::Empty),
        (101..200, Absence::OutOfRange { len }),
        (u64::MAX - 1..u64::MAX, Absence::OutOfRange { len }),
    ];
    for (range, why) in ranges {
        assert_eq!(read(&mut office, 1, root, range), Err(why));
    }
}

#[test]
fn of_what_is_not_there_the_reason_is_told() {
    let (mut office, _, root) = office_of(100);
    let mut why = |from, root| read(&mut office, from, root, 0..10).unwrap_err();
    assert_eq!(why(1, Hash::of(b"other")), Absence::RootMismatch);
    assert_eq!(why(5_000, root), Absence::NotMember);
    assert_eq!(why(LOCAL, root), Absence::NotMember);

    office.pass(secs(10));
    assert_eq!(
        read(&mut office, 1, root, 0..10),
        Err(Absence::Expired),
        "though nobody polled since"
    );
    let mut empty = Office::new();
    assert_eq!(read(&mut empty, 1, root, 0..10), Err(Absence::Unknown));
    empty.take(1, at(5), state(100));
    let busy = read(&mut empty, 1, root, 0..10);
    assert!(matches!(busy, Err(Absence::Busy { .. })), "{busy:?}");
}

#[test]
fn one_follower_more_than_there_may_be_is_told_to_wait() {
    let mut office = Office::with(ProviderConfig::new().followers_max(1));
    let (root, _) = office.offer(1, at(5), state(100));
    let busy = read(&mut office, 2, root, 0..10);
    assert!(matches!(busy, Err(Absence::Busy { .. })), "{busy:?}");
    assert!(read(&mut office, 1, root, 0..10).is_ok());
}

#[test]
fn a_snapshot_lives_as_long_as_items_of_it_are_read() {
    let (mut office, _, root) = office_of(100);
    for _ in 0..5 {
        office.pass(secs(9));
        office.settle();
        read(&mut office, 1, root, 0..10).unwrap();
    }
    for _ in 0..2 {
        office.pass(secs(5));
        office.settle();
        #[allow(clippy::reversed_empty_ranges, reason = "that is what is asked for")]
        let ranges = [100..110, 101..110, 5..5, 6..5];
        for range in ranges {
            assert!(read(&mut office, 1, root, range).is_err());
        }
        assert!(read(&mut office, 5_000, root, 0..10).is_err());
    }
    assert_eq!(office.snapshots(), 0, "nothing was read since");
}

#[test]
fn the_log_is_kept_for_those_who_read_items() {
    let mut office = Office::with(ProviderConfig::new().trailing(10));
    let (root, _) = office.offer(1, at(5), state(100));
    office.pass(secs(9));
    read(&mut office, 2, root, 0..10).unwrap();
    office.pass(secs(9));
    office.settle();
    let committed = Sequence::new(300);
    assert_eq!(office.provider.safe_to_prune_prefix(committed).get(), 5);
}

#[test]
fn at_least_one_item_is_visited_and_no_more_than_are_wanted() {
    let (mut office, _, root) = office_of(100);
    let mut visited = Vec::new();
    let end = office
        .provider
        .visit_range(&office.desk, &1, at(5), root, 40..50, |number, _| {
            visited.push(number);
            ControlFlow::Break(())
        });
    assert_eq!((end, visited), (Ok(41), vec![40]));
    let items = read(&mut office, 1, root, 41..42).unwrap();
    assert_eq!(items[0].0, 41);
}

#[test]
fn to_go_on_no_other_items_are_looked_at() {
    let mut office = Office::new();
    let looked = Arc::new(AtomicU64::new(0));
    let state = Watched(state(50_000), Arc::clone(&looked));
    let (root, _) = office.offer(1, at(5), state);
    let go_on = |_: u64, _: &SliceEntry<'_, u64>| ControlFlow::Continue(());
    let mut next = 30_000;
    for round in 0..100 {
        looked.store(0, Ordering::Relaxed);
        let range = next..next + 10;
        let (provider, desk) = (&mut office.provider, &office.desk);
        next = provider
            .visit_range(desk, &1, at(5), root, range, go_on)
            .unwrap();
        let looked = looked.load(Ordering::Relaxed);
        assert!(round == 0 || looked <= 11, "{looked} for 10");
    }
}

#[test]
fn a_reader_can_go_on_however_far_another_one_has_read_since() {
    let mut office = Office::new();
    let looked = Arc::new(AtomicU64::new(0));
    let state = Watched(state(50_000), Arc::clone(&looked));
    let (root, _) = office.offer(1, at(5), state);
    let go_on = |_: u64, _: &SliceEntry<'_, u64>| ControlFlow::Continue(());
    let mut read = |peer, start| {
        let range = start..start + 10;
        let (provider, desk) = (&mut office.provider, &office.desk);
        provider.visit_range(desk, &peer, at(5), root, range, go_on)
    };
    assert_eq!(read(1, 30_000), Ok(30_010));
    for round in 0..100 {
        assert_eq!(read(2, round * 10), Ok(round * 10 + 10));
    }
    looked.store(0, Ordering::Relaxed);
    assert_eq!(read(1, 30_010), Ok(30_020));
    assert!(looked.load(Ordering::Relaxed) <= 11);
}

/// A state that counts how many of its items are looked at.
#[derive(Clone)]
struct Watched(State, Arc<AtomicU64>);

struct WatchedBuilder(SliceBuilder<u64>);

impl Snapshot for Watched {
    type Item = u64;
    type Entry<'a> = SliceEntry<'a, u64>;
    type Place = usize;
    type Builder = WatchedBuilder;

    fn len(&self) -> u64 {
        self.0.len()
    }

    fn iter_after(&self, place: Option<&usize>) -> impl Iterator<Item = SliceEntry<'_, u64>> {
        let looked = |_: &SliceEntry<'_, u64>| {
            self.1.fetch_add(1, Ordering::Relaxed);
        };
        self.0.iter_after(place).inspect(looked)
    }

    fn place_after(entry: &SliceEntry<'_, u64>) -> usize {
        SliceSnapshot::place_after(entry)
    }

    fn identity(entry: &Self::Entry<'_>) -> impl serde::Serialize {
        text(entry)
    }

    fn builder(len: u64) -> WatchedBuilder {
        WatchedBuilder(State::builder(len))
    }
}

impl Build for WatchedBuilder {
    type Snapshot = Watched;
    type Item = u64;

    fn push(&mut self, item: u64) -> Result<(), OutOfOrder> {
        self.0.push(item)
    }

    fn finish(self) -> Result<Watched, OutOfOrder> {
        Ok(Watched(self.0.finish()?, Arc::default()))
    }
}
