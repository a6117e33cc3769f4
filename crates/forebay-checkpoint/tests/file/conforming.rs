use std::path::PathBuf;

use forebay_checkpoint::FileStore;
use forebay_core::{CheckpointStore, Guarantee, Survives};
use forebay_testkit::checkpoint_store::{
    Fixture, Script, listing_violations, replay, violations, watching_violations,
};
use futures::executor::block_on;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use tempfile::TempDir;

use crate::nowhere;

/// Stores in files of one folder, each of which is opened anew for a sibling.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path_of(store: &FileStore) -> PathBuf {
        store.path().to_owned()
    }
}

impl Fixture for Files {
    type Store = FileStore;
    claims!(FileStore);

    async fn fresh(&self) -> FileStore {
        let file = tempfile::Builder::new().tempfile_in(&self.folder).unwrap();
        FileStore::open(file.into_temp_path().keep().unwrap()).unwrap()
    }

    async fn sibling(&self, store: &FileStore) -> Option<FileStore> {
        Some(FileStore::open(Self::path_of(store)).unwrap())
    }

    async fn reopen(&self, store: FileStore) -> FileStore {
        let path = Self::path_of(&store);
        store.close().await.unwrap();
        FileStore::open(path).unwrap()
    }
}

lists_and_watches!(Files, FileStore);

#[test]
fn does_what_every_checkpoint_store_must() {
    assert_eq!(block_on(violations(&Files::new())), []);
    assert_eq!(block_on(listing_violations(&Files::new())), []);
    assert_eq!(block_on(watching_violations(&Files::new())), []);
}

#[test]
fn survives_a_loss_of_power_and_commits_many_whole() {
    let (_folder, path) = nowhere();
    let guarantee = FileStore::open(path).unwrap().guarantee();
    assert_eq!(guarantee, Guarantee::new(Survives::PowerLoss).atomic());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn answers_as_the_model_does(bytes in vec(any::<u8>(), 0..200)) {
        let files = Files::new();
        prop_assert_eq!(block_on(replay(&files, &Script::from_bytes(&bytes))), Ok(()));
    }
}
