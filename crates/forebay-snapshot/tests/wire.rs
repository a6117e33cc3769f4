//! Messages as bytes.
//!
//! * What is written is read as the same, and data is not copied.
//! * Whatever comes in is read as exactly one message or refused, and nothing too long is looked at.
//! * The first version stays as it is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use bytes::Bytes;
use forebay_core::Sequence;
use forebay_snapshot::{
    Absence, Anchor, Encoded, Hash, Limits, Message, Piece, Refusal, WireError, decode, encode,
};
use proptest::prelude::*;

const LIMITS: Limits = Limits::new();

fn anchor() -> BoxedStrategy<Anchor> {
    let parts = (any::<u64>(), any::<u64>());
    parts
        .prop_map(|(sequence, term)| Anchor::new(Sequence::new(sequence), term))
        .boxed()
}

fn hash() -> BoxedStrategy<Hash> {
    any::<[u8; 32]>().prop_map(Hash::from_bytes).boxed()
}

fn duration() -> BoxedStrategy<Duration> {
    let parts = (any::<u64>(), 0..1_000_000_000_u32);
    parts
        .prop_map(|(secs, nanos)| Duration::new(secs, nanos))
        .boxed()
}

fn refusal() -> BoxedStrategy<Refusal<String>> {
    prop_oneof![
        prop::option::of("[a-z]{0,20}").prop_map(|leader| Refusal::NotLeader { leader }),
        Just(Refusal::NotMember),
        Just(Refusal::Unavailable),
        Just(Refusal::Busy),
        Just(Refusal::ItemTooLarge),
        Just(Refusal::Superseded),
    ]
    .boxed()
}

fn absence() -> BoxedStrategy<Absence> {
    prop_oneof![
        Just(Absence::Unknown),
        Just(Absence::Expired),
        Just(Absence::RootMismatch),
        Just(Absence::Empty),
        any::<u64>().prop_map(|len| Absence::OutOfRange { len }),
        duration().prop_map(|retry_after| Absence::Busy { retry_after }),
        Just(Absence::ItemTooLarge),
        Just(Absence::NotMember),
    ]
    .boxed()
}

fn piece() -> BoxedStrategy<Piece> {
    prop_oneof![
        Just(Piece::Index),
        any::<u32>().prop_map(Piece::Page),
        (any::<u64>(), any::<u32>()).prop_map(|(first, count)| Piece::Chunks { first, count }),
    ]
    .boxed()
}

fn message() -> BoxedStrategy<Message<String>> {
    let id = any::<u64>;
    prop_oneof![
        (id(), prop::option::of(id())).prop_map(|(nonce, reconnect)| Message::Request {
            nonce,
            reconnect: reconnect.map(Sequence::new),
        }),
        (id(), anchor(), hash(), (id(), id(), id()), duration()).prop_map(
            |(nonce, anchor, root, (items, bytes, chunks), ttl)| Message::Offer {
                nonce,
                anchor,
                root,
                items,
                bytes,
                chunks,
                ttl,
            }
        ),
        (id(), refusal(), duration()).prop_map(|(nonce, why, retry_after)| Message::Refuse {
            nonce,
            why,
            retry_after,
        }),
        (id(), anchor(), hash(), piece()).prop_map(|(id, anchor, root, piece)| Message::Fetch {
            id,
            anchor,
            root,
            piece,
        }),
        (id(), prop::collection::vec(any::<u8>(), 0..100)).prop_map(|(id, bytes)| Message::Data {
            id,
            bytes: bytes.into(),
        }),
        (id(), absence()).prop_map(|(id, why)| Message::Gone { id, why }),
        (anchor(), hash()).prop_map(|(anchor, root)| Message::Done { anchor, root }),
    ]
    .boxed()
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(message in message()) {
        let frame = encode(&message).unwrap();
        prop_assert_eq!(frame.len(), frame.to_bytes().len());
        prop_assert!(!frame.is_empty() && frame.len() <= Encoded::len_max(&LIMITS));
        prop_assert_eq!(decode(frame.to_bytes(), &LIMITS), Ok(message));
    }

    #[test]
    fn less_or_more_than_a_message_is_none(
        message in message().prop_filter("any length of data is data", |message| {
            !matches!(message, Message::Data { .. })
        }),
        more in any::<u8>(),
    ) {
        let frame = encode(&message).unwrap().to_bytes();
        for len in 0..frame.len() {
            let less = decode::<String>(frame.slice(..len), &LIMITS);
            prop_assert!(less.is_err(), "{} bytes of {}", len, frame.len());
        }
        let more = [&frame[..], &[more]].concat();
        prop_assert_eq!(decode::<String>(more.into(), &LIMITS), Err(WireError::Malformed));
    }

    #[test]
    fn bytes_from_anywhere_are_refused_or_read(
        first in 0..4_u8,
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = [&[first][..], &rest].concat();
        if let Ok(message) = decode::<String>(bytes.into(), &LIMITS) {
            let again = encode(&message).unwrap().to_bytes();
            prop_assert_eq!(decode(again, &LIMITS), Ok(message));
        }
    }
}

#[test]
fn data_is_shared_with_the_frame() {
    let frame = Bytes::from(vec![2; 100]);
    let Ok(Message::<u8>::Data { bytes, .. }) = decode(frame.clone(), &LIMITS) else {
        panic!();
    };
    assert_eq!(bytes.as_ptr(), frame[9..].as_ptr());
    let written = encode(&Message::<u8>::Data { id: 1, bytes }).unwrap();
    assert_eq!(written.body.as_ptr(), frame[9..].as_ptr());
}

#[test]
fn frames_that_are_too_long_are_not_read() {
    let limits = LIMITS.piece_bytes_max(5_000);
    let data = |len: usize| Bytes::from(vec![2; len]);
    let max = 5_009;
    assert_eq!(Encoded::len_max(&limits), max);
    assert!(decode::<u8>(data(max), &limits).is_ok());
    let len = max + 1;
    assert_eq!(
        decode::<u8>(data(len), &limits),
        Err(WireError::TooLarge { len, max })
    );
    let plain = Bytes::from(vec![1; 4_097]);
    let (len, max) = (4_097, 4_096);
    assert_eq!(
        decode::<u8>(plain, &limits),
        Err(WireError::TooLarge { len, max })
    );
}

#[test]
fn names_that_are_too_long_are_not_written() {
    let leader = Some("x".repeat(4_096));
    let message = Message::Refuse {
        nonce: 1,
        why: Refusal::NotLeader { leader },
        retry_after: Duration::ZERO,
    };
    assert!(matches!(encode(&message), Err(WireError::TooLarge { .. })));
}

#[test]
fn unknown_versions_are_told_from_nonsense() {
    for bytes in [&[][..], &[0], &[3, 1, 2]] {
        let read = decode::<u8>(Bytes::copy_from_slice(bytes), &LIMITS);
        assert_eq!(read, Err(WireError::Version));
    }
    for bytes in [&[1][..], &[1, 99], &[2, 1, 2], &[1, 4, 1, 1, 7]] {
        let read = decode::<u8>(Bytes::copy_from_slice(bytes), &LIMITS);
        assert_eq!(read, Err(WireError::Malformed), "{bytes:?}");
    }
}

#[test]
fn the_first_version_stays_as_it_is() {
    let anchor = Anchor::new(Sequence::new(300), 2);
    let root = Hash::from_bytes([7; 32]);
    let piece = Piece::Chunks { first: 1, count: 2 };
    let frames: [(Message<u8>, Vec<u8>); 5] = [
        (
            Message::Request {
                nonce: 5,
                reconnect: Some(Sequence::new(9)),
            },
            vec![1, 0, 5, 1, 9],
        ),
        (
            Message::Fetch {
                id: 6,
                anchor,
                root,
                piece,
            },
            [&[1, 3, 6, 0xac, 2, 2][..], &[7; 32], &[2, 1, 2]].concat(),
        ),
        (
            Message::Data {
                id: 0x0102,
                bytes: Bytes::from_static(b"ab"),
            },
            vec![2, 2, 1, 0, 0, 0, 0, 0, 0, b'a', b'b'],
        ),
        (
            Message::Gone {
                id: 1,
                why: Absence::OutOfRange { len: 4 },
            },
            vec![1, 5, 1, 4, 4],
        ),
        (
            Message::Done { anchor, root },
            [&[1, 6, 0xac, 2, 2][..], &[7; 32]].concat(),
        ),
    ];
    for (message, bytes) in frames {
        assert_eq!(encode(&message).unwrap().to_bytes(), bytes);
        assert_eq!(decode(bytes.into(), &LIMITS), Ok(message));
    }
}
