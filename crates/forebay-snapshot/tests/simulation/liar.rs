use std::time::Duration;

use bytes::Bytes;
use forebay_snapshot::{Absence, Anchor, Hash, Refusal};

use crate::log::Machine;
use crate::random::Random;
use crate::{Message, State};

/// How a peer lies. All liars of a run lie alike, so that they agree with each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Liar {
    /// About the state, without ever contradicting itself.
    State,
    /// About the bytes of pieces.
    Bytes,
    /// About where a snapshot was taken, or what it is.
    Offers,
    /// About having anything, and about when it will.
    Absences,
}

impl Liar {
    pub(crate) fn of(random: &mut Random) -> Self {
        [Self::State, Self::Bytes, Self::Offers, Self::Absences][random.below(4) as usize]
    }

    pub(crate) fn state(self, machine: &Machine) -> State {
        let mut machine = machine.clone();
        if let (Self::State, Some(mut entry)) = (self, machine.items.first_entry()) {
            *entry.get_mut() = Bytes::from_static(b"a lie");
        }
        machine.state()
    }

    /// What is sent instead of a message.
    pub(crate) fn twist(self, random: &mut Random, message: Message) -> Message {
        match (self, message) {
            (Self::Bytes, Message::Data { id, bytes }) => Message::Data {
                id: if random.percent(20) { id ^ 1 } else { id },
                bytes: spoilt(random, &bytes),
            },
            (
                Self::Offers,
                Message::Offer {
                    nonce,
                    anchor,
                    root,
                    items,
                    bytes,
                    chunks,
                    ttl,
                },
            ) => {
                let is_elsewhere = random.percent(50);
                let sequence = anchor.sequence().get() + u64::from(is_elsewhere);
                Message::Offer {
                    nonce,
                    anchor: Anchor::new(sequence.into(), anchor.term()),
                    root: if is_elsewhere {
                        root
                    } else {
                        Hash::of(b"nothing at all")
                    },
                    items: items ^ (1 << 60),
                    bytes,
                    chunks,
                    ttl: if random.percent(50) {
                        Duration::MAX
                    } else {
                        ttl
                    },
                }
            }
            (Self::Absences, Message::Data { id, .. }) => Message::Gone {
                id,
                why: absence(random),
            },
            (Self::Absences, Message::Offer { nonce, .. }) if random.percent(50) => {
                Message::Refuse {
                    nonce,
                    why: Refusal::Busy,
                    retry_after: Duration::MAX,
                }
            }
            (_, message) => message,
        }
    }
}

fn spoilt(random: &mut Random, bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    match random.below(4) {
        0 => bytes.push(0),
        1 => drop(bytes.pop()),
        2 => bytes.clear(),
        _ if bytes.is_empty() => {}
        _ => {
            let place = random.below(bytes.len() as u64) as usize;
            bytes[place] ^= 1 << random.below(8);
        }
    }
    bytes.into()
}

fn absence(random: &mut Random) -> Absence {
    match random.below(5) {
        0 => Absence::Unknown,
        1 => Absence::RootMismatch,
        2 => Absence::OutOfRange { len: 0 },
        3 => Absence::Busy {
            retry_after: Duration::ZERO,
        },
        _ => Absence::Busy {
            retry_after: Duration::MAX,
        },
    }
}
