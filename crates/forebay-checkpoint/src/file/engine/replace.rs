//! Putting a new file in the place of the one at the path.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::CheckpointError;
use crate::file::engine::append::encode_change;
use crate::file::engine::chain::Chain;
use crate::file::engine::{Engine, Open, nonce, read};
use crate::file::format::block::{BLOCK_HEAD_BYTES, Link, RECORDS_BYTES_MAX};
use crate::file::format::header::{HEADER_BYTES, Header};
use crate::file::format::record::Name;
use crate::file::format::replay::{Names, Place};
use crate::file::io::{Io, Stat, retried, write_all};
use crate::file::observe;
use crate::file::table::{Change, Table};

/// So many bytes of records go into a block of a new file, as far as one key does not take more.
const SNAPSHOT_RECORDS_BYTES: usize = RECORDS_BYTES_MAX / 16;

/// Why a file was not replaced.
pub(super) struct Failure {
    pub(super) source: io::Error,
    /// Whether the path names the new file, which it may lose again in a crash.
    pub(super) renamed: bool,
}

impl Failure {
    const fn before(source: io::Error) -> Self {
        Self {
            source,
            renamed: false,
        }
    }

    /// Whether it will fail each time: the path is a mount point, or may not be renamed.
    fn is_lasting(&self) -> bool {
        use io::ErrorKind as Kind;
        matches!(
            self.source.kind(),
            Kind::ResourceBusy
                | Kind::CrossesDevices
                | Kind::ReadOnlyFilesystem
                | Kind::PermissionDenied
        )
    }
}

/// The bytes of a file that is not there yet.
struct Image {
    table: Table,
    header: Header,
    bytes: Vec<u8>,
    place: Place,
}

impl<I: Io> Engine<I> {
    /// Does, with the lock, what is better not done while somebody waits for an answer: replaces
    /// a file that has grown, or writes zeros behind the tail. Failing does no harm.
    pub(crate) fn tend(&mut self) {
        if self.suspect {
            return;
        }
        if self.is_overgrown() {
            let len = self.chain().map_or(0, |chain| chain.place.tail);
            match self.replace(false) {
                Ok(()) => {
                    self.publish();
                    self.replace_from = 0;
                }
                Err(failure) => {
                    // Told once, and tried again seldom.
                    if self.replace_from == 0 {
                        observe::not_replaced(&self.path, &failure.source);
                    }
                    self.replace_from = len.saturating_mul(2);
                }
            }
        } else if self.is_short() {
            self.write_ahead();
        }
    }

    pub(crate) fn needs_tending(&self) -> bool {
        !self.suspect && (self.is_overgrown() || self.is_short())
    }

    fn is_overgrown(&self) -> bool {
        let chain = self.open.as_ref().and_then(|open| open.chain.as_ref());
        let live = HEADER_BYTES as u64 + read(&self.published).live_bytes();
        let most = self.settings.compact_from.max(live.saturating_mul(4));
        chain.is_some_and(|chain| chain.place.tail > most.max(self.replace_from))
    }

    fn is_short(&self) -> bool {
        let chain = self.open.as_ref().and_then(|open| open.chain.as_ref());
        chain.is_some_and(|chain| {
            let left = chain.len.saturating_sub(chain.place.tail);
            !chain.torn && left < self.settings.ahead_bytes as u64 / 4
        })
    }

    /// A disk that is full has room for blocks, perhaps, when it has none for zeros.
    fn write_ahead(&mut self) {
        let Some(open) = &mut self.open else { return };
        let Some(chain) = &mut open.chain else { return };
        let zeros = vec![0; self.settings.ahead_bytes];
        let from = chain.len.max(chain.place.tail);
        if write_all(&*self.io, &open.file, &zeros, from).is_ok() {
            chain.len = from + zeros.len() as u64;
        }
    }

    /// Replaces the file by one with all that holds, with this step's changes or without them.
    /// Afterwards that is what is to be published.
    pub(super) fn replace(&mut self, with_own: bool) -> Result<(), Failure> {
        let mut table = match &self.base {
            Some(base) => base.clone(),
            None => read(&self.published).clone(),
        };
        for change in self.foreign.changes() {
            table.put(change.key, change.known.clone());
        }
        if with_own {
            for change in self.own.changes() {
                table.put(change.key, change.known.clone());
            }
        }
        let chain = self.chain();
        let generation = chain.map_or(0, |chain| chain.header.generation);
        self.replace_with(table, generation)
    }

    /// A name that could not be stored may count as stored from then on, so it takes another one to
    /// have the directory written.
    pub(super) fn replace_with(&mut self, table: Table, generation: u64) -> Result<(), Failure> {
        match self.replace_once(table.clone(), generation) {
            Err(failure) if failure.renamed => {
                let again = self.replace_once(table, generation + 1);
                again.map_err(|failure| Failure {
                    renamed: true,
                    ..failure
                })
            }
            result => result,
        }
    }

    fn replace_once(&mut self, table: Table, generation: u64) -> Result<(), Failure> {
        let Some(open) = &self.open else {
            return Err(Failure::before(io::ErrorKind::NotFound.into()));
        };
        if open.stat.links > 1 && !self.has_older_lock() {
            // The other names would go on naming the old file, as they did only where an older
            // client wrote.
            return Err(Failure::before(io::ErrorKind::CrossesDevices.into()));
        }
        let image = self.image(table, generation.saturating_add(1), true);
        let path = beside(&self.path, ".compact");
        let (file, stat) = match self.write_new(&path, &image.bytes, &open.stat) {
            Ok(file) => file,
            Err(source) => {
                let _ = retried(|| self.io.remove(&path));
                return Err(Failure::before(source));
            }
        };
        if !self.suspect && self.append_moved(image.header.generation).is_err() {
            let _ = retried(|| self.io.remove(&path));
            return Err(Failure::before(io::ErrorKind::Other.into()));
        }
        if let Err(source) = retried(|| self.io.rename(&path, &self.path)) {
            let _ = retried(|| self.io.remove(&path));
            return Err(Failure::before(source));
        }
        self.adopt(image, file, stat);
        match retried(|| self.io.sync_directory(&self.path)) {
            Ok(()) => {
                self.suspect = false;
                if let Some(open) = &mut self.open {
                    open.named = true;
                }
                Ok(())
            }
            Err(source) => {
                self.suspect = true;
                Err(Failure {
                    source,
                    renamed: true,
                })
            }
        }
    }

    /// Goes on in the new file, whose lock is held, and gives back that of the old one.
    fn adopt(&mut self, image: Image, file: I::File, stat: Stat) {
        self.counters.replacements += 1;
        let len = image.bytes.len() as u64;
        self.counters.bytes += len;
        observe::replaced(&self.path, image.header.generation, len);
        if self.suspect {
            self.leave_word(image.header.generation);
        }
        self.give_back();
        self.open = Some(Open {
            file: Arc::new(file),
            stat: Stat { len, ..stat },
            chain: Some(Chain::whole(image.header, image.place, &image.bytes)),
            named: false,
        });
        self.foreign.clear();
        self.own.clear();
        self.base = Some(image.table);
    }

    /// Writes a file that nobody has used yet, in the place of one that was left over.
    pub(super) fn write_new(
        &self,
        path: &Path,
        bytes: &[u8],
        rights: &Stat,
    ) -> io::Result<(I::File, Stat)> {
        match retried(|| self.io.remove(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = retried(|| self.io.create(path, 0o600))?;
        if !retried(|| self.io.try_lock(&file))? {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        write_all(&*self.io, &file, bytes, 0)?;
        retried(|| self.io.copy_rights(&file, rights))?;
        retried(|| self.io.sync(&file))?;
        let stat = retried(|| self.io.stat(&file))?;
        Ok((file, stat))
    }

    /// Writes the first block of an empty file: by a file that replaces it, or where that cannot
    /// be done, in place.
    pub(super) fn begin_file(&mut self) -> Result<(), CheckpointError> {
        match self.replace(true) {
            Ok(()) => Ok(()),
            Err(failure) if failure.renamed => {
                let outcome = forebay_core::Outcome::Unknown;
                Err(self.failed("sync the directory of", failure.source, outcome))
            }
            Err(failure) if failure.is_lasting() => self.begin_in_place(),
            Err(failure) => {
                self.own.clear();
                Err(self.io_error("write", failure.source))
            }
        }
    }

    fn begin_in_place(&mut self) -> Result<(), CheckpointError> {
        let mut table = self.base.take().unwrap_or_default();
        self.own.publish(&mut table);
        // It has its name already, so none of it is durable before that.
        let image = self.image(table, 1, false);
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let written = write_all(&*self.io, &open.file, &image.bytes, 0)
            .and_then(|()| retried(|| self.io.sync(&open.file)));
        if let Err(error) = written {
            self.base = Some(Table::default());
            let emptied = retried(|| self.io.set_len(&open.file, 0))
                .and_then(|()| retried(|| self.io.sync(&open.file)));
            self.suspect = emptied.is_err();
            let outcome = match emptied {
                Ok(()) => forebay_core::Outcome::NotCommitted,
                Err(_) => forebay_core::Outcome::Unknown,
            };
            return Err(self.failed("write", error, outcome));
        }
        open.chain = Some(Chain::whole(image.header, image.place, &image.bytes));
        self.base = Some(image.table);
        Ok(())
    }

    /// Replaces a damaged file by what was read of it. Where the damaged one stays, its copy goes:
    /// it would be made again each time this is tried.
    pub(super) fn replace_salvaged(
        &mut self,
        table: Table,
        generation: u64,
        kept: &Path,
    ) -> Result<(), CheckpointError> {
        // Nothing more is appended to what is damaged.
        self.suspect = true;
        self.replace_with(table, generation).map_err(|failure| {
            if !failure.renamed {
                let _ = retried(|| self.io.remove(kept));
            }
            self.io_error("replace", failure.source)
        })
    }

    /// Writes the bytes of a damaged file under another name, whole or not at all.
    pub(super) fn keep_aside(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let suffix = format!(".damaged-{:08x}", nonce(&*self.io));
        let path = beside(&self.path, &suffix);
        let file = retried(|| self.io.create(&path, 0o600))?;
        let kept = write_all(&*self.io, &file, bytes, 0)
            .and_then(|()| retried(|| self.io.sync(&file)))
            .and_then(|()| retried(|| self.io.sync_directory(&path)));
        if kept.is_err() {
            let _ = retried(|| self.io.remove(&path));
        }
        kept.map(|()| path)
    }

    fn image(&self, mut table: Table, generation: u64, beside: bool) -> Image {
        table.compact();
        let mut names = Names::default();
        let mut blocks: Vec<Vec<u8>> = vec![Vec::new()];
        for (key, known) in table.iter() {
            let known = known.clone();
            let number = known.number.unwrap_or_default();
            names.learn(number, *key);
            let change = Change {
                key: *key,
                state_changed: known.state.value.is_some() || known.state.claimed,
                label_changed: known.label.is_some(),
                known,
            };
            if blocks
                .last()
                .is_some_and(|last| last.len() > SNAPSHOT_RECORDS_BYTES)
            {
                blocks.push(Vec::new());
            }
            if let Some(last) = blocks.last_mut() {
                let key = Some(*key);
                encode_change(Name { number, key }, &change, last);
            }
        }
        blocks.retain(|records| !records.is_empty());
        let padded = |records: &Vec<u8>| BLOCK_HEAD_BYTES + records.len().next_multiple_of(8);
        let len = HEADER_BYTES + blocks.iter().map(padded).sum::<usize>();
        let header = Header {
            generation,
            floor: table.floor(),
            salt: self.io.random(),
            base: if beside { len as u64 } else { 0 },
        };
        let (head, seed) = header.encode();
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(&head);
        let mut prev = seed;
        for records in &blocks {
            let link = Link {
                seed,
                prev,
                nonce: self.nonce,
                pending: bytes.len() as u64,
            };
            prev = link.block(&mut bytes, |out| out.extend_from_slice(records));
        }
        let place = Place {
            tail: bytes.len() as u64,
            prev,
            blocks: blocks.len() as u64,
            names,
            ..Place::behind_header(seed, 0)
        };
        Image {
            table,
            header,
            bytes,
            place,
        }
    }
}

/// Returns the path of a file that belongs to the one at `path`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
