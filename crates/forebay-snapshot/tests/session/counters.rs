//! Metrics: what a session asked for, what came of it, and how it ended.

use bytes::Bytes;
use forebay_snapshot::{MemorySpool, Piece, Refusal, SessionError};

use crate::catalogue::Catalogue;
use crate::counted::{counted, counts, recorded};
use crate::host::{Host, MS, anchor, config, members};
use crate::{Event, Message};

const MACHINE: &str = "session";

#[test]
fn a_session_that_installs_counts_what_that_took() {
    recorded(|snapshotter| {
        let catalogue = Catalogue::with_chunks(5);
        let mut host = Host::listing(config(), 2, &catalogue);
        let listed = [Piece::Index, Piece::Page(0)].map(|piece| catalogue.piece(piece).len());
        host.entries(9, 4);
        host.serve(&catalogue);
        host.finish(anchor(10), &catalogue);
        let usage = host.session.usage();
        let counted = counted(snapshotter, MACHINE);
        let count = |name: &str| {
            let count = counted.iter().find(|(counted, _)| counted == name);
            count.map_or(0, |(_, count)| *count)
        };
        let chunks: usize = catalogue.chunks.iter().map(Vec::len).sum();
        let least = chunks + listed.iter().sum::<usize>();
        assert!(usage.fetched_bytes >= least as u64);
        assert_eq!(count("fetched_bytes"), usage.fetched_bytes);
        assert_eq!(count("wasted_bytes"), usage.wasted_bytes);
        assert_eq!(count("requests"), 2);
        assert!(count("fetches") >= 3, "the index, a page and the chunks");
        let ends = [
            "started",
            "installed",
            "seconds",
            "replayed",
            "failed cancelled",
        ]
        .map(count);
        assert_eq!(ends, [1, 1, 1, 2, 0]);
    });
}

#[test]
fn what_peers_do_is_counted() {
    recorded(|snapshotter| {
        let catalogue = Catalogue::with_chunks(12);
        let mut host = Host::listing(config(), 2, &catalogue);
        counted(snapshotter, MACHINE);
        let fetches = host.fetches();
        host.data(fetches[0], Bytes::from_static(b"lies"));
        host.offer(fetches[0].to, anchor(10), catalogue.root());
        host.pass(300 * MS);
        let times = host.events.iter();
        let times = times
            .filter(|event| matches!(event, Event::TimedOut { .. }))
            .count();
        assert!(times > 0);
        host.session.cancel(host.now);
        host.poll();
        let mut counted = counted(snapshotter, MACHINE);
        counted.retain(|(name, _)| name != "fetches");
        let expected = counts([
            ("banned", 1),
            ("failed cancelled", 1),
            ("fetched_bytes", 4),
            ("ignored", 1),
            ("timed_out", times as u64),
        ]);
        assert_eq!(counted, expected);
    });
}

#[test]
fn refusals_and_deadlines_are_counted_and_nothing_twice() {
    recorded(|snapshotter| {
        let mut host = Host::new(config().deadline(100 * MS), 1);
        let nonce = host.nonce;
        host.receive(
            "a",
            Message::Refuse {
                nonce,
                why: Refusal::Busy,
                retry_after: 1_000 * MS,
            },
        );
        host.pass(200 * MS);
        host.session.cancel(host.now);
        host.poll();
        assert!(matches!(host.error, Some(SessionError::Deadline)));
        let expected = counts([
            ("failed deadline", 1),
            ("refused", 1),
            ("requests", 1),
            ("started", 1),
        ]);
        assert_eq!(counted(snapshotter, MACHINE), expected);
    });
}

#[test]
fn what_is_there_already_is_counted_as_reused() {
    recorded(|snapshotter| {
        let catalogue = Catalogue::with_chunks(8);
        let mut host = Host::listing(config(), 1, &catalogue);
        host.serve_some(&catalogue, 1);
        let state = host.session.resume_state();
        let spool: MemorySpool = host.session.into_spool();
        counted(snapshotter, MACHINE);
        let mut host = Host::resume(config(), members(1), spool, &state);
        let changed = Catalogue::with_other_chunk(8, 7);
        host.offer("a", anchor(11), changed.root());
        host.pass(50 * MS);
        host.serve(&changed);
        let reused = host.session.usage().reused_bytes;
        assert!(reused > 0);
        let counted = counted(snapshotter, MACHINE);
        assert!(counted.contains(&("reused_bytes".to_owned(), reused)));
    });
}
