//! Fetches all pieces of a state and reads them, with code of its own.

use std::time::Instant;

use forebay_core::Sequence;
use forebay_snapshot::{
    Anchor, Hash, Marker, Membership, Message, Piece, Provider, ProviderConfig, ProviderOutput,
    Snapshot,
};

/// A chunk, as it was fetched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Chunk {
    pub(crate) hash: Hash,
    pub(crate) items: u32,
    pub(crate) bytes: Vec<u8>,
}

/// All pieces of a state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pieces {
    pub(crate) root: Hash,
    pub(crate) index: Vec<u8>,
    pub(crate) pages: Vec<Vec<u8>>,
    pub(crate) chunks: Vec<Chunk>,
}

pub(crate) fn number<const N: usize>(bytes: &[u8]) -> u64 {
    let mut wide = [0; 8];
    wide[..N].copy_from_slice(&bytes[..N]);
    u64::from_le_bytes(wide)
}

/// Cuts a state, so many items at a time.
pub(crate) fn cut<S: Snapshot>(state: S, items_max: usize) -> Pieces {
    let mut source = Source::new(state, items_max);
    let index = source.fetch(Piece::Index);
    assert_eq!(Hash::of(&index), source.root);
    assert_eq!(index[0], 1, "the version");
    let chunks = number::<8>(&index[17..]);
    let mut pages = Vec::new();
    let mut found = Vec::new();
    for (place, hash) in index[25..].chunks(32).enumerate() {
        let page = source.fetch(Piece::Page(place as u32));
        assert_eq!(Hash::of(&page).as_bytes(), hash);
        for row in page.chunks(40) {
            let first = found.len() as u64;
            let bytes = source.fetch(Piece::Chunks { first, count: 1 });
            assert_eq!(Hash::of(&bytes).as_bytes(), &row[..32]);
            assert_eq!(bytes.len() as u64, number::<4>(&row[36..]));
            found.push(Chunk {
                hash: Hash::of(&bytes),
                items: number::<4>(&row[32..]) as u32,
                bytes,
            });
        }
        pages.push(page);
    }
    assert_eq!(found.len() as u64, chunks);
    Pieces {
        root: source.root,
        index,
        pages,
        chunks: found,
    }
}

pub(crate) fn root<S: Snapshot>(state: S) -> Hash {
    Source::new(state, usize::MAX).root
}

struct Source<S: Snapshot> {
    provider: Provider<S, u32>,
    now: Instant,
    root: Hash,
}

impl<S: Snapshot> Source<S> {
    fn new(state: S, items_max: usize) -> Self {
        #[allow(clippy::disallowed_methods, reason = "where the virtual time begins")]
        let now = Instant::now();
        let members = Membership::new(0, [0, 1]);
        let mut provider = Provider::new(ProviderConfig::new(), members).unwrap();
        provider.handle_taken(now, &Marker::new(1, 1), anchor(), state);
        while provider.work(now, items_max) {}
        let mut root = None;
        while let Some(output) = provider.poll_output() {
            if let ProviderOutput::Send {
                message: Message::Offer { root: offered, .. },
                ..
            } = output
            {
                root = Some(offered);
            }
        }
        let root = root.unwrap();
        Self {
            provider,
            now,
            root,
        }
    }

    fn fetch(&mut self, piece: Piece) -> Vec<u8> {
        let (anchor, root) = (anchor(), self.root);
        let fetch = Message::Fetch {
            id: 1,
            anchor,
            root,
            piece,
        };
        self.provider.handle_message(self.now, 1, fetch).unwrap();
        match self.provider.poll_output() {
            Some(ProviderOutput::Send {
                message: Message::Data { bytes, .. },
                ..
            }) => bytes.to_vec(),
            other => panic!("{piece:?}: {other:?}"),
        }
    }
}

fn anchor() -> Anchor {
    Anchor::new(Sequence::new(1), 1)
}

/// A generator that yields the same numbers for ever.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
