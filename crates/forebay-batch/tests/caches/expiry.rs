//! When the answers of a `Ttl` expire. The clock is paused, so these tests take no time.

use std::sync::Arc;
use std::time::Duration;

use forebay_batch::{Cache, Ttl};
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);
const INSTANT: Duration = Duration::from_nanos(1);

fn one_second() -> impl Cache<u64, Arc<str>, &'static str> {
    Ttl::new(100, SECOND)
}

fn value(text: &str) -> Option<Arc<str>> {
    Some(Arc::from(text))
}

#[tokio::test(start_paused = true)]
async fn answer_is_given_until_its_time_has_passed() {
    let cache = one_second();
    cache.insert(1, Ok(value("one")));
    advance(SECOND - INSTANT).await;
    assert_eq!(cache.get(&1), Some(Ok(value("one"))));
    advance(INSTANT).await;
    assert_eq!(cache.get(&1), None);
}

#[tokio::test(start_paused = true)]
async fn asking_prolongs_nothing() {
    let cache = one_second();
    cache.insert(1, Ok(value("one")));
    for _ in 0..9 {
        advance(SECOND / 10).await;
        assert!(cache.get(&1).is_some());
    }
    advance(SECOND / 10).await;
    assert_eq!(cache.get(&1), None);
}

#[tokio::test(start_paused = true)]
async fn putting_in_anew_begins_the_time_anew() {
    let cache = one_second();
    cache.insert(1, Ok(value("old")));
    advance(SECOND / 2).await;
    cache.insert(1, Ok(value("new")));
    advance(SECOND - INSTANT).await;
    assert_eq!(cache.get(&1), Some(Ok(value("new"))));
    advance(INSTANT).await;
    assert_eq!(cache.get(&1), None);
}

#[tokio::test(start_paused = true)]
async fn failures_and_absences_expire_as_well() {
    let cache = one_second();
    cache.insert(1, Ok(None));
    cache.insert(2, Err("locked".into()));
    assert_eq!(cache.get(&1), Some(Ok(None)));
    assert!(matches!(cache.get(&2), Some(Err(_))));
    advance(SECOND).await;
    assert_eq!(cache.get(&1), None);
    assert_eq!(cache.get(&2), None);
}

#[tokio::test(start_paused = true)]
async fn expired_answer_is_dropped_when_it_is_met() {
    let cache = Ttl::<u64, Arc<()>, &str>::new(100, SECOND);
    let value = Arc::new(());
    cache.insert(1, Ok(Some(Arc::clone(&value))));
    advance(SECOND).await;
    assert_eq!(cache.len(), 1);
    assert_eq!(Arc::strong_count(&value), 2);
    assert_eq!(cache.get(&1), None);
    assert!(cache.is_empty());
    assert_eq!(Arc::strong_count(&value), 1);
}

#[tokio::test(start_paused = true)]
async fn answer_without_time_to_live_is_never_given() {
    let cache = Ttl::<u64, u64, &str>::new(100, Duration::ZERO);
    cache.insert(1, Ok(Some(1)));
    assert_eq!(cache.get(&1), None);
}

#[tokio::test(start_paused = true)]
async fn time_to_live_that_no_clock_reaches_does_not_end() {
    let cache = Ttl::<u64, u64, &str>::new(100, Duration::MAX);
    cache.insert(1, Ok(Some(1)));
    advance(1_000_000 * SECOND).await;
    assert_eq!(cache.get(&1), Some(Ok(Some(1))));
}

#[test]
fn cache_with_a_time_needs_no_runtime() {
    let cache = Ttl::<u64, u64, &str>::new(100, Duration::MAX);
    cache.insert(1, Ok(Some(1)));
    assert_eq!(cache.get(&1), Some(Ok(Some(1))));
    let text = format!("{cache:?}");
    assert!(
        text.starts_with("Ttl { len: 1, capacity: 100, time_to_live: "),
        "{text}"
    );
}
