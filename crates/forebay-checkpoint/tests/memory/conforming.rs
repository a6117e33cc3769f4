use forebay_checkpoint::{CheckpointError, MemoryClaim, MemoryStore};
use forebay_core::{Checkpoint, CheckpointStore, Commit, Guarantee, ResumeKey, Survives};
use forebay_testkit::checkpoint_store::{Script, Subject, replay, violations};
use futures::executor::block_on;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};

struct Memory;

impl Subject for Memory {
    type Store = MemoryStore;
    type Claim = MemoryClaim;

    async fn fresh(&self) -> MemoryStore {
        MemoryStore::new()
    }

    async fn sibling(&self, store: &MemoryStore) -> Option<MemoryStore> {
        Some(store.clone())
    }

    async fn reopen(&self, store: MemoryStore) -> MemoryStore {
        store
    }

    async fn claim(
        &self,
        store: &MemoryStore,
        key: &ResumeKey,
    ) -> Option<Result<MemoryClaim, CheckpointError>> {
        Some(store.claim(key).await)
    }

    fn token(&self, claim: &MemoryClaim) -> u64 {
        claim.epoch()
    }

    async fn commit_claimed(
        &self,
        claim: &MemoryClaim,
        checkpoint: Checkpoint,
    ) -> Result<Commit, CheckpointError> {
        claim.commit(checkpoint).await
    }

    fn is_fenced(&self, error: &CheckpointError) -> bool {
        matches!(error, CheckpointError::Fenced { .. })
    }
}

#[test]
fn does_what_every_checkpoint_store_must() {
    assert_eq!(block_on(violations(&Memory)), []);
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
