//! The states that are ready to use, and what they are made of again.
//!
//! * An iteration can go on after any item, to the end or beyond.
//! * A builder takes exactly what makes a state.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use forebay_snapshot::{Build, CellSnapshot, SliceSnapshot, Snapshot};

fn rebuild<S: Snapshot>(items: Vec<S::Item>) -> Option<S> {
    let mut builder = S::builder(items.len() as u64);
    for item in items {
        builder.push(item).ok()?;
    }
    builder.finish().ok()
}

/// How many items come after each place.
fn lens_after<S: Snapshot>(state: &S) -> Vec<usize> {
    let places = state.iter_after(None).map(|entry| S::place_after(&entry));
    places
        .map(|place| state.iter_after(Some(&place)).count())
        .collect()
}

#[test]
fn a_slice_goes_on_after_any_item() {
    let state = SliceSnapshot::from(
        vec!["a", "b", "c"]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    );
    assert_eq!(lens_after(&state), [2, 1, 0]);
    assert_eq!(state.iter_after(Some(&usize::MAX)).count(), 0);
    assert!(!Snapshot::is_empty(&state));
    assert!(Snapshot::is_empty(&SliceSnapshot::<u64>::from(Vec::new())));
}

#[test]
fn a_slice_is_built_of_items_in_any_order() {
    let state: SliceSnapshot<u64> = rebuild(vec![3, 1, 2]).unwrap();
    assert_eq!(state.into_inner(), Arc::from([3, 1, 2]));
}

#[test]
fn a_cell_is_built_of_one_item() {
    assert!(rebuild::<CellSnapshot<u64>>(vec![]).is_none());
    assert!(rebuild::<CellSnapshot<u64>>(vec![1, 2]).is_none());
    let state: CellSnapshot<u64> = rebuild(vec![7]).unwrap();
    assert_eq!(*state.into_inner(), 7);
    assert_eq!(lens_after(&CellSnapshot::from(Arc::new(7_u64))), [0]);
}

#[cfg(feature = "imbl")]
mod persistent {
    use forebay_snapshot::{OrdSnapshot, VecSnapshot};
    use imbl::{OrdMap, Vector};

    use super::*;

    fn map(keys: &[u64]) -> OrdMap<u64, u64> {
        keys.iter().map(|&key| (key, key)).collect()
    }

    #[test]
    fn a_map_goes_on_after_any_key() {
        let state = OrdSnapshot::from(map(&[1, 5, 9]));
        assert_eq!(lens_after(&state), [2, 1, 0]);
        for (key, len) in [(0, 3), (4, 2), (9, 0), (u64::MAX, 0)] {
            assert_eq!(state.iter_after(Some(&key)).count(), len, "after {key}");
        }
    }

    #[test]
    fn a_map_is_built_of_keys_that_rise() {
        let map = map(&[1, 5]);
        let state: OrdSnapshot<u64, u64> = rebuild(vec![(1, 1), (5, 5)]).unwrap();
        assert_eq!(state.into_inner(), map);
        assert!(rebuild::<OrdSnapshot<u64, u64>>(vec![(5, 5), (1, 1)]).is_none());
        assert!(rebuild::<OrdSnapshot<u64, u64>>(vec![(5, 5), (5, 5)]).is_none());
        assert!(rebuild::<OrdSnapshot<u64, u64>>(vec![(1, 1), (5, 5), (3, 3)]).is_none());
    }

    #[test]
    fn a_list_goes_on_after_any_item_and_is_built_in_any_order() {
        let list: Vector<u64> = (0..1_000).rev().collect();
        let state = VecSnapshot::from(list.clone());
        let expected: Vec<_> = (0..1_000).rev().collect();
        assert_eq!(lens_after(&state), expected);
        assert_eq!(state.iter_after(Some(&usize::MAX)).count(), 0);
        let state: VecSnapshot<u64> = rebuild(list.iter().copied().collect()).unwrap();
        assert_eq!(state.into_inner(), list);
    }

    #[test]
    fn what_is_kept_does_not_change_with_what_it_was_taken_from() {
        let mut map = map(&[1]);
        let state = OrdSnapshot::from(map.clone());
        map.insert(1, 2);
        map.insert(2, 2);
        assert_eq!(state.iter_after(None).collect::<Vec<_>>(), [(&1, &1)]);
    }
}
