use std::sync::Arc;

use forebay_checkpoint::{CheckpointError, Entry, MemoryClaim, MemoryStats, MemoryStore, Watch};
use forebay_core::DynCheckpointStore;

use crate::{KEY, at};

const fn assert_send_sync<T: Send + Sync + ?Sized>() {}
const fn assert_send_value<T: Send>(_: &T) {}

#[test]
fn values_can_be_sent_and_shared() {
    assert_send_sync::<CheckpointError>();
    assert_send_sync::<Entry>();
    assert_send_sync::<MemoryClaim>();
    assert_send_sync::<MemoryStats>();
    assert_send_sync::<MemoryStore>();
    assert_send_sync::<Watch>();
}

#[test]
fn futures_can_be_sent() {
    let store = MemoryStore::new();
    assert_send_value(&store.claim(&KEY));
    assert_send_value(&store.label(&KEY, None));
    assert_send_value(&store.load_fresh(&KEY));
    assert_send_value(&store.watch(&KEY).next());
    let mut claim = futures::executor::block_on(store.claim(&KEY)).unwrap();
    assert_send_value(&claim.commit(at(1)));
    assert_send_value(&claim.reset(at(1)));
}

#[test]
fn a_store_can_be_chosen_at_run_time() {
    let store: Arc<dyn DynCheckpointStore<Error = CheckpointError>> = Arc::new(MemoryStore::new());
    assert!(format!("{store:?}").contains("DynCheckpointStore"));
}
