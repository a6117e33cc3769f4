use forebay_checkpoint::MemoryStore;
use forebay_core::{CheckpointStore, Guarantee, Survives};
use forebay_testkit::checkpoint_store::{
    Fixture, Script, listing_violations, replay, violations, watching_violations,
};
use futures::executor::block_on;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};

struct Memory;

impl Fixture for Memory {
    type Store = MemoryStore;
    claims!(MemoryStore);

    async fn fresh(&self) -> MemoryStore {
        MemoryStore::new()
    }

    async fn sibling(&self, store: &MemoryStore) -> Option<MemoryStore> {
        Some(store.clone())
    }

    async fn reopen(&self, store: MemoryStore) -> MemoryStore {
        store
    }
}

lists_and_watches!(Memory, MemoryStore);

#[test]
fn does_what_every_checkpoint_store_must() {
    assert_eq!(block_on(violations(&Memory)), []);
    assert_eq!(block_on(listing_violations(&Memory)), []);
    assert_eq!(block_on(watching_violations(&Memory)), []);
}

#[test]
fn survives_nothing_and_commits_many_whole() {
    let guarantee = MemoryStore::new().guarantee();
    assert_eq!(guarantee, Guarantee::new(Survives::Nothing).atomic());
}

proptest! {
    #[test]
    fn answers_as_the_model_does(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(block_on(replay(&Memory, &Script::from_bytes(&bytes))), Ok(()));
    }
}
