//! Every path that users write through this crate resolves.
//!
//! * What all crates share is at the top.
//! * Each crate is a module, named without the prefix.

use std::convert::Infallible;
#[cfg(feature = "consumer")]
use std::future::Ready;

#[test]
fn what_all_crates_share_is_at_the_top() {
    use forebay::{
        Answers, BoxFuture, Checkpoint, CheckpointStore, Commit, ConfigError, Cursor,
        DynCheckpointStore, DynLoad, Guarantee, Load, LoadBatch, LoadError, LoadFn, LoadResult,
        LogId, Outcome, ParseCursorError, ParseResumeKeyError, ResumeKey, Sequence, StoreError,
        Survives, load_fn,
    };

    fn names_traits<K, L: DynLoad<K> + Load<K> + LoadBatch<K>>() {}
    let _ = names_traits::<u8, Nothing>;
    let _: fn() -> BoxFuture<'static, LoadResult<u8, Infallible>> = || Box::pin(async { Ok(None) });
    let _: LoadFn<fn()> = load_fn(|| {});
    let _ = Answers::<u8, u8, Infallible>::new(&[]);
    let _ = (LoadError::<Infallible>::Closed, ConfigError::RuntimeMissing);
    let _ = Cursor::new(LogId::new(1), Sequence::ZERO);
    let _ = ParseCursorError::Log;

    fn names_traits_of_stores<S: CheckpointStore + DynCheckpointStore<Error = E>, E: StoreError>() {
    }
    #[cfg(feature = "checkpoint")]
    let _ = names_traits_of_stores::<
        forebay::checkpoint::MemoryStore,
        forebay::checkpoint::CheckpointError,
    >;
    let _: Commit = Commit::Advanced { previous: None };
    let _: fn(Cursor) -> Checkpoint = Checkpoint::new;
    let _: fn([u8; 32]) -> ResumeKey = ResumeKey::from_bytes;
    let _ = ParseResumeKeyError::Length { digits: 0 };
    let _ = (Guarantee::new(Survives::Crash), Outcome::Unknown);
}

#[cfg(feature = "singleflight")]
#[test]
fn singleflight_is_a_module() {
    use forebay::singleflight::{Builder, Coalesced, Singleflight};

    let _: fn() -> Singleflight<u8, u8> = Singleflight::new;
    let _: fn() -> Builder<u8, u8, Infallible> = Singleflight::builder;
    let _: fn(Nothing) -> Coalesced<Nothing, u8, u8, Infallible> = Singleflight::layer;
}

#[cfg(feature = "batch")]
#[test]
fn batch_is_a_module() {
    use forebay::batch::{Batcher, Builder, Cache, Execute, Executor, PerRequest};

    let _: fn(Nothing) -> Builder<Nothing, u8> = Batcher::builder;
    let _: fn() -> PerRequest<u8, u8, Infallible> = PerRequest::new;
    fn names_traits<X: Execute<u8>, C: Cache<u8, u8, Infallible>>() {}
    let _ = names_traits::<Nothing, PerRequest<u8, u8, Infallible>>;
    let _: fn(Nothing) -> _ = Executor::<u8, (), Infallible>::builder::<Nothing>;
}

#[cfg(feature = "checkpoint")]
#[test]
fn checkpoint_is_a_module() {
    use forebay::checkpoint::{CheckpointError, KeyError, KeyParts, MemoryStore, Watch};

    let _: fn() -> MemoryStore = MemoryStore::new;
    let _: fn(&MemoryStore, &forebay::ResumeKey) -> Watch = MemoryStore::watch;
    let _: fn(&KeyParts) -> Result<forebay::ResumeKey, KeyError> = KeyParts::key;
    let _ = CheckpointError::Closed;
}

#[cfg(all(feature = "checkpoint", unix))]
#[test]
fn checkpoint_has_files() {
    use forebay::checkpoint::{Durability, FileStore, OnCorrupt, Options};

    let _: fn() -> Options = FileStore::options;
    let _ = (Durability::Sync, OnCorrupt::Refuse);
}

#[cfg(feature = "events")]
#[test]
fn events_is_a_module() {
    use forebay::events::{
        Builder, Hub, HubBuilder, Publisher, Retention, SnapshotSource, SnapshotWriter, Source,
        Subject, Subscription,
    };

    struct Empty;
    impl SnapshotSource<u8, u8> for Empty {
        type Error = Infallible;

        async fn snapshot(
            &self,
            _subject: &Subject<u8>,
            _out: &mut SnapshotWriter<u8>,
        ) -> Result<forebay::Sequence, Infallible> {
            Ok(forebay::Sequence::ZERO)
        }
    }
    let _: fn(Empty) -> HubBuilder<u8, u8, Infallible> = |empty| Hub::builder(empty);
    let _: fn() -> Publisher<u8> = Publisher::new;
    let _: fn() -> Builder<u8> = Publisher::builder;
    let _: fn(&Source<u8>) -> Subscription<u8> = Source::subscribe;
    let _ = Retention::READERS;
}

#[cfg(feature = "snapshot")]
#[test]
fn snapshot_is_a_module() {
    use forebay::snapshot::{
        ConfigError, Membership, PolledProvider, Provider, ProviderConfig, Session, SliceSnapshot,
        Snapshot, Trust,
    };

    fn names_trait<S: Snapshot>() {}
    let _ = names_trait::<SliceSnapshot<u8>>;
    type Providing = Provider<SliceSnapshot<u8>, u8>;
    let _: fn(ProviderConfig, Membership<u8>) -> Result<Providing, ConfigError> = Provider::new;
    let _: fn(&Session<SliceSnapshot<u8>, u8, u8>) -> forebay::snapshot::Phase = Session::phase;
    let _: fn(&PolledProvider<SliceSnapshot<u8>, u8>) -> usize = PolledProvider::waiting;
    let _ = Trust::Quorum;
}

#[cfg(all(feature = "snapshot", feature = "tokio"))]
#[test]
fn snapshot_has_a_driver() {
    use forebay::snapshot::driver::{Backoff, DriverConfig};

    let _ = (DriverConfig::new(), Backoff::default());
}

#[cfg(all(feature = "snapshot", feature = "imbl"))]
#[test]
fn snapshot_has_persistent_states() {
    use forebay::snapshot::{OrdSnapshot, Snapshot, VecSnapshot};

    let _: fn(u64) -> <OrdSnapshot<u8, u8> as Snapshot>::Builder = OrdSnapshot::builder;
    let _: fn(u64) -> <VecSnapshot<u8> as Snapshot>::Builder = VecSnapshot::builder;
}

#[cfg(feature = "consumer")]
#[test]
fn consumer_is_a_module() {
    use forebay::consumer::{Consumer, Follow, FollowHub, Handler, Keep, Retry, SourceSteps};

    fn follows<F: Follow<Steps = SourceSteps<u8>>>() {}
    let _ = follows::<forebay::events::Source<u8>>;
    fn keeps<K: Keep>() {}
    let _ = keeps::<forebay::checkpoint::Claim<forebay::checkpoint::MemoryStore>>;
    type Kept = (forebay::checkpoint::MemoryStore, forebay::ResumeKey);
    fn names_types<H: Handler<u8>>(_: Consumer<FollowHub<u8, u8, ()>, Kept, H>) {}
    let _ = names_types::<forebay::consumer::Each<fn(&u8) -> Ready<Result<(), Infallible>>>>;
    let _ = Retry::never();
}

/// A backend without rows, which is asked for one key or for many.
struct Nothing;

impl forebay::Load<u8> for Nothing {
    type Value = u8;
    type Error = Infallible;

    async fn load(&self, _key: &u8) -> forebay::LoadResult<u8, Infallible> {
        Ok(None)
    }
}

impl forebay::LoadBatch<u8> for Nothing {
    type Value = u8;
    type Error = Infallible;

    async fn load_batch(
        &self,
        _keys: &[u8],
        _answers: &mut forebay::Answers<'_, u8, u8, Infallible>,
    ) -> Result<(), Infallible> {
        Ok(())
    }
}

#[cfg(feature = "batch")]
impl forebay::batch::Execute<u8> for Nothing {
    type Output = ();
    type Error = Infallible;

    async fn execute(&self, values: Vec<u8>) -> forebay::batch::ExecuteResults<(), Infallible> {
        Ok(values.iter().map(|_| Ok(())).collect())
    }
}
