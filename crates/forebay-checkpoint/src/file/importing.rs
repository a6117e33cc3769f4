//! Taking over the file of older clients, over a file system that loses, fails and stops, while
//! such clients and others of our own are at it.
//!
//! * At any time the path names the JSON or the new file, whole, with all that was acknowledged.
//! * What was taken over is what the last older client wrote, and it is kept beside the new file.
//! * Whatever an older client was told to be written is there afterwards.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};

use crate::error::CheckpointError;
use crate::file::engine::{Engine, Entered, Settings, read};
use crate::file::io::{Io, read_rest, write_all};
use crate::file::sim::{Fault, SimFile, SimIo, World};
use crate::file::table::Table;
use crate::json_v1::{export_json_v1, import_json_v1};
use crate::row::Row;

const PATH: &str = "/store";
const LOCK: &str = "/store.lock";
const LOG: LogId = LogId::new(7);
const KEY: ResumeKey = ResumeKey::from_bytes([1; 32]);
const OTHER_KEY: ResumeKey = ResumeKey::from_bytes([2; 32]);

type Values = Vec<(ResumeKey, Checkpoint)>;

fn values(sequence: u64) -> Values {
    let at = |sequence| Checkpoint::new(Cursor::new(LOG, Sequence::new(sequence)));
    vec![(KEY, at(sequence)), (OTHER_KEY, at(5).with_event_id("e"))]
}

fn json(sequence: u64) -> String {
    let rows = values(sequence).into_iter();
    let rows = rows.map(|(key, checkpoint)| Row::new(key, Some(checkpoint)));
    export_json_v1(&rows.collect::<Vec<_>>())
}

fn bytes(io: &SimIo, path: &Path) -> std::io::Result<Vec<u8>> {
    let file = io.open(path)?;
    let mut bytes = Vec::new();
    read_rest(io, &file, 0, 1 << 12, &mut bytes)?;
    Ok(bytes)
}

/// A client as it was: it writes a new file and gives it the name, under the lock file's lock.
fn put(io: &SimIo, sequence: u64) -> std::io::Result<bool> {
    let lock = match io.open(Path::new(LOCK)) {
        Ok(lock) => lock,
        Err(_) => io.create(Path::new(LOCK), 0o644)?,
    };
    if !io.try_lock(&lock)? {
        return Ok(false);
    }
    let Ok(found) = import_json_v1(&bytes(io, Path::new(PATH))?, LOG) else {
        return Ok(false);
    };
    if found[0].1.sequence().get() >= sequence {
        return Ok(true);
    }
    let path = Path::new("/written");
    let _ = io.remove(path);
    let file = io.create(path, 0o644)?;
    write_all(io, &file, json(sequence).as_bytes(), 0)?;
    io.sync(&file)?;
    io.rename(path, Path::new(PATH))?;
    io.sync_directory(path)?;
    Ok(true)
}

struct Importer {
    io: Arc<SimIo>,
    engine: Engine<SimIo>,
    published: Arc<RwLock<Table>>,
    waits_for: Option<Arc<SimFile>>,
}

impl Importer {
    fn start(world: &Arc<World>, import: Option<LogId>) -> Self {
        let io = world.process();
        let published = Arc::default();
        let settings = Settings {
            import,
            ..Settings::default()
        };
        let path = Arc::from(Path::new(PATH));
        let engine = Engine::new(
            Arc::clone(&io),
            path,
            settings,
            Arc::clone(&published),
            Arc::default(),
        );
        Self {
            io,
            engine,
            published,
            waits_for: None,
        }
    }

    /// Opens, if it need not wait; returns what it found.
    fn open(&mut self) -> Result<Option<Values>, CheckpointError> {
        if let Some(file) = self.waits_for.take() {
            if !matches!(self.io.try_lock(&file), Ok(true)) {
                self.waits_for = Some(file);
                return Ok(None);
            }
            if self.engine.confirm()? {
                return self.work().map(Some);
            }
        }
        match self.engine.enter(false)? {
            Entered::Locked => self.work().map(Some),
            Entered::Busy(file) => {
                self.waits_for = Some(file);
                Ok(None)
            }
            Entered::Nothing => Ok(Some(Values::new())),
        }
    }

    fn work(&mut self) -> Result<Values, CheckpointError> {
        let worked = self.engine.work(&mut [], false);
        self.engine.leave();
        worked?;
        let table = read(&self.published);
        let values = table.iter();
        let mut values: Values = values
            .filter_map(|(key, known)| Some((*key, known.state.value.clone()?)))
            .collect();
        values.sort_by_key(|(key, _)| *key);
        Ok(values)
    }
}

/// What older clients were told, and what was seen of it.
#[derive(Default)]
struct Told {
    acknowledged: u64,
    tried: u64,
    seen: Vec<Values>,
}

struct Run {
    /// What it is called where it fails.
    name: String,
    /// Whether the name of the backup is taken.
    has_backup: bool,
    world: Arc<World>,
    importers: Vec<Arc<Mutex<Importer>>>,
    told: Arc<Mutex<Told>>,
}

impl Run {
    fn new(seed: u64, faults: &[(u64, Fault)]) -> Self {
        let world = World::new(seed + 1);
        let io = world.process();
        let file = io.create(Path::new(PATH), 0o600).unwrap();
        write_all(&*io, &file, json(1).as_bytes(), 0).unwrap();
        io.sync(&file).unwrap();
        if seed.is_multiple_of(2) {
            let kept = Path::new("/store.v1-backup");
            write_all(&*io, &io.create(kept, 0o600).unwrap(), b"mine", 0).unwrap();
            io.sync(&io.open(kept).unwrap()).unwrap();
        }
        io.sync_directory(Path::new(PATH)).unwrap();
        let start = world.calls();
        for (call, fault) in faults {
            world.fail(start + call, *fault);
        }
        let importer = || Arc::new(Mutex::new(Importer::start(&world, Some(LOG))));
        Self {
            name: format!("seed {seed}, {faults:?}"),
            has_backup: seed.is_multiple_of(2),
            importers: (0..2).map(|_| importer()).collect(),
            told: Arc::new(Mutex::new(Told {
                acknowledged: 1,
                tried: 1,
                ..Told::default()
            })),
            world,
        }
    }

    /// Has the others take their turn in the middle of whatever comes next.
    fn meet(&self) {
        let call = self.world.calls() + self.world.random(30);
        let other = self.world.random(2) as usize;
        let importer = Arc::clone(&self.importers[other]);
        let (world, told) = (Arc::clone(&self.world), Arc::clone(&self.told));
        let older = self.world.random(2) == 0;
        let hook = move || match older {
            true => older_turn(&world, &told),
            false => turn(&importer, &told),
        };
        self.world.hook(call, Box::new(hook));
    }

    fn go(self) -> u64 {
        let start = self.world.calls();
        for _ in 0..6 {
            self.meet();
            match self.world.random(3) {
                0 => older_turn(&self.world, &self.told),
                which => turn(&self.importers[which as usize - 1], &self.told),
            }
            if self.world.has_lost_power() {
                break;
            }
        }
        let calls = self.world.calls() - start;
        self.world.calm();
        self.world.restart();
        self.check();
        calls
    }

    /// The machine is started again, with what the medium has.
    fn check(&self) {
        let io = self.world.process();
        let told = self.told.lock().unwrap();
        let found = bytes(&io, Path::new(PATH)).unwrap();
        let name = &self.name;
        assert!(!found.is_empty(), "{name}");
        let mut fresh = Importer::start(&self.world, Some(LOG));
        let opened = fresh.open().unwrap().unwrap();
        let sequence = opened[0].1.sequence().get();
        let range = told.acknowledged..=told.tried;
        assert!(range.contains(&sequence), "{name}: {sequence}");
        assert_eq!(opened, values(sequence), "{name}");
        for seen in &told.seen {
            // Whoever has opened it saw the end of all older clients.
            assert_eq!(*seen, opened, "{name}");
        }
        let wanted = json(sequence).into_bytes();
        let mut kept = (1..9).filter_map(|number| backup(&io, number));
        let is_kept = kept.any(|bytes| bytes == wanted);
        assert!(is_kept, "{name}");
        let mine = backup(&io, 1).is_some_and(|bytes| bytes == b"mine");
        assert_eq!(mine, self.has_backup, "{name}");
        if let Ok(lock) = io.open(Path::new(LOCK)) {
            assert!(io.try_lock(&lock).unwrap(), "{name}");
        }
        assert!(matches!(put(&io, 1_000), Ok(false)), "{name}");
        assert_eq!(fresh.open().unwrap().unwrap(), opened, "{name}");
    }
}

fn backup(io: &SimIo, number: u32) -> Option<Vec<u8>> {
    let name = match number {
        1 => "/store.v1-backup".to_owned(),
        _ => format!("/store.v1-backup-{number}"),
    };
    bytes(io, &PathBuf::from(name)).ok()
}

fn older_turn(world: &Arc<World>, told: &Mutex<Told>) {
    let io = world.process();
    let sequence = {
        let mut told = told.lock().unwrap();
        told.tried += 1;
        told.tried
    };
    if matches!(put(&io, sequence), Ok(true)) {
        let mut told = told.lock().unwrap();
        told.acknowledged = told.acknowledged.max(sequence);
    }
}

fn turn(importer: &Mutex<Importer>, told: &Mutex<Told>) {
    // Nobody is in the middle of two turns.
    let Ok(mut importer) = importer.try_lock() else {
        return;
    };
    if let Ok(Some(seen)) = importer.open() {
        told.lock().unwrap().seen.push(seen);
    }
}

#[test]
fn every_call_of_a_takeover_may_fail_in_every_way() {
    use std::io::ErrorKind::{Interrupted, Other, StorageFull};
    let faults = [
        Fault::Error(Other),
        Fault::Error(Interrupted),
        Fault::Partial(StorageFull),
        Fault::Kill,
        Fault::PowerLoss,
    ];
    for seed in 0..12 {
        let calls = Run::new(seed, &[]).go();
        for fault in (0..calls).flat_map(|call| faults.map(|fault| (call, fault))) {
            Run::new(seed, &[fault]).go();
        }
    }
}

#[test]
fn a_file_of_older_clients_is_refused_unless_it_is_asked_for() {
    let run = Run::new(1, &[]);
    let mut importer = Importer::start(&run.world, None);
    let refused = importer.open();
    assert!(matches!(refused, Err(CheckpointError::JsonV1 { .. })));
    assert!(bytes(&importer.io, Path::new(LOCK)).is_err());
}
