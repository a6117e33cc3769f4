//! Records: what a block says of one key, or of the file.

use std::sync::Arc;

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};

use crate::file::format::field::{array_at, put, u16_at, u32_at, u64_at};

const FIXED_BYTES: usize = 32;
const KEY_BYTES: usize = 32;

const VALUE: u8 = 1;
const ABSENT: u8 = 2;
const LABEL: u8 = 3;
const MOVED: u8 = 4;

const HAS_KEY: u8 = 1;
const HAS_TEXT: u8 = 2;
const IS_CLAIMED: u8 = 4;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Record {
    State {
        name: Name,
        state: State,
    },
    Label {
        name: Name,
        label: Option<Arc<str>>,
    },
    /// The file with this generation is about to take the name of this one.
    Moved {
        generation: u64,
    },
}

/// Which key a record is of: its number in the file, and the key itself the first time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Name {
    pub(crate) number: u32,
    pub(crate) key: Option<ResumeKey>,
}

/// What holds of a key, but for its label.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct State {
    pub(crate) epoch: u64,
    /// Whether the epoch was given to a claim, which is to find it again.
    pub(crate) claimed: bool,
    pub(crate) value: Option<Checkpoint>,
}

/// A record in a whole block that no writer of this format would write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Nonsense;

impl Record {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::State { name, state } => encode_state(*name, state, out),
            Self::Label { name, label } => encode_label(*name, label.as_deref(), out),
            Self::Moved { generation } => {
                let mut fixed = [0; FIXED_BYTES];
                fixed[0] = MOVED;
                put(&mut fixed, 24, generation.to_le_bytes());
                out.extend_from_slice(&fixed);
            }
        }
    }
}

pub(crate) fn encode_state(name: Name, state: &State, out: &mut Vec<u8>) {
    let mut fixed = [0; FIXED_BYTES];
    fixed[0] = ABSENT;
    fixed[1] = if state.claimed { IS_CLAIMED } else { 0 };
    put(&mut fixed, 8, state.epoch.to_le_bytes());
    let mut text = None;
    if let Some(value) = &state.value {
        fixed[0] = VALUE;
        put(&mut fixed, 16, value.log().get().to_le_bytes());
        put(&mut fixed, 24, value.sequence().get().to_le_bytes());
        text = value.event_id();
    }
    finish(fixed, name, text, out);
}

pub(crate) fn encode_label(name: Name, label: Option<&str>, out: &mut Vec<u8>) {
    let mut fixed = [0; FIXED_BYTES];
    fixed[0] = LABEL;
    finish(fixed, name, label, out);
}

/// The text is not longer than its length field can say: whoever takes texts has seen to it.
fn finish(mut fixed: [u8; FIXED_BYTES], name: Name, text: Option<&str>, out: &mut Vec<u8>) {
    put(&mut fixed, 4, name.number.to_le_bytes());
    if name.key.is_some() {
        fixed[1] |= HAS_KEY;
    }
    if let Some(text) = text {
        fixed[1] |= HAS_TEXT;
        put(&mut fixed, 2, (text.len() as u16).to_le_bytes());
    }
    out.extend_from_slice(&fixed);
    if let Some(key) = &name.key {
        out.extend_from_slice(key.as_bytes());
    }
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
}

/// How many bytes the records of a key take the first time they are written into a file.
pub(crate) fn size(state: &State, label: Option<&str>) -> u64 {
    let texts = state.value.as_ref().and_then(Checkpoint::event_id);
    let texts = texts.map_or(0, str::len) + label.map_or(0, |label| FIXED_BYTES + label.len());
    (FIXED_BYTES + KEY_BYTES + texts) as u64
}

/// The records of one block.
#[derive(Clone, Debug)]
pub(crate) struct Records<'a>(&'a [u8]);

impl<'a> Records<'a> {
    pub(crate) const fn of(records: &'a [u8]) -> Self {
        Self(records)
    }

    fn take(&mut self) -> Option<Record> {
        let bytes = self.0;
        let [kind, flags] = array_at(bytes, 0)?;
        let text_len = usize::from(u16_at(bytes, 2)?);
        let number = u32_at(bytes, 4)?;
        let epoch = u64_at(bytes, 8)?;
        let log = LogId::new(u64_at(bytes, 16)?);
        let sequence = Sequence::new(u64_at(bytes, 24)?);
        let mut rest = bytes.get(FIXED_BYTES..)?;
        let mut key = None;
        if flags & HAS_KEY != 0 {
            key = Some(ResumeKey::from_bytes(array_at(rest, 0)?));
            rest = rest.get(KEY_BYTES..)?;
        }
        let (text, rest) = rest.split_at_checked(text_len)?;
        let text = std::str::from_utf8(text).ok()?;
        let text = (flags & HAS_TEXT != 0).then_some(text);
        if flags & !(HAS_KEY | HAS_TEXT | IS_CLAIMED) != 0 || (text.is_none() && text_len != 0) {
            return None;
        }
        self.0 = rest;
        let name = Name { number, key };
        let state = |value| State {
            epoch,
            claimed: flags & IS_CLAIMED != 0,
            value,
        };
        let position = Checkpoint::new(Cursor::new(log, sequence));
        Some(match (kind, text) {
            (VALUE, Some(text)) => Record::State {
                name,
                state: state(Some(position.with_event_id(text))),
            },
            (VALUE, None) => Record::State {
                name,
                state: state(Some(position)),
            },
            (ABSENT, None) => Record::State {
                name,
                state: state(None),
            },
            (LABEL, text) => Record::Label {
                name,
                label: text.map(Arc::from),
            },
            (MOVED, None) => Record::Moved {
                generation: sequence.get(),
            },
            _ => return None,
        })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, Nonsense>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.iter().all(|byte| *byte == 0) {
            return None;
        }
        let record = self.take();
        if record.is_none() {
            self.0 = &[];
        }
        Some(record.ok_or(Nonsense))
    }
}
