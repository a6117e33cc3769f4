//! Metrics: each answer and each event is counted once, whatever becomes of it.

use forebay_snapshot::{Marker, Message, Piece, ProviderConfig, ProviderOutput, Unsent};

use crate::counted::{counted, counts, recorded};
use crate::rig::{LOCAL, MEMBERS, Rig, at, chunks, secs, state};

const MACHINE: &str = "provider";

#[test]
fn what_is_asked_and_served_is_counted() {
    recorded(|snapshotter| {
        let mut rig = Rig::new();
        rig.ask(1, 7);
        rig.ask(MEMBERS, 7);
        let marker = rig.fed().pop().unwrap();
        rig.take(&marker, at(42), state(10));
        rig.work();
        let asked = counts([
            ("markers", 1),
            ("offers", 1),
            ("refused not_member", 1),
            ("snapshots", 1),
        ]);
        assert_eq!(counted(snapshotter, MACHINE), asked);

        rig.outputs();
        let offered = rig.offer(2, at(43), state(20));
        counted(snapshotter, MACHINE);
        let Message::Data { bytes, .. } = rig.fetch(2, &offered, Piece::Index) else {
            panic!("the index is there");
        };
        rig.fetch(2, &offered, chunks(0, 0));
        rig.fetch(2, &offered, Piece::Page(9));
        rig.tell(
            LOCAL,
            Message::Done {
                anchor: at(1),
                root: offered.root,
            },
        );
        let served = counts([
            ("from_self", 1),
            ("gone empty", 1),
            ("gone out_of_range", 1),
            ("served", 1),
            ("served_bytes", bytes.len() as u64),
        ]);
        assert_eq!(counted(snapshotter, MACHINE), served);
    });
}

#[test]
fn an_answer_that_is_sent_again_counts_once() {
    recorded(|snapshotter| {
        let mut rig = Rig::new();
        rig.ask(MEMBERS, 7);
        for _ in 0..3 {
            let Some(ProviderOutput::Send { to, message }) = rig.provider.poll_output() else {
                panic!("it is sent again");
            };
            let now = rig.now;
            rig.provider.handle_unsent(now, to, message, Unsent::Full);
            rig.pass_awake(secs(1));
        }
        let once = counts([("refused not_member", 1)]);
        assert_eq!(counted(snapshotter, MACHINE), once);
    });
}

#[test]
fn what_becomes_of_snapshots_is_counted() {
    recorded(|snapshotter| {
        let mut rig = Rig::with(ProviderConfig::new().snapshots_max(1));
        let first = rig.offer(1, at(42), state(10));
        let (anchor, root) = (first.anchor, first.root);
        rig.tell(1, Message::Done { anchor, root });
        rig.offer(1, at(43), state(10));
        rig.take(&Marker::new(2, 1), at(43), state(11));
        rig.work();
        rig.pass_awake(secs(11));
        let passed = counts([
            ("divergences", 1),
            ("evicted", 1),
            ("expired", 1),
            ("offers", 3),
            ("snapshots", 2),
        ]);
        assert_eq!(counted(snapshotter, MACHINE), passed);
    });
}
