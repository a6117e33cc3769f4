//! What every peer must get right before any of its figures counts.

use futures_util::future::{join, join_all};

use crate::failure::Failure;
use crate::runtime::one_thread;
use crate::singleflight::gate::Gate;
use crate::singleflight::peer::{Fallible, Group, Key, Peer};

/// How many callers share a load in the check.
const CALLERS: usize = 8;

/// Checks that a peer answers each key with its own value, shares a load among those who wait for
/// it, loads again for who comes later, and reports a failure as one.
///
/// # Panics
///
/// When the peer does not.
pub fn check<P: Peer>() {
    one_thread().block_on(async {
        answers_each_key::<P>().await;
        shares_one_load::<P>().await;
        reports_a_failure::<P>().await;
    });
}

async fn answers_each_key<P: Peer>() {
    let group = P::Group::<String, u64>::default();
    for number in 0..64 {
        let key = String::numbered(number);
        let output = group.call(&key, move || async move { number }).await;
        assert_eq!(
            answer::<P>(output),
            Ok(number),
            "{}: the answer of {key}",
            P::NAME
        );
        group.renew(&key);
    }
}

async fn shares_one_load<P: Peer>() {
    let group = P::Group::<String, u64>::default();
    let key = String::numbered(7);
    for flight in 1..=3 {
        let gate = Gate::closed();
        let calls = (0..CALLERS).map(|_| group.call(&key, move || gate.pass(flight)));
        let release = async {
            // Every caller joins, and a spawned load begins, before the gate opens.
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            gate.open();
        };
        let (outputs, ()) = join(join_all(calls), release).await;
        for output in outputs {
            assert_eq!(
                answer::<P>(output),
                Ok(flight),
                "{}: a shared answer",
                P::NAME
            );
        }
        let expected = if P::COALESCES { 1 } else { CALLERS as u64 };
        assert_eq!(
            gate.loads(),
            expected,
            "{}: loads of {CALLERS} callers",
            P::NAME
        );
        group.renew(&key);
    }
}

async fn reports_a_failure<P: Peer>() {
    let group = P::Fallible::default();
    assert_eq!(
        group.call(&1, || async { Err(Failure) }).await,
        Err(Failure),
        "{}",
        P::NAME
    );
    let group = P::Fallible::default();
    assert_eq!(
        group.call(&1, || async { Ok(2) }).await,
        Ok(2),
        "{}",
        P::NAME
    );
}

fn answer<P: Peer>(
    output: <P::Group<String, u64> as Group<String, u64>>::Output,
) -> Result<u64, Failure> {
    <P::Group<String, u64> as Group<String, u64>>::answer(output)
}
