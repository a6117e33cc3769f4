//! A sound checkpoint file that was cut, changed, moved about or partly lost.
//!
//! * It is refused, or shows what once held; it is never taken for an empty store.
//! * Salvage shows of every key what it once was at, and nothing above the last.
#![no_main]

#[path = "checkpoint/bytes.rs"]
mod bytes;
#[path = "checkpoint/place.rs"]
mod place;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use forebay_checkpoint::{FileStore, OnCorrupt};
use forebay_core::ResumeKey;
use libfuzzer_sys::fuzz_target;

use crate::bytes::{Bytes, record};
use crate::place::Place;

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);
static SOUND: LazyLock<Sound> = LazyLock::new(Sound::new);

type Held = BTreeMap<ResumeKey, u64>;

/// A file, and what held after each of its blocks.
struct Sound {
    bytes: Vec<u8>,
    held: Vec<Held>,
}

impl Sound {
    fn new() -> Self {
        let key = |number: u8| ResumeKey::from_bytes([number; 32]);
        let first = [record(1, 0, true, 0, 1, ""), record(1, 1, true, 0, 1, "x")];
        let base = 64 + 24 + first.concat().len().next_multiple_of(8);
        let mut file = Bytes::new(0, base as u64);
        file.block(1, 64, &first.concat());
        let mut held = vec![Held::from([(key(0), 1), (key(1), 1)])];
        for sequence in 2..12 {
            let number = (sequence % 3) as u8;
            let named = sequence == 2;
            let text = "e".repeat(sequence as usize * 13 % 90);
            file.block(1, 0, &record(1, number, named, 0, sequence, &text));
            let mut now = held[held.len() - 1].clone();
            now.insert(key(number), sequence);
            held.push(now);
        }
        let bytes = file.bytes;
        Self { bytes, held }
    }
}

fuzz_target!(|input: &[u8]| {
    let file = damaged(SOUND.bytes.clone(), input);
    if file.is_empty() || file == SOUND.bytes {
        return;
    }
    PLACE.put(&file);
    if let Ok(store) = PLACE.open(OnCorrupt::Refuse) {
        let held = held(&store);
        assert!(SOUND.held.contains(&held), "{held:?}");
        store.close_blocking().unwrap();
    }
    PLACE.put(&file);
    if let Ok(store) = PLACE.open(OnCorrupt::Salvage) {
        for (key, sequence) in held(&store) {
            let once = |held: &Held| held.get(&key) == Some(&sequence);
            assert!(SOUND.held.iter().any(once), "{key} at {sequence}");
        }
        store.close_blocking().unwrap();
        assert!(FileStore::verify(&PLACE.path).unwrap().damage.is_none());
    }
});

fn held(store: &FileStore) -> Held {
    let rows = store.rows().into_iter();
    rows.filter_map(|row| Some((row.key, row.checkpoint?.sequence().get())))
        .collect()
}

/// Does what the input says, five bytes at a time.
fn damaged(mut file: Vec<u8>, input: &[u8]) -> Vec<u8> {
    for step in input.chunks_exact(5).take(8) {
        let number = |at: usize| usize::from(u16::from_le_bytes([step[at], step[at + 1]]));
        let from = number(1) % (file.len() + 1);
        let to = number(3) % (file.len() + 1);
        let (low, high) = (from.min(to), from.max(to));
        match step[0] % 6 {
            0 => file.truncate(from),
            1 => {
                if let Some(byte) = file.get_mut(from) {
                    *byte ^= step[4] | 1;
                }
            }
            2 => file[low..high].fill(0),
            3 => file.drain(low..high).for_each(drop),
            4 => {
                let piece = file[low..high].to_vec();
                file.splice(from..from, piece);
            }
            _ => {
                let end = (from + 512).min(file.len());
                let room = file.len() - (end - from);
                file.copy_within(from..end, to.min(room));
            }
        }
    }
    file
}
