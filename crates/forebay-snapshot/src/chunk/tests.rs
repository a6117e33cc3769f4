//! What must not be taken for a piece.

use proptest::prelude::*;

use crate::chunk::{Chunk, Index, Limits, PAGE_CHUNKS, Page, decode_items};
use crate::{Build, Hash, PieceError, SliceSnapshot, Snapshot};

const LIMITS: Limits = Limits::new();

fn index(items: u64, bytes: u64, chunks: u64, pages: usize) -> Vec<u8> {
    Index::new(items, bytes, chunks, vec![Hash::of(b""); pages]).encode()
}

fn decode_index(bytes: &[u8], limits: &Limits) -> Result<Index, PieceError> {
    Index::decode(bytes, &Hash::of(bytes), limits)
}

fn chunk(items: u32, bytes: u32) -> Vec<u8> {
    let mut row = Vec::new();
    let hash = Hash::of(b"");
    Chunk { hash, items, bytes }.encode(&mut row);
    row
}

fn decode_page(bytes: &[u8], chunks: u64, number: u32) -> Result<Page, PieceError> {
    let pages = chunks.div_ceil(PAGE_CHUNKS) as usize;
    let index = Index::new(chunks, 0, chunks, vec![Hash::of(bytes); pages]);
    Page::decode(bytes, &index, number, &LIMITS)
}

#[test]
fn an_index_whose_totals_contradict_each_other_is_refused() {
    for (items, bytes, chunks, pages, why) in [
        (10, 100, 1, 0, PieceError::Totals),
        (10, 100, 0, 1, PieceError::Totals),
        (10, 100, 1_025, 1, PieceError::Totals),
        (2_000, 100, 1_024, 2, PieceError::Totals),
        (0, 0, 1, 1, PieceError::Totals),
        (4_097, 100, 1, 1, PieceError::Totals),
        (1 << 60, 100, 1, 1, PieceError::Totals),
        (u64::MAX, u64::MAX, u64::MAX, 1, PieceError::Totals),
        (1, 1, 0, 0, PieceError::Totals),
        (1, (1 << 20) + 1, 1, 1, PieceError::TooLarge),
        (0, 1, 0, 0, PieceError::TooLarge),
    ] {
        let bytes = index(items, bytes, chunks, pages);
        let what = format!("{items} items, {chunks} chunks, {pages} pages");
        assert_eq!(decode_index(&bytes, &LIMITS), Err(why), "{what}");
    }
    assert!(decode_index(&index(4_096, 1 << 20, 1, 1), &LIMITS).is_ok());
}

#[test]
fn an_index_with_more_pages_than_allowed_is_refused() {
    let limits = LIMITS.pages_max(2);
    assert!(decode_index(&index(2_048, 0, 2_048, 2), &limits).is_ok());
    let large = decode_index(&index(2_049, 0, 2_049, 3), &limits);
    assert_eq!(large, Err(PieceError::TooLarge));
    let limits = LIMITS.piece_bytes_max(index(2_048, 0, 2_048, 2).len() - 1);
    let large = decode_index(&index(2_048, 0, 2_048, 2), &limits);
    assert_eq!(
        large,
        Err(PieceError::TooLarge),
        "before anything is hashed"
    );
}

#[test]
fn an_index_of_another_version_or_length_is_refused() {
    let good = index(1, 1, 1, 1);
    assert_eq!(decode_index(&[], &LIMITS), Err(PieceError::Length));
    for len in 1..good.len() {
        assert!(decode_index(&good[..len], &LIMITS).is_err(), "{len} bytes");
    }
    let mut other = good.clone();
    other[0] = 2;
    assert_eq!(decode_index(&other, &LIMITS), Err(PieceError::Version));
    let other = Index::decode(&good, &Hash::of(b"another"), &LIMITS);
    assert_eq!(other, Err(PieceError::Hash));
}

#[test]
fn a_page_is_as_long_as_the_index_says() {
    let full = chunk(1, 1).repeat(1_024);
    assert!(decode_page(&full, 1_024, 0).is_ok());
    assert!(decode_page(&full, 1_025, 0).is_ok());
    assert_eq!(decode_page(&full, 1_025, 1), Err(PieceError::Length));
    assert_eq!(decode_page(&full, 1_023, 0), Err(PieceError::Length));
    assert_eq!(decode_page(&full, 1_024, 1), Err(PieceError::Totals));
    assert_eq!(decode_page(&full, 1_024, u32::MAX), Err(PieceError::Totals));
    assert_eq!(decode_page(&full[1..], 1_024, 0), Err(PieceError::Length));
    assert_eq!(decode_page(&[], 1, 0), Err(PieceError::Length));
    let long = chunk(1, 1).repeat(1_025);
    assert_eq!(decode_page(&long, 1_025, 0), Err(PieceError::TooLarge));
}

#[test]
fn a_page_with_chunks_that_cannot_be_is_refused() {
    let page = |items, bytes| decode_page(&chunk(items, bytes), 1, 0);
    assert_eq!(page(0, 1), Err(PieceError::Totals));
    assert_eq!(page(4_097, 1), Err(PieceError::Totals));
    assert_eq!(page(u32::MAX, 0), Err(PieceError::Totals));
    assert_eq!(page(1, (1 << 20) + 1), Err(PieceError::TooLarge));
    assert_eq!(page(1, u32::MAX), Err(PieceError::TooLarge));
    assert!(page(4_096, 1 << 20).is_ok());
}

#[test]
fn a_chunk_is_checked_by_its_length_and_its_hash() {
    let bytes = b"some items";
    let hash = Hash::of(bytes);
    let chunk = Chunk {
        hash,
        items: 1,
        bytes: 10,
    };
    assert_eq!(chunk.verify(bytes), Ok(()));
    assert_eq!(chunk.verify(&bytes[1..]), Err(PieceError::Hash));
    assert_eq!(chunk.verify(b"more items"), Err(PieceError::Hash));
    let chunk = Chunk { bytes: 9, ..chunk };
    assert_eq!(chunk.verify(bytes), Err(PieceError::Hash));
}

fn decode(bytes: &[u8], items: u32) -> Result<Vec<u64>, PieceError> {
    let mut builder = SliceSnapshot::<u64>::builder(0);
    decode_items(bytes, items, &mut builder)?;
    let list = builder.finish().map_err(|_| PieceError::Items)?;
    Ok(list.to_vec())
}

#[test]
fn a_chunk_has_exactly_the_items_it_should_have() {
    assert_eq!(decode(&[1, 2, 3], 3), Ok(vec![1, 2, 3]));
    assert_eq!(decode(&[1, 2, 3], 2), Err(PieceError::Items));
    assert_eq!(decode(&[1, 2, 3], 4), Err(PieceError::Items));
    assert_eq!(decode(&[1, 2, 0x80], 3), Err(PieceError::Items));
    assert_eq!(decode(&[], 0), Ok(vec![]));
}

proptest! {
    #[test]
    fn bytes_from_anywhere_are_refused_or_read(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        items in 0..5_000_u32,
    ) {
        let mut versioned = bytes.clone();
        versioned.insert(0, 1);
        if let Ok(index) = decode_index(&versioned, &LIMITS) {
            prop_assert_eq!(index.encode(), versioned);
        }
        let _ = decode_page(&bytes, u64::from(items), 0);
        let _ = decode(&bytes, items);
    }

    #[test]
    fn totals_from_anywhere_are_refused_or_make_sense(
        items in any::<u64>(), bytes in any::<u64>(), chunks in any::<u64>(), pages in 0..5_usize,
    ) {
        if let Ok(index) = decode_index(&index(items, bytes, chunks, pages), &LIMITS) {
            for page in [0, 1, u32::MAX] {
                let chunks = index.chunks_of(page);
                prop_assert!(chunks.end <= index.chunks());
            }
        }
    }
}
