//! Writing blocks, and what is done when that fails.

use std::io;

use forebay_core::Outcome;

use crate::error::CheckpointError;
use crate::file::engine::chain::{Chain, Ending, mark_of};
use crate::file::engine::{Engine, nonce};
use crate::file::format::block::{ALIGNMENT, Link};
use crate::file::format::record::{Name, Record, encode_label, encode_state};
use crate::file::format::replay::Names;
use crate::file::io::{Io, read_rest, retried, write_all};
use crate::file::observe;
use crate::file::table::Change;

impl<I: Io> Engine<I> {
    /// Writes this step's changes as one block. If that fails they are gone, and the error says
    /// what became of them.
    pub(super) fn append_own(&mut self, sync: bool) -> Result<(), CheckpointError> {
        let Some(chain) = self.chain() else {
            return self.begin_file();
        };
        let ending = chain.ending();
        if let Err(error) = self.cut_torn() {
            return Err(self.heal(ending, "cut", error));
        }
        let mut block = std::mem::take(&mut self.buffer);
        block.clear();
        let crc = self.own_block(&mut block);
        let written = self.append(&block, crc);
        self.counters.blocks += 1;
        self.counters.bytes += block.len() as u64;
        self.buffer = block;
        if let Err(error) = written {
            return Err(self.withdraw(error));
        }
        if !sync {
            return Ok(());
        }
        let Some(file) = self.open.as_ref().map(|open| &open.file) else {
            return Ok(());
        };
        self.counters.syncs += 1;
        match retried(|| self.io.sync(file)) {
            Ok(()) => {
                self.all_durable();
                Ok(())
            }
            Err(error) => Err(self.heal(ending, "sync", error)),
        }
    }

    fn own_block(&mut self, block: &mut Vec<u8>) -> u32 {
        let Some(chain) = self.open.as_ref().and_then(|open| open.chain.as_ref()) else {
            return 0;
        };
        let link = self.link(chain);
        let own = &mut self.own;
        let Some(chain) = self.open.as_mut().and_then(|open| open.chain.as_mut()) else {
            return 0;
        };
        link.block(block, |out| {
            encode(own.changes_mut(), &mut chain.place.names, out);
        })
    }

    /// Appends a record that another file takes over.
    pub(super) fn append_moved(&mut self, generation: u64) -> Result<(), CheckpointError> {
        if let Err(error) = self.cut_torn() {
            // Whether the cut is durable is not known, and another sync would not tell.
            self.suspect = true;
            return Err(self.io_error("cut", error));
        }
        let Some(chain) = self.open.as_ref().and_then(|open| open.chain.as_ref()) else {
            return Ok(());
        };
        let mut block = Vec::new();
        let crc = self.link(chain).block(&mut block, |out| {
            Record::Moved { generation }.encode(out);
        });
        self.append(&block, crc)
            .map_err(|error| self.withdraw(error))
    }

    /// Tells those who look at a file that is given up that there is another one, if it still
    /// takes any bytes.
    pub(super) fn leave_word(&self, generation: u64) {
        let Some(open) = &self.open else { return };
        let Some(chain) = &open.chain else { return };
        let link = self.link(chain);
        let mut block = Vec::new();
        link.block(&mut block, |out| Record::Moved { generation }.encode(out));
        let _ = write_all(&*self.io, &open.file, &block, chain.place.tail);
    }

    fn append(&mut self, block: &[u8], crc: u32) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let Some(chain) = &mut open.chain else {
            return Ok(());
        };
        write_all(&*self.io, &open.file, block, chain.place.tail)?;
        chain.place.tail += block.len() as u64;
        chain.place.prev = crc;
        chain.mark = mark_of(block);
        chain.place.blocks += 1;
        chain.len = chain.len.max(chain.place.tail);
        Ok(())
    }

    /// Makes all that was read or written durable.
    pub(super) fn sync(&mut self) -> Result<(), CheckpointError> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let Some(chain) = open.chain.as_ref() else {
            return Ok(());
        };
        if chain.durable >= chain.place.tail {
            return Ok(());
        }
        let ending = chain.ending();
        self.counters.syncs += 1;
        match retried(|| self.io.sync(&open.file)) {
            Ok(()) => {
                self.all_durable();
                Ok(())
            }
            Err(error) => {
                let error = self.heal(ending, "sync", error);
                // What was to be synced is in the new file, which is.
                if self.suspect { Err(error) } else { Ok(()) }
            }
        }
    }

    /// Makes the name of the file durable, once.
    pub(super) fn sync_name(&mut self) -> Result<(), CheckpointError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if open.named {
            return Ok(());
        }
        match retried(|| self.io.sync_directory(&self.path)) {
            Ok(()) => {
                open.named = true;
                Ok(())
            }
            Err(_) => {
                self.suspect = true;
                self.recover()
            }
        }
    }

    /// Replaces a file that cannot be relied on, before anything else is done with it.
    pub(super) fn recover(&mut self) -> Result<(), CheckpointError> {
        if !self.suspect {
            return Ok(());
        }
        if let Some(open) = self.open.as_ref().filter(|open| open.chain.is_none()) {
            // Only what was begun in place can be in doubt and have no chain.
            let emptied = retried(|| self.io.set_len(&open.file, 0))
                .and_then(|()| retried(|| self.io.sync(&open.file)));
            self.suspect = emptied.is_err();
            return emptied.map_err(|error| self.io_error("cut", error));
        }
        let Err(failure) = self.replace(false) else {
            return Ok(());
        };
        // A name that may be lost is not to be had back from its file.
        let is_named = self.open.as_ref().is_some_and(|open| open.named);
        if is_named && !failure.renamed && self.sync_again().is_ok() {
            return Ok(());
        }
        Err(self.io_error("replace", failure.source))
    }

    /// A write failed: takes back what may stand behind the tail.
    fn withdraw(&mut self, error: io::Error) -> CheckpointError {
        self.own.clear();
        self.nonce = nonce(&*self.io);
        let Some(open) = &mut self.open else {
            return self.io_error("write", error);
        };
        let Some(ending) = open.chain.as_ref().map(Chain::ending) else {
            return self.io_error("write", error);
        };
        let tail = ending.tail;
        let cut = retried(|| self.io.set_len(&open.file, tail))
            .and_then(|()| retried(|| self.io.sync(&open.file)));
        if cut.is_err() {
            return self.heal(ending, "write", error);
        }
        self.counters.failures += 1;
        observe::failed(&self.path, "write", &error);
        self.counters.healed += 1;
        observe::healed(&self.path);
        if let Some(chain) = &mut open.chain {
            chain.len = tail;
        }
        self.all_durable();
        self.io_error("write", error)
    }

    /// A sync failed, or a write that could not be taken back: moves what held before to another
    /// file. `ending` is where the chain ended then.
    fn heal(&mut self, ending: Ending, doing: &'static str, error: io::Error) -> CheckpointError {
        self.counters.failures += 1;
        observe::failed(&self.path, doing, &error);
        self.own.clear();
        self.nonce = nonce(&*self.io);
        if let Some(chain) = self.chain() {
            chain.end_at(ending);
        }
        self.suspect = true;
        let outcome = match self.replace(false) {
            Ok(()) => {
                self.counters.healed += 1;
                observe::healed(&self.path);
                Outcome::NotCommitted
            }
            Err(failure) if !failure.renamed && self.sync_again().is_ok() => {
                self.counters.healed += 1;
                observe::healed(&self.path);
                Outcome::NotCommitted
            }
            Err(failure) => {
                observe::not_healed(&self.path, &failure.source);
                Outcome::Unknown
            }
        };
        self.failed(doing, error, outcome)
    }

    /// Where no new file can be made: cuts off the block that failed, and writes what is before it
    /// once more, so that the system has something to write and a sync tells what became of it. If
    /// this one fails, that of another writer may still tell.
    fn sync_again(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let Some(chain) = &mut open.chain else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let (durable, tail) = (chain.durable, chain.place.tail);
        let mut bytes = Vec::new();
        read_rest(&*self.io, &open.file, durable, tail, &mut bytes)?;
        // Another length first: the same one need not be written.
        retried(|| self.io.set_len(&open.file, tail + ALIGNMENT as u64))?;
        retried(|| self.io.set_len(&open.file, tail))?;
        chain.len = tail;
        chain.torn = false;
        write_all(&*self.io, &open.file, &bytes, durable)?;
        retried(|| self.io.sync(&open.file))?;
        self.suspect = false;
        self.all_durable();
        Ok(())
    }

    /// Removes what a writer left who died, so that zeros follow the tail again.
    fn cut_torn(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let Some(chain) = open.chain.as_mut().filter(|chain| chain.torn) else {
            return Ok(());
        };
        retried(|| self.io.set_len(&open.file, chain.place.tail))?;
        // Else the next block, torn as well, may make up for what is missing of this one.
        if let Err(error) = retried(|| self.io.sync(&open.file)) {
            self.suspect = true;
            return Err(error);
        }
        chain.torn = false;
        chain.len = chain.place.tail;
        Ok(())
    }

    /// How the next block hangs on the last.
    const fn link(&self, chain: &Chain) -> Link {
        Link {
            seed: chain.place.seed,
            prev: chain.place.prev,
            nonce: self.nonce,
            pending: chain.place.tail - chain.durable,
        }
    }

    pub(super) fn chain(&mut self) -> Option<&mut Chain> {
        self.open.as_mut()?.chain.as_mut()
    }

    fn all_durable(&mut self) {
        if let Some(chain) = self.chain() {
            chain.durable = chain.place.tail;
        }
    }
}

/// Appends the records of all changes, and notes the numbers of keys that are new to the file.
fn encode(changes: &mut [Change], names: &mut Names, out: &mut Vec<u8>) {
    for change in changes {
        let is_new = change.known.number.is_none();
        let number = *change
            .known
            .number
            .get_or_insert_with(|| names.number(change.key));
        let key = is_new.then_some(change.key);
        encode_change(Name { number, key }, change, out);
    }
}

/// Appends what has changed of one key.
pub(super) fn encode_change(mut name: Name, change: &Change, out: &mut Vec<u8>) {
    let known = &change.known;
    if change.state_changed {
        encode_state(name, &known.state, out);
        name.key = None;
    }
    // An absent key has no label until the next record gives it one.
    let erased = change.state_changed && known.state.value.is_none() && known.label.is_some();
    if change.label_changed || erased {
        encode_label(name, known.label.as_deref(), out);
    }
}
