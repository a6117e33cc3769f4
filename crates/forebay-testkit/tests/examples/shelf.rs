// What stands for a store in the examples of the documentation: positions and labels in a map.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex};

use forebay_core::{
    Checkpoint, CheckpointStore, Commit, Guarantee, Outcome, ResumeKey, StoreError, Survives,
};
use forebay_testkit::checkpoint_store::Fixture;

#[derive(Clone, Default)]
pub struct Row {
    pub checkpoint: Option<Checkpoint>,
    pub label: Option<String>,
}

#[derive(Clone, Default)]
pub struct Shelf {
    pub rows: Arc<Mutex<BTreeMap<ResumeKey, Row>>>,
    latest_wins: bool,
}

/// What is stored is in another log.
#[derive(Debug)]
pub struct OtherLog(Checkpoint);

impl fmt::Display for OtherLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key is at {}, in another log", self.0.cursor())
    }
}

impl std::error::Error for OtherLog {}

impl StoreError for OtherLog {
    fn outcome(&self) -> Outcome {
        Outcome::NotCommitted
    }

    fn other_log(&self) -> Option<&Checkpoint> {
        Some(&self.0)
    }
}

impl CheckpointStore for Shelf {
    type Error = OtherLog;

    async fn load(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, OtherLog> {
        let rows = self.rows.lock().unwrap();
        Ok(rows.get(key).and_then(|row| row.checkpoint.clone()))
    }

    async fn commit(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<Commit, OtherLog> {
        let mut rows = self.rows.lock().unwrap();
        let stored = &mut rows.entry(*key).or_default().checkpoint;
        let previous = match &*stored {
            Some(stored) if stored.log() != checkpoint.log() => {
                return Err(OtherLog(stored.clone()));
            }
            Some(stored) if stored.sequence() >= checkpoint.sequence() && !self.latest_wins => {
                return Ok(Commit::Unchanged {
                    current: stored.clone(),
                });
            }
            stored => stored.as_ref().map(Checkpoint::sequence),
        };
        *stored = Some(checkpoint);
        Ok(Commit::Advanced { previous })
    }

    async fn commit_many(
        &self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> Result<Vec<Commit>, OtherLog> {
        let before = self.rows.lock().unwrap().clone();
        let mut answers = Vec::new();
        for (key, checkpoint) in commits {
            match self.commit(&key, checkpoint).await {
                Ok(commit) => answers.push(commit),
                Err(error) => {
                    *self.rows.lock().unwrap() = before;
                    return Err(error);
                }
            }
        }
        Ok(answers)
    }

    async fn remove(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, OtherLog> {
        Ok(self
            .rows
            .lock()
            .unwrap()
            .remove(key)
            .and_then(|row| row.checkpoint))
    }

    async fn reset(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<(), OtherLog> {
        self.rows
            .lock()
            .unwrap()
            .entry(*key)
            .or_default()
            .checkpoint = Some(checkpoint);
        Ok(())
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::new(Survives::Nothing).atomic()
    }
}

/// How the checks come by shelves.
#[derive(Default)]
pub struct Shelves {
    /// The fault of a store without a rule: whoever commits last decides.
    pub latest_wins: bool,
}

impl Fixture for Shelves {
    type Store = Shelf;
    type Claim = Infallible;

    async fn fresh(&self) -> Shelf {
        Shelf {
            latest_wins: self.latest_wins,
            ..Shelf::default()
        }
    }

    async fn sibling(&self, shelf: &Shelf) -> Option<Shelf> {
        Some(shelf.clone())
    }

    async fn reopen(&self, shelf: Shelf) -> Shelf {
        shelf
    }

    async fn claim(&self, _: &Shelf, _: &ResumeKey) -> Option<Result<Infallible, OtherLog>> {
        None
    }

    fn token(&self, claim: &Infallible) -> u64 {
        match *claim {}
    }

    async fn commit_claimed(&self, claim: &Infallible, _: Checkpoint) -> Result<Commit, OtherLog> {
        match *claim {}
    }

    fn is_fenced(&self, _: &OtherLog) -> bool {
        false
    }
}
