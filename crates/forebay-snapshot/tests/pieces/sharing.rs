//! A changed state shares most chunks with the one before.

use std::collections::BTreeSet;

use forebay_snapshot::OrdSnapshot;
use imbl::OrdMap;

use crate::reader::{Numbers, Pieces, cut};

const ITEMS: u64 = 1_000_000;

type Map = OrdMap<u64, u64>;

/// How many in a hundred chunks of a state another one has too, rounded down.
fn shared(before: &Pieces, after: &Pieces) -> usize {
    let known: BTreeSet<_> = before.chunks.iter().map(|chunk| chunk.hash).collect();
    let after: Vec<_> = after.chunks.iter().map(|chunk| chunk.hash).collect();
    let kept = after.iter().filter(|hash| known.contains(hash)).count();
    kept * 100 / after.len()
}

fn states() -> [(&'static str, Map); 2] {
    let mut numbers = Numbers(1);
    let counted: Map = (0..ITEMS).map(|key| (key, numbers.next())).collect();
    let scattered: Map = (0..ITEMS)
        .map(|_| (numbers.next(), numbers.next()))
        .collect();
    [("counted keys", counted), ("scattered keys", scattered)]
}

fn cut_all(map: &Map) -> Pieces {
    cut(OrdSnapshot::from(map.clone()), 10_000)
}

#[test]
fn most_chunks_outlast_a_change() {
    for (name, map) in states() {
        let before = cut_all(&map);
        let keys: Vec<_> = map.keys().copied().collect();
        let mut numbers = Numbers(2);
        let mut scattered = map.clone();
        for _ in 0..ITEMS / 10_000 {
            let key = keys[numbers.next() as usize % keys.len()];
            scattered.insert(key, numbers.next());
        }
        let kept = shared(&before, &cut_all(&scattered));
        assert!(
            kept >= 90,
            "{kept} in a hundred after changes here and there: {name}"
        );

        let mut clustered = map;
        let begin = numbers.next() as usize % (keys.len() / 2);
        for key in &keys[begin..begin + ITEMS as usize / 100] {
            clustered.insert(*key, numbers.next());
        }
        let kept = shared(&before, &cut_all(&clustered));
        assert!(
            kept >= 98,
            "{kept} in a hundred after changes side by side: {name}"
        );
    }
}

#[test]
fn one_item_more_at_the_front_leaves_all_chunks_but_one() {
    let mut map: Map = (1..100_000_u64).map(|key| (key, key)).collect();
    let before = cut_all(&map);
    map.insert(0, 0);
    let after = cut_all(&map);
    let known: BTreeSet<_> = before.chunks.iter().map(|chunk| chunk.hash).collect();
    let new = after
        .chunks
        .iter()
        .filter(|chunk| !known.contains(&chunk.hash));
    assert_eq!(new.count(), 1);
}
