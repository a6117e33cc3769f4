#![allow(
    unsafe_code,
    reason = "opening an environment maps a file, which others could change"
)]

use std::path::Path;
use std::time::Instant;

use forebay_core::ResumeKey;
use heed::byteorder::LE;
use heed::types::{Bytes, U64};
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, WithoutTls};

use crate::checkpoints::keeper::Keeper;
use crate::checkpoints::keeper::group::GroupCommit;
use crate::checkpoints::store::{CommitNow, Fault, Store};

/// One transaction for each commit.
pub(super) const SINGLY: Keeper =
    Keeper::of_threads::<Lmdb>("lmdb", "LMDB, synced, a transaction for each commit");

/// One transaction for all that waits.
pub(super) const GROUPED: Keeper = Keeper::of_tasks::<GroupCommit<Lmdb>>(
    "lmdb-group",
    "the same, a transaction for all that waits, by a thread in front, awaited",
    true,
);

/// A tree in a mapped file, beside the file of its locks.
pub(super) struct Lmdb {
    environment: Env<WithoutTls>,
    positions: Database<'static, Bytes, U64<LE>>,
}

/// How much of the address space is set aside; the file is as long as it needs to be.
const MAP_BYTES: usize = 1 << 30;

impl Store for Lmdb {
    fn open(path: &Path) -> Result<Self, Fault> {
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.map_size(MAP_BYTES);
        // SAFETY: no flag turns off locks or syncs, and the folder is the benchmark's own, in which
        // nothing but LMDB writes to these files.
        let environment = unsafe { options.flags(EnvFlags::NO_SUB_DIR).open(path)? };
        let positions = environment
            .create_databases_and_commit(environment.write_txn()?, |opener, writing| {
                let created = opener.create_database(writing, None)?;
                Ok::<_, Fault>(CommitOrAbort::<_, ()>::Commit(created))
            })?
            .unwrap_commit();
        Ok(Self {
            environment,
            positions,
        })
    }

    fn load(&self, key: &ResumeKey) -> Result<Option<u64>, Fault> {
        let reading = self.environment.read_txn()?;
        Ok(self.positions.get(&reading, key.as_bytes())?)
    }

    fn commit_many(&self, commits: &[(ResumeKey, u64)]) -> Result<(), Fault> {
        let mut writing = self.environment.write_txn()?;
        for (key, sequence) in commits {
            let known = self.positions.get(&writing, key.as_bytes())?;
            if known.is_none_or(|known| known < *sequence) {
                self.positions.put(&mut writing, key.as_bytes(), sequence)?;
            }
        }
        Ok(writing.commit()?)
    }

    fn close(self) -> Result<(), Fault> {
        self.environment.prepare_for_closing().wait();
        Ok(())
    }
}

impl CommitNow for Lmdb {
    fn commit(&self, key: ResumeKey, sequence: u64, _: Instant) -> Result<bool, Fault> {
        self.commit_many(&[(key, sequence)])?;
        Ok(true)
    }
}
