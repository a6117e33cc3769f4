//! What is in the spool, and what becomes of answers that are late.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use forebay_snapshot::{
    Anchor, Hash, Ignored, MemorySpool, Message, Piece, ResumeState, Session, SessionOutput, Spool,
    SpoolError,
};

use crate::catalogue::Catalogue;
use crate::host::{Host, TTL, anchor, config, members, start};
use crate::{Event, Name, State};

#[test]
fn what_was_installed_is_not_in_the_spool_any_more() {
    let catalogue = Catalogue::with_chunks(20);
    let mut host = Host::listing(config(), 1, &catalogue);
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
    assert!(host.session.into_spool().is_empty());
}

#[test]
fn what_another_snapshot_does_not_have_is_not_in_the_spool_any_more() {
    let (old, new) = (
        Catalogue::with_chunks(50),
        Catalogue::with_other_chunk(50, 20),
    );
    let mut host = Host::listing(config(), 1, &old);
    host.serve_some(&old, 40);
    host.entries(1_000, 1);
    host.sent.clear();
    host.offer("a", anchor(1_000), new.root());
    host.serve_some(&new, 0);
    let kept: usize = old.chunks[..40].iter().map(Vec::len).sum();
    let gone = old.chunks[20].len();
    assert_eq!(host.session.usage().spool_bytes, (kept - gone) as u64);
}

#[test]
fn a_chunk_that_a_record_lists_twice_counts_once() {
    let hash = Hash::of(b"a chunk");
    let (index, pages) = (None::<Vec<u8>>, BTreeMap::<u32, Vec<u8>>::new());
    let chunks = vec![(hash, 7_u32), (hash, 7)];
    let record = (None::<Anchor>, None::<Hash>, index, pages, chunks);
    let record = postcard::to_stdvec(&record).unwrap();
    let state: ResumeState = postcard::from_bytes(&record).unwrap();
    assert_eq!(state.chunks(), 2);
    let mut spool = MemorySpool::new();
    spool.put(hash, "a chunk".into()).unwrap();
    let host = Host::resume(config(), members(1), spool, &state);
    assert_eq!(host.session.usage().spool_bytes, 7);
}

/// A spool that spoils the first chunk it is given, as files may.
#[derive(Default)]
struct Rotting {
    chunks: MemorySpool,
    has_spoilt: bool,
}

impl Spool for Rotting {
    fn put(&mut self, hash: Hash, bytes: Bytes) -> Result<(), SpoolError> {
        let is_first = !std::mem::replace(&mut self.has_spoilt, true);
        let bytes = if is_first { "rotten".into() } else { bytes };
        self.chunks.put(hash, bytes)
    }

    fn get(&self, hash: &Hash) -> Option<Bytes> {
        self.chunks.get(hash)
    }

    fn remove(&mut self, hash: &Hash) {
        self.chunks.remove(hash);
    }
}

#[test]
fn what_rots_while_a_session_is_at_work_is_fetched_again() {
    let catalogue = Catalogue::with_chunks(5);
    let now = start();
    let (spool, nothing) = (Rotting::default(), ResumeState::default());
    let session = Session::resume(now, config(), members(1), 7, spool, &nothing);
    let mut session: Session<State, Name, u64, Rotting> = session.unwrap();
    let mut chunks = 0;
    let installed = loop {
        while session.work(now, 1_000) {}
        let message = match session.poll_output().unwrap() {
            SessionOutput::Install { state, .. } => break state,
            SessionOutput::Send { message, .. } => message,
            _ => continue,
        };
        let answer = match message {
            Message::Request { nonce, .. } => Message::Offer {
                nonce,
                anchor: anchor(10),
                root: catalogue.root(),
                items: 500,
                bytes: 1,
                chunks: 5,
                ttl: TTL,
            },
            Message::Fetch { id, piece, .. } => {
                chunks += usize::from(matches!(piece, Piece::Chunks { .. }));
                let bytes = catalogue.piece(piece);
                Message::Data { id, bytes }
            }
            other => panic!("{other:?}"),
        };
        session.handle_message(now, "a", answer).unwrap();
    };
    assert_eq!(installed[..], catalogue.items);
    assert_eq!(chunks, 6, "one of five was fetched twice");
}

fn is_ignored(host: &mut Host, peer: Name) -> bool {
    let why = Ignored::Unasked;
    host.events.pop() == Some(Event::Ignored { peer, why })
}

#[test]
fn a_late_answer_is_taken_from_nobody_but_who_was_asked() {
    let catalogue = Catalogue::with_chunks(6);
    let mut host = Host::listing(config(), 2, &catalogue);
    let late = host.fetches();
    let of_a = *late.iter().find(|fetch| fetch.to == "a").unwrap();
    host.pass(Duration::from_secs(3));
    let items = host.session.progress().items;
    let mut other = of_a;
    other.to = "b";
    host.data(other, catalogue.piece(other.piece));
    assert!(is_ignored(&mut host, "b"));
    assert_eq!(host.session.progress().items, items);
}

#[test]
fn only_so_many_late_answers_are_waited_for() {
    let catalogue = Catalogue::with_chunks(6);
    let config = config().stall_timeout(Duration::from_secs(1 << 20));
    let mut host = Host::listing(config, 1, &catalogue);
    let first = host.fetches()[0];
    let mut fetches = 0;
    while fetches < 300 {
        host.pass(Duration::from_secs(1));
        host.events.clear();
        fetches += host.fetches().len();
    }
    host.data(first, catalogue.piece(first.piece));
    assert!(is_ignored(&mut host, "a"));
}
