use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use forebay_snapshot::{
    Absence, Anchor, Hash, MemorySpool, Phase, Piece, Restart, ResumeState, Spool,
};
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::host::{Fetch, Host, anchor, config, members};
use crate::{Event, Message};

fn restarted(host: &Host, why: Restart) -> bool {
    host.events.contains(&Event::Restarted {
        anchor: anchor(10),
        why,
    })
}

/// Serves chunks until all are there, and counts them.
fn count_chunks(host: &mut Host, catalogue: &Catalogue) -> usize {
    let mut chunks = 0;
    while !matches!(host.session.phase(), Phase::Installing) {
        for fetch in host.fetches() {
            chunks += usize::from(matches!(fetch.piece, Piece::Chunks { .. }));
            host.data(fetch, catalogue.piece(fetch.piece));
        }
        if host.sent.is_empty() {
            host.pass(Duration::from_millis(50));
        }
    }
    chunks
}

/// An offer that was one entry newer threw away all that had been fetched.
#[test]
fn a_newer_offer_changes_nothing_while_the_older_snapshot_can_be_fetched() {
    let (old, new) = (
        Catalogue::with_chunks(50),
        Catalogue::with_other_chunk(50, 20),
    );
    let mut host = Host::listing(config(), 2, &old);
    host.serve_some(&old, 30);
    host.offer("a", anchor(11), new.root());
    host.offer("b", anchor(11), new.root());
    assert_eq!(host.session.phase(), Phase::Fetching);
    host.pass(Duration::from_secs(1));
    host.serve(&old);
    host.finish(anchor(10), &old);
}

#[test]
fn what_two_snapshots_have_in_common_is_fetched_once() {
    let (old, new) = (
        Catalogue::with_chunks(50),
        Catalogue::with_other_chunk(50, 20),
    );
    let mut host = Host::listing(config(), 1, &old);
    host.serve_some(&old, 40);
    host.pass(Duration::from_secs(2));
    for fetch in host.fetches() {
        host.gone(fetch, Absence::Expired);
    }
    assert!(restarted(&host, Restart::NoProvider));
    host.sent.clear();
    host.offer("a", anchor(12), new.root());
    assert_eq!(
        count_chunks(&mut host, &new),
        11,
        "ten that were missing, and one that differs"
    );
    let kept: usize = new.chunks[..40].iter().map(Vec::len).sum();
    let other = new.chunks[20].len();
    assert_eq!(host.session.usage().reused_bytes, (kept - other) as u64);
    host.finish(anchor(12), &new);
}

#[test]
fn who_had_the_old_snapshot_learns_that_it_is_not_needed_any_more() {
    let (old, new) = (
        Catalogue::with_chunks(50),
        Catalogue::with_other_chunk(50, 20),
    );
    let mut host = Host::listing(config(), 2, &old);
    host.serve_some(&old, 40);
    host.entries(1_000, 1);
    assert!(restarted(&host, Restart::LogMoved));
    host.sent.clear();
    host.offer("a", anchor(1_000), new.root());
    host.offer("b", anchor(1_000), new.root());
    assert_eq!(host.released(anchor(10)), ["a", "b"]);
}

#[test]
fn a_gap_in_the_log_or_too_much_of_it_asks_for_a_newer_anchor() {
    let catalogue = Catalogue::with_chunks(50);
    let overflow = |host: &mut Host| host.entries(11, 200);
    let gap = |host: &mut Host| {
        host.entries(11, 5);
        host.entries(100, 1);
    };
    for disturb in [overflow as fn(&mut Host), gap] {
        let mut host = Host::listing(config().entries_max(100), 1, &catalogue);
        host.sent.clear();
        disturb(&mut host);
        assert!(restarted(&host, Restart::LogMoved));
        let first = host.sent.iter().find_map(|(_, message)| match message {
            Message::Request { reconnect, .. } => *reconnect,
            _ => None,
        });
        assert!(first.is_some_and(|first| first.get() >= 100));
        assert!(host.session.usage().entries <= 100);
    }
}

#[test]
fn entries_that_the_snapshot_has_make_room_without_harm() {
    let catalogue = Catalogue::with_chunks(50);
    let mut host = Host::listing(config().entries_max(20), 1, &catalogue);
    host.entries(1, 29);
    assert_eq!(host.session.phase(), Phase::Fetching);
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
    let replay = host.replay.unwrap();
    assert_eq!((replay.len(), replay[0].sequence.get()), (19, 11));
}

/// Stops a session that has fetched so many chunks, and starts another one.
fn reborn(catalogue: &Catalogue, chunks: usize, change: impl Fn(&mut MemorySpool)) -> Host {
    let mut host = Host::listing(config(), 1, catalogue);
    host.serve_some(catalogue, chunks);
    let state = host.session.resume_state();
    assert_eq!((state.anchor(), state.chunks()), (Some(anchor(10)), chunks));
    let written = postcard::to_stdvec(&state).unwrap();
    let state: ResumeState = postcard::from_bytes(&written).unwrap();
    let mut spool = host.session.into_spool();
    change(&mut spool);
    Host::resume(config(), members(1), spool, &state)
}

#[test]
fn a_session_goes_on_from_what_an_earlier_one_has_written_down() {
    let catalogue = Catalogue::with_chunks(50);
    let mut host = reborn(&catalogue, 45, |_| ());
    assert_eq!(host.session.progress().items, 4_500);
    host.sent.clear();
    host.offer("a", anchor(20), catalogue.root());
    let fetches = host.fetches();
    assert!(
        fetches
            .iter()
            .all(|fetch| matches!(fetch.piece, Piece::Chunks { .. }))
    );
    host.sent = fetches
        .into_iter()
        .map(|fetch| again(fetch, &catalogue))
        .collect();
    assert_eq!(count_chunks(&mut host, &catalogue), 5);
    host.finish(anchor(20), &catalogue);
}

fn again(fetch: Fetch, catalogue: &Catalogue) -> (&'static str, Message) {
    let Fetch {
        to,
        id,
        anchor,
        piece,
    } = fetch;
    (
        to,
        Message::Fetch {
            id,
            anchor,
            root: catalogue.root(),
            piece,
        },
    )
}

#[test]
fn what_the_spool_has_lost_or_spoilt_is_fetched_again() {
    let catalogue = Catalogue::with_chunks(50);
    let lost = Hash::of(&catalogue.chunks[7]);
    let spoilt = Hash::of(&catalogue.chunks[9]);
    let mut host = reborn(&catalogue, 45, |spool| {
        spool.remove(&lost);
        spool.put(spoilt, Bytes::from_static(b"rotten")).unwrap();
    });
    host.sent.clear();
    host.offer("a", anchor(20), catalogue.root());
    assert_eq!(count_chunks(&mut host, &catalogue), 7);
    host.finish(anchor(20), &catalogue);
}

#[test]
fn a_record_that_makes_no_sense_only_costs_what_it_could_have_saved() {
    let catalogue = Catalogue::with_chunks(50);
    let mut host = Host::listing(config(), 1, &catalogue);
    host.serve_some(&catalogue, 45);
    let mut written = postcard::to_stdvec(&host.session.resume_state()).unwrap();
    for place in (0..written.len()).step_by(97) {
        written[place] ^= 1;
        if let Ok(state) = postcard::from_bytes::<ResumeState>(&written) {
            let mut host = Host::resume(config(), members(1), MemorySpool::new(), &state);
            host.offer("a", anchor(20), catalogue.root());
            host.serve(&catalogue);
            host.finish(anchor(20), &catalogue);
        }
        written[place] ^= 1;
    }
}

/// What is written down, for whoever wants it to be wrong.
#[derive(Deserialize, Serialize)]
struct Record {
    anchor: Option<Anchor>,
    root: Option<Hash>,
    index: Option<Bytes>,
    pages: BTreeMap<u32, Bytes>,
    chunks: Vec<(Hash, u32)>,
}

#[test]
fn a_chunk_that_is_nowhere_takes_up_no_room() {
    let catalogue = Catalogue::with_chunks(50);
    let mut host = Host::listing(config(), 1, &catalogue);
    host.serve_some(&catalogue, 45);
    let written = postcard::to_stdvec(&host.session.resume_state()).unwrap();
    let mut record: Record = postcard::from_bytes(&written).unwrap();
    record.chunks.push((Hash::of(b"of nothing"), u32::MAX));
    let written = postcard::to_stdvec(&record).unwrap();
    let state = postcard::from_bytes(&written).unwrap();
    let spool = host.session.into_spool();
    let mut host = Host::resume(config(), members(1), spool, &state);
    host.offer("a", anchor(20), catalogue.root());
    host.serve(&catalogue);
    host.finish(anchor(20), &catalogue);
}

#[test]
fn equal_chunks_are_fetched_once() {
    let catalogue = Catalogue::of(&vec![vec![1, 2, 3]; 20]);
    let mut host = Host::listing(config().window_max(1), 1, &catalogue);
    assert_eq!(count_chunks(&mut host, &catalogue), 1);
    host.finish(anchor(10), &catalogue);
}
