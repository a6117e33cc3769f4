//! Keys and values that use the batcher when they are dropped: no lock is held then.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use forebay_batch::{Batcher, PerRequest};
use forebay_core::{Answers, LoadBatch};
use forebay_testkit::HandRuntime;

use crate::backend::Error;
use crate::hand::Hand;

/// Looks at its batcher when it is dropped.
#[derive(Clone)]
struct Nosy {
    number: u32,
    batcher: Arc<OnceLock<Batcher<Self, Self, Error>>>,
}

impl Nosy {
    fn look(&self) {
        if let Some(batcher) = self.batcher.get() {
            let _ = (batcher.stats(), batcher.dispatch());
        }
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.look();
    }
}

impl PartialEq for Nosy {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Nosy {}

impl Hash for Nosy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

struct Same;

impl LoadBatch<Nosy> for Same {
    type Value = Nosy;
    type Error = Error;

    async fn load_batch(
        &self,
        keys: &[Nosy],
        answers: &mut Answers<'_, Nosy, Nosy, Error>,
    ) -> Result<(), Error> {
        for (position, key) in keys.iter().enumerate().skip(1) {
            answers.set(position, key.clone());
        }
        Ok(())
    }
}

#[test]
fn keys_and_values_that_are_dropped_may_use_the_batcher() {
    let runtime = HandRuntime::default();
    let place = Arc::new(OnceLock::new());
    let builder = Batcher::builder(Same).runtime(runtime.clone()).max_batch(3);
    let batcher = builder.cache(PerRequest::new()).build().unwrap();
    let _ = place.set(batcher.clone());
    let keys: Vec<_> = (0..10)
        .map(|number| Nosy {
            number,
            batcher: Arc::clone(&place),
        })
        .collect();
    let mut loads: Vec<_> = keys
        .iter()
        .map(|key| Hand::waiting(batcher.load(key)))
        .collect();
    let many = Hand::waiting(batcher.load_many(&keys));
    loads.truncate(7);
    loads.remove(3);
    runtime.run();
    drop(many);
    for load in loads {
        assert!(load.woken().is_ok());
    }
    batcher.clear(&keys[1]);
    batcher.replace(keys[2].clone(), Some(keys[2].clone()));
    batcher.replace(keys[2].clone(), Some(keys[2].clone()));
    batcher.clear_all();
    let alive = batcher.stats();
    assert_eq!((alive.waiting, alive.running), (0, 0));
}
