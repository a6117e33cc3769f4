//! Equal states have one root, whatever became of them before; others have others.

use forebay_snapshot::{OrdSnapshot, SliceSnapshot, VecSnapshot};
use imbl::{OrdMap, Vector};
use proptest::prelude::*;

use crate::reader::{cut, root};

fn map(entries: impl IntoIterator<Item = (u64, u64)>) -> OrdMap<u64, u64> {
    let mut map = OrdMap::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    map
}

/// Enough entries for several chunks.
fn entries() -> impl Strategy<Value = Vec<(u64, u64)>> {
    let entries = prop::collection::btree_map(any::<u64>(), any::<u64>(), 1..1_500);
    entries.prop_map(|entries| entries.into_iter().collect())
}

/// A new value of the same size moves no chunk, or all around it would change as well.
#[test]
fn where_chunks_of_a_map_end_depends_on_keys_and_sizes_alone() {
    let ends = |salt: u64| {
        // Each of these numbers takes as many bytes as there can be.
        let value = |key: u64| key.wrapping_mul(salt) | 1 << 63;
        let state = map((0..10_000).map(|key| (key, value(key))));
        let pieces = cut(OrdSnapshot::from(state), 1_000);
        let items = pieces.chunks.iter().map(|chunk| chunk.items);
        items.collect::<Vec<_>>()
    };
    assert!(ends(3).len() > 8);
    assert_eq!(ends(3), ends(5));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_insertion_and_what_was_removed_do_not_count(
        entries in entries(),
        shuffled in any::<u64>(),
        removed in prop::collection::vec(any::<u64>(), 0..500),
    ) {
        let expected = root(OrdSnapshot::from(map(entries.clone())));
        let mut other = entries.clone();
        other.sort_by_key(|(key, _)| key.wrapping_mul(shuffled | 1));
        let mut state = map(removed.iter().map(|key| (*key, 0)));
        state.extend(other);
        for key in removed {
            if !entries.iter().any(|(kept, _)| *kept == key) {
                state.remove(&key);
            }
        }
        prop_assert_eq!(root(OrdSnapshot::from(state)), expected);
    }

    #[test]
    fn how_many_items_are_cut_at_a_time_does_not_count(
        entries in entries(),
        items_max in 1..1_500_usize,
    ) {
        let state = OrdSnapshot::from(map(entries));
        prop_assert_eq!(cut(state.clone(), items_max), cut(state, usize::MAX));
    }

    #[test]
    fn every_change_counts(
        entries in entries(),
        chosen in any::<prop::sample::Index>(),
        key in any::<u64>(),
        value in any::<u64>(),
    ) {
        let state = map(entries.clone());
        let before = root(OrdSnapshot::from(state.clone()));
        let (present, old) = entries[chosen.index(entries.len())];
        let removed = state.without(&present);
        prop_assert_ne!(root(OrdSnapshot::from(removed)), before);
        for (key, value) in [(present, value), (key, value)] {
            let changed = state.update(key, value);
            let is_equal = changed == state;
            prop_assert_eq!(root(OrdSnapshot::from(changed)) == before, is_equal);
        }
        prop_assert_eq!(root(OrdSnapshot::from(state.update(present, old))), before);
    }

    #[test]
    fn the_kind_of_a_list_does_not_count_but_its_order_does(
        mut list in prop::collection::vec(any::<u64>(), 2..2_000),
    ) {
        let expected = root(SliceSnapshot::from(list.clone()));
        let vector: Vector<u64> = list.clone().into();
        prop_assert_eq!(root(VecSnapshot::from(vector)), expected);
        let last = list.len() - 1;
        if list[0] != list[last] {
            list.swap(0, last);
            prop_assert_ne!(root(SliceSnapshot::from(list)), expected);
        }
    }
}
