use forebay_checkpoint::{CheckpointError, MemoryClaim, MemoryStore, Watch};
use forebay_core::{Checkpoint, CheckpointStore, Commit, Guarantee, ResumeKey, Survives};
use forebay_testkit::checkpoint_store::{
    Listed, Listing, Script, Subject, Watching, listing_violations, replay, violations,
    watching_violations,
};
use futures::FutureExt;
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

impl Listing for Memory {
    async fn list(&self, store: &MemoryStore) -> Result<Vec<Listed>, CheckpointError> {
        let entries = store.entries().into_iter();
        let listed =
            entries.map(|entry| Listed::new(entry.key, entry.checkpoint, entry.label.as_deref()));
        Ok(listed.collect())
    }

    async fn label(
        &self,
        store: &MemoryStore,
        key: &ResumeKey,
        label: Option<&str>,
    ) -> Result<(), CheckpointError> {
        store.label(key, label).await
    }
}

impl Watching for Memory {
    type Watch = Watch;

    fn watch(&self, store: &MemoryStore, key: &ResumeKey) -> Watch {
        store.watch(key)
    }

    async fn news(&self, watch: &mut Watch) -> Option<Option<Checkpoint>> {
        watch.next().now_or_never().and_then(Result::ok)
    }
}

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
