//! What may be sent to and shared with other threads.
//!
//! A change of a private field could take that away without any other test noticing.

use std::convert::Infallible;
use std::io;

use forebay_core::{
    Answers, BoxFuture, Checkpoint, CheckpointStore, Commit, Cursor, DynCheckpointStore, DynLoad,
    Guarantee, Load, LoadBatch, LoadError, LoadFn, LoadResult, LogId, Outcome, ParseCursorError,
    ParseResumeKeyError, ResumeKey, Sequence, StoreError, Survives,
};

const fn assert_send<T: Send + ?Sized>() {}
const fn assert_send_sync<T: Send + Sync + ?Sized>() {}
const fn assert_send_value<T: Send>(_: &T) {}

#[test]
fn values_can_be_sent_and_shared() {
    assert_send_sync::<Answers<'_, String, String, io::Error>>();
    assert_send_sync::<Checkpoint>();
    assert_send_sync::<Commit>();
    assert_send_sync::<Cursor>();
    assert_send_sync::<Guarantee>();
    assert_send_sync::<LoadError<io::Error>>();
    assert_send_sync::<LoadFn<fn(&u8)>>();
    assert_send_sync::<LoadResult<String, io::Error>>();
    assert_send_sync::<LogId>();
    assert_send_sync::<Outcome>();
    assert_send_sync::<ParseCursorError>();
    assert_send_sync::<ParseResumeKeyError>();
    assert_send_sync::<ResumeKey>();
    assert_send_sync::<Sequence>();
    assert_send_sync::<Survives>();
    assert_send_sync::<dyn DynLoad<str, Value = u8, Error = Infallible> + Send + Sync>();
    assert_send::<BoxFuture<'_, u8>>();
}

/// Holds for every loader, however little is known of it.
#[test]
fn futures_of_any_loader_can_be_sent() {
    fn load<K: Sync, L: Load<K>>(loader: &L, key: &K) {
        assert_send_value(&loader.load(key));
        assert_send_value(&loader.load_many([key]));
    }
    fn load_batch<K, L: LoadBatch<K>>(
        loader: &L,
        keys: &[K],
        answers: &mut Answers<'_, K, L::Value, L::Error>,
    ) {
        assert_send_value(&loader.load_batch(keys, answers));
    }

    struct Nothing;
    impl Load<u8> for Nothing {
        type Value = u8;
        type Error = Infallible;

        async fn load(&self, _key: &u8) -> LoadResult<u8, Infallible> {
            Ok(None)
        }
    }
    impl LoadBatch<u8> for Nothing {
        type Value = u8;
        type Error = Infallible;

        async fn load_batch(
            &self,
            _keys: &[u8],
            _answers: &mut Answers<'_, u8, u8, Infallible>,
        ) -> Result<(), Infallible> {
            Ok(())
        }
    }
    load(&Nothing, &7);
    load_batch(&Nothing, &[7], &mut Answers::new(&[7]));
}

/// Holds for every store, however little is known of it.
#[allow(dead_code, reason = "that it compiles is all there is to check")]
fn futures_of_any_store_can_be_sent<S: CheckpointStore>(store: &S, key: &ResumeKey) {
    let checkpoint = || Checkpoint::new(Cursor::new(LogId::new(7), Sequence::ZERO));
    assert_send_value(&store.load(key));
    assert_send_value(&store.commit(key, checkpoint()));
    assert_send_value(&store.commit_many(Vec::new()));
    assert_send_value(&store.remove(key));
    assert_send_value(&store.reset(key, checkpoint()));
    assert_send_sync::<S::Error>();
}

#[allow(dead_code, reason = "that it compiles is all there is to check")]
fn any_store_behind_dyn_can_be_sent_and_shared<E: StoreError>() {
    assert_send_sync::<dyn DynCheckpointStore<Error = E>>();
}
