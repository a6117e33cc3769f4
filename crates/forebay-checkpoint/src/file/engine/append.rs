//! Writing frames, and what is done when that fails.

use std::io;

use forebay_core::Outcome;

use crate::error::CheckpointError;
use crate::file::engine::{Chain, Engine, nonce};
use crate::file::frame::Link;
use crate::file::io::{Io, read_rest, retried, write_all};
use crate::file::observe;
use crate::file::record::{Name, Record, encode_label, encode_state};
use crate::file::replay::Names;
use crate::file::table::Change;

impl<I: Io> Engine<I> {
    /// Writes this step's changes as one frame. If that fails they are gone, and the error says
    /// what became of them.
    pub(super) fn append_own(&mut self, sync: bool) -> Result<(), CheckpointError> {
        let Some(chain) = self.chain() else {
            return self.begin_file();
        };
        let (tail, prev) = (chain.place.tail, chain.place.prev);
        if let Err(error) = self.cut_torn() {
            return Err(self.heal((tail, prev), "cut", error));
        }
        let mut frame = std::mem::take(&mut self.buffer);
        frame.clear();
        let crc = self.own_frame(&mut frame);
        let written = self.append(&frame, crc);
        self.counters.frames += 1;
        self.counters.bytes += frame.len() as u64;
        self.buffer = frame;
        if let Err(error) = written {
            return Err(self.withdraw(tail, error));
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
            Err(error) => Err(self.heal((tail, prev), "sync", error)),
        }
    }

    fn own_frame(&mut self, frame: &mut Vec<u8>) -> u32 {
        let Some(chain) = self.open.as_ref().and_then(|open| open.chain.as_ref()) else {
            return 0;
        };
        let link = self.link(chain);
        let own = &mut self.own;
        let Some(chain) = self.open.as_mut().and_then(|open| open.chain.as_mut()) else {
            return 0;
        };
        link.frame(frame, |out| {
            encode(own.changes_mut(), &mut chain.place.names, out);
        })
    }

    /// Appends a record that another file takes over.
    pub(super) fn append_moved(&mut self, generation: u64) -> Result<(), CheckpointError> {
        self.cut_torn()
            .map_err(|error| self.io_error("cut", error))?;
        let Some(chain) = self.open.as_ref().and_then(|open| open.chain.as_ref()) else {
            return Ok(());
        };
        let tail = chain.place.tail;
        let mut frame = Vec::new();
        let crc = self.link(chain).frame(&mut frame, |out| {
            Record::Moved { generation }.encode(out);
        });
        self.append(&frame, crc)
            .map_err(|error| self.withdraw(tail, error))
    }

    /// Tells those who look at a file that is given up that there is another one, if it still
    /// takes any bytes.
    pub(super) fn leave_word(&self, generation: u64) {
        let Some(open) = &self.open else { return };
        let Some(chain) = &open.chain else { return };
        let link = self.link(chain);
        let mut frame = Vec::new();
        link.frame(&mut frame, |out| Record::Moved { generation }.encode(out));
        let _ = write_all(&*self.io, &open.file, &frame, chain.place.tail);
    }

    fn append(&mut self, frame: &[u8], crc: u32) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let Some(chain) = &mut open.chain else {
            return Ok(());
        };
        write_all(&*self.io, &open.file, frame, chain.place.tail)?;
        chain.place.tail += frame.len() as u64;
        chain.place.prev = crc;
        chain.place.frames += 1;
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
        let end = (chain.place.tail, chain.place.prev);
        self.counters.syncs += 1;
        match retried(|| self.io.sync(&open.file)) {
            Ok(()) => {
                self.all_durable();
                Ok(())
            }
            Err(error) => {
                let error = self.heal(end, "sync", error);
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
        let replaced = self.replace(false);
        replaced.map_err(|failure| self.io_error("replace", failure.source))
    }

    /// A write failed: takes back what may stand behind `tail`.
    fn withdraw(&mut self, tail: u64, error: io::Error) -> CheckpointError {
        self.counters.failures += 1;
        observe::failed(&self.path, "write", &error);
        self.own.clear();
        self.nonce = nonce(&*self.io);
        let Some(open) = &mut self.open else {
            return self.io_error("write", error);
        };
        let cut = retried(|| self.io.set_len(&open.file, tail))
            .and_then(|()| retried(|| self.io.sync(&open.file)));
        if cut.is_err() {
            let prev = open.chain.as_ref().map_or(0, |chain| chain.place.prev);
            return self.heal((tail, prev), "write", error);
        }
        self.counters.healed += 1;
        observe::healed(&self.path);
        if let Some(chain) = &mut open.chain {
            chain.len = tail;
        }
        self.all_durable();
        self.io_error("write", error)
    }

    /// A sync failed, or a write that could not be taken back: moves what held before to another
    /// file. `end` is where the chain ended then.
    fn heal(&mut self, end: (u64, u32), doing: &'static str, error: io::Error) -> CheckpointError {
        if doing == "sync" {
            self.counters.failures += 1;
            observe::failed(&self.path, doing, &error);
        }
        self.own.clear();
        self.nonce = nonce(&*self.io);
        if let Some(chain) = self.chain() {
            (chain.place.tail, chain.place.prev) = end;
        }
        self.suspect = true;
        let outcome = match self.replace(false) {
            Ok(()) => {
                self.counters.healed += 1;
                observe::healed(&self.path);
                Outcome::NotCommitted
            }
            Err(failure) => {
                observe::not_healed(&self.path, &failure.source);
                if !failure.renamed {
                    self.write_again();
                }
                Outcome::Unknown
            }
        };
        self.failed(doing, error, outcome)
    }

    /// Cuts off the frame that failed, and has what is before it written by the next sync, whoever
    /// makes it. There is nothing left to do for it if that fails.
    fn write_again(&mut self) {
        let Some(open) = &mut self.open else { return };
        let Some(chain) = &mut open.chain else { return };
        let (durable, tail) = (chain.durable, chain.place.tail);
        let mut bytes = Vec::new();
        if read_rest(&*self.io, &open.file, durable, tail, &mut bytes).is_ok() {
            let _ = write_all(&*self.io, &open.file, &bytes, durable);
        }
        if retried(|| self.io.set_len(&open.file, tail)).is_ok() {
            chain.len = tail;
        }
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
        // Else the next frame, torn as well, may make up for what is missing of this one.
        if let Err(error) = retried(|| self.io.sync(&open.file)) {
            self.suspect = true;
            return Err(error);
        }
        chain.torn = false;
        chain.len = chain.place.tail;
        Ok(())
    }

    /// How the next frame hangs on the last.
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
