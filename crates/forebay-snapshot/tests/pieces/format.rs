//! Every piece is what the format says, within its bounds, and leads back to the state.

use forebay_snapshot::{CellSnapshot, OrdSnapshot, SliceSnapshot, VecSnapshot};
use imbl::{OrdMap, Vector};
use proptest::prelude::*;

use crate::reader::{Numbers, Pieces, cut, number};

const CHUNK_BYTES_MAX: usize = 32 << 10;
const CHUNK_ITEMS_MAX: u32 = 4 << 10;

/// Reads the items of all chunks, and checks each chunk and all totals on the way.
fn read<T: serde::de::DeserializeOwned>(pieces: &Pieces) -> Vec<T> {
    let mut items = Vec::new();
    let mut bytes_total = 0;
    for chunk in &pieces.chunks {
        let mut bytes = &*chunk.bytes;
        bytes_total += bytes.len() as u64;
        assert!((1..=CHUNK_ITEMS_MAX).contains(&chunk.items));
        assert!(bytes.len() <= CHUNK_BYTES_MAX || chunk.items == 1);
        for _ in 0..chunk.items {
            let (item, rest) = postcard::take_from_bytes(bytes).unwrap();
            items.push(item);
            bytes = rest;
        }
        assert!(bytes.is_empty());
    }
    assert_eq!(number::<8>(&pieces.index[1..]), items.len() as u64);
    assert_eq!(number::<8>(&pieces.index[9..]), bytes_total);
    for page in pieces.pages.iter().rev().skip(1) {
        assert_eq!(page.len(), 1_024 * 40, "all pages but the last are full");
    }
    items
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn maps_come_back_as_they_were(
        map in prop::collection::btree_map(any::<u64>(), "[a-z]{0,200}", 0..200),
        items_max in 1..50_usize,
    ) {
        let state: OrdMap<u64, String> = map.clone().into();
        let items: Vec<(u64, String)> = read(&cut(OrdSnapshot::from(state), items_max));
        prop_assert_eq!(items, map.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn lists_come_back_as_they_were(
        list in prop::collection::vec("[a-z]{0,400}", 0..100),
        items_max in 1..50_usize,
    ) {
        let state: Vector<String> = list.clone().into();
        let items: Vec<String> = read(&cut(VecSnapshot::from(state), items_max));
        prop_assert_eq!(&items, &list);
        let items: Vec<String> = read(&cut(SliceSnapshot::from(list.clone()), items_max));
        prop_assert_eq!(items, list);
    }
}

#[test]
fn a_cell_is_one_chunk() {
    let pieces = cut(CellSnapshot::new("configuration".to_owned()), 1);
    assert_eq!(read::<String>(&pieces), ["configuration"]);
    assert_eq!(pieces.chunks.len(), 1);
}

#[test]
fn items_without_bytes_are_cut_too() {
    let pieces = cut(SliceSnapshot::from(vec![(); 20_000]), 333);
    assert_eq!(read::<()>(&pieces).len(), 20_000);
    assert_eq!(pieces.chunks.len(), 5);
}

#[test]
fn items_larger_than_a_chunk_are_chunks_of_their_own() {
    let large = |byte: u8| vec![byte; CHUNK_BYTES_MAX + 1];
    let items = vec![large(1), vec![2; 3_000], large(3), large(4)];
    let pieces = cut(SliceSnapshot::from(items.clone()), 1);
    assert_eq!(read::<Vec<u8>>(&pieces), items);
    assert_eq!(pieces.chunks.len(), 4);
}

#[test]
fn chunks_are_about_as_large_whatever_the_items_are() {
    // An item of the last size is more than the least that a chunk has, which then adds nothing.
    let sizes = [2, 9, 100, 1_000].map(|size| (size, 6_000..12_000));
    for (item_bytes, expected) in sizes.into_iter().chain([(3_000, 4_600..9_200)]) {
        let mut numbers = Numbers(7);
        let mut item = || {
            let letter = |number: u64| char::from(b'a' + (number % 26) as u8);
            let letters = letter(numbers.next()).to_string();
            format!("{letters}{:>1$}", numbers.next() % 1_000, item_bytes - 2)
        };
        let items: Vec<_> = (0..1_000_000 / item_bytes).map(|_| item()).collect();
        let pieces = cut(SliceSnapshot::from(items), 1_000);
        let bytes: usize = pieces.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        let mean = bytes / pieces.chunks.len();
        assert!(
            expected.contains(&mean),
            "{mean} bytes, items of {item_bytes}"
        );
    }
}

#[test]
fn a_large_state_has_many_pages() {
    let items: Vec<_> = (0..2_500).map(|item| format!("{item:>9000}")).collect();
    let pieces = cut(SliceSnapshot::from(items.clone()), 100);
    assert_eq!(read::<String>(&pieces), items);
    assert!(pieces.chunks.len() > 1_024);
    assert_eq!(pieces.pages.len(), pieces.chunks.len().div_ceil(1_024));
}

#[test]
fn the_first_version_stays_as_it_is() {
    let list: Vec<u64> = (0..100_000).map(|item| item * item).collect();
    let pieces = cut(SliceSnapshot::from(list), 1_000);
    assert_eq!(pieces.chunks.len(), 62);
    assert_eq!(
        pieces.root.to_string(),
        "e73af75b4580f4ec2af77b55bc5a0bb5649b5315f32897dfd619be87456c8016"
    );

    let small = cut(SliceSnapshot::from(vec![1_u64, 300]), 1);
    assert_eq!(small.chunks[0].bytes, [1, 0xac, 2]);
    assert_eq!(small.pages[0][32..], [2, 0, 0, 0, 3, 0, 0, 0]);
    let totals = [
        1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    ];
    assert_eq!(small.index[..25], totals);
    let map: OrdMap<u64, u8> = [(1_u64, b'a'), (300, b'b')].into_iter().collect();
    let map = cut(OrdSnapshot::from(map), 1);
    assert_eq!(map.chunks[0].bytes, [1, b'a', 0xac, 2, b'b']);
    let cell = cut(CellSnapshot::new(300_u64), 1);
    assert_eq!(cell.chunks[0].bytes, [0xac, 2]);
    let empty = cut(SliceSnapshot::<u64>::from(Vec::new()), 1);
    assert_eq!(empty.index, [&[1][..], &[0; 24]].concat());
}
