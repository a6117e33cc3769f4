//! What may be sent to and shared with other threads.
//!
//! A change of a private field could take that away without any other test noticing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use forebay_checkpoint::{
    CheckpointError, Claim, ImportError, JsonError, KeyError, KeyParts, KeyV1, MemoryStats,
    MemoryStore, Row, Watch,
};
use forebay_core::{
    Checkpoint, CheckpointStore, Cursor, DynCheckpointStore, LogId, ResumeKey, Sequence,
};
use futures::executor::block_on;

const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);

const fn assert_send_sync<T: Send + Sync + ?Sized>() {}
const fn assert_send_value<T: Send>(_: &T) {}

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}

#[test]
fn values_can_be_sent_and_shared() {
    assert_send_sync::<CheckpointError>();
    assert_send_sync::<Row>();
    assert_send_sync::<ImportError>();
    assert_send_sync::<JsonError>();
    assert_send_sync::<KeyError>();
    assert_send_sync::<KeyParts>();
    assert_send_sync::<KeyV1<'_>>();
    assert_send_sync::<Claim<MemoryStore>>();
    assert_send_sync::<MemoryStats>();
    assert_send_sync::<MemoryStore>();
    assert_send_sync::<Watch>();
}

#[cfg(unix)]
#[test]
fn values_of_the_store_in_a_file_can_be_sent_and_shared() {
    use forebay_checkpoint::{
        Durability, FileReport, FileStats, FileStore, OnCorrupt, Options, Ticket,
    };

    assert_send_sync::<Durability>();
    assert_send_sync::<Claim<FileStore>>();
    assert_send_sync::<FileReport>();
    assert_send_sync::<FileStats>();
    assert_send_sync::<FileStore>();
    assert_send_sync::<OnCorrupt>();
    assert_send_sync::<Options>();
    assert_send_sync::<Ticket>();
}

#[test]
fn futures_can_be_sent() {
    let store = MemoryStore::new();
    assert_send_value(&store.claim(&KEY));
    assert_send_value(&store.label(&KEY, None));
    assert_send_value(&store.load_fresh(&KEY));
    assert_send_value(&store.watch(&KEY).next());
    let mut claim = block_on(store.claim(&KEY)).unwrap();
    assert_send_value(&claim.commit(at(1)));
    assert_send_value(&claim.reset(at(1)));
}

#[cfg(unix)]
#[test]
fn futures_of_the_store_in_a_file_can_be_sent() {
    use forebay_checkpoint::FileStore;

    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(folder.path().join("offsets")).unwrap();
    assert_send_value(&store.load(&KEY));
    assert_send_value(&store.load_fresh(&KEY));
    assert_send_value(&store.commit(&KEY, at(1)));
    assert_send_value(&store.commit_many(vec![(KEY, at(1))]));
    assert_send_value(&store.remove(&KEY));
    assert_send_value(&store.reset(&KEY, at(1)));
    assert_send_value(&store.claim(&KEY));
    assert_send_value(&store.label(&KEY, None));
    assert_send_value(&store.flush());
    assert_send_value(&store.submit(&KEY, at(1)).unwrap());
    assert_send_value(&store.watch(&KEY).next());
    let mut claim = block_on(store.claim(&KEY)).unwrap();
    assert_send_value(&claim.commit(at(1)));
    assert_send_value(&claim.reset(at(1)));
    assert_send_value(&store.close());
}

type Chosen = Arc<dyn DynCheckpointStore<Error = CheckpointError>>;

fn assert_commits(store: &Chosen) {
    let commit = block_on(store.commit(&KEY, at(1)));
    assert!(commit.unwrap().is_advanced());
}

#[test]
fn a_store_can_be_chosen_at_run_time() {
    let store: Chosen = Arc::new(MemoryStore::new());
    assert_commits(&store);
    #[cfg(unix)]
    {
        let folder = tempfile::tempdir().unwrap();
        let store = forebay_checkpoint::FileStore::open(folder.path().join("offsets"));
        let store: Chosen = Arc::new(store.unwrap());
        assert_commits(&store);
    }
}
