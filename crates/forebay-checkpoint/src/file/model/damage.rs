//! Files that were durable, and are not what they were.
//!
//! * A file that is cut at any byte, or of which any bit is changed, shows what held after some of
//!   its blocks, or is refused. It is never taken for an empty store, and nothing is made up.
//! * Salvage shows of every key a state that it once had, and none above the last; it names every key
//!   of which it shows another one than the last.
//! * What was salvaged goes on as a store, the damaged file is kept, and a crash or a failed call in
//!   the middle of salvage leaves the one or the other.

use std::collections::BTreeMap;
use std::path::Path;

use forebay_core::{Checkpoint, ResumeKey};

use crate::error::CheckpointError;
use crate::file::decide::What;
use crate::file::engine::{Settings, read};
use crate::file::format::header::{HEADER_BYTES, Header};
use crate::file::format::replay::{Place, after, load};
use crate::file::format::salvage::salvage;
use crate::file::job::Job;
use crate::file::model::processes::{PATH, Process};
use crate::file::model::run::{Plan, Run};
use crate::file::model::stage::{Stage, commit, long_commit, wish};
use crate::file::sim::{Dice, Files, World};
use crate::file::table::Table;

/// What is shown of every key.
type Shown = BTreeMap<ResumeKey, (u64, Option<Checkpoint>)>;

fn shown(table: &Table) -> Shown {
    let known = table.iter();
    known
        .map(|(key, known)| (*key, (known.state.epoch, known.state.value.clone())))
        .collect()
}

/// A file, and what held after each of its blocks.
struct Sound {
    bytes: Vec<u8>,
    tail: usize,
    held: Vec<Shown>,
}

impl Sound {
    fn of(bytes: &[u8]) -> Self {
        let (header, seed) = Header::decode(bytes).unwrap();
        let (_, place, _) = load(&header, seed, bytes);
        let mut table = Table::new(header.floor);
        let mut again = Place::behind_header(seed, HEADER_BYTES as u64);
        let mut held = Vec::new();
        while again.tail < place.tail {
            if again.tail >= header.base {
                held.push(shown(&table));
            }
            let rest = &bytes[again.tail as usize..];
            let block = crate::file::format::block::Block::whole(rest, seed).unwrap();
            assert!(again.enter(block, &mut |key, record| {
                let Some(key) = key else { return true };
                let known = after(table.get(&key), record);
                known.map(|known| table.put(key, known)).is_some()
            }));
        }
        held.push(shown(&table));
        Self {
            bytes: bytes.to_vec(),
            tail: place.tail as usize,
            held,
        }
    }

    /// The file that a run leaves.
    fn of_run(seed: u64) -> Option<Self> {
        let run = Run::new(seed, Plan::default());
        let world = std::sync::Arc::clone(&run.world);
        run.go().unwrap();
        let files = world.files();
        let bytes = files.read(Path::new(PATH)).unwrap_or_default();
        (!bytes.is_empty()).then(|| Self::of(bytes))
    }

    fn expect(&self, bytes: &[u8]) -> Result<(), String> {
        match open(bytes, false) {
            Ok((table, _)) if bytes.is_empty() => assert!(shown(&table).is_empty()),
            Ok((table, _)) => {
                if !self.held.contains(&shown(&table)) {
                    return Err(format!("{:?} never held", shown(&table)));
                }
            }
            Err(CheckpointError::Corrupt { .. } | CheckpointError::NotAStore { .. }) => {}
            Err(error) => return Err(format!("{error:?}")),
        }
        self.expect_salvage(bytes)
    }

    fn expect_salvage(&self, bytes: &[u8]) -> Result<(), String> {
        let salvaged = salvage(bytes);
        let last = self.held.last().unwrap();
        let found = shown(&salvaged.table);
        let report = salvaged.report(None);
        for (key, state) in &found {
            let once = self.held.iter().any(|held| held.get(key) == Some(state));
            let behind = state == &last[key] || report.behind.contains(key);
            // What is damaged behind the last damage that can be told looks as if it had never been
            // acknowledged, or never been there.
            let told = report.gaps.last().map(|(_, end)| *end as usize);
            let untold = told.is_none_or(|end| bytes.get(end..) != self.bytes.get(end..));
            if !once || !(behind || untold) {
                return Err(format!(
                    "{key}: {state:?}, then {:?}, {report:?}",
                    last[key]
                ));
            }
        }
        let (table, files) = open(bytes, true).map_err(|error| format!("{error:?}"))?;
        let opened = shown(&table);
        for (key, state) in opened.iter().filter(|(_, (_, value))| value.is_some()) {
            if found.get(key) != Some(state) {
                return Err(format!("{key}: {state:?}, but salvage shows {found:?}"));
            }
        }
        let kept = files.contents().any(|(_, kept)| kept == bytes);
        if !kept {
            return Err("the damaged file is gone".to_owned());
        }
        Ok(())
    }
}

/// Opens a store with these bytes and commits something; returns what was there before.
fn open(bytes: &[u8], salvage: bool) -> Result<(Table, Files), CheckpointError> {
    let world = World::with(Files::durable(&[(Path::new(PATH), bytes)]), 3);
    let settings = Settings {
        salvage,
        ahead_bytes: 0,
        ..Settings::default()
    };
    let mut process = Process::start_with(&world, settings);
    let entered = process.engine.enter(true);
    assert!(entered.is_ok());
    process.engine.work(&mut [], true)?;
    let table = read(&process.published).clone();
    let files = world.files();
    let mut jobs = [Job::new(vec![commit(200, 1)], true)];
    process.engine.work(&mut jobs, true)?;
    assert!(matches!(&jobs[0].result, Some(Ok(_))), "{jobs:?}");
    Ok((table, files))
}

/// A few keys, some of which were removed or claimed, and an event id longer than a sector.
fn small() -> Sound {
    let mut stage = Stage::new(&[]);
    stage.set(|settings| (settings.ahead_bytes, settings.compact_from) = (0, 1 << 20));
    stage.work(0, vec![commit(0, 3), commit(1, 3), wish(1, What::Claim)]);
    stage.work(0, vec![commit(0, 4), wish(1, What::Remove), commit(2, 1)]);
    stage.work(0, vec![long_commit(0, 5), commit(1, 2), commit(2, 2)]);
    stage.violation().unwrap();
    let sound = Sound::of(stage.world.files().read(Path::new(PATH)).unwrap());
    assert_eq!(sound.tail, sound.bytes.len());
    sound
}

#[test]
fn a_file_that_is_cut_at_any_byte_is_refused_or_shows_what_held() {
    let sound = small();
    for len in 1..sound.bytes.len() {
        assert_eq!(sound.expect(&sound.bytes[..len]), Ok(()), "cut at {len}");
    }
}

#[test]
fn a_file_of_which_any_bit_is_changed_is_refused_or_shows_what_held() {
    let sound = small();
    let mut bytes = sound.bytes.clone();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(sound.expect(&bytes), Ok(()), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

/// Damages a file as media and people do.
fn damage(bytes: &mut Vec<u8>, tail: usize, dice: &mut Dice) {
    let mut below = |below: usize| dice.below(below as u64) as usize;
    match below(5) {
        0 => bytes[below(tail)] ^= 1 << below(8),
        1 => bytes.truncate(1 + below(tail)),
        2 => {
            let from = below(tail) / 512 * 512;
            let to = (from + 512).min(bytes.len());
            bytes[from..to].fill(0);
        }
        3 => {
            // What stood elsewhere in the file.
            let (len, from, to) = (1 + below(tail / 2), below(tail), below(tail));
            let end = (from + len).min(bytes.len());
            let piece = bytes[from..end].to_vec();
            let room = piece.len().min(bytes.len() - to);
            bytes[to..to + room].copy_from_slice(&piece[..room]);
        }
        _ => {
            let (from, len) = (below(tail), below(100));
            let end = (from + len).min(bytes.len());
            bytes.drain(from..end);
        }
    }
}

#[test]
fn damage_of_any_kind_is_refused_or_shows_what_held() {
    for seed in super::seeds().take(300) {
        let Some(sound) = Sound::of_run(seed) else {
            continue;
        };
        let mut dice = Dice::new(seed + 1);
        for round in 0..12 {
            let mut bytes = sound.bytes.clone();
            for _ in 0..=round % 3 {
                let tail = sound.tail.min(bytes.len());
                damage(&mut bytes, tail, &mut dice);
                if bytes.is_empty() {
                    break;
                }
            }
            if !bytes.is_empty() && bytes != sound.bytes {
                let expected = sound.expect(&bytes);
                assert_eq!(expected, Ok(()), "seed {seed}, round {round}");
            }
        }
    }
}
