//! What every peer must get right before any of its figures counts.

use std::sync::Arc;

use crate::batch::backend::{Answer, Backend, value_of};
use crate::batch::burst::{Callers, burst};
use crate::batch::peer::{Loader, Peer};
use crate::failure::Failure;
use crate::runtime::one_thread;

/// How many keys the check loads at once: fewer than any peer refuses to take.
const KEYS: u64 = 1_000;

/// Knows every even key; a call with the key [`BROKEN`] in it fails.
#[derive(Debug)]
struct Even;

const BROKEN: u64 = u64::MAX;

impl Backend for Even {
    type Found = ();

    async fn find(&self, keys: &[u64]) -> Result<(), Failure> {
        if keys.contains(&BROKEN) {
            return Err(Failure);
        }
        Ok(())
    }

    fn value((): &(), _position: usize, key: u64) -> Option<u64> {
        key.is_multiple_of(2).then(|| value_of(key))
    }
}

/// Checks that a peer answers each key with its own value, says which keys there are not, and
/// reports a failure as one.
///
/// # Panics
///
/// When the peer does not.
pub fn check<P: Peer>() {
    one_thread().block_on(async {
        answers_each_key::<P>(Callers::Tasks).await;
        answers_each_key::<P>(Callers::Joined).await;
        knows_what_there_is_not::<P>().await;
        reports_a_failure::<P>().await;
    });
}

async fn answers_each_key<P: Peer>(callers: Callers) {
    let loader = Arc::new(P::build(Arc::new(
        crate::batch::backend::Instantly::default(),
    )));
    for pass in 0..3 {
        let keys = pass * KEYS..(pass + 1) * KEYS;
        let outcome = burst(&loader, callers, keys).await;
        assert_eq!(outcome, Ok(()), "{}: {callers:?}", P::NAME);
    }
}

async fn knows_what_there_is_not<P: Peer>() {
    type Of<P> = <P as Peer>::Loader<Even>;
    let loader = P::build(Arc::new(Even));
    for key in [6, 7, 8] {
        let answer = Of::<P>::answer(loader.load(&key).await);
        assert_eq!(answer, expected(key), "{}: key {key}", P::NAME);
    }
    if Of::<P>::LOADS_MANY {
        let keys = [14, 12, 16];
        let answers = Of::<P>::answers(&keys, loader.load_many(&keys).await);
        assert_eq!(answers, keys.map(expected), "{}: many keys", P::NAME);
    }
}

async fn reports_a_failure<P: Peer>() {
    type Of<P> = <P as Peer>::Loader<Even>;
    let loader = P::build(Arc::new(Even));
    let answer = Of::<P>::answer(loader.load(&BROKEN).await);
    let expected = if Of::<P>::FAILS {
        Err(Failure)
    } else {
        Ok(None)
    };
    assert_eq!(answer, expected, "{}: a failure", P::NAME);
}

fn expected(key: u64) -> Answer {
    Ok(Even::value(&(), 0, key))
}
