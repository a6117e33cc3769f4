use std::collections::BTreeMap;
use std::mem;

use forebay_core::{CheckpointStore, Commit, StoreError};

use crate::checkpoint_store::fixture::{ErrorOf, Fixture};
use crate::checkpoint_store::found::Violation;
use crate::checkpoint_store::model::{Answer, Model, checkpoint, resume_key};
use crate::checkpoint_store::script::{Point, Script, Step};
use crate::checkpoint_store::surviving::survives;

/// Carries out a script on a store and on a naive model of one, and compares every answer, and at
/// the end what is stored.
///
/// The named checks ask one question each; this finds what no question was asked about: calls that
/// do right alone and wrong after one another. The model is a map without files, threads or
/// handles. Keep the bytes of a script that failed beside the test, and it stays a test.
///
/// Calls are made one after the other, so races within a store are not for this to find. Stores
/// whose many commits are not all or nothing differ from the model where one of them is refused,
/// and cannot be replayed.
///
/// # Errors
///
/// The first answer that differs: [`found`](Violation::found) has the number of the step, the step,
/// and both answers.
///
/// # Panics
///
/// Where the store panics.
///
/// # Cancel safety
///
/// Dropping the future leaves a store behind in the middle of the script, and nothing else.
///
/// # Examples
///
/// A property test, or a fuzzer, would have found these bytes: two commits of a key, of which the
/// second is lower.
///
/// ```
/// # mod shelf {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/shelf.rs"));
/// # }
/// # use shelf::Shelves;
/// use forebay_testkit::checkpoint_store::{Script, replay};
///
/// # futures::executor::block_on(async {
/// let script = Script::from_bytes(&[2, 0, 5, 2, 0, 3]);
/// assert_eq!(replay(&Shelves::default(), &script).await, Ok(()));
///
/// let faulty = Shelves { latest_wins: true };
/// let differs = replay(&faulty, &script).await.unwrap_err();
/// assert!(differs.found().contains("step 1, Commit"), "{differs}");
/// # });
/// ```
pub async fn replay<S: Fixture>(fixture: &S, script: &Script) -> Result<(), Violation> {
    let mut stage = Stage {
        fixture,
        store: Some(fixture.fresh().await),
        other: None,
        claims: Vec::new(),
        tokens: BTreeMap::new(),
        model: Model::default(),
    };
    for (number, step) in script.steps().iter().enumerate() {
        let compared = stage.step(step).await;
        compared.map_err(|found| differs(&format!("step {number}, {step:?}"), &found))?;
    }
    for key in 0..4 {
        let compared = stage.step(&Step::Load(key)).await;
        compared.map_err(|found| differs(&format!("the end, key {key}"), &found))?;
    }
    Ok(())
}

fn differs(place: &str, found: &str) -> Violation {
    Violation::new("answers_as_the_model_does", format!("at {place}: {found}"))
}

/// A store and the model beside it.
struct Stage<'a, S: Fixture> {
    fixture: &'a S,
    /// It is only ever missing while it is opened again.
    store: Option<S::Store>,
    /// Another handle, which remembers what it saw when it was the one in use.
    other: Option<S::Store>,
    /// The claims that are kept, with the epochs they have in the model.
    claims: Vec<(u8, u64, S::Claim)>,
    /// The highest token of each key.
    tokens: BTreeMap<u8, u64>,
    model: Model,
}

impl<S: Fixture> Stage<'_, S> {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        let Some(store) = &self.store else {
            return Err("there is no store".to_owned());
        };
        let (answer, expected) = match step {
            Step::Load(key) => {
                let loaded = store.load(&resume_key(*key)).await;
                (self.answer(loaded, Answer::Stored), self.model.load(*key))
            }
            Step::Commit(point) => {
                let key = resume_key(point.key);
                let commit = store.commit(&key, checkpoint(*point)).await;
                (self.answer(commit, one), self.model.commit(*point))
            }
            Step::CommitMany(points) => {
                let commits = points
                    .iter()
                    .map(|point| (resume_key(point.key), checkpoint(*point)));
                let commits = store.commit_many(commits.collect()).await;
                let answer = self.answer(commits, Answer::Committed);
                (answer, self.model.commit_many(points))
            }
            Step::Remove(key) => {
                let removed = store.remove(&resume_key(*key)).await;
                (
                    self.answer(removed, Answer::Stored),
                    self.model.remove(*key),
                )
            }
            Step::Reset(point) => {
                let key = resume_key(point.key);
                let reset = store.reset(&key, checkpoint(*point)).await;
                let answer = self.answer(reset, |()| Answer::Done);
                (answer, self.model.reset(*point))
            }
            Step::Claim(key) => return self.claim(*key).await,
            Step::CommitClaimed(back, point) => {
                return self.commit_claimed(*back, *point).await;
            }
            Step::Release => {
                if !self.claims.is_empty() {
                    self.claims.remove(0);
                }
                return Ok(());
            }
            Step::Switch => {
                if self.other.is_none() {
                    self.other = self.fixture.sibling(store).await;
                }
                if self.other.is_some() {
                    mem::swap(&mut self.store, &mut self.other);
                }
                return Ok(());
            }
            Step::Reopen => return self.reopen().await,
        };
        compare(answer, expected)
    }

    async fn claim(&mut self, key: u8) -> Result<(), String> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let claim = match self.fixture.claim(store, &resume_key(key)).await {
            None => return Ok(()),
            Some(claim) => claim.map_err(|error| format!("claim failed: {error}"))?,
        };
        let token = self.fixture.token(&claim);
        let last = self.tokens.insert(key, token);
        if last.is_some_and(|last| token <= last) {
            return Err(format!("the token {token} comes after {last:?}"));
        }
        self.claims.push((key, self.model.claim(key), claim));
        Ok(())
    }

    async fn commit_claimed(&mut self, back: u8, point: Point) -> Result<(), String> {
        let mut of_key = self
            .claims
            .iter()
            .rev()
            .filter(|(key, ..)| *key == point.key);
        let Some((_, epoch, claim)) = of_key.nth(back.into()) else {
            return Ok(());
        };
        let commit = self.fixture.commit_claimed(claim, checkpoint(point)).await;
        let expected = self.model.commit_claimed(*epoch, point);
        compare(self.answer(commit, one), expected)
    }

    async fn reopen(&mut self) -> Result<(), String> {
        // All handles to the store end with the process, and claims are handles too.
        self.claims.clear();
        self.other = None;
        if let Some(store) = self.store.take_if(|store| survives(store)) {
            self.store = Some(self.fixture.reopen(store).await);
        }
        Ok(())
    }

    fn answer<T>(&self, result: Result<T, ErrorOf<S>>, answer: impl FnOnce(T) -> Answer) -> Answer {
        match result {
            Ok(value) => answer(value),
            Err(error) if self.fixture.is_fenced(&error) => Answer::Fenced,
            Err(error) => match error.other_log() {
                Some(stored) => Answer::OtherLog(stored.clone()),
                None => Answer::Failed(error.to_string()),
            },
        }
    }
}

fn one(commit: Commit) -> Answer {
    Answer::Committed(vec![commit])
}

fn compare(answer: Answer, expected: Answer) -> Result<(), String> {
    if answer == expected {
        return Ok(());
    }
    Err(format!("{answer:?} instead of {expected:?}"))
}
