//! Calls that could come at any time, with numbers at every edge.

use forebay_snapshot::{Piece, Unsent};
use proptest::prelude::*;
use proptest::sample::select;

use crate::rig::LOCAL;

/// Members are those below this number; one more is a stranger.
pub(crate) const PEERS: u32 = 6;

/// Something that a host could do.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Request {
        from: u32,
        nonce: u64,
        reconnect: Option<u64>,
    },
    Fetch {
        from: u32,
        id: u64,
        known: usize,
        root: bool,
        anchor: Option<u64>,
        piece: Piece,
    },
    Done {
        from: u32,
        known: usize,
    },
    Answer {
        from: u32,
    },
    Taken {
        requester: u32,
        nonce: u64,
        sequence: u64,
        term: u64,
        items: u64,
    },
    TakenOurs {
        sequence: u64,
        items: u64,
    },
    Unfed,
    Unsent {
        why: Unsent,
    },
    PeerGone {
        peer: u32,
    },
    Leader {
        leader: Option<u32>,
    },
    Members {
        count: u32,
    },
    Committed {
        sequence: u64,
    },
    Prune {
        sequence: u64,
    },
    Timeout,
    Work {
        items: usize,
    },
    Take {
        outputs: usize,
    },
    Pass {
        millis: u64,
        is_back: bool,
    },
}

fn edge() -> BoxedStrategy<u64> {
    prop_oneof![
        4 => 0..64_u64,
        1 => select(vec![u64::MAX, u64::MAX - 1, 1 << 63, (1 << 32) - 1, 1 << 32]),
        1 => any::<u64>(),
    ]
    .boxed()
}

fn piece() -> BoxedStrategy<Piece> {
    let count = prop_oneof![0..6_u32, Just(u32::MAX), any::<u32>()];
    prop_oneof![
        Just(Piece::Index),
        Just(Piece::Page(0)),
        any::<u32>().prop_map(Piece::Page),
        (0..8_u64, 1..9_u32).prop_map(|(first, count)| Piece::Chunks { first, count }),
        (edge(), count).prop_map(|(first, count)| Piece::Chunks { first, count }),
    ]
    .boxed()
}

/// What peers say.
pub(crate) fn asking() -> BoxedStrategy<Call> {
    let peer = || 0..PEERS + 1;
    prop_oneof![
        (peer(), edge(), prop::option::of(edge())).prop_map(|(from, nonce, reconnect)| {
            Call::Request {
                from,
                nonce,
                reconnect,
            }
        }),
        (
            peer(),
            edge(),
            0..4_usize,
            prop::bool::weighted(0.9),
            prop::option::weighted(0.1, edge()),
            piece()
        )
            .prop_map(|(from, id, known, root, anchor, piece)| Call::Fetch {
                from,
                id,
                known,
                root,
                anchor,
                piece
            }),
        (peer(), 0..4_usize).prop_map(|(from, known)| Call::Done { from, known }),
        peer().prop_map(|from| Call::Answer { from }),
    ]
    .boxed()
}

/// What the host does.
pub(crate) fn hosting() -> BoxedStrategy<Call> {
    let peer = || 0..PEERS + 1;
    let items = || select(vec![0, 1, 100, 4_000]);
    let why = select(vec![Unsent::Full, Unsent::TooLarge, Unsent::Closed]);
    prop_oneof![
        2 => (peer(), edge(), edge(), 0..3_u64, items()).prop_map(|(requester, nonce, sequence, term, items)| {
            Call::Taken { requester, nonce, sequence, term, items }
        }),
        4 => (edge(), items()).prop_map(|(sequence, items)| Call::TakenOurs { sequence, items }),
        1 => Just(Call::Unfed),
        2 => why.prop_map(|why| Call::Unsent { why }),
        1 => peer().prop_map(|peer| Call::PeerGone { peer }),
        1 => prop::option::of(peer()).prop_map(|leader| Call::Leader { leader }),
        2 => Just(Call::Leader { leader: Some(LOCAL) }),
        1 => (2..PEERS).prop_map(|count| Call::Members { count }),
        1 => edge().prop_map(|sequence| Call::Committed { sequence: sequence.min(1 << 20) }),
        1 => edge().prop_map(|sequence| Call::Prune { sequence: sequence.min(1 << 20) }),
        2 => Just(Call::Timeout),
        6 => select(vec![0, 1, 1_000, usize::MAX]).prop_map(|items| Call::Work { items }),
        6 => (0..8_usize).prop_map(|outputs| Call::Take { outputs }),
        3 => (select(vec![0, 1, 99, 100, 999, 4_000]), prop::bool::weighted(0.1))
            .prop_map(|(millis, is_back)| Call::Pass { millis, is_back }),
    ]
    .boxed()
}
