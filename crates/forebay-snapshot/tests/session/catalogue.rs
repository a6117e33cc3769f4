use bytes::Bytes;
use forebay_snapshot::{Hash, Piece};

const PAGE_CHUNKS: usize = 1024;

/// The pieces of a snapshot, made from the description of their layout and cut as the test likes.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    pub(crate) items: Vec<u64>,
    pub(crate) chunks: Vec<Vec<u8>>,
    pages: Vec<Vec<u8>>,
    index: Vec<u8>,
}

impl Catalogue {
    /// A snapshot with these items in each of its chunks.
    pub(crate) fn of(items: &[Vec<u64>]) -> Self {
        let encode = |items: &Vec<u64>| -> Vec<u8> {
            items
                .iter()
                .flat_map(|item| postcard::to_stdvec(item).unwrap())
                .collect()
        };
        let chunks = items.iter().map(|items| (encode(items), items.len()));
        let catalogue = Self::of_bytes(chunks.collect());
        Self {
            items: items.concat(),
            ..catalogue
        }
    }

    /// A snapshot of chunks that say to have so many items.
    pub(crate) fn of_bytes(chunks: Vec<(Vec<u8>, usize)>) -> Self {
        let row = |(chunk, items): &(Vec<u8>, usize)| {
            let mut row = Hash::of(chunk).as_bytes().to_vec();
            row.extend((*items as u32).to_le_bytes());
            row.extend((chunk.len() as u32).to_le_bytes());
            row
        };
        let rows: Vec<_> = chunks.iter().map(row).collect();
        let pages: Vec<_> = rows.chunks(PAGE_CHUNKS).map(<[_]>::concat).collect();
        let items: usize = chunks.iter().map(|(_, items)| items).sum();
        let chunks: Vec<_> = chunks.into_iter().map(|(chunk, _)| chunk).collect();
        let bytes: usize = chunks.iter().map(Vec::len).sum();
        let mut index = vec![1];
        for total in [items, bytes, chunks.len()] {
            index.extend((total as u64).to_le_bytes());
        }
        for page in &pages {
            index.extend(Hash::of(page).as_bytes());
        }
        let items = Vec::new();
        Self {
            items,
            chunks,
            pages,
            index,
        }
    }

    /// A snapshot of so many chunks, each with a hundred items of its own.
    pub(crate) fn with_chunks(count: u64) -> Self {
        let chunk = |number| (0..100).map(|item| number * 1_000_000 + item).collect();
        Self::of(&(0..count).map(chunk).collect::<Vec<_>>())
    }

    /// The same, but for one chunk.
    pub(crate) fn with_other_chunk(count: u64, other: u64) -> Self {
        let chunk = |number| {
            let change = u64::from(number == other) * 500;
            (0..100)
                .map(|item| number * 1_000_000 + item + change)
                .collect()
        };
        Self::of(&(0..count).map(chunk).collect::<Vec<_>>())
    }

    /// The same, but for one of the totals in its index.
    pub(crate) fn with_other_total(mut self, which: usize) -> Self {
        let least = &mut self.index[1 + which * size_of::<u64>()];
        *least = least.wrapping_sub(1);
        self
    }

    pub(crate) fn root(&self) -> Hash {
        Hash::of(&self.index)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// What an honest provider answers.
    pub(crate) fn piece(&self, piece: Piece) -> Bytes {
        match piece {
            Piece::Index => self.index.clone(),
            Piece::Page(page) => self.pages[page as usize].clone(),
            Piece::Chunks { first, count } => {
                let first = usize::try_from(first).unwrap();
                self.chunks[first..first + count as usize].concat()
            }
            _ => unreachable!("there are no other pieces"),
        }
        .into()
    }
}
