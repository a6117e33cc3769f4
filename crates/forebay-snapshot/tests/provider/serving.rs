//! Each fetch gets one answer, for any numbers.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_snapshot::{
    Absence, Limits, Marker, Membership, Message, Piece, Provider, ProviderConfig, ProviderEvent,
    ProviderOutput, Refusal, Session, SessionConfig, SessionOutput, SliceSnapshot, StateError,
    Trust,
};
use serde::{Deserialize, Serialize, Serializer};

use crate::rig::{
    LOCAL, MEMBERS, Offered, Rig, State, absence_of, at, chunks, offer_of, refusal_of, secs, state,
};

/// What limits say unless others are given.
const PIECE_BYTES_MAX: usize = 1 << 20;

fn data_of(message: Message<u32>) -> Vec<u8> {
    match message {
        Message::Data { bytes, .. } => bytes.to_vec(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_of_chunks_is_these_chunks_one_after_the_other() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(20_000));
    assert!(offered.chunks > 8);
    let one = |rig: &mut Rig, chunk| data_of(rig.fetch(1, &offered, chunks(chunk, 1)));
    let singles: Vec<_> = (2..7).map(|chunk| one(&mut rig, chunk)).collect();
    let run = data_of(rig.fetch(1, &offered, chunks(2, 5)));
    assert_eq!(run, singles.concat());
}

#[test]
fn a_run_that_goes_past_the_end_is_what_there_is() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(20_000));
    let last = offered.chunks - 1;
    let one = rig.fetch_as(1, 1, &offered, chunks(last, 1));
    assert_eq!(rig.fetch_as(1, 1, &offered, chunks(last, u32::MAX)), one);
}

#[test]
fn a_run_is_as_long_as_fits_into_a_piece() {
    let max = 40 << 10;
    let limits = Limits::new().piece_bytes_max(max).pages_max(10);
    let mut rig = Rig::with(ProviderConfig::new().limits(limits));
    let offered = rig.offer(1, at(42), state(20_000));
    let mut first = 0;
    while first < offered.chunks {
        let run = data_of(rig.fetch(1, &offered, chunks(first, u32::MAX)));
        assert!(run.len() <= max);
        let mut singles = Vec::new();
        while singles.len() < run.len() {
            singles.extend(data_of(rig.fetch(1, &offered, chunks(first, 1))));
            first += 1;
        }
        assert_eq!(run, singles);
        if first < offered.chunks {
            let next = data_of(rig.fetch(1, &offered, chunks(first, 1)));
            assert!(run.len() + next.len() > max, "there was room for one more");
        }
    }
}

#[test]
fn chunks_that_are_not_there_are_named_as_such() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(20_000));
    let len = offered.chunks;
    let out = Absence::OutOfRange { len };
    for (first, count, why) in [
        (0, 0, Absence::Empty),
        (len, 1, Absence::Empty),
        (len, u32::MAX, Absence::Empty),
        (u64::MAX, 0, Absence::Empty),
        (len + 1, 1, out),
        (u64::MAX, 1, out),
        (u64::MAX, u32::MAX, out),
        (u64::MAX - 1, u32::MAX, out),
    ] {
        let gone = rig.fetch(1, &offered, chunks(first, count));
        assert_eq!(absence_of(&gone), Some(why), "{count} chunks from {first}");
    }
}

#[test]
fn pages_that_are_not_there_are_named_as_such() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    for page in [1, u32::MAX] {
        let gone = rig.fetch(1, &offered, Piece::Page(page));
        assert_eq!(absence_of(&gone), Some(Absence::OutOfRange { len: 1 }));
    }
}

#[test]
fn a_state_without_items_is_offered_and_has_an_index_alone() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(0));
    assert_eq!(offered.chunks, 0);
    assert_eq!(absence_of(&rig.fetch(1, &offered, Piece::Index)), None);
    let gone = rig.fetch(1, &offered, Piece::Page(0));
    assert_eq!(absence_of(&gone), Some(Absence::OutOfRange { len: 0 }));
    let gone = rig.fetch(1, &offered, chunks(0, 1));
    assert_eq!(absence_of(&gone), Some(Absence::Empty));
}

#[test]
fn a_provider_that_knows_nothing_says_so() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    let mut restarted = Rig::new();
    let gone = restarted.fetch(1, &offered, Piece::Index);
    assert_eq!(absence_of(&gone), Some(Absence::Unknown));
}

#[test]
fn whoever_is_not_a_member_fetches_nothing() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    let gone = rig.fetch(MEMBERS, &offered, Piece::Index);
    assert_eq!(absence_of(&gone), Some(Absence::NotMember));
    assert!(rig.serves(1, &offered));
    rig.set_members([0, 2]);
    let gone = rig.fetch(1, &offered, Piece::Index);
    assert_eq!(absence_of(&gone), Some(Absence::NotMember));
}

#[test]
fn a_member_that_was_not_offered_a_snapshot_may_fetch_it() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    assert!(rig.serves(2, &offered));
}

#[test]
fn an_item_that_fits_into_no_piece_ends_the_snapshot() {
    let mut rig = Texts::new();
    let long = "x".repeat(PIECE_BYTES_MAX);
    let offer = rig.offer(vec!["short".to_owned(), long]);
    assert_eq!(refusal_of(&offer), Some(Refusal::ItemTooLarge));
    assert_eq!(rig.provider.usage().snapshots, 0);
    assert!(!rig.provider.work(rig.now, 10));
    let outputs: Vec<_> = std::iter::from_fn(|| rig.provider.poll_output()).collect();
    let why = |output: &ProviderOutput<u32>| match output {
        ProviderOutput::Event(ProviderEvent::Unusable { why, .. }) => Some(*why),
        _ => None,
    };
    let too_large = |why| matches!(why, Some(StateError::ItemTooLarge { .. }));
    assert!(
        outputs.iter().any(|output| too_large(why(output))),
        "{outputs:?}"
    );
}

#[test]
fn the_largest_item_that_fits_is_a_chunk_of_its_own() {
    let mut rig = Texts::new();
    let length_bytes = 3;
    let long = "x".repeat(PIECE_BYTES_MAX - length_bytes);
    let items = ["before".to_owned(), long, "after".to_owned()];
    let offer = rig.offer(items.to_vec());
    assert_eq!(offer_of(&offer).unwrap().chunks, 3);
}

/// A provider of texts.
struct Texts {
    provider: Provider<SliceSnapshot<String>, u32>,
    now: std::time::Instant,
}

impl Texts {
    fn new() -> Self {
        let rig = Rig::new();
        let members = Membership::new(0, 0..10).with_leader(Some(0));
        let provider = Provider::new(ProviderConfig::new(), members).unwrap();
        Self {
            provider,
            now: rig.now,
        }
    }

    /// Returns what whoever asks for this state is told.
    fn offer(&mut self, items: Vec<String>) -> Message<u32> {
        let request = Message::Request {
            nonce: 7,
            reconnect: None,
        };
        self.provider.handle_message(self.now, 1, request).unwrap();
        let marker = Marker::new(1, 7);
        self.provider
            .handle_taken(self.now, &marker, at(42), items.into());
        while self.provider.work(self.now, 10) {}
        let outputs = std::iter::from_fn(|| self.provider.poll_output());
        let mut sent = outputs.take_while(|output| !matches!(output, ProviderOutput::Event(_)));
        let message = sent.find_map(|output| match output {
            ProviderOutput::Send { message, .. } => Some(message),
            _ => None,
        });
        message.unwrap()
    }
}

/// An item that is another one each time it is read.
#[derive(Clone, Debug, Deserialize)]
struct Fickle(#[serde(skip)] Arc<AtomicU64>);

impl Serialize for Fickle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(1 << self.0.fetch_add(7, Ordering::Relaxed).min(60))
    }
}

#[test]
fn a_state_that_changes_is_dropped_when_that_is_noticed() {
    let rig = Rig::new();
    let config = ProviderConfig::new().cached_bytes_max(0);
    let mut provider = Provider::new(config, Membership::new(0, 0..10)).unwrap();
    let state = SliceSnapshot::from(vec![Fickle(Arc::default())]);
    provider.handle_taken(rig.now, &Marker::new(1, 7), at(42), state);
    while provider.work(rig.now, 10) {}
    let offered = Cell::new(None);
    while let Some(output) = provider.poll_output() {
        if let ProviderOutput::Send { message, .. } = output {
            offered.set(offer_of(&message));
        }
    }
    let Offered { anchor, root, .. } = offered.get().unwrap();
    let fetch = Message::Fetch {
        id: 1,
        anchor,
        root,
        piece: chunks(0, 1),
    };
    provider.handle_message(rig.now, 1, fetch).unwrap();
    let Some(ProviderOutput::Send { message, .. }) = provider.poll_output() else {
        panic!();
    };
    assert_eq!(absence_of(&message), Some(Absence::Unknown));
    let why = StateError::Changed;
    let event = ProviderEvent::Unusable { anchor, why };
    assert_eq!(provider.poll_output(), Some(ProviderOutput::Event(event)));
    assert_eq!(provider.usage().snapshots, 0);
}

#[test]
fn what_is_not_kept_is_encoded_again_and_is_the_same() {
    let config = ProviderConfig::new();
    let mut all = Rig::with(config);
    let mut none = Rig::with(config.cached_bytes_max(0));
    let offered = all.offer(1, at(42), state(80_000));
    assert_eq!(none.offer(1, at(42), state(80_000)), offered);
    let mut first = 0;
    while first < offered.chunks {
        let piece = chunks(first, 40);
        let expected = all.fetch_as(1, first, &offered, piece);
        assert_eq!(none.fetch_as(1, first, &offered, piece), expected);
        first += 23;
    }
    assert_eq!(none.provider.usage().cached_bytes, 0);
}

#[test]
fn a_cache_that_is_too_small_never_holds_more_than_it_may() {
    let max = 600 << 10;
    let mut rig = Rig::with(ProviderConfig::new().cached_bytes_max(max));
    let offered = rig.offer(1, at(42), state(80_000));
    for first in (0..offered.chunks).rev().chain(0..offered.chunks) {
        rig.fetch(1, &offered, chunks(first, 1));
        assert!(rig.provider.usage().cached_bytes <= max);
    }
    assert!(rig.provider.usage().cached_bytes > 0);
}

#[test]
fn a_transfer_ends_with_done_and_another_can_begin() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    let (anchor, root) = (offered.anchor, offered.root);
    assert_eq!(rig.provider.usage().followers, 1);
    rig.tell(1, Message::Done { anchor, root });
    rig.tell(
        1,
        Message::Done {
            anchor: at(1),
            root,
        },
    );
    rig.tell(MEMBERS, Message::Done { anchor, root });
    assert_eq!(rig.sent(), []);
    assert_eq!(rig.provider.usage().followers, 0);
    rig.pass(secs(1));
    assert!(rig.serves(1, &offered));
}

#[test]
fn what_a_session_asks_for_at_once_comes_at_once() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(400_000));
    let members = Membership::new(1, [LOCAL, 1]).with_leader(Some(LOCAL));
    let config = SessionConfig::new().trust(Trust::Crash);
    let session = Session::<State, u32, ()>::start(rig.now, config, members, 7);
    let mut session = session.unwrap();
    let (mut asked, mut fetches) = (BTreeSet::new(), 0);
    loop {
        while session.work(rig.now, 1_000) {}
        match session.poll_output() {
            Some(SessionOutput::Send { to: LOCAL, message }) => {
                if let Message::Fetch { piece, .. } = &message
                    && let Piece::Chunks { first, count } = *piece
                {
                    fetches += 1;
                    for chunk in first..first + u64::from(count) {
                        assert!(asked.insert(chunk), "chunk {chunk} was asked for twice");
                    }
                }
                rig.tell(1, message);
                for (_, message) in rig.sent() {
                    let _ = session.handle_message(rig.now, LOCAL, message);
                }
            }
            Some(SessionOutput::Install { .. }) => break,
            Some(_) => {}
            None => {
                rig.now = rig.now.max(session.poll_timeout().unwrap());
                session.handle_timeout(rig.now);
            }
        }
    }
    assert_eq!(asked.len() as u64, offered.chunks);
    assert!(fetches > 10, "{fetches} fetches");
}
