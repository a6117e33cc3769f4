//! What stands in for a checkpoint store behaves as the store itself.
//!
//! * References, `Arc`, `Box` and `dyn DynCheckpointStore` pass every method on to what they point
//!   to, through any number of layers.
//! * Errors come through as they are, with what they say of the outcome.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex};

use forebay_core::{
    Checkpoint, CheckpointStore, Commit, Cursor, DynCheckpointStore, Guarantee, LogId, Outcome,
    ResumeKey, Sequence, StoreError, Survives,
};
use futures::executor::block_on;

const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);
const GUARANTEE: Guarantee = Guarantee::new(Survives::Crash).atomic();

fn checkpoint(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(7), Sequence::new(sequence)))
}

/// Writes down which of its methods were called, and answers each of them in its own way.
#[derive(Default)]
struct Recorder {
    calls: Mutex<Vec<String>>,
}

impl Recorder {
    fn record(&self, call: &str, key: &ResumeKey, checkpoint: Option<&Checkpoint>) {
        assert_eq!(*key, KEY);
        let sequence = checkpoint.map_or(0, |checkpoint| checkpoint.sequence().get());
        self.calls
            .lock()
            .unwrap()
            .push(format!("{call} {sequence}"));
    }
}

#[derive(Debug, PartialEq)]
struct Refused {
    stored: Checkpoint,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {}

impl StoreError for Refused {
    fn outcome(&self) -> Outcome {
        Outcome::Unknown
    }

    fn other_log(&self) -> Option<&Checkpoint> {
        Some(&self.stored)
    }
}

impl CheckpointStore for Recorder {
    type Error = Refused;

    async fn load(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, Refused> {
        self.record("load", key, None);
        Ok(Some(checkpoint(1)))
    }

    async fn commit(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<Commit, Refused> {
        self.record("commit", key, Some(&checkpoint));
        Err(Refused { stored: checkpoint })
    }

    async fn commit_many(
        &self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> Result<Vec<Commit>, Refused> {
        let mut answers = Vec::new();
        for (key, current) in commits {
            self.record("commit_many", &key, Some(&current));
            answers.push(Commit::Unchanged { current });
        }
        Ok(answers)
    }

    async fn remove(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, Refused> {
        self.record("remove", key, None);
        Ok(None)
    }

    async fn reset(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<(), Refused> {
        self.record("reset", key, Some(&checkpoint));
        Ok(())
    }

    fn guarantee(&self) -> Guarantee {
        self.calls.lock().unwrap().push("guarantee".to_owned());
        GUARANTEE
    }
}

/// Calls every method once and holds that the recorder saw it and was heard.
fn assert_forwards<S: CheckpointStore<Error = Refused>>(store: &S, recorder: &Recorder) {
    block_on(async {
        assert_eq!(store.load(&KEY).await, Ok(Some(checkpoint(1))));
        let refused = store.commit(&KEY, checkpoint(2)).await.unwrap_err();
        assert_eq!(refused.outcome(), Outcome::Unknown);
        assert_eq!(refused.other_log(), Some(&checkpoint(2)));
        assert!(!refused.is_retryable());
        let current = checkpoint(3);
        let commits = vec![(KEY, current.clone())];
        assert_eq!(
            store.commit_many(commits).await,
            Ok(vec![Commit::Unchanged { current }])
        );
        assert_eq!(store.remove(&KEY).await, Ok(None));
        assert_eq!(store.reset(&KEY, checkpoint(4)).await, Ok(()));
    });
    assert_eq!(store.guarantee(), GUARANTEE);
    let calls = mem::take(&mut *recorder.calls.lock().unwrap());
    assert_eq!(
        calls,
        [
            "load 0",
            "commit 2",
            "commit_many 3",
            "remove 0",
            "reset 4",
            "guarantee"
        ]
    );
}

#[test]
fn the_store_itself_and_pointers_to_it_forward() {
    let recorder = Arc::new(Recorder::default());
    assert_forwards(&*recorder, &recorder);
    assert_forwards(&&*recorder, &recorder);
    assert_forwards(&Arc::clone(&recorder), &recorder);
    assert_forwards(&Box::new(Arc::clone(&recorder)), &recorder);
}

#[test]
fn a_store_behind_dyn_forwards_through_any_number_of_layers() {
    type Dynamic = dyn DynCheckpointStore<Error = Refused>;
    let recorder = Arc::new(Recorder::default());
    let once: Arc<Dynamic> = recorder.clone();
    assert_forwards(&once, &recorder);
    let twice: Box<Dynamic> = Box::new(once);
    assert_forwards(&twice, &recorder);
    let borrowed: Box<dyn DynCheckpointStore<Error = Refused> + '_> = Box::new(&*recorder);
    assert_forwards(&borrowed, &recorder);
}

#[test]
fn a_future_that_is_not_polled_has_done_nothing() {
    let recorder = Recorder::default();
    let store: &dyn DynCheckpointStore<Error = Refused> = &recorder;
    drop(store.commit(&KEY, checkpoint(1)));
    drop(store.commit_many(vec![(KEY, checkpoint(1))]));
    drop(store.reset(&KEY, checkpoint(1)));
    drop(store.remove(&KEY));
    assert!(recorder.calls.lock().unwrap().is_empty());
}

#[test]
fn debug_output_names_the_trait() {
    let store: Box<dyn DynCheckpointStore<Error = Refused>> = Box::new(Recorder::default());
    assert_eq!(format!("{store:?}"), "DynCheckpointStore { .. }");
}
