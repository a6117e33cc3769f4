//! What the laggard and its peers say to each other, whichever strategy it is.

use bytes::{BufMut, Bytes};
use forebay_snapshot::{Anchor, Encoded, Limits, Marker, Message, decode, encode};

use crate::catchup::log::Stretch;

/// Names the laggard and its peers.
pub(super) type Name = u8;

/// Who catches up.
pub(super) const LAGGARD: Name = 0;

/// Who leads the log, and is the first of the peers.
pub(super) const LEADER: Name = 1;

/// A message.
#[derive(Clone, Debug)]
pub(super) enum Packet {
    /// Something between the machines of the snapshot crate.
    Snapshot(Message<Name>),
    /// Entries are wanted, from this one on and at most so many. The answer comes when there is one;
    /// where `from` is 0 it comes at once, says where the log ends, and has none.
    Entries { from: u64, count: u64 },
    /// Entries, as an answer to who asked for some from `asked` on.
    Stretch { asked: u64, stretch: Stretch },
    /// The whole state is wanted in one message.
    Copy,
    /// The whole state, as it was after this entry.
    State { sequence: u64, bytes: Bytes },
    /// The laggard was restarted, and knows nothing of what is under way.
    Restarted,
    /// A marker was applied; peers alone say that to each other.
    Marked(Marker<Name>, Anchor),
}

/// The kinds of messages, as the first byte of each says.
mod kind {
    pub(super) const SNAPSHOT: u8 = 0;
    pub(super) const ENTRIES: u8 = 1;
    pub(super) const STRETCH: u8 = 2;
    pub(super) const COPY: u8 = 3;
    pub(super) const STATE: u8 = 4;
    pub(super) const RESTARTED: u8 = 5;
}

impl Packet {
    /// Returns it as it is sent: a head of its own, and a body that is shared; `None` for what is
    /// never sent.
    pub(super) fn encode(&self) -> Option<(Vec<u8>, Bytes)> {
        let mut head = Vec::new();
        let body = match self {
            Self::Snapshot(message) => {
                let encoded = encode(message).ok()?;
                head.push(kind::SNAPSHOT);
                head.extend(encoded.head);
                encoded.body
            }
            Self::Entries { from, count } => {
                numbers(&mut head, kind::ENTRIES, &[*from, *count]);
                Bytes::new()
            }
            Self::Stretch { asked, stretch } => {
                let parts = [*asked, stretch.from, stretch.count, stretch.head];
                numbers(&mut head, kind::STRETCH, &parts);
                stretch.bytes.clone()
            }
            Self::Copy => {
                head.push(kind::COPY);
                Bytes::new()
            }
            Self::State { sequence, bytes } => {
                numbers(&mut head, kind::STATE, &[*sequence]);
                bytes.clone()
            }
            Self::Restarted => {
                head.push(kind::RESTARTED);
                Bytes::new()
            }
            Self::Marked(..) => return None,
        };
        Some((head, body))
    }

    /// Reads one that was sent; `None` if it is none.
    pub(super) fn decode(mut bytes: Bytes) -> Option<Self> {
        let kind = *bytes.first()?;
        let mut rest = bytes.split_off(1);
        let mut number = || {
            let number = u64::from_le_bytes(*rest.first_chunk()?);
            rest = rest.split_off(size_of::<u64>());
            Some(number)
        };
        Some(match kind {
            kind::SNAPSHOT => Self::Snapshot(decode(rest, &Limits::new()).ok()?),
            kind::ENTRIES => Self::Entries {
                from: number()?,
                count: number()?,
            },
            kind::STRETCH => {
                let (asked, from, count, head) = (number()?, number()?, number()?, number()?);
                let stretch = Stretch {
                    from,
                    count,
                    head,
                    bytes: rest,
                };
                Self::Stretch { asked, stretch }
            }
            kind::COPY => Self::Copy,
            kind::STATE => Self::State {
                sequence: number()?,
                bytes: rest,
            },
            kind::RESTARTED => Self::Restarted,
            _ => return None,
        })
    }

    /// Returns how many bytes it has when it is sent.
    pub(super) fn len(&self) -> u64 {
        const NUMBER: usize = size_of::<u64>();
        let bytes = 1 + match self {
            Self::Snapshot(message) => encode(message).map_or(0, |encoded: Encoded| encoded.len()),
            Self::Entries { .. } => 2 * NUMBER,
            Self::Stretch { stretch, .. } => 4 * NUMBER + stretch.bytes.len(),
            Self::State { bytes, .. } => NUMBER + bytes.len(),
            Self::Copy | Self::Restarted | Self::Marked(..) => 0,
        };
        bytes as u64
    }
}

fn numbers(head: &mut Vec<u8>, kind: u8, numbers: &[u64]) {
    head.push(kind);
    numbers.iter().for_each(|number| head.put_u64_le(*number));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read_as_they_were_sent() {
        let bytes = Bytes::from_static(b"some");
        let packets = [
            Packet::Snapshot(Message::Data {
                id: 7,
                bytes: bytes.clone(),
            }),
            Packet::Entries { from: 3, count: 9 },
            Packet::Stretch {
                asked: 2,
                stretch: Stretch {
                    from: 2,
                    count: 5,
                    head: 80,
                    bytes: bytes.clone(),
                },
            },
            Packet::Copy,
            Packet::State { sequence: 5, bytes },
            Packet::Restarted,
        ];
        for packet in packets {
            let (head, body) = packet.encode().unwrap();
            let sent = [&head[..], &body].concat();
            assert_eq!(sent.len() as u64, packet.len(), "{packet:?}");
            let read = Packet::decode(sent.into()).unwrap();
            assert_eq!(format!("{read:?}"), format!("{packet:?}"));
        }
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        for bytes in [&b""[..], b"\x63", b"\x01short", b"\x00\xff"] {
            assert!(Packet::decode(Bytes::copy_from_slice(bytes)).is_none());
        }
    }
}
