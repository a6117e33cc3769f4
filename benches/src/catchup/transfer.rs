//! A provider and what it has, asked by hand: what the benches time.

use std::cell::RefCell;
use std::time::Instant;

use bytes::Bytes;
use forebay_core::Sequence;
use forebay_snapshot::{
    Anchor, Build, Hash, Marker, Membership, Message, OrdSnapshot, Piece, Provider, ProviderConfig,
    ProviderOutput, Session, SessionConfig, SessionOutput, Snapshot, Trust,
};
use imbl::OrdMap;

type Kept = OrdSnapshot<u64, u64>;

/// Returns a state of so many numbers.
#[must_use]
pub fn numbers(items: u64) -> OrdMap<u64, u64> {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    (0..items)
        .map(|key| (key, key.wrapping_mul(STEP)))
        .collect()
}

/// A provider that has one snapshot.
#[derive(Debug)]
pub struct Shelf {
    provider: Provider<Kept, u8>,
    now: Instant,
    root: Hash,
    chunks: u64,
    fetches: u64,
}

const LEADER: u8 = 1;
const FOLLOWER: u8 = 0;

fn anchor() -> Anchor {
    Anchor::new(Sequence::new(1), 1)
}

impl Shelf {
    /// Cuts a state into pieces, and keeps so many bytes of them encoded.
    ///
    /// # Panics
    ///
    /// If the provider does not offer it.
    #[must_use]
    pub fn new(state: OrdMap<u64, u64>, cached_bytes_max: usize) -> Self {
        let now = Instant::now();
        let members = Membership::new(LEADER, [FOLLOWER, LEADER]).with_leader(Some(LEADER));
        let config = ProviderConfig::new().cached_bytes_max(cached_bytes_max);
        let provider = Provider::new(config, members);
        let mut provider = provider.expect("the settings are valid");
        provider.handle_taken(now, &Marker::new(FOLLOWER, 1), anchor(), state.into());
        while provider.work(now, 1_000) {}
        let mut outputs = std::iter::from_fn(|| provider.poll_output());
        let offered = outputs.find_map(|output| match output {
            ProviderOutput::Send {
                message: Message::Offer { root, chunks, .. },
                ..
            } => Some((root, chunks)),
            _ => None,
        });
        let (root, chunks) = offered.expect("whoever the marker names is offered the snapshot");
        Self {
            provider,
            now,
            root,
            chunks,
            fetches: 0,
        }
    }

    /// Returns how many chunks there are.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    /// Returns one chunk.
    pub fn fetch(&mut self, first: u64) -> Bytes {
        self.fetch_piece(Piece::Chunks { first, count: 1 })
    }

    fn fetch_piece(&mut self, piece: Piece) -> Bytes {
        self.fetches += 1;
        let fetch = Message::Fetch {
            id: self.fetches,
            anchor: anchor(),
            root: self.root,
            piece,
        };
        match self.ask(fetch) {
            Some(Message::Data { bytes, .. }) => bytes,
            _ => Bytes::new(),
        }
    }

    fn ask(&mut self, message: Message<u8>) -> Option<Message<u8>> {
        let asked = self.provider.handle_message(self.now, FOLLOWER, message);
        asked.ok()?;
        let mut outputs = std::iter::from_fn(|| self.provider.poll_output());
        outputs.find_map(|output| match output {
            ProviderOutput::Send { message, .. } => Some(message),
            _ => None,
        })
    }
}

/// A state, its provider, and all that a follower is sent.
#[derive(Debug)]
pub struct Transfer {
    shelf: RefCell<Shelf>,
    bytes: Vec<u8>,
    items: u64,
    /// What a session fetches.
    pieces: Vec<Piece>,
}

impl Transfer {
    /// Lets a provider have the state, encoded.
    #[must_use]
    pub fn new(state: OrdMap<u64, u64>) -> Self {
        let items = state.len() as u64;
        let entries = state.iter();
        let bytes = entries.fold(Vec::new(), |bytes, item| {
            postcard::to_extend(&item, bytes).unwrap_or_default()
        });
        let mut transfer = Self {
            shelf: RefCell::new(Shelf::new(state, 1 << 30)),
            bytes,
            items,
            pieces: Vec::new(),
        };
        let mut pieces = Vec::new();
        transfer.fetch(|message| {
            if let Message::Fetch { piece, .. } = message {
                pieces.push(*piece);
            }
        });
        transfer.pieces = pieces;
        transfer
    }

    /// Returns all items, encoded.
    #[must_use]
    pub fn bytes(&self) -> &Vec<u8> {
        &self.bytes
    }

    /// Lets a session fetch, verify and build the state; what the provider does is in it.
    ///
    /// # Panics
    ///
    /// If it does not get there.
    #[must_use]
    pub fn session(&self) -> OrdMap<u64, u64> {
        self.fetch(|_| {})
    }

    fn fetch(&self, mut asks: impl FnMut(&Message<u8>)) -> OrdMap<u64, u64> {
        let mut shelf = self.shelf.borrow_mut();
        let now = shelf.now;
        let members = Membership::new(FOLLOWER, [FOLLOWER, LEADER]);
        let config = SessionConfig::new().trust(Trust::Crash);
        let session = Session::<Kept, u8, ()>::start(now, config, members, 7);
        let mut session = session.expect("the settings are valid");
        loop {
            while session.work(now, 1_000) {}
            match session.poll_output() {
                Some(SessionOutput::Send { message, .. }) => {
                    asks(&message);
                    if let Some(answer) = shelf.ask(message) {
                        let _ = session.handle_message(now, LEADER, answer);
                    }
                }
                Some(SessionOutput::Install { state, .. }) => {
                    session.handle_installed(now);
                    return state.into_inner();
                }
                Some(_) => {}
                None => {
                    let timeout = session.poll_timeout();
                    session.handle_timeout(timeout.expect("it has not ended"));
                }
            }
        }
    }

    /// Decodes all items and builds the state, and does nothing else.
    ///
    /// # Panics
    ///
    /// If the bytes are none of a state.
    #[must_use]
    pub fn decode_and_build(&self) -> OrdMap<u64, u64> {
        let mut builder = Kept::builder(self.items);
        let mut left = &self.bytes[..];
        while !left.is_empty() {
            let (item, rest) = postcard::take_from_bytes(left).expect("it was encoded");
            builder.push(item).expect("keys rise");
            left = rest;
        }
        builder.finish().expect("keys rise").into_inner()
    }

    /// Serves everything to one more follower, who asks as a session does; returns how many bytes that
    /// was.
    #[must_use]
    pub fn serve_again(&self) -> usize {
        let mut shelf = self.shelf.borrow_mut();
        let pieces = self.pieces.iter();
        let answers = pieces.map(|piece| shelf.fetch_piece(*piece).len());
        answers.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_timed_does_what_it_says() {
        let transfer = Transfer::new(numbers(20_000));
        assert_eq!(transfer.session(), numbers(20_000));
        assert_eq!(transfer.decode_and_build(), numbers(20_000));
        let (served, needed) = (transfer.serve_again(), transfer.bytes().len());
        // The names of the pieces come on top.
        assert!((needed..needed * 102 / 100).contains(&served), "{served}");
    }
}
